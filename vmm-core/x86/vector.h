/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <string.h>

#include "operand.h"
#include "vector-table.h"

/* MMX, SSE and AVX instructions. */

/* As fpu_bind, for the opcodes of vector-table.h. */
bool vector_bind (const X86Cpu *cpu, X86Insn *insn);
/* As fpu_bind, for those that no single host instruction can do safely: masked moves, gathers,
 * MOVNTI, MXCSR, VZEROUPPER. */
bool vector_special_bind (const X86Cpu *cpu, X86Insn *insn);

/* What an instruction with a thunk is, for the translator. */
typedef struct
{
  VectorOperands operands;
  bool mmx;       /* on MMX registers */
  bool w;         /* REX.W or VEX.W */
  bool general_w; /* which is the size of general registers, in 64-bit code only */
  bool obeys_mxcsr;
  bool copied; /* its operand in memory is not to be the host's */
} VectorShape;

/* FALSE: no instruction of vector_bind's. */
bool vector_get_shape (const X86Insn *insn, VectorShape *shape);

/* Raise what CR0, CR4 and XCR0 demand before an instruction of the family runs. */
_Noreturn void vector_raise_sse (X86Cpu *cpu);
_Noreturn void vector_raise_avx (X86Cpu *cpu);

static inline void
vector_check_sse (X86Cpu *cpu)
{
  if (G_UNLIKELY ((cpu->state.cr0 & (X86_CR0_EM | X86_CR0_TS)) != 0
                  || (cpu->state.cr4 & X86_CR4_OSFXSR) == 0))
    vector_raise_sse (cpu);
}

static inline void
vector_check_avx (X86Cpu *cpu)
{
  if (G_UNLIKELY ((cpu->state.cr0 & X86_CR0_TS) != 0 || (cpu->state.cr4 & X86_CR4_OSXSAVE) == 0
                  || (cpu->state.xcr0 & 6) != 6))
    vector_raise_avx (cpu);
}

/* As x86_try_read and x86_try_write, whose segment check is good for 8 bytes, for any length. */
static inline void *
vector_try_read (X86Cpu *cpu, unsigned segment, uint64_t ea, unsigned length)
{
  if (G_UNLIKELY (length > 8 && ea + (length - 8) >= cpu->window[segment].read_end))
    return NULL;
  return x86_try_read (cpu, segment, ea, length);
}

static inline void *
vector_try_write (X86Cpu *cpu, unsigned segment, uint64_t ea, unsigned length)
{
  if (G_UNLIKELY (length > 8 && ea + (length - 8) >= cpu->window[segment].write_end))
    return NULL;
  return x86_try_write (cpu, segment, ea, length);
}

/* The guest's memory in place where that is possible, or a copy of it in bounce. */
static inline const void *
vector_load (X86Cpu *cpu, const X86Insn *insn, uint64_t ea, unsigned length, void *bounce)
{
  void *host = vector_try_read (cpu, insn->segment, ea, length);

  if (G_LIKELY (host != NULL))
    return host;
  x86_load_bytes (cpu, insn->segment, ea, bounce, length);
  return bounce;
}

/* Clears bits 255:128 of a register, as every 128-bit VEX instruction does. */
static inline void
vector_zero_upper (X86Cpu *cpu, unsigned reg)
{
  memset (cpu->state.ymm[reg] + 16, 0, 16);
}
