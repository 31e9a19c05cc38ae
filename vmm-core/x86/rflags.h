/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "flags.h"

/* Writes to EFLAGS as a whole. */

/* Changes the bits in mask, and does what follows from TF, IF, RF and AC. A change of VM is
 * followed by x86_mode_update. */
void x86_rflags_load (X86Cpu *cpu, uint64_t rflags, uint64_t mask);
