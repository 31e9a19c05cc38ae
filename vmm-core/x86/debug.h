/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cpu.h"

/* Single step and debug registers (SDM 3B, 18.2). The run loop goes instruction by instruction and
 * calls before and after around each one while x86_debug_needs_steps. */

/* TF, RF, or an enabled breakpoint in DR7: blocks are not good enough. */
bool x86_debug_needs_steps (const X86Cpu *cpu);

/* Raises #DB (a fault) for a code breakpoint at state.rip, unless RF hides it; clears RF. */
void x86_debug_before (X86Cpu *cpu);

/* After an instruction that began with TF as given: raises #DB (a trap) for single
 * step and for the data and I/O breakpoints that it met. */
void x86_debug_after (X86Cpu *cpu, bool tf);

/* Notes data breakpoints that [linear, linear + length) meets, for x86_debug_after. */
void x86_debug_note_access (X86Cpu *cpu, uint64_t linear, unsigned length, bool write);
void x86_debug_note_io (X86Cpu *cpu, uint16_t port, unsigned length);

/* Whether a data breakpoint lies in the page: such pages stay out of the TLB. */
bool x86_debug_watches_page (const X86Cpu *cpu, uint64_t linear);

/* DR7 changed. */
void x86_debug_update (X86Cpu *cpu);
