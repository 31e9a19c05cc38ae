/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cpu.h"

/* The interpreter: runs decoded blocks. */

/* Runs until something outside the guest's code wants attention. On the CPU's own thread. */
AccelExit x86_interpreter_run (X86Cpu *cpu, GError **error);

/* The parts of a run loop. They raise to cpu->escape; where that lands, x86_interpreter_land takes
 * back what was counted but not executed, and delivers: FALSE is a triple fault. */
bool x86_interpreter_land (X86Cpu *cpu);
/* Whether the next instruction has to be run by x86_interpreter_step: with everything that is only
 * looked at between two instructions. */
static inline bool
x86_interpreter_must_step (const X86Cpu *cpu)
{
  return (cpu->state.rflags & (X86_FLAG_TF | X86_FLAG_RF)) || cpu->state.interrupt_shadow
         || (cpu->state.dr[7] & 0xff);
}
void x86_interpreter_step (X86Cpu *cpu);
/* One block from the interpreter's own cache. */
void x86_interpreter_block (X86Cpu *cpu);

/* Executes exactly one instruction, or delivers the exception it raises. FALSE: triple fault. */
bool x86_interpret_one (X86Cpu *cpu);
