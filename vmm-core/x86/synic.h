/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cpu.h"

/* The synthetic interrupt controller of Hyper-V's interface and its timers (TLFS, 11 and 12.1) on a
 * software CPU. All calls with the machine lock held. */

X86Synic *x86_synic_new (X86Cpu *cpu);
void x86_synic_free (X86Synic *synic);

/* FALSE: #GP. */
bool x86_synic_read_msr (X86Cpu *cpu, uint32_t msr, uint64_t *value);
bool x86_synic_write_msr (X86Cpu *cpu, uint32_t msr, uint64_t value);

/* After state was loaded: sets the timers. */
void x86_synic_restore (X86Cpu *cpu);
