/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "access.h"
#include "flags.h"

/* Operands of the integer instructions. */

#define X86_AT(cpu, type, at) (*(type *) ((char *) (cpu) + (at)))

static inline uint64_t
x86_address_mask (uint64_t address, unsigned addr_size)
{
  return addr_size == 8 ? address : addr_size == 4 ? (uint32_t) address : (uint16_t) address;
}

/* The effective address of the ModRM operand. */
static inline uint64_t
x86_ea (X86Cpu *cpu, const X86Insn *insn)
{
  uint64_t address = X86_AT (cpu, uint64_t, insn->base)
                     + (X86_AT (cpu, uint64_t, insn->index) << insn->scale) + insn->disp;

  return x86_address_mask (address, insn->addr_size);
}

/* Registers: writes of 32 bits clear the upper half. */
static inline void
x86_set8 (X86Cpu *cpu, unsigned at, uint8_t value)
{
  X86_AT (cpu, uint8_t, at) = value;
}

static inline void
x86_set16 (X86Cpu *cpu, unsigned at, uint16_t value)
{
  X86_AT (cpu, uint16_t, at) = value;
}

static inline void
x86_set32 (X86Cpu *cpu, unsigned at, uint32_t value)
{
  X86_AT (cpu, uint64_t, at) = value;
}

static inline void
x86_set64 (X86Cpu *cpu, unsigned at, uint64_t value)
{
  X86_AT (cpu, uint64_t, at) = value;
}

/* By a size known only at run time: 2, 4 or 8 bytes. */
static inline uint64_t
x86_get_sized (X86Cpu *cpu, unsigned at, unsigned size)
{
  return size == 8   ? X86_AT (cpu, uint64_t, at)
         : size == 4 ? X86_AT (cpu, uint32_t, at)
                     : X86_AT (cpu, uint16_t, at);
}

static inline void
x86_set_sized (X86Cpu *cpu, unsigned at, unsigned size, uint64_t value)
{
  if (size == 2)
    x86_set16 (cpu, at, value);
  else
    x86_set64 (cpu, at, size == 4 ? (uint32_t) value : value);
}

static inline uint64_t
x86_load_sized (X86Cpu *cpu, unsigned segment, uint64_t ea, unsigned size)
{
  return size == 8   ? x86_load64 (cpu, segment, ea)
         : size == 4 ? x86_load32 (cpu, segment, ea)
                     : x86_load16 (cpu, segment, ea);
}

static inline void
x86_store_sized (X86Cpu *cpu, unsigned segment, uint64_t ea, unsigned size, uint64_t value)
{
  if (size == 8)
    x86_store64 (cpu, segment, ea, value);
  else if (size == 4)
    x86_store32 (cpu, segment, ea, value);
  else
    x86_store16 (cpu, segment, ea, value);
}

/* The stack: its pointer has the width of SS.B, or 64 bits. */
static inline unsigned
x86_stack_size (const X86Cpu *cpu)
{
  return cpu->mode & X86_MODE_CODE64 ? 8 : cpu->mode & X86_MODE_STACK32 ? 4 : 2;
}

static inline uint64_t
x86_stack_mask (const X86Cpu *cpu, uint64_t rsp)
{
  return x86_address_mask (rsp, x86_stack_size (cpu));
}

static inline void
x86_stack_set (X86Cpu *cpu, uint64_t rsp)
{
  x86_set_sized (cpu, X86_RSP * 8, x86_stack_size (cpu), rsp);
}

static inline void
x86_push (X86Cpu *cpu, unsigned size, uint64_t value)
{
  uint64_t rsp = x86_stack_mask (cpu, cpu->state.gpr[X86_RSP] - size);

  x86_store_sized (cpu, X86_SS, rsp, size, value);
  x86_stack_set (cpu, rsp);
}

/* The value on top; the caller moves RSP once nothing can fault any more. */
static inline uint64_t
x86_top (X86Cpu *cpu, unsigned size)
{
  return x86_load_sized (cpu, X86_SS, x86_stack_mask (cpu, cpu->state.gpr[X86_RSP]), size);
}

/* Near branch to an offset in CS that is already cut to the operand size; #GP(0) outside the limit
 * or when not canonical. */
void x86_branch (X86Cpu *cpu, uint64_t target);
