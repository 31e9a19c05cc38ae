/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs: accesses near one base register, or through one pair of base and index, that one lookup
 * serves. A run's range grows with its accesses as long as all of them may lie in one page; a
 * register that is changed by a constant is followed, and one that is changed otherwise ends the
 * runs on it. */
#include "plan.h"

#include <stdlib.h>
#include <string.h>

#include "translator-cpu.h"
#include "vmm-core/x86/opcode.h"
#include "vmm-core/x86/vector.h"

#define MAX_SPAN 512
#define MAX_DISTANCE 2048 /* from the base: what lies further has another slot */
#define MAX_MOVED (1 << 20)
#define MAX_DISPLACEMENT (INT32_MAX - 16 * MAX_MOVED) /* so that it can be moved, too */
#define N_REGISTERS 16
#define EVERY_REGISTER 0xffffu
#define NO_REGISTER N_REGISTERS

typedef struct
{
  PlanInsn *first;   /* NULL: none */
  int64_t at;        /* of its access, from the registers as they were at first */
  int64_t low, high; /* of all accesses */
  bool branched;     /* away from its accesses, perhaps */
  bool early;        /* its lookup can be made where the block begins */
} Run;

/* Through base + (index << scale); NO_REGISTER: only index. */
typedef struct
{
  Run run; /* its lookup is for writes if that of first is */
  uint8_t base, index, scale;
  int64_t base_moved; /* before first */
} Pair;

typedef struct
{
  Run runs[N_REGISTERS][2]; /* by base register; the second is of lookups for writes */
  Pair pairs[PLAN_PAIRS];
  unsigned next_pair;             /* that makes room for another */
  int64_t moved[N_REGISTERS + 1]; /* what was added to the register since */
  unsigned unknown;               /* registers that were changed otherwise */
} Tracker;

typedef struct
{
  uint8_t base, index, scale; /* index NO_REGISTER: near base */
  unsigned size;
  int64_t disp;
  bool write;
} Access;

static unsigned
address_size (const Plan *plan)
{
  return plan->key & X86_MODE_CODE64 ? 8 : 4;
}

static unsigned
register_of (uint32_t offset)
{
  return offset < 8 * N_REGISTERS ? offset / 8 : NO_REGISTER;
}

static bool
find_operand (const Plan *plan, const PlanInsn *p, Access *access)
{
  const X86Insn *insn = &p->insn;

  if (!x86_insn_is_memory (insn) || p->alignment != 0 || insn->addr_size != address_size (plan)
      || insn->segment >= X86_FS || insn->segment == X86_CS)
    return false;
  *access = (Access){ .base = register_of (insn->base),
                      .index = register_of (insn->index),
                      .scale = insn->scale,
                      .size = p->size,
                      .disp = insn->disp,
                      .write = (p->rm & PLAN_WRITE) != 0 };
  /* With an index, sums of 32 bits would have to wrap. */
  if (access->index != NO_REGISTER)
    return address_size (plan) == 8 && llabs (access->disp) < MAX_DISPLACEMENT;
  return access->base != NO_REGISTER && access->disp >= -MAX_DISTANCE
         && access->disp < MAX_DISTANCE;
}

/* The instruction's only access to memory, if it is one through a base register. x87 and MMX are
 * interpreted, and their lookup left out, while the host's unit is not the guest's. */
static bool
find_access (const Plan *plan, const PlanInsn *p, Access *access)
{
  int size = p->insn.op_size;

  switch (p->kind)
    {
    case PLAN_INTEGER:
    case PLAN_VECTOR:
      return find_operand (plan, p, access);
    case PLAN_PUSH:
    case PLAN_CALL:
    case PLAN_CALL_INDIRECT:
      *access = (Access){ X86_RSP, NO_REGISTER, 0, size, -size, true };
      break;
    case PLAN_POP:
    case PLAN_RETURN:
      *access = (Access){ X86_RSP, NO_REGISTER, 0, size, 0, false };
      break;
    case PLAN_LEAVE:
      *access = (Access){ X86_RBP, NO_REGISTER, 0, size, 0, false };
      break;
    default:
      return false;
    }
  return !x86_insn_is_memory (&p->insn) && (plan->key & (X86_MODE_CODE64 | X86_MODE_STACK32)) != 0;
}

