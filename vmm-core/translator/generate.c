/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The block as a whole: its entry, its instructions in turn, and the code that is seldom run.
 *
 * rax to r9, r12 to r14 of the guest are in the host's registers of the same name, rsp in r15; r10,
 * r11 and r15 are in memory. r10 and r11 of the host are free for any use. */
#include "generator.h"

#include <stdlib.h>

#include "translator.h"

#define MAX_STACK_ADDITION (1 << 20)
#define RAX_CC_LOAD "\x04\x7f\x9e" /* add al, 7Fh; sahf */

unsigned
generator_host_of (unsigned guest)
{
  switch (guest)
    {
    case 4:
      return HOST_R15;
    case 10:
    case 11:
    case 15:
      return HOST_NONE;
    default:
      return guest;
    }
}

uint64_t
generator_next_rip (const Generator *g, const PlanInsn *p)
{
  uint64_t rip = g->plan->rip + p->insn.offset + p->insn.length;

  return is_code64 (g) ? rip : (uint32_t) rip;
}

Cold *
generator_add_cold (Generator *g, ColdKind kind, const PlanInsn *p)
{
  Cold *cold = &g->cold[g->n_cold++];

  g_assert (g->n_cold <= GENERATE_MAX_COLD);
  memset (cold, 0, sizeof *cold);
  cold->kind = kind;
  cold->insn = p;
  return cold;
}

void
generator_emit_site (Generator *g, const PlanInsn *p, bool access)
{
  emit_move_imm (g->e, HOST_R10, translator_site (g->block, p->insn.offset, access));
}

/* The same, to leave with. */
static void
emit_tagged_site (Generator *g, const PlanInsn *p)
{
  emit_move_imm (g->e, HOST_R10,
                 translator_site (g->block, p->insn.offset, false) | TRANSLATOR_SITE_TAG);
}

/* mov r10, rax; seto al; lahf; mov cc, eax; mov rax, r10 */
void
generator_save_flags (Generator *g)
{
  emit_move (g->e, HOST_R10, HOST_RAX);
  emit_bytes (g->e, "\x0f\x90\xc0\x9f", 4);
  emit_op32 (g->e, 0x89, HOST_RAX, AT (cpu.cc));
  emit_move (g->e, HOST_RAX, HOST_R10);
}

void
generator_load_flags (Generator *g)
{
  emit_store (g->e, AT (scratch), HOST_RAX);
  emit_op32 (g->e, 0x8b, HOST_RAX, AT (cpu.cc));
  emit_bytes (g->e, RAX_CC_LOAD, 3);
  emit_load (g->e, HOST_RAX, AT (scratch));
}

void
generator_before_clobber (Generator *g)
{
  if (g->live != 0 && !(g->flags & FLAGS_MEMORY))
    generator_save_flags (g);
  g->flags = g->live != 0 ? FLAGS_MEMORY : 0;
}

void
generator_need_host_flags (Generator *g)
{
  if (!(g->flags & FLAGS_HOST))
    generator_load_flags (g);
  g->flags |= FLAGS_HOST;
}

void
generator_interpret (Generator *g, const PlanInsn *p)
{
  generator_settle_stack (g);
  generator_before_clobber (g);
  generator_emit_site (g, p, false);
  emit_call_to (g->e, g->stubs->interpret);
  g->flags = FLAGS_MEMORY;
  generator_end_runs (g);
  if (p->insn.attributes & X86_OP_FPU)
    g->x87 = false;
}

void
generator_interpret_if (Generator *g, const PlanInsn *p, unsigned condition)
{
  Cold *cold = generator_add_cold (g, COLD_INTERPRET, p);

  cold->from[cold->n_from++] = emit_jcc (g->e, condition);
}

static void
emit_end (Generator *g, const PlanInsn *p)
{
  generator_before_clobber (g);
  emit_tagged_site (g, p);
  emit_jump_to (g->e, g->stubs->leave);
}

/* Instructions without ModRM whose registers are the host's, too. */
static void
emit_raw (Generator *g, const PlanInsn *p)
{
  const X86Insn *insn = &p->insn;
  bool byte = (insn->attributes & X86_OP_BYTE) != 0;
  unsigned size = insn->attributes & X86_OP_IMM8   ? 1
                  : insn->attributes & X86_OP_IMMZ ? (insn->op_size == 2 ? 2 : 4)
                                                   : 0;

  if (insn->map == X86_MAP_0F)
    {
      emit_u8 (g->e, 0x0f);
      emit_u8 (g->e, insn->opcode);
      emit_u8 (g->e, insn->modrm);
      return;
    }
  if (insn->op_size == 2 && !byte)
    emit_u8 (g->e, 0x66);
  if (insn->op_size == 8 && !byte)
    emit_u8 (g->e, 0x48);
  emit_u8 (g->e, insn->opcode);
  emit_bytes (g->e, &insn->imm, size);
}

