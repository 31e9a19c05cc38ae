/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cpu.h"

/* Model-specific registers. FALSE: there is no such register, or the value is not allowed: #GP. A
 * write may raise by itself. */
bool x86_msr_read (X86Cpu *cpu, uint32_t msr, uint64_t *value);
bool x86_msr_write (X86Cpu *cpu, uint32_t msr, uint64_t value);
