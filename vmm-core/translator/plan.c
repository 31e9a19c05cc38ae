/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Blocks: where they end, and which status flags are alive in them. */
#include "plan.h"

#include <string.h>

#include "translator-cpu.h"
#include "translator.h"
#include "vmm-core/x86/segment.h"

#define PEEK_INSNS 6
#define PEEK_DEPTH 3
#define MAX_BRANCHES 4 /* conditional branches and calls inside a block */
#define MAX_ROUNDS 8   /* of a loop, laid out one after the other */
#define ALL ((uint16_t) X86_FLAGS_STATUS)

bool
plan_ends_block (const PlanInsn *p, uint32_t key)
{
  switch (p->kind)
    {
    case PLAN_END:
    case PLAN_JUMP:
    case PLAN_JUMP_INDIRECT:
    case PLAN_RETURN:
    case PLAN_CHANGE_VIEW:
      return true;
    case PLAN_CALL:
    case PLAN_CALL_INDIRECT:
      return !(key & X86_MODE_FLAT);
    default:
      return false;
    }
}

/* Where a branch with a displacement goes, from the first byte of the block at offset. */
static int64_t
branch_offset (const PlanInsn *p)
{
  return (int64_t) p->insn.offset + p->insn.length + (int64_t) p->insn.imm;
}

uint64_t
plan_get_target (const Plan *plan, const PlanInsn *p)
{
  const uint64_t rip = plan->rip + (uint64_t) branch_offset (p);

  return plan->key & X86_MODE_CODE64   ? rip
         : plan->key & X86_MODE_CODE32 ? (uint32_t) rip
                                       : (uint16_t) rip;
}

/* A branch to no address at all faults before anything else of it happens. */
static bool
leads_nowhere (const Plan *plan, const PlanInsn *p)
{
  return (p->kind == PLAN_JUMP || p->kind == PLAN_CONDITIONAL || p->kind == PLAN_COUNT
          || p->kind == PLAN_CALL)
         && !x86_is_canonical (plan_get_target (plan, p));
}

/* Where the block is left by a branch that may be taken or not. */
static int64_t
exit_offset (const PlanInsn *p)
{
  return p->stays ? (int64_t) p->insn.offset + p->insn.length : branch_offset (p);
}

/* The plan depends on these bytes of the page. FALSE: no room to note that. */
static bool
note_peeked (Plan *plan, unsigned offset, unsigned length)
{
  unsigned i;

  for (i = 0; i < plan->n_peeked; i++)
    if (offset >= plan->peeked[i].offset
        && offset + length <= plan->peeked[i].offset + plan->peeked[i].length)
      return true;
    else if (plan->peeked[i].offset + plan->peeked[i].length == offset)
      break;
  if (i == PLAN_MAX_PEEKS || plan->peeked_length + length > PLAN_MAX_PEEKED)
    return false;
  if (i == plan->n_peeked)
    plan->peeked[plan->n_peeked++] = (PlanPeek){ offset, 0 };
  plan->peeked[i].length += length;
  plan->peeked_length += length;
  return true;
}

static void
classify (const Plan *plan, PlanInsn *p)
{
  plan_classify (p, plan->key);
  if (plan->options & TRANSLATOR_UNDEFINED_FLAGS)
    p->flags_written &= ~p->flags_undefined;
}

/* Which status flags code at offset may read before it writes them. */
static uint16_t
peek_live (Plan *plan, const X86Cpu *cpu, const uint8_t *page, int64_t offset, unsigned depth)
{
  uint16_t wanted = 0, open = ALL;

  if (depth == 0 || !(cpu->mode & X86_MODE_FLAT))
    return ALL;
  for (unsigned i = 0; i < PEEK_INSNS && open != 0; i++)
    {
      PlanInsn p;

      if (offset < 0 || offset >= 4096)
        break;
      p.insn.offset = 0;
      if (x86_decode (cpu, page + offset, MIN (4096 - offset, X86_MAX_LENGTH), &p.insn, &p.flow)
            != X86_DECODE_OK
          || !note_peeked (plan, offset, p.insn.length))
        break;
      classify (plan, &p);
      offset += p.insn.length;
      wanted |= open & p.flags_read;
      open &= ~p.flags_written;
      if (p.flow != X86_FLOW_NEXT)
        {
          if ((p.kind == PLAN_CONDITIONAL || p.kind == PLAN_COUNT) && depth > 1 && open != 0)
            wanted |= open & peek_live (plan, cpu, page, offset + (int64_t) p.insn.imm, depth - 1);
          else if (p.kind == PLAN_JUMP)
            {
              offset += (int64_t) p.insn.imm;
              if (--depth == 0)
                break;
              continue;
            }
          if ((p.kind != PLAN_CONDITIONAL && p.kind != PLAN_COUNT) || depth <= 1)
            break;
        }
    }
  return wanted | open;
}

