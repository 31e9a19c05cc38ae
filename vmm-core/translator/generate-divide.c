/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DIV and IDIV by the host's, behind a test that they do not fault: what may raise #DE, and a few
 * that would not, the interpreter divides. Flags are undefined after it and stay (SDM 2A). */
#include "generator.h"

/* On r11 */
static void
emit_sized_imm (Generator *g, const PlanInsn *p, uint8_t opcode, unsigned extension, unsigned imm)
{
  emit_insn (g->e, &(HostInsn){ .opcode = opcode,
                                .reg = extension,
                                .wide = p->size == 8,
                                .opsize = p->size == 2,
                                .rm = host_register (HOST_R11),
                                .imm_size = 1,
                                .imm = imm });
}

/* The quotient fits if the upper half of the dividend is below the divisor. */
static void
emit_test_unsigned (Generator *g, const PlanInsn *p)
{
  generator_sized (g, p, 0x3b, HOST_RDX, host_register (HOST_R10));
  generator_interpret_if (g, p, EMIT_AE);
}

/* It fits if the upper half is the sign of the lower one, and the divisor is neither 0 nor -1. */
static void
emit_test_signed (Generator *g, const PlanInsn *p)
{
  emit_move (g->e, HOST_R11, HOST_RAX);
  emit_sized_imm (g, p, 0xc1, 7, 8 * p->size - 1); /* sar */
  generator_sized (g, p, 0x3b, HOST_R11, host_register (HOST_RDX));
  generator_interpret_if (g, p, EMIT_NE);
  emit_op64 (g->e, 0x8d, HOST_R11, host_memory (HOST_R10, 1));
  emit_sized_imm (g, p, 0x83, EMIT_CMP, 1);
  generator_interpret_if (g, p, EMIT_BE);
}

void
generator_divide (Generator *g, const PlanInsn *p)
{
  unsigned extension = p->insn.modrm >> 3 & 7;

  generator_before_clobber (g);
  generator_load_operand (g, p);
  if (extension == 6)
    emit_test_unsigned (g, p);
  else
    emit_test_signed (g, p);
  generator_sized (g, p, 0xf7, extension, host_register (HOST_R10));
}