void
generator_prepare_flags (Generator *g, const PlanInsn *p)
{
  unsigned passed = p->flags_written != 0 ? p->live & ~p->flags_written : 0;

  if (((p->flags_read | passed) & g->live) != 0)
    generator_need_host_flags (g);
}

/* An instruction that may have to do with status flags. */
static void
emit_with_flags (Generator *g, const PlanInsn *p)
{
  bool done = true;

  switch (p->kind)
    {
    case PLAN_RAW:
      generator_prepare_flags (g, p);
      emit_raw (g, p);
      break;
    case PLAN_INTEGER:
      done = generator_integer (g, p);
      break;
    case PLAN_BIT_STRING:
      generator_bit_string (g, p);
      break;
    case PLAN_DIVIDE:
      generator_divide (g, p);
      break;
    case PLAN_VECTOR:
      done = generator_vector (g, p);
      break;
    default:
      done = generator_x87 (g, p);
      break;
    }
  if (!done)
    {
      generator_interpret (g, p);
      return;
    }
  if (p->flags_written != 0)
    g->flags = p->live != 0 ? FLAGS_HOST : 0;
  for (unsigned i = g->first_cold; i < g->n_cold; i++)
    if (g->cold[i].back == NULL)
      g->cold[i].load_flags
        = (p->live != 0 && (g->flags & FLAGS_HOST)) && g->cold[i].kind != COLD_VECTORS;
}

uint8_t *
generator_get_movable (const Generator *g)
{
  return g->movable_end == g->e->at ? g->movable : g->e->at;
}

/* One on registers, whose flags a jump behind it mostly wants: the host takes the two as one. */
static void
note_movable (Generator *g, const PlanInsn *p, uint8_t *code)
{
  bool registers = (p->kind == PLAN_INTEGER || p->kind == PLAN_RAW) && g->n_cold == g->first_cold;

  g->movable = code;
  g->movable_end = registers && (g->flags & FLAGS_HOST) ? g->e->at : NULL;
}

/* What was interpreted goes on behind the instruction, as if it had been translated. */
static void
finish_cold (Generator *g)
{
  for (unsigned i = g->first_cold; i < g->n_cold; i++)
    if (g->cold[i].kind == COLD_INTERPRET)
      generator_forget_all_held (g);
  for (unsigned i = g->first_cold; i < g->n_cold; i++)
    {
      if (g->cold[i].back == NULL)
        g->cold[i].back = emit_run_address (g->e, g->e->at);
      generator_copy_held (g, g->cold[i].held);
    }
}

/* Whether the instruction, but for accesses through it, has nothing to do with the stack pointer;
 * nor leaves the block, but where an access does. */
static bool
leaves_stack_alone (const PlanInsn *p)
{
  const X86Insn *insn = &p->insn;
  const bool memory = x86_insn_is_memory (insn);

  switch (p->kind)
    {
    case PLAN_NOTHING:
    case PLAN_RAW:
    case PLAN_PUSH:
    case PLAN_POP:
    case PLAN_LEAVE:
    case PLAN_CALL:
    case PLAN_RETURN:
      return true;
    case PLAN_INTEGER:
    case PLAN_VECTOR:
      return insn->reg != X86_RSP && (memory || insn->rm != X86_RSP) && insn->vvvv != X86_RSP
             && insn->reg_at / 8 != X86_RSP && (memory || insn->rm_at / 8 != X86_RSP);
    case PLAN_LEA:
      return insn->reg != X86_RSP && insn->base != 8 * X86_RSP;
    default:
      return false;
    }
}

/* One to the stack pointer whose flags nobody reads. */
static bool
emit_stack_addition (Generator *g, const PlanInsn *p)
{
  unsigned reg;
  int64_t amount;

  if (!is_flat (g) || !plan_find_addition (g->plan, p, &reg, &amount) || reg != X86_RSP
      || (p->flags_written != 0 && p->live != 0) || llabs (amount) > MAX_STACK_ADDITION)
    return false;
  if (p->flags_written != 0)
    g->flags = 0;
  g->stack_pending += (int) amount;
  return true;
}