/* Registers that an instruction on general ones writes without saying so in reg or rm. */
static unsigned
implicit_registers (const X86Insn *insn)
{
  const unsigned pair = 1u << X86_RAX | 1u << X86_RDX;
  unsigned op = insn->opcode;

  if (insn->prefixes & X86_PREFIX_VEX)
    return 1u << insn->vvvv;
  if (insn->map == X86_MAP_PRIMARY)
    return (op | 1) == 0xf7 ? pair : (op & 0xf8) == 0x90 || (op & 0xfc) == 0xa0 ? 1u << X86_RAX : 0;
  return insn->map == X86_MAP_0F && ((op | 1) == 0xb1 || op == 0xc7) ? pair : 0;
}

static unsigned
vector_writes (const X86Insn *insn)
{
  VectorShape shape;
  bool index; /* PCMPESTRI, PCMPISTRI */

  if (insn->map == X86_MAP_PRIMARY) /* FNSTSW AX */
    return insn->opcode == 0xdf ? 1u << X86_RAX : 0;
  if (!vector_get_shape (insn, &shape))
    return 0; /* VZEROUPPER */
  index = insn->map == X86_MAP_0F3A && (insn->opcode == 0x61 || insn->opcode == 0x63);
  return (index ? 1u << X86_RCX : 0) | (shape.operands == VECTOR_GM ? 1u << insn->reg : 0)
         | (shape.operands == VECTOR_MG && !x86_insn_is_memory (insn) ? 1u << insn->rm : 0);
}

/* CMP or TEST of RAX with an immediate */
static bool
is_comparison (const X86Insn *insn)
{
  return insn->map == X86_MAP_PRIMARY && ((insn->opcode | 1) == 0x3d || (insn->opcode | 1) == 0xa9);
}

/* By where it lies in X86Cpu. */
static unsigned
general_bit (unsigned at)
{
  return 1u << at / 8;
}

/* General registers whose value is unknown afterwards. */
static unsigned
find_writes (const PlanInsn *p)
{
  const X86Insn *insn = &p->insn;

  switch (p->kind)
    {
    case PLAN_NOTHING:
    case PLAN_CONDITIONAL:
      return 0;
    case PLAN_RAW:
      return is_comparison (insn) ? 0 : 1u << X86_RAX | 1u << X86_RDX;
    case PLAN_DIVIDE:
      return 1u << X86_RAX | 1u << X86_RDX;
    case PLAN_INTEGER:
      return (p->reg & PLAN_WRITE ? general_bit (insn->reg_at) : 0)
             | ((p->rm & PLAN_WRITE) && !x86_insn_is_memory (insn) ? general_bit (insn->rm_at) : 0)
             | implicit_registers (insn);
    case PLAN_LEA:
      return general_bit (insn->reg_at);
    case PLAN_PUSH:
      return 0;
    case PLAN_POP:
      return general_bit (insn->rm_at);
    case PLAN_LEAVE:
      return 1u << X86_RSP | 1u << X86_RBP;
    case PLAN_VECTOR:
    case PLAN_X87:
      return vector_writes (insn);
    default:
      return EVERY_REGISTER;
    }
}

