/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cpu.h"

/* Exceptions and interrupts: raising them (cpu.h) and delivering them. */

/* Delivers what x86_raise put into cpu->exception; to be called where cpu->escape lands. A fault
 * on the way lands there again and becomes #DF as the rules say. FALSE after a triple fault: the
 * CPU is to shut down. */
bool x86_exception_deliver (X86Cpu *cpu);

/* Delivers an external interrupt or NMI between two instructions; state.rip is the one to come
 * back to. May raise. */
void x86_interrupt_deliver (X86Cpu *cpu, unsigned vector, X86EventType type);

/* INT n, INT3, INTO and INT1 of the running instruction, which ends at next_rip. */
void x86_software_interrupt (X86Cpu *cpu, unsigned vector, X86EventType type, uint64_t next_rip);

/* A #DB that is a trap: state.rip is the instruction to come back to. */
_Noreturn void x86_raise_debug_trap (X86Cpu *cpu, uint64_t dr6);
/* A #DB that is a fault: at the running instruction, or at state.rip before it runs. */
_Noreturn void x86_raise_debug_fault (X86Cpu *cpu, uint64_t dr6);
