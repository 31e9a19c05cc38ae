/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The stack, and branches. A call of the guest is one of the host's, with the guest's return
 * address pushed in front; a return compares it and returns. */
#include "generator.h"

static unsigned
stack_size (const Generator *g)
{
  return is_code64 (g) ? 8 : g->plan->key & X86_MODE_STACK32 ? 4 : 2;
}

Ea
generator_stack_ea (const Generator *g, const PlanInsn *p, int disp)
{
  return (Ea){ .base = X86_RSP,
               .index = GUEST_NONE,
               .segment = X86_SS,
               .addr_size = stack_size (g),
               .disp = disp };
}

void
generator_sized (Generator *g, const PlanInsn *p, uint8_t opcode, unsigned reg, HostOperand rm)
{
  unsigned size = p->insn.op_size;

  emit_insn (
    g->e,
    &(HostInsn){ .opcode = opcode, .reg = reg, .wide = size == 8, .opsize = size == 2, .rm = rm });
}

void
generator_add_to_stack (Generator *g, unsigned from, int amount)
{
  unsigned size = stack_size (g);
  HostInsn lea = { .opcode = 0x8d,
                   .reg = HOST_R15,
                   .wide = size == 8,
                   .rm = host_memory (generator_host_of (from), amount) };

  if (size == 2)
    lea.reg = HOST_R10;
  emit_insn (g->e, &lea);
  if (size == 2)
    emit_insn (g->e,
               &(HostInsn){
                 .opcode = 0x89, .reg = HOST_R10, .opsize = true, .rm = host_register (HOST_R15) });
}

/* Whether the running instruction may be interpreted, all of it, and then be gone on behind. */
static bool
may_be_interpreted (const Generator *g)
{
  for (unsigned i = g->first_cold; i < g->n_cold; i++)
    if (g->cold[i].exit == NULL)
      return true;
  return false;
}

void
generator_move_stack (Generator *g, int amount)
{
  g->stack_pending += amount;
  if (stack_size (g) == 2 || may_be_interpreted (g))
    generator_settle_stack (g);
}

void
generator_settle_stack (Generator *g)
{
  if (g->stack_pending != 0)
    generator_add_to_stack (g, X86_RSP, g->stack_pending);
  g->stack_pending = 0;
}

