/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The stack, and branches. A call of the guest is one of the host's, with the guest's return
 * address pushed in front; a return compares it and returns. */
#include "generator.h"

static Ea
stack_ea (const PlanInsn *p, int disp)
{
  return (Ea){ .base = X86_RSP, .index = GUEST_NONE, .segment = X86_SS,
               .addr_size = p->insn.op_size, .disp = disp };
}

static void
emit_sized_move (Generator *g, const PlanInsn *p, uint8_t opcode, unsigned reg, HostOperand rm)
{
  emit_insn (g->e, &(HostInsn){ .opcode = opcode, .reg = reg, .wide = p->insn.op_size == 8,
                                .rm = rm });
}

static void
emit_add_to_stack (Generator *g, const PlanInsn *p, unsigned from, int amount)
{
  emit_sized_move (g, p, 0x8d, HOST_R15, host_memory (from, amount));
}

/* The value of a ModRM operand into r10. */
static void
load_operand (Generator *g, const PlanInsn *p)
{
  unsigned host;

  if (x86_insn_is_memory (&p->insn))
    {
      Ea ea = generator_ea (g, &p->insn);

      emit_sized_move (g, p, 0x8b, HOST_R10,
                       generator_access (g, p, &ea, p->insn.op_size, 0, false, false));
      return;
    }
  host = generator_host_of (p->insn.rm);
  emit_sized_move (g, p, 0x8b, HOST_R10,
                   host == HOST_NONE ? GPR_AT (p->insn.rm) : host_register (host));
}

void
generator_push (Generator *g, const PlanInsn *p)
{
  const X86Insn *insn = &p->insn;
  unsigned size = insn->op_size;
  bool immediate = insn->opcode == 0x68 || insn->opcode == 0x6a;
  bool memory = x86_insn_is_memory (insn);
  unsigned host = memory || immediate ? HOST_NONE : generator_host_of (insn->rm);
  Ea ea = stack_ea (p, -(int) size);
  HostOperand to;

  if (memory)
    {
      load_operand (g, p);
      emit_store (g->e, AT (target), HOST_R10);
    }
  to = generator_access (g, p, &ea, size, 0, true, host == HOST_NONE && !immediate);
  if (immediate)
    emit_insn (g->e, &(HostInsn){ .opcode = 0xc7, .wide = size == 8, .rm = to, .imm_size = 4,
                                  .imm = insn->imm });
  else
    {
      if (host == HOST_NONE)
        {
          host = HOST_R11;
          emit_load (g->e, host, memory ? AT (target) : GPR_AT (insn->rm));
        }
      emit_sized_move (g, p, 0x89, host, to);
    }
  emit_add_to_stack (g, p, HOST_R15, -(int) size);
}

void
generator_pop (Generator *g, const PlanInsn *p)
{
  Ea ea = stack_ea (p, 0);
  HostOperand from = generator_access (g, p, &ea, p->insn.op_size, 0, false, false);
  unsigned host = generator_host_of (p->insn.rm);

  if (host == HOST_NONE)
    {
      emit_sized_move (g, p, 0x8b, HOST_R10, from);
      emit_store (g->e, GPR_AT (p->insn.rm), HOST_R10);
    }
  else
    emit_sized_move (g, p, 0x8b, host, from);
  if (p->insn.rm != X86_RSP)
    emit_add_to_stack (g, p, HOST_R15, p->insn.op_size);
}

void
generator_stack_leave (Generator *g, const PlanInsn *p)
{
  Ea ea = stack_ea (p, 0);
  HostOperand from;

  ea.base = X86_RBP;
  from = generator_access (g, p, &ea, p->insn.op_size, 0, false, false);
  emit_sized_move (g, p, 0x8b, HOST_R10, from);
  emit_add_to_stack (g, p, HOST_RBP, p->insn.op_size);
  emit_sized_move (g, p, 0x8b, HOST_RBP, host_register (HOST_R10));
}

static Cold *
add_exit (Generator *g, uint64_t rip, uint8_t *displacement)
{
  Cold *cold = generator_add_cold (g, COLD_EXIT, NULL);

  cold->exit = g->arena->allocate (g->arena->data, sizeof *cold->exit);
  cold->exit->rip = rip;
  cold->exit->block = g->block;
  cold->exit->displacement = displacement;
  cold->from[cold->n_from++] = displacement;
  return cold;
}

void
generator_exit (Generator *g, uint64_t rip, unsigned live, int condition)
{
  bool save = live != 0 && !(g->flags & FLAGS_MEMORY);

  if (condition < 0 && save)
    generator_save_flags (g);
  if (condition < 0)
    add_exit (g, rip, emit_jump (g->e));
  else
    add_exit (g, rip, emit_jcc (g->e, (unsigned) condition))->save_flags = save;
}

