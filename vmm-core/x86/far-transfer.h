/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cpu.h"

/* Far jumps, calls and returns in every mode. width is the operand size in bytes, next_rip the
 * instruction after. They set RIP and CS, or raise. */
void x86_far_jump (X86Cpu *cpu, uint16_t selector, uint64_t offset, unsigned width,
                   uint64_t next_rip);
void x86_far_call (X86Cpu *cpu, uint16_t selector, uint64_t offset, unsigned width,
                   uint64_t next_rip);
void x86_far_return (X86Cpu *cpu, unsigned width, unsigned release);
void x86_interrupt_return (X86Cpu *cpu, unsigned width, uint64_t next_rip);