bool
plan_find_addition (const Plan *plan, const PlanInsn *p, unsigned *reg, int64_t *amount)
{
  const X86Insn *insn = &p->insn;
  const unsigned extension = insn->modrm >> 3 & 7, op = insn->opcode;

  if (insn->op_size != address_size (plan))
    return false;
  if (p->kind == PLAN_LEA)
    {
      *reg = insn->reg;
      *amount = insn->disp;
      return insn->base == 8 * insn->reg && insn->index == offsetof (X86Cpu, zero)
             && insn->addr_size == insn->op_size;
    }
  if (insn->map != X86_MAP_PRIMARY)
    return false;
  *amount = (int32_t) insn->imm;
  if (p->kind == PLAN_RAW && (op == 0x05 || op == 0x2d))
    {
      *reg = X86_RAX;
      *amount *= op == 0x05 ? 1 : -1;
      return true;
    }
  *reg = insn->rm_at / 8;
  if (p->kind != PLAN_INTEGER || insn->modrm < 0xc0)
    return false;
  if (op == 0xff)
    {
      *amount = extension == 0 ? 1 : -1;
      return extension <= 1;
    }
  *amount *= extension == 0 ? 1 : -1;
  return (op == 0x81 || op == 0x83) && (extension == 0 || extension == 5);
}

/* The same, and what the stack's instructions do to their pointer. */
static bool
find_move (const Plan *plan, const PlanInsn *p, unsigned *reg, int64_t *amount)
{
  if (p->kind != PLAN_PUSH && (p->kind != PLAN_POP || p->insn.rm == X86_RSP))
    return plan_find_addition (plan, p, reg, amount);
  *reg = X86_RSP;
  *amount = p->insn.op_size * (p->kind == PLAN_PUSH ? -1 : 1);
  return true;
}

/* Whether the run can have the access, too; then it has. */
static bool
join (const Plan *plan, PlanInsn *p, Run *run, int64_t at, unsigned size)
{
  int64_t low = MIN (run->low, at), high = MAX (run->high, at + size);
  PlanInsn *first = run->first;

  if (first == NULL || high - low > MAX_SPAN)
    return false;
  run->low = low;
  run->high = high;
  first->run = run->early ? PLAN_RUN_EARLY : PLAN_RUN_FIRST;
  first->run_low = low - run->at;
  first->run_span = high - low;
  p->run = PLAN_RUN_NEXT;
  p->run_first = first - plan->insns;
  return true;
}

/* A lookup for reads becomes one for writes if what follows it writes in any case. */
static bool
join_to_write (const Plan *plan, PlanInsn *p, Run *run, int64_t at, unsigned size)
{
  if (run->branched || !join (plan, p, run, at, size))
    return false;
  run->first->run_writes = true;
  return true;
}

static Run
new_run (const Plan *plan, const Tracker *tracker, PlanInsn *p, const Access *access, int64_t at)
{
  const bool known
    = !(tracker->unknown >> access->base & 1) && !(tracker->unknown >> access->index & 1);
  const bool operand = p->kind == PLAN_INTEGER || p->kind == PLAN_VECTOR;

  p->run_writes = access->write;
  p->run_at = at;
  return (Run){ .first = p,
                .at = at,
                .low = at,
                .high = at + access->size,
                .early = known && operand && plan->rounds > 1 };
}

static void
add_near_access (const Plan *plan, Tracker *tracker, PlanInsn *p, const Access *access)
{
  Run *runs = tracker->runs[access->base];
  int64_t at = access->disp + tracker->moved[access->base];

  p->run_pair = 0;
  /* What may be written can be read. */
  if (join (plan, p, &runs[true], at, access->size)
      || (!access->write && join (plan, p, &runs[false], at, access->size)))
    return;
  if (access->write && join_to_write (plan, p, &runs[false], at, access->size))
    {
      runs[true] = runs[false];
      runs[false].first = NULL;
      return;
    }
  runs[access->write] = new_run (plan, tracker, p, access, at);
}

static bool
is_through (const Access *access, const Pair *pair)
{
  return pair->run.first != NULL && pair->base == access->base && pair->index == access->index
         && pair->scale == access->scale;
}