static void
emit_one (Generator *g, const PlanInsn *p)
{
  uint8_t *code = g->e->at;

  g->first_cold = g->n_cold;
  if (emit_stack_addition (g, p))
    return;
  if (!leaves_stack_alone (p))
    generator_settle_stack (g);
  switch (p->kind)
    {
    case PLAN_INTERPRET:
      generator_interpret (g, p);
      break;
    case PLAN_END:
      emit_end (g, p);
      break;
    case PLAN_NOTHING:
      break;
    case PLAN_LEA:
      generator_lea (g, p);
      break;
    case PLAN_RAW:
    case PLAN_INTEGER:
    case PLAN_BIT_STRING:
    case PLAN_DIVIDE:
    case PLAN_VECTOR:
    case PLAN_X87:
      emit_with_flags (g, p);
      break;
    case PLAN_PUSH:
      generator_push (g, p);
      break;
    case PLAN_POP:
      generator_pop (g, p);
      break;
    case PLAN_LEAVE:
      generator_stack_leave (g, p);
      break;
    case PLAN_JUMP:
      generator_exit (g, plan_get_target (g->plan, p), p->live, -1);
      break;
    case PLAN_CONDITIONAL:
      generator_need_host_flags (g);
      generator_exit (g, p->stays ? generator_next_rip (g, p) : plan_get_target (g->plan, p),
                      p->live_taken, (p->insn.opcode & 15) ^ p->stays);
      break;
    case PLAN_JUMP_INDIRECT:
      generator_jump_indirect (g, p);
      break;
    case PLAN_CALL:
      generator_call (g, p);
      break;
    case PLAN_CALL_INDIRECT:
      generator_call_indirect (g, p);
      break;
    case PLAN_RETURN:
      generator_return (g, p);
      break;
    case PLAN_PUSHF:
      generator_pushf (g, p);
      break;
    case PLAN_POPF:
      generator_popf (g, p);
      break;
    case PLAN_CLI:
      generator_cli (g, p);
      break;
    case PLAN_STI:
      generator_sti (g, p);
      break;
    case PLAN_DIRECTION:
      generator_direction (g, p);
      break;
    case PLAN_SWAPGS:
      generator_swapgs (g);
      break;
    case PLAN_CHANGE_VIEW:
      generator_change_view (g, p);
      break;
    case PLAN_READ_SEGMENT:
      generator_read_segment (g, p);
      break;
    case PLAN_READ_CONTROL:
      generator_read_control (g, p);
      break;
    case PLAN_SEGMENT_BASE:
      generator_segment_base (g, p);
      break;
    case PLAN_READ_KEYS:
      generator_read_keys (g, p);
      break;
    case PLAN_READ_TSC:
      generator_read_tsc (g, p);
      break;
    case PLAN_STRING:
      generator_string (g, p);
      break;
    case PLAN_REPEAT:
      generator_repeat (g, p);
      break;
    case PLAN_COUNT:
      generator_count (g, p);
      break;
    }
  finish_cold (g);
  note_movable (g, p, code);
}

static void
emit_entry (Generator *g)
{
  TranslatorBlock *block = g->block;
  size_t pages = offsetof (TranslatorCpu, sets) + g->view * sizeof (TranslatorSet)
                 + offsetof (TranslatorSet, pages);
  Cold *cold = generator_add_cold (g, COLD_LEAVE, NULL);

  block->guard = emit_run_address (g->e, g->e->at);
  for (unsigned n = 0; n < 2 && block->page_id[n] != 0; n++)
    {
      unsigned index = translator_page_index ((g->plan->rip >> 12) + n);

      emit_insn (g->e, &(HostInsn){ .opcode = 0x81,
                                    .reg = EMIT_CMP,
                                    .rm = host_cpu (pages + sizeof (uint32_t) * index),
                                    .imm_size = 4,
                                    .imm = block->page_id[n] });
      if (n == 0)
        g_assert (emit_run_address (g->e, g->e->at) - 4 == block->guard + GENERATE_GUARD_ID);
      cold->from[cold->n_from++] = emit_jcc (g->e, EMIT_NE);
    }
  /* The second page may have been mapped anew since the first was entered. */
  block->entry = block->page_id[1] != 0 ? 0 : emit_run_address (g->e, g->e->at) - block->guard;
  emit_op64 (g->e, 0x3b, HOST_RSP, AT (cpu.leave_below));
  cold->from[cold->n_from++] = emit_jcc (g->e, EMIT_B);
  block->body = block->page_id[1] != 0 ? 0 : emit_run_address (g->e, g->e->at) - block->guard;
  if (g->plan->options & TRANSLATOR_COUNT)
    emit_increment (g->e, AT (statistics.block_runs));
}

