/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MMX, SSE, AVX and x87: the guest's own instruction, on registers of the same numbers. */
#include "generator.h"

#include "vmm-core/x86/vector.h"

/* The vector registers have to hold the guest's: a check once a block, and after each call. */
static void
need_vectors (Generator *g, const PlanInsn *p, unsigned level)
{
  Cold *cold;

  if (g->vectors >= level)
    return;
  generator_before_clobber (g);
  emit_insn (g->e,
             &(HostInsn){
               .opcode = 0x80, .reg = EMIT_CMP, .rm = AT (vectors), .imm_size = 1, .imm = level });
  cold = generator_add_cold (g, COLD_VECTORS, p);
  cold->from[cold->n_from++] = emit_jcc (g->e, EMIT_B);
  cold->back = emit_run_address (g->e, g->e->at);
  cold->level = level;
  g->vectors = level;
}

/* The x87 unit likewise; what finds it elsewhere is interpreted, which brings it back. */
static void
need_x87 (Generator *g, const PlanInsn *p)
{
  if (g->x87)
    return;
  generator_before_clobber (g);
  emit_insn (g->e, &(HostInsn){
                     .opcode = 0x80, .reg = EMIT_CMP, .rm = AT (cpu.fpu_resident), .imm_size = 1 });
  generator_interpret_if (g, p, EMIT_E);
  g->x87 = true;
}

static bool
general_reg (const VectorShape *shape)
{
  return shape->operands == VECTOR_GM;
}

static bool
general_rm (const VectorShape *shape)
{
  return shape->operands == VECTOR_G || shape->operands == VECTOR_VG
         || shape->operands == VECTOR_MG;
}

static void
set_encoding (HostInsn *h, const Generator *g, const X86Insn *insn, const VectorShape *shape)
{
  h->map = insn->map;
  h->opcode = insn->opcode;
  h->wide = shape->w && (is_code64 (g) || !shape->general_w);
  h->imm_size = insn->attributes & (X86_OP_IMM8 | X86_OP_IMM8U) ? 1 : 0;
  h->imm = insn->imm;
  if (insn->prefixes & X86_PREFIX_VEX)
    {
      h->vex = true;
      h->vex_l = insn->vex_l;
      h->pp = insn->pp;
      h->vvvv = insn->vvvv;
      if (shape->operands == VECTOR_RVMR && !is_code64 (g))
        h->imm &= 0x7f;
      return;
    }
  h->opsize = insn->pp == 1;
  h->repeat = insn->pp == 2 ? 0xf3 : insn->pp == 3 ? 0xf2 : 0;
}

/* The operands' registers: general ones may live in memory. */
static void
emit_operation (Generator *g, const PlanInsn *p, const VectorShape *shape)
{
  const X86Insn *insn = &p->insn;
  bool memory = x86_insn_is_memory (insn);
  bool spilled_reg = general_reg (shape) && generator_host_of (insn->reg) == HOST_NONE;
  bool spilled_rm = !memory && general_rm (shape) && generator_host_of (insn->rm) == HOST_NONE;
  HostInsn h = { 0 };

  set_encoding (&h, g, insn, shape);
  h.reg = shape->mmx ? insn->reg & 7 : insn->reg;
  if (shape->operands == VECTOR_SHIFT)
    h.reg = insn->modrm >> 3 & 7;
  if (general_reg (shape))
    h.reg = spilled_reg ? HOST_R11 : generator_host_of (insn->reg);
  if (memory)
    {
      Ea ea = generator_ea (g, insn);

      h.rm = generator_access (g, p, &ea, p->size, p->alignment, (p->rm & PLAN_WRITE) != 0,
                               spilled_reg);
    }
  else if (general_rm (shape))
    h.rm = host_register (spilled_rm ? HOST_R10 : generator_host_of (insn->rm));
  else
    h.rm = host_register (shape->mmx ? insn->rm & 7 : insn->rm);
  generator_prepare_flags (g, p);
  if (spilled_rm && shape->operands != VECTOR_MG)
    emit_load (g->e, HOST_R10, GPR_AT (insn->rm));
  emit_insn (g->e, &h);
  if (spilled_reg)
    generator_store_spilled (g, insn->reg, HOST_R11);
  if (spilled_rm && shape->operands == VECTOR_MG)
    generator_store_spilled (g, insn->rm, HOST_R10);
}

/* What the host's 64-bit code would take otherwise, or the segment's limit was not checked for. */
static bool
is_special (const Generator *g, const PlanInsn *p, const VectorShape *shape)
{
  return (!is_code64 (g) && shape->w && (general_reg (shape) || general_rm (shape)))
         || (!is_flat (g) && p->size > 8);
}

bool
generator_vector (Generator *g, const PlanInsn *p)
{
  bool vex = (p->insn.prefixes & X86_PREFIX_VEX) != 0;
  VectorShape shape;

  if (vex && p->insn.map == X86_MAP_0F && p->insn.opcode == 0x77)
    {
      need_vectors (g, p, VECTORS_YMM);
      emit_bytes (g->e, p->insn.vex_l ? "\xc5\xfc\x77" : "\xc5\xf8\x77", 3);
      return true;
    }
  if (!vector_get_shape (&p->insn, &shape) || is_special (g, p, &shape))
    return false;
  need_vectors (g, p, vex ? VECTORS_YMM : VECTORS_XMM);
  emit_operation (g, p, &shape);
  return true;
}

bool
generator_x87 (Generator *g, const PlanInsn *p)
{
  const X86Insn *insn = &p->insn;
  HostInsn h = { .opcode = insn->opcode, .reg = insn->modrm >> 3 & 7 };
  VectorShape shape;

  if (insn->map != X86_MAP_PRIMARY)
    {
      if (!vector_get_shape (insn, &shape) || is_special (g, p, &shape))
        return false;
      need_x87 (g, p);
      emit_operation (g, p, &shape);
      return true;
    }
  if (!is_flat (g) && p->size > 8)
    return false;
  need_x87 (g, p);
  h.rm = host_register (insn->modrm & 7);
  if (x86_insn_is_memory (insn))
    {
      Ea ea = generator_ea (g, insn);

      h.rm = generator_access (g, p, &ea, p->size, 0, (p->rm & PLAN_WRITE) != 0, false);
    }
  generator_prepare_flags (g, p);
  emit_insn (g->e, &h);
  return true;
}