/* Backwards: what is alive after each instruction. */
static void
find_live (Plan *plan, const X86Cpu *cpu, const uint8_t *page, unsigned offset)
{
  const PlanInsn *last = &plan->insns[plan->n - 1];
  uint16_t live = ALL;

  if (last->kind == PLAN_JUMP)
    live = peek_live (plan, cpu, page, offset + branch_offset (last), PEEK_DEPTH);
  else if (!plan_ends_block (last, plan->key) && last->kind != PLAN_CALL
           && last->kind != PLAN_CALL_INDIRECT)
    live = peek_live (plan, cpu, page, offset + plan->length, PEEK_DEPTH);
  for (unsigned i = plan->n; i-- > 0;)
    {
      PlanInsn *p = &plan->insns[i];

      if (p->kind == PLAN_CONDITIONAL || p->kind == PLAN_COUNT)
        {
          p->live_taken = peek_live (plan, cpu, page, offset + exit_offset (p), PEEK_DEPTH);
          live |= p->live_taken;
        }
      else if (p->kind == PLAN_CALL)
        live = peek_live (plan, cpu, page, offset + branch_offset (p), PEEK_DEPTH);
      else if (p->kind == PLAN_CALL_INDIRECT)
        live = ALL;
      p->live = live;
      live = p->live_before = (live & ~p->flags_written) | p->flags_read;
    }
}

/* Whether the block is a loop that ends here. */
static bool
is_loop (Plan *plan)
{
  const PlanInsn *last = &plan->insns[plan->n - 1];

  return (last->kind == PLAN_CONDITIONAL || last->kind == PLAN_JUMP) && branch_offset (last) == 0
         && (plan->key & X86_MODE_FLAT) && !(plan->options & TRANSLATOR_SINGLE)
         && 2 * plan->n <= PLAN_MAX_INSNS && plan_rounds_share (plan);
}

/* Lays a loop out several times, so that rounds share lookups. Where they cannot, as many rounds
 * get over the end of the page. */
static void
unroll (Plan *plan)
{
  const unsigned n = plan->n;
  const PlanInsn last = plan->insns[n - 1];

  if (last.kind == PLAN_JUMP)
    plan->insns[n - 1].kind = PLAN_NOTHING;
  plan->insns[n - 1].stays = true;
  plan->rounds = MIN (MAX_ROUNDS, PLAN_MAX_INSNS / n);
  for (unsigned round = 1; round < plan->rounds; round++)
    memcpy (&plan->insns[round * n], plan->insns, n * sizeof plan->insns[0]);
  plan->n = plan->rounds * n;
  plan->insns[plan->n - 1] = last;
}

bool
plan_make (Plan *plan, const X86Cpu *cpu, uint32_t key, uint64_t rip, const uint8_t *page,
           unsigned offset, unsigned end, unsigned options)
{
  unsigned at = 0, branches = 0;
  uint64_t last_rip = key & X86_MODE_CODE64   ? UINT64_MAX
                      : key & X86_MODE_CODE32 ? UINT32_MAX
                                              : UINT16_MAX;
  unsigned max_insns = options & TRANSLATOR_SINGLE ? 1 : PLAN_MAX_INSNS;

  plan->n = plan->n_peeked = plan->peeked_length = 0;
  plan->rounds = 1;
  plan->lookups = NULL;
  plan->key = key;
  plan->options = options;
  plan->rip = rip;
  plan->bytes = page + offset;
  while (plan->n < max_insns && branches < MAX_BRANCHES)
    {
      PlanInsn *p = &plan->insns[plan->n];
      unsigned available = MIN (end - offset - at, X86_MAX_LENGTH);

      p->insn.offset = at;
      if (x86_decode (cpu, page + offset + at, available, &p->insn, &p->flow) != X86_DECODE_OK)
        break;
      /* Where RIP would wrap, the fetch faults. */
      if (rip + at + p->insn.length - 1 > last_rip)
        break;
      classify (plan, p);
      if (leads_nowhere (plan, p))
        plan_leave_to_interpreter (p);
      p->live_taken = 0;
      p->stays = false;
      plan->n++;
      at += p->insn.length;
      if (is_loop (plan))
        {
          unroll (plan);
          break;
        }
      if (p->kind == PLAN_CONDITIONAL || p->kind == PLAN_COUNT
          || ((p->kind == PLAN_CALL || p->kind == PLAN_CALL_INDIRECT) && (key & X86_MODE_FLAT)))
        branches++;
      else if (plan_ends_block (p, key))
        break;
    }
  /* The shadow of STI reaches into the next block. */
  if (plan->n > 0 && plan->insns[plan->n - 1].kind == PLAN_STI)
    plan->insns[plan->n - 1].kind = PLAN_INTERPRET;
  plan->length = at;
  if (plan->n == 0)
    return false;
  plan_find_runs (plan);
  find_live (plan, cpu, page, offset);
  if (options & TRANSLATOR_ALL_FLAGS)
    {
      for (unsigned i = 0; i < plan->n; i++)
        plan->insns[i].live_before = plan->insns[i].live = plan->insns[i].live_taken = ALL;
    }
  return true;
}
