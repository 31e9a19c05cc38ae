/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cpu.h"

/* The task state segment and hardware task switches (SDM 3A, chapter 7). */

typedef enum
{
  X86_TASK_JUMP,
  X86_TASK_CALL, /* and interrupts through a task gate: nested */
  X86_TASK_IRET
} X86TaskSwitch;

/* Switches to the TSS that selector names, whose descriptor's privilege has been checked; next_rip
 * is where the old task goes on. With has_code, code is pushed on the new task's stack. May raise,
 * at first in the old task, later in the new one. */
void x86_task_switch (X86Cpu *cpu, uint16_t selector, X86TaskSwitch how, uint64_t next_rip,
                      bool has_code, uint32_t code);

/* The stack for privilege level 0 to 2 out of the current TSS; raises #TS. */
void x86_task_get_stack (X86Cpu *cpu, unsigned level, uint16_t *ss, uint32_t *esp);
/* The same in long mode: RSP0 to RSP2, or with ist 1 to 7 that one. */
uint64_t x86_task_get_rsp (X86Cpu *cpu, unsigned level, unsigned ist);

/* Whether the TSS's I/O permission map allows the ports; may raise #PF. */
bool x86_task_allows_io (X86Cpu *cpu, uint16_t port, unsigned size);
/* The VME bit of software interrupt vector: TRUE means the protected-mode handler. */
bool x86_task_redirects (X86Cpu *cpu, uint8_t vector);
