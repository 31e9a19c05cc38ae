/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "access.h"
#include "cpu.h"

/* MMX, SSE and AVX instructions. */

/* As fpu_bind, for the opcodes of vector-table.h. */
bool vector_bind (const X86Cpu *cpu, X86Insn *insn);
/* As fpu_bind, for those that no single host instruction can do safely: masked moves, gathers,
 * MOVNTI, MXCSR, VZEROUPPER. */
bool vector_special_bind (const X86Cpu *cpu, X86Insn *insn);

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

/* The effective address of the memory operand. */
static inline uint64_t
vector_address (const X86Cpu *cpu, const X86Insn *insn)
{
  const char *registers = (const char *) cpu;
  uint64_t ea = *(const uint64_t *) (registers + insn->base)
                + (*(const uint64_t *) (registers + insn->index) << insn->scale)
                + (uint64_t) insn->disp;

  if (insn->addr_size == 8)
    return ea;
  return insn->addr_size == 4 ? (uint32_t) ea : (uint16_t) ea;
}

/* The guest's memory in place where that is possible, or a copy of it in bounce. */
static inline const void *
vector_load (X86Cpu *cpu, const X86Insn *insn, uint64_t ea, unsigned length, void *bounce)
{
  void *host = x86_try_read (cpu, insn->segment, ea, length);

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
