/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "lookups.h"
#include "vmm-core/x86/decode.h"

/* What is to become of each instruction of a block, found out before any code is emitted. */

#define PLAN_MAX_INSNS 64
#define PLAN_MAX_PEEKS 16
#define PLAN_MAX_PEEKED 1024 /* bytes */
#define PLAN_PAIRS 4

typedef enum
{
  PLAN_INTERPRET,  /* by the interpreter; the block goes on, if it still can */
  PLAN_END,        /* by the interpreter; the block ends: RIP changes, or may */
  PLAN_NOTHING,    /* NOP and its like */
  PLAN_RAW,        /* no ModRM: registers of its own that are where the guest has them */
  PLAN_INTEGER,    /* ModRM or opcode operands, general registers */
  PLAN_BIT_STRING, /* BT, BTS, BTR, BTC of memory by a register */
  PLAN_DIVIDE,     /* DIV and IDIV of 16 bits or more */
  PLAN_LEA,
  PLAN_PUSH,
  PLAN_POP,
  PLAN_LEAVE,
  PLAN_JUMP,
  PLAN_CONDITIONAL,
  PLAN_JUMP_INDIRECT,
  PLAN_CALL,
  PLAN_CALL_INDIRECT,
  PLAN_RETURN,
  PLAN_PUSHF,
  PLAN_POPF,
  PLAN_CLI,
  PLAN_STI,
  PLAN_DIRECTION,
  PLAN_SWAPGS,
  PLAN_CHANGE_VIEW, /* STAC, CLAC */
  PLAN_READ_SEGMENT,
  PLAN_READ_CONTROL,
  PLAN_SEGMENT_BASE, /* RDFSBASE and its like */
  PLAN_READ_KEYS,    /* RDPKRU */
  PLAN_READ_TSC,
  PLAN_STRING,
  PLAN_REPEAT, /* REP MOVS, REP STOS */
  PLAN_COUNT,  /* LOOP, JrCXZ */
  PLAN_VECTOR,
  PLAN_X87
} PlanKind;

enum
{
  PLAN_READ = 1,
  PLAN_WRITE = 2
};

/* An access to memory as one of several that one lookup serves (plan-runs.c). */
typedef enum
{
  PLAN_RUN_NONE,
  PLAN_RUN_FIRST, /* looks up run_span bytes, from run_low bytes behind its own address on */
  PLAN_RUN_EARLY, /* the same, but at the entry of a loop, where its displacement is run_at */
  PLAN_RUN_NEXT   /* relies on the lookup of the instruction run_first */
} PlanRun;

typedef struct
{
  X86Insn insn;
  X86Flow flow;
  PlanKind kind;
  uint8_t reg, rm;   /* PLAN_READ, PLAN_WRITE of the operands; reg 0: no register */
  uint8_t size;      /* bytes of the memory operand */
  uint8_t alignment; /* bits of its linear address that must be clear */
  uint16_t flags_read,
    flags_written;          /* status flags; written: for certain, or undefined after it */
  uint16_t flags_undefined; /* of those written: some processors leave them alone */
  uint16_t live_before;     /* status flags that it, or somebody after it, may read */
  uint16_t live;            /* those that somebody may read after it: for a call, its target */
  uint16_t live_taken;      /* where a conditional branch that leaves the block goes */
  bool stays; /* a conditional branch in a loop laid out several times: the block goes on where it
               * leads to, and is left otherwise */
  PlanRun run;
  bool run_writes; /* FIRST, EARLY: the lookup is one for writes */
  uint8_t run_first;
  uint8_t run_pair; /* 0: near one register; else which of the pairs of base and index, from 1 */
  int16_t run_low;
  uint16_t run_span;
  int64_t run_at;
  int32_t run_moved; /* EARLY, NEXT of a pair: what was added to its base since the lookup */
} PlanInsn;

/* Other code of the page that the plan depends on. */
typedef struct
{
  uint16_t offset, length;
} PlanPeek;

typedef struct
{
  PlanInsn insns[PLAN_MAX_INSNS];
  unsigned n;
  unsigned rounds;      /* of a loop, one behind the other; else 1 */
  unsigned length;      /* bytes */
  const uint8_t *bytes; /* the caller's */
  PlanPeek peeked[PLAN_MAX_PEEKS];
  unsigned n_peeked;
  unsigned peeked_length; /* of all these together */
  uint32_t key;           /* translator-cpu.h */
  unsigned options;
  uint64_t rip;
  BlockLookups *lookups; /* the caller sets it; NULL: all go through slots */
} Plan;

/* Plans the block at rip, which is at offset of its page's bytes, of which `end` are to be had:
 * 4096, or more, and then the block is the one instruction that goes on in the next page. FALSE:
 * nothing to be translated there. options are TRANSLATOR_* (translator.h). */
bool plan_make (Plan *plan, const X86Cpu *cpu, uint32_t key, uint64_t rip, const uint8_t *page,
                unsigned offset, unsigned end, unsigned options);

/* Whether nothing of the block comes behind it. */
bool plan_ends_block (const PlanInsn *p, uint32_t key);

/* Where a branch with a displacement leads. */
uint64_t plan_get_target (const Plan *plan, const PlanInsn *p);

/* Sets the run* of all instructions. */
void plan_find_runs (Plan *plan);
/* Whether the instruction adds a constant to a general register as wide as an address. */
bool plan_find_addition (const Plan *plan, const PlanInsn *p, unsigned *reg, int64_t *amount);
/* Whether rounds of a loop of these instructions would share lookups. */
bool plan_rounds_share (Plan *plan);

/* Sets kind, operands and flags of a decoded instruction. */
void plan_classify (PlanInsn *p, uint32_t key);
/* As PLAN_INTERPRET or PLAN_END, which is always right. */
void plan_leave_to_interpreter (PlanInsn *p);