void
generator_load_operand (Generator *g, const PlanInsn *p)
{
  unsigned host;

  if (x86_insn_is_memory (&p->insn))
    {
      Ea ea = generator_ea (g, &p->insn);

      generator_sized (g, p, 0x8b, HOST_R10,
                       generator_access (g, p, &ea, p->insn.op_size, 0, false, false));
      return;
    }
  host = generator_host_of (p->insn.rm);
  generator_sized (g, p, 0x8b, HOST_R10,
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
  Ea ea = generator_stack_ea (g, p, -(int) size);
  HostOperand to;

  if (host == HOST_R15)
    generator_settle_stack (g);
  if (memory)
    {
      generator_load_operand (g, p);
      emit_store (g->e, AT (target), HOST_R10);
    }
  to = generator_access (g, p, &ea, size, 0, true, host == HOST_NONE && !immediate);
  if (immediate)
    emit_insn (g->e, &(HostInsn){ .opcode = 0xc7,
                                  .wide = size == 8,
                                  .opsize = size == 2,
                                  .rm = to,
                                  .imm_size = size == 2 ? 2 : 4,
                                  .imm = insn->imm });
  else
    {
      if (host == HOST_NONE)
        {
          host = HOST_R11;
          emit_load (g->e, host, memory ? AT (target) : GPR_AT (insn->rm));
        }
      generator_sized (g, p, 0x89, host, to);
    }
  generator_move_stack (g, -(int) size);
}

void
generator_pop (Generator *g, const PlanInsn *p)
{
  Ea ea = generator_stack_ea (g, p, 0);
  HostOperand from = generator_access (g, p, &ea, p->insn.op_size, 0, false, false);
  unsigned host = generator_host_of (p->insn.rm);

  if (host == HOST_NONE)
    {
      generator_sized (g, p, 0x8b, HOST_R10, from);
      generator_store_spilled (g, p->insn.rm, HOST_R10);
    }
  else
    generator_sized (g, p, 0x8b, host, from);
  if (p->insn.rm == X86_RSP)
    g->stack_pending = 0;
  else
    generator_move_stack (g, p->insn.op_size);
}

void
generator_stack_leave (Generator *g, const PlanInsn *p)
{
  Ea ea = generator_stack_ea (g, p, 0);
  HostOperand from;

  ea.base = X86_RBP;
  from = generator_access (g, p, &ea, p->insn.op_size, 0, false, false);
  generator_sized (g, p, 0x8b, HOST_R11, from);
  g->stack_pending = 0;
  generator_add_to_stack (g, X86_RBP, p->insn.op_size);
  generator_sized (g, p, 0x8b, HOST_RBP, host_register (HOST_R11));
}

TranslatorExit *
generator_new_exit (Generator *g, uint64_t rip)
{
  TranslatorExit *exit = g->arena->allocate (g->arena->data, sizeof *exit);

  exit->rip = rip;
  exit->block = g->block;
  exit->key = g->plan->key & ~(uint32_t) TRANSLATOR_NO_RUNS;
  return exit;
}

void
generator_emit_exit_stub (Generator *g, TranslatorExit *exit, const uint8_t *displacement)
{
  exit->stub = emit_run_address (g->e, g->e->at);
  exit->displacement = (int32_t) (displacement - g->e->at);
  emit_move_imm (g->e, HOST_R10, (uintptr_t) exit);
  emit_jump_to (g->e, g->stubs->leave);
}

void
generator_emit_exit (Generator *g, TranslatorExit *exit)
{
  uint8_t *displacement;

  emit_align_displacement (g->e, 1, g->e->at);
  displacement = emit_jump (g->e);
  emit_link_here (g->e, displacement);
  generator_emit_exit_stub (g, exit, displacement);
}

static Cold *
add_exit (Generator *g, uint64_t rip, uint8_t *displacement)
{
  Cold *cold = generator_add_cold (g, COLD_EXIT, NULL);

  cold->exit = generator_new_exit (g, rip);
  cold->from[cold->n_from++] = displacement;
  return cold;
}

TranslatorExit *
generator_exit (Generator *g, uint64_t rip, unsigned live, int condition)
{
  Cold *cold;
  bool save = live != 0 && !(g->flags & FLAGS_MEMORY);

  if (condition < 0 && save)
    generator_save_flags (g);
  emit_align_displacement (g->e, condition < 0 ? 1 : 2, generator_get_movable (g));
  cold
    = add_exit (g, rip, condition < 0 ? emit_jump (g->e) : emit_jcc (g->e, (unsigned) condition));
  cold->save_flags = condition >= 0 && save;
  return cold->exit;
}

/* push return address; lea; the pair on the other stack */
static void
emit_push_return (Generator *g, const PlanInsn *p)
{
  Emitter *e = g->e;
  unsigned size = p->insn.op_size;
  uint64_t rip = generator_next_rip (g, p);
  bool small = size <= 4 || rip == (uint64_t) (int32_t) rip;
  Ea ea = generator_stack_ea (g, p, -(int) size);
  HostOperand to;

  generator_before_clobber (g);
  to = generator_access (g, p, &ea, size, 0, true, !small);
  if (small)
    emit_insn (e, &(HostInsn){ .opcode = 0xc7,
                               .wide = size == 8,
                               .opsize = size == 2,
                               .rm = to,
                               .imm_size = size == 2 ? 2 : 4,
                               .imm = rip });
  else
    {
      emit_move_imm (e, HOST_R11, rip);
      emit_store (e, to, HOST_R11);
    }
  g->stack_pending -= (int) size;
  generator_settle_stack (g);
  /* In segmented code RIP does not tell where to return to. */
  if (!is_flat (g))
    return;
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
  generator_end_runs (g);
}

void
generator_call (Generator *g, const PlanInsn *p)
{
  emit_push_return (g, p);
  if (!is_flat (g))
    {
      generator_exit (g, plan_get_target (g->plan, p), p->live, -1);
      return;
    }
  emit_align_displacement (g->e, 1, g->e->at);
  add_exit (g, plan_get_target (g->plan, p), emit_call (g->e));
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
  /* translator_jump_index */
  emit_insn (e, &(HostInsn){ .opcode = 0x69,
                             .reg = HOST_R11,
                             .rm = host_register (HOST_R10),
                             .imm_size = 4,
                             .imm = TRANSLATOR_JUMP_FACTOR });
  emit_shift (e, EMIT_SHR, false, HOST_R11, 32 - TRANSLATOR_JUMP_BITS - TRANSLATOR_JUMP_SHIFT);
  emit_alu_imm (e, EMIT_AND, false, host_register (HOST_R11),
                (TRANSLATOR_JUMPS - 1) << TRANSLATOR_JUMP_SHIFT);
  emit_op64 (e, 0x3b, HOST_R10, entry);
  cold = generator_add_cold (g, COLD_SITE, p);
  cold->from[cold->n_from++] = emit_jcc (e, EMIT_NE);
  entry.disp += (int32_t) offsetof (TranslatorJump, entry);
  return entry;
}

/* Leaves with RIP from r10. */
static void
emit_leave_to_r10 (Generator *g, const PlanInsn *p)
{
  Emitter *e = g->e;

  if (p->insn.op_size == 2)
    emit_insn (
      e, &(HostInsn){
           .map = X86_MAP_0F, .opcode = 0xb7, .reg = HOST_R10, .rm = host_register (HOST_R10) });
  emit_store (e, AT (cpu.state.rip), HOST_R10);
  emit_op32 (e, 0x31, HOST_R10, host_register (HOST_R10));
  emit_jump_to (e, g->stubs->leave);
}

void
generator_jump_indirect (Generator *g, const PlanInsn *p)
{
  HostOperand entry;

  generator_before_clobber (g);
  generator_load_operand (g, p);
  if (!is_flat (g))
    {
      emit_leave_to_r10 (g, p);
      return;
    }
  entry = emit_find_jump (g, p);
  emit_insn (g->e, &(HostInsn){ .opcode = 0xff, .reg = 4, .rm = entry });
}

void
generator_call_indirect (Generator *g, const PlanInsn *p)
{
  HostOperand entry;

  generator_before_clobber (g);
  generator_load_operand (g, p);
  if (!is_flat (g))
    {
      emit_store (g->e, AT (target), HOST_R10);
      emit_push_return (g, p);
      emit_load (g->e, HOST_R10, AT (target));
      emit_leave_to_r10 (g, p);
      return;
    }
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
  Ea ea = generator_stack_ea (g, p, 0);
  HostOperand from, entry;
  Cold *miss;

  generator_before_clobber (g);
  from = generator_access (g, p, &ea, p->insn.op_size, 0, false, false);
  generator_sized (g, p, 0x8b, HOST_R10, from);
  if (!is_flat (g))
    {
      emit_store (e, AT (target), HOST_R10);
      generator_add_to_stack (g, X86_RSP, amount);
      emit_load (e, HOST_R10, AT (target));
      emit_leave_to_r10 (g, p);
      return;
    }
  emit_op64 (e, 0x3b, HOST_R10, host_memory (HOST_RSP, 8));
  miss = generator_add_cold (g, COLD_RETURN, p);
  miss->from[miss->n_from++] = emit_jcc (e, EMIT_NE);
  generator_add_to_stack (g, X86_RSP, g->stack_pending + amount);
  emit_u8 (e, 0xc3);
  miss->back = emit_run_address (e, e->at);
  generator_settle_stack (g);
  entry = emit_find_jump (g, p);
  generator_add_to_stack (g, X86_RSP, amount);
  emit_insn (e, &(HostInsn){ .opcode = 0xff, .reg = 4, .rm = entry });
}
