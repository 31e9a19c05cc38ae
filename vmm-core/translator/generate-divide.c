/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DIV and IDIV by the host's, behind a test that they do not fault: what may raise #DE, and a few
 * that would not, the interpreter divides. Flags are undefined after it and stay (SDM 2A). */
#include "generator.h"

static HostInsn
sized (const PlanInsn *p, uint8_t opcode, unsigned reg, HostOperand rm)
{
  return (HostInsn){
    .opcode = opcode, .reg = reg, .rm = rm, .wide = p->size == 8, .opsize = p->size == 2
  };
}

static void
emit_sized (Generator *g, const PlanInsn *p, uint8_t opcode, unsigned reg, HostOperand rm)
{
  HostInsn h = sized (p, opcode, reg, rm);

  emit_insn (g->e, &h);
}

static void
emit_sized_imm (Generator *g, const PlanInsn *p, uint8_t opcode, unsigned extension, unsigned imm)
{
  HostInsn h = sized (p, opcode, extension, host_register (HOST_R11));

  h.imm_size = 1;
  h.imm = imm;
  emit_insn (g->e, &h);
}

static void
load_divisor (Generator *g, const PlanInsn *p)
{
  unsigned host;

  if (p->insn.modrm < 0xc0)
    {
      Ea ea = generator_ea (g, &p->insn);

      emit_sized (g, p, 0x8b, HOST_R10, generator_access (g, p, &ea, p->size, 0, false, true));
      return;
    }
  generator_before_clobber (g);
  host = generator_host_of (p->insn.rm);
  if (host == HOST_NONE)
    emit_load (g->e, HOST_R10, GPR_AT (p->insn.rm));
  else
    emit_move (g->e, HOST_R10, host);
}

/* The quotient fits if the upper half of the dividend is below the divisor. */
static void
emit_test_unsigned (Generator *g, const PlanInsn *p, Cold *cold)
{
  emit_sized (g, p, 0x3b, HOST_RDX, host_register (HOST_R10));
  cold->from[cold->n_from++] = emit_jcc (g->e, EMIT_AE);
}

/* It fits if the upper half is the sign of the lower one, and the divisor is neither 0 nor -1. */
static void
emit_test_signed (Generator *g, const PlanInsn *p, Cold *cold)
{
  emit_move (g->e, HOST_R11, HOST_RAX);
  emit_sized_imm (g, p, 0xc1, 7, 8 * p->size - 1); /* sar */
  emit_sized (g, p, 0x3b, HOST_R11, host_register (HOST_RDX));
  cold->from[cold->n_from++] = emit_jcc (g->e, EMIT_NE);
  emit_op64 (g->e, 0x8d, HOST_R11, host_memory (HOST_R10, 1));
  emit_sized_imm (g, p, 0x83, EMIT_CMP, 1);
  cold->from[cold->n_from++] = emit_jcc (g->e, EMIT_BE);
}

void
generator_divide (Generator *g, const PlanInsn *p)
{
  unsigned extension = p->insn.modrm >> 3 & 7;
  Cold *cold;

  load_divisor (g, p);
  cold = generator_add_cold (g, COLD_INTERPRET, p);
  if (extension == 6)
    emit_test_unsigned (g, p, cold);
  else
    emit_test_signed (g, p, cold);
  emit_sized (g, p, 0xf7, extension, host_register (HOST_R10));
}
