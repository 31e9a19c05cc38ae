/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cpu.h"

/* A stack in use by a far transfer: nothing of it shows in the CPU's registers until it is
 * committed, so that a fault half way leaves them as they were. */
typedef struct
{
  X86Segment segment;
  uint64_t sp;
  uint64_t mask;       /* of the stack pointer: 16, 32 or 64 bits */
  unsigned width;      /* bytes of a slot: 2, 4 or 8 */
  unsigned access;     /* mmu.h */
  uint32_t fault_code; /* of #SS */
} X86Stack;

/* The current SS:rSP. */
X86Stack x86_stack_current (X86Cpu *cpu, unsigned width);
/* segment with pointer sp, as CPL cpl will use it; #SS names the segment. wide: 64-bit mode. */
X86Stack x86_stack_new (X86Cpu *cpu, const X86Segment *segment, uint64_t sp, unsigned cpl,
                        bool wide, unsigned width);

/* Raises #SS where n pushes would go past the segment's limit, or to no canonical address. Where a
 * transfer leads to is checked after this and before the first push. */
void x86_stack_check_room (X86Cpu *cpu, const X86Stack *stack, unsigned n);
void x86_stack_push (X86Cpu *cpu, X86Stack *stack, uint64_t value);
uint64_t x86_stack_pop (X86Cpu *cpu, X86Stack *stack);
void x86_stack_skip (X86Stack *stack, uint64_t bytes);

/* Puts the pointer into rSP. */
void x86_stack_commit (X86Cpu *cpu, const X86Stack *stack);

/* The checks of a stack segment for CPL cpl on a switch of stacks; vector is #TS (or #GP on
 * returns). */
X86Segment x86_stack_check_segment (X86Cpu *cpu, uint16_t selector, unsigned cpl, unsigned vector);