static void
emit_cold (Generator *g, Cold *cold)
{
  Emitter *e = g->e;

  for (unsigned i = 0; i < cold->n_from; i++)
    emit_link_here (e, cold->from[i]);
  switch (cold->kind)
    {
    case COLD_ACCESS:
      generator_emit_cold_access (g, cold);
      break;
    case COLD_EXIT:
      if (cold->save_flags)
        {
          generator_save_flags (g);
          generator_emit_exit (g, cold->exit);
        }
      else
        generator_emit_exit_stub (g, cold->exit, cold->from[0]);
      break;
    case COLD_SITE:
      emit_tagged_site (g, cold->insn);
      emit_jump_to (e, g->stubs->leave);
      break;
    case COLD_INTERPRET:
      generator_emit_site (g, cold->insn, false);
      emit_call_to (e, g->stubs->interpret);
      if (cold->load_flags)
        generator_load_flags (g);
      emit_jump_to (e, cold->back);
      break;
    case COLD_VECTORS:
      emit_call_to (e, g->stubs->vectors[cold->level]);
      emit_jump_to (e, cold->back);
      break;
    case COLD_LEAVE:
      emit_move_imm (e, HOST_R10, g->plan->rip);
      emit_store (e, AT (cpu.state.rip), HOST_R10);
      emit_op32 (e, 0x31, HOST_R10, host_register (HOST_R10));
      emit_jump_to (e, g->stubs->leave);
      break;
    case COLD_RETURN:
      emit_call_to (e, g->stubs->drop_pair);
      emit_jump_to (e, cold->back);
      break;
    }
}

static void
begin_mark (const Generator *g, GenerateMarks *marks, const PlanInsn *p, bool cold)
{
  marks->marks[marks->n++]
    = (GenerateMark){ .code = emit_run_address (g->e, g->e->at), .insn = p, .cold = cold };
}

static void
end_mark (const Generator *g, GenerateMarks *marks)
{
  marks->marks[marks->n - 1].end = emit_run_address (g->e, g->e->at);
}

/* The lookups of a loop. */
static void
emit_early (Generator *g, GenerateMarks *marks)
{
  const Plan *plan = g->plan;

  g->live = plan->insns[0].live_before;
  begin_mark (g, marks, NULL, false);
  for (unsigned i = 0; i < plan->n; i++)
    if (plan->insns[i].run == PLAN_RUN_EARLY)
      generator_look_up_early (g, &plan->insns[i]);
  end_mark (g, marks);
}

void
generate_block (Emitter *e, Emitter *cold, Stubs *stubs, const Plan *plan, TranslatorBlock *block,
                const GenerateArena *arena, GenerateMarks *marks)
{
  Generator g = { e, stubs, plan, block, arena, translator_view_of_key (plan->key) };
  const PlanInsn *last = &plan->insns[plan->n - 1];

  g.n_cold = 0;
  marks->n = 0;
  generator_forget_all_held (&g);
  emit_entry (&g);
  g.cold[0].back = translator_block_get_entry (block);
  g.flags = plan->insns[0].live_before != 0 ? FLAGS_MEMORY : 0;
  if (plan->rounds > 1)
    emit_early (&g, marks);
  for (unsigned i = 0; i < plan->n; i++)
    {
      g.live = plan->insns[i].live_before;
      begin_mark (&g, marks, &plan->insns[i], false);
      emit_one (&g, &plan->insns[i]);
      end_mark (&g, marks);
    }
  if (!plan_ends_block (last, plan->key))
    {
      begin_mark (&g, marks, NULL, false);
      generator_settle_stack (&g);
      generator_exit (&g, generator_next_rip (&g, last), last->live, -1);
      end_mark (&g, marks);
    }
  block->end = emit_run_address (e, e->at) - block->guard;
  g.e = cold;
  generator_forget_all_held (&g);
  for (unsigned i = 0; i < g.n_cold; i++)
    {
      begin_mark (&g, marks, g.cold[i].insn, true);
      emit_cold (&g, &g.cold[i]);
      end_mark (&g, marks);
    }
}