/* push return address; lea; the pair on the other stack */
static void
emit_push_return (Generator *g, const PlanInsn *p)
{
  Emitter *e = g->e;
  unsigned size = p->insn.op_size;
  uint64_t rip = generator_next_rip (g, p);
  bool small = size == 4 || rip == (uint64_t) (int32_t) rip;
  Ea ea = stack_ea (p, -(int) size);
  HostOperand to = generator_access (g, p, &ea, size, 0, true, !small);
  Cold *full;

  if (small)
    emit_insn (e, &(HostInsn){ .opcode = 0xc7, .wide = size == 8, .rm = to, .imm_size = 4,
                               .imm = rip });
  else
    {
      emit_move_imm (e, HOST_R11, rip);
      emit_store (e, to, HOST_R11);
    }
  emit_add_to_stack (g, p, HOST_R15, -(int) size);
  full = generator_add_cold (g, COLD_STACK, p);
  emit_op64 (e, 0x3b, HOST_RSP, AT (stack_limit));
  full->from[full->n_from++] = emit_jcc (e, EMIT_B);
  full->back = emit_run_address (e, e->at);
  if (small && rip == (uint64_t) (int32_t) rip)
    {
      emit_u8 (e, 0x68);
      emit_u32 (e, rip);
    }
  else
    {
      emit_move_imm (e, HOST_R11, rip);
      emit_bytes (e, "\x41\x53", 2); /* push r11 */
    }
}

/* Where the callee returns to: the pair's other half goes. */
static void
emit_continuation (Generator *g)
{
  emit_op64 (g->e, 0x8d, HOST_RSP, host_memory (HOST_RSP, 8));
  g->flags = FLAGS_MEMORY;
  g->vectors = VECTORS_NONE;
  g->x87 = false;
}

void
generator_call (Generator *g, const PlanInsn *p)
{
  emit_push_return (g, p);
  add_exit (g, generator_mask_rip (g, generator_next_rip (g, p) + p->insn.imm), emit_call (g->e));
  emit_continuation (g);
}

/* Looks for r10 in the table of jumps: its entry's offset in the CPU's struct into r11. What is not
 * there, the interpreter branches to. */
static HostOperand
emit_find_jump (Generator *g, const PlanInsn *p)
{
  Emitter *e = g->e;
  size_t table = offsetof (TranslatorCpu, sets) + g->view * sizeof (TranslatorSet)
                 + offsetof (TranslatorSet, jumps);
  HostOperand entry = host_memory (HOST_R11, (int32_t) table);
  Cold *cold;

  entry.gs = true;
  emit_op32 (e, 0x8b, HOST_R11, host_register (HOST_R10));
  emit_insn (e, &(HostInsn){ .opcode = 0xc1, .reg = 5, .rm = host_register (HOST_R11),
                             .imm_size = 1, .imm = 4 });
  emit_op32 (e, 0x33, HOST_R11, host_register (HOST_R10));
  emit_alu_imm (e, EMIT_AND, false, host_register (HOST_R11), TRANSLATOR_JUMPS - 1);
  emit_insn (e, &(HostInsn){ .opcode = 0xc1, .reg = 4, .rm = host_register (HOST_R11),
                             .imm_size = 1, .imm = 4 });
  emit_op64 (e, 0x3b, HOST_R10, entry);
  cold = generator_add_cold (g, COLD_SITE, p);
  cold->from[cold->n_from++] = emit_jcc (e, EMIT_NE);
  entry.disp += (int32_t) offsetof (TranslatorJump, entry);
  return entry;
}

void
generator_jump_indirect (Generator *g, const PlanInsn *p)
{
  HostOperand entry;

  generator_before_clobber (g);
  load_operand (g, p);
  entry = emit_find_jump (g, p);
  emit_insn (g->e, &(HostInsn){ .opcode = 0xff, .reg = 4, .rm = entry });
}

void
generator_call_indirect (Generator *g, const PlanInsn *p)
{
  HostOperand entry;

  generator_before_clobber (g);
  load_operand (g, p);
  entry = emit_find_jump (g, p);
  emit_load (g->e, HOST_R11, entry);
  emit_store (g->e, AT (target), HOST_R11);
  emit_push_return (g, p);
  emit_insn (g->e, &(HostInsn){ .opcode = 0xff, .reg = 2, .rm = AT (target) });
  emit_continuation (g);
}

void
generator_return (Generator *g, const PlanInsn *p)
{
  Emitter *e = g->e;
  int amount = p->insn.op_size + (int) (uint16_t) p->insn.imm;
  Ea ea = stack_ea (p, 0);
  HostOperand from = generator_access (g, p, &ea, p->insn.op_size, 0, false, false);
  Cold *miss;
  HostOperand entry;

  emit_sized_move (g, p, 0x8b, HOST_R10, from);
  emit_op64 (e, 0x3b, HOST_R10, host_memory (HOST_RSP, 8));
  miss = generator_add_cold (g, COLD_RETURN, p);
  miss->from[miss->n_from++] = emit_jcc (e, EMIT_NE);
  emit_add_to_stack (g, p, HOST_R15, amount);
  emit_u8 (e, 0xc3);
  miss->back = emit_run_address (e, e->at);
  entry = emit_find_jump (g, p);
  emit_add_to_stack (g, p, HOST_R15, amount);
  emit_insn (e, &(HostInsn){ .opcode = 0xff, .reg = 4, .rm = entry });
}