static void
add_pair_access (const Plan *plan, Tracker *tracker, PlanInsn *p, const Access *access)
{
  const int64_t base_moved = tracker->moved[access->base];
  const int64_t at
    = access->disp + base_moved + tracker->moved[access->index] * (1 << access->scale);
  unsigned n;
  Pair *pair;

  for (n = 0; n < PLAN_PAIRS; n++)
    {
      pair = &tracker->pairs[n];
      if (is_through (access, pair)
          && (!access->write || pair->run.first->run_writes
                ? join (plan, p, &pair->run, at, access->size)
                : join_to_write (plan, p, &pair->run, at, access->size)))
        {
          p->run_pair = pair->run.first->run_pair = n + 1;
          p->run_moved = base_moved - pair->base_moved;
          return;
        }
    }
  n = tracker->next_pair++ % PLAN_PAIRS;
  pair = &tracker->pairs[n];
  *pair = (Pair){ new_run (plan, tracker, p, access, at), access->base, access->index,
                  access->scale, base_moved };
  p->run_pair = n + 1;
  p->run_moved = 0;
  if (pair->run.early)
    {
      p->run_moved = base_moved;
      pair->base_moved = 0;
    }
}

static void
add_access (const Plan *plan, Tracker *tracker, PlanInsn *p, const Access *access)
{
  if (access->index == NO_REGISTER)
    add_near_access (plan, tracker, p, access);
  else
    add_pair_access (plan, tracker, p, access);
}

static void
forget (Tracker *tracker, unsigned registers)
{
  tracker->unknown |= registers;
  for (unsigned n = 0; n < PLAN_PAIRS; n++)
    {
      Pair *pair = &tracker->pairs[n];

      if ((registers >> pair->index & 1) || (registers >> pair->base & 1))
        pair->run.first = NULL;
    }
  for (unsigned reg = 0; registers != 0; reg++, registers >>= 1)
    if (registers & 1)
      {
        memset (tracker->runs[reg], 0, sizeof tracker->runs[reg]);
        tracker->moved[reg] = 0;
      }
}

static void
note_branch (Tracker *tracker)
{
  for (unsigned reg = 0; reg < N_REGISTERS; reg++)
    tracker->runs[reg][false].branched = true;
  for (unsigned n = 0; n < PLAN_PAIRS; n++)
    tracker->pairs[n].run.branched = true;
}

/* What the instruction does to registers. */
static void
follow (const Plan *plan, Tracker *tracker, const PlanInsn *p)
{
  unsigned writes = find_writes (p), reg;
  int64_t amount;

  if (find_move (plan, p, &reg, &amount))
    {
      tracker->moved[reg] += amount;
      if (p->kind != PLAN_POP)
        writes = 0;
      if (llabs (tracker->moved[reg]) > MAX_MOVED)
        writes |= 1u << reg;
    }
  forget (tracker, writes);
  if (p->kind == PLAN_CONDITIONAL)
    note_branch (tracker);
}

/* Returns how many lookups are needed for so many rounds. */
static unsigned
find_runs (Plan *plan, unsigned rounds)
{
  Tracker tracker = { 0 };
  unsigned n = 0;

  for (unsigned i = 0; i < rounds * plan->n; i++)
    {
      PlanInsn *p = &plan->insns[i % plan->n];
      Access access;

      p->run = PLAN_RUN_NONE;
      if (find_access (plan, p, &access))
        {
          add_access (plan, &tracker, p, &access);
          n += p->run == PLAN_RUN_NONE;
        }
      follow (plan, &tracker, p);
    }
  return n;
}

void
plan_find_runs (Plan *plan)
{
  if ((plan->key & X86_MODE_FLAT) && !(plan->key & TRANSLATOR_NO_RUNS))
    find_runs (plan, 1);
  else
    for (unsigned i = 0; i < plan->n; i++)
      plan->insns[i].run = PLAN_RUN_NONE;
}

bool
plan_rounds_share (Plan *plan)
{
  return find_runs (plan, 2) < 2 * find_runs (plan, 1);
}
