/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs: accesses near one base register that one lookup serves. A run's range grows with its
 * accesses as long as all of them may lie in one page; a base that is changed by a constant is
 * followed, and one that is changed otherwise ends the runs on it. */
#include "plan.h"

#include <stdlib.h>
#include <string.h>

#include "translator-cpu.h"
#include "vmm-core/x86/opcode.h"
#include "vmm-core/x86/vector.h"

#define MAX_SPAN 512
#define MAX_DISTANCE 2048 /* from the base: what lies further has another slot */
#define MAX_MOVED (1 << 20)
#define N_REGISTERS 16
#define EVERY_REGISTER 0xffffu

typedef struct
{
  PlanInsn *first;   /* NULL: none */
  int64_t at;        /* of its access, from the base register as it was at first */
  int64_t low, high; /* of all accesses */
} Run;

typedef struct
{
  Run runs[N_REGISTERS][2];   /* by base register; the second is of lookups for writes */
  int64_t moved[N_REGISTERS]; /* what was added to the register since */
} Tracker;

typedef struct
{
  unsigned base, size;
  int64_t disp;
  bool write;
} Access;

static unsigned
address_size (const Plan *plan)
{
  return plan->key & X86_MODE_CODE64 ? 8 : 4;
}

static bool
find_operand (const Plan *plan, const PlanInsn *p, Access *access)
{
  const X86Insn *insn = &p->insn;

  if (!x86_insn_is_memory (insn) || p->alignment != 0 || insn->addr_size != address_size (plan)
      || insn->segment >= X86_FS || insn->segment == X86_CS || insn->base >= 8 * N_REGISTERS
      || insn->index != offsetof (X86Cpu, zero))
    return false;
  *access = (Access){ insn->base / 8, p->size, insn->disp, (p->rm & PLAN_WRITE) != 0 };
  return access->disp >= -MAX_DISTANCE && access->disp < MAX_DISTANCE;
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
      *access = (Access){ X86_RSP, size, -size, true };
      break;
    case PLAN_POP:
    case PLAN_RETURN:
      *access = (Access){ X86_RSP, size, 0, false };
      break;
    case PLAN_LEAVE:
      *access = (Access){ X86_RBP, size, 0, false };
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

  if (insn->map == X86_MAP_PRIMARY) /* FNSTSW AX */
    return insn->opcode == 0xdf ? 1u << X86_RAX : 0;
  if (!vector_get_shape (insn, &shape))
    return 0; /* VZEROUPPER */
  return 1u << X86_RCX | (shape.operands == VECTOR_GM ? 1u << insn->reg : 0)
         | (shape.operands == VECTOR_MG && !x86_insn_is_memory (insn) ? 1u << insn->rm : 0);
}

/* General registers whose value is unknown afterwards. */
static unsigned
find_writes (const PlanInsn *p)
{
  const X86Insn *insn = &p->insn;
  unsigned reg = 1u << insn->reg_at / 8, rm = 1u << insn->rm_at / 8;

  switch (p->kind)
    {
    case PLAN_NOTHING:
    case PLAN_CONDITIONAL:
      return 0;
    case PLAN_RAW:
    case PLAN_DIVIDE:
      return 1u << X86_RAX | 1u << X86_RDX;
    case PLAN_INTEGER:
      return (p->reg & PLAN_WRITE ? reg : 0)
             | ((p->rm & PLAN_WRITE) && !x86_insn_is_memory (insn) ? rm : 0)
             | implicit_registers (insn);
    case PLAN_LEA:
      return reg;
    case PLAN_PUSH:
      return 0;
    case PLAN_POP:
      return rm;
    case PLAN_LEAVE:
      return 1u << X86_RSP | 1u << X86_RBP;
    case PLAN_VECTOR:
    case PLAN_X87:
      return vector_writes (insn);
    default:
      return EVERY_REGISTER;
    }
}

/* Whether the instruction adds a constant to a register. */
static bool
find_move (const Plan *plan, const PlanInsn *p, unsigned *reg, int64_t *amount)
{
  const X86Insn *insn = &p->insn;
  unsigned extension = insn->modrm >> 3 & 7;

  *reg = X86_RSP;
  *amount = p->kind == PLAN_PUSH ? -(int)insn->op_size : insn->op_size;
  if (p->kind == PLAN_PUSH || (p->kind == PLAN_POP && insn->rm != X86_RSP))
    return true;
  *reg = insn->rm_at / 8;
  *amount = (int32_t)insn->imm * (extension == 5 ? -1ll : 1ll);
  if (p->kind == PLAN_INTEGER && insn->map == X86_MAP_PRIMARY
      && (insn->opcode == 0x81 || insn->opcode == 0x83) && insn->modrm >= 0xc0)
    return (extension == 0 || extension == 5) && insn->op_size == address_size (plan);
  *reg = insn->reg;
  *amount = insn->disp;
  return p->kind == PLAN_LEA && insn->base == 8 * insn->reg
         && insn->index == offsetof (X86Cpu, zero) && insn->op_size == address_size (plan)
         && insn->addr_size == insn->op_size;
}

static bool
join (Plan *plan, PlanInsn *p, Run *run, int64_t at, unsigned size, bool write)
{
  int64_t low = MIN (run->low, at), high = MAX (run->high, at + size);
  PlanInsn *first = run->first;

  if (first == NULL || high - low > MAX_SPAN)
    return false;
  run->low = low;
  run->high = high;
  first->run = PLAN_RUN_FIRST;
  first->run_low = low - run->at;
  first->run_span = high - low;
  p->run = PLAN_RUN_NEXT;
  p->run_first = first - plan->insns;
  p->run_writes = write;
  return true;
}

static void
add_access (Plan *plan, Tracker *tracker, PlanInsn *p, const Access *access)
{
  Run *runs = tracker->runs[access->base];
  int64_t at = access->disp + tracker->moved[access->base];

  /* What may be written can be read. */
  if (join (plan, p, &runs[true], at, access->size, true)
      || (!access->write && join (plan, p, &runs[false], at, access->size, false)))
    return;
  runs[access->write] = (Run){ p, at, at, at + access->size };
}

static void
forget (Tracker *tracker, unsigned registers)
{
  for (unsigned reg = 0; registers != 0; reg++, registers >>= 1)
    if (registers & 1)
      {
        memset (tracker->runs[reg], 0, sizeof tracker->runs[reg]);
        tracker->moved[reg] = 0;
      }
}

void
plan_find_runs (Plan *plan)
{
  Tracker tracker = { 0 };
  bool wanted = (plan->key & X86_MODE_FLAT) && !(plan->key & TRANSLATOR_NO_RUNS);

  for (unsigned i = 0; i < plan->n; i++)
    {
      PlanInsn *p = &plan->insns[i];
      unsigned writes = find_writes (p), reg;
      int64_t amount;
      Access access;

      p->run = PLAN_RUN_NONE;
      if (wanted && find_access (plan, p, &access))
        add_access (plan, &tracker, p, &access);
      if (find_move (plan, p, &reg, &amount))
        {
          tracker.moved[reg] += amount;
          if (p->kind != PLAN_POP)
            writes = 0;
          if (llabs (tracker.moved[reg]) > MAX_MOVED)
            writes |= 1u << reg;
        }
      forget (&tracker, writes);
    }
}
