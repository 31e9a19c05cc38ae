/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <assert.h>

#include "plan.h"
#include "statistics.h"
#include "vmm-core/x86/cpu.h"
#include "vmm-core/x86/decode.h"
#include "vmm-core/x86/tlb.h"

/* One CPU as translated code sees it: GS leads here. */

typedef struct TranslatorBlock TranslatorBlock;

/* An instruction that the interpreter runs: its block's address; in bits 48 to 62 its offset in the
 * block; in bit 63 whether that is only because of its operand in memory. 0: none. */
typedef uint64_t TranslatorSite;

#define TRANSLATOR_DECODED 256

#define TRANSLATOR_JUMP_BITS 14
#define TRANSLATOR_JUMPS (1u << TRANSLATOR_JUMP_BITS)
#define TRANSLATOR_JUMP_FACTOR 0x9e3779b1u
#define TRANSLATOR_PAGES 1024
#define TRANSLATOR_STACK_SIZE (144u << 10)
/* Above the empty stack lies a pair that no return matches. Below a full one there is room for
 * stubs, and for as many pairs as a page has bytes: forwards in a page code does not look whether
 * it is full. */
#define TRANSLATOR_STACK_TOP (TRANSLATOR_STACK_SIZE - 64)
#define TRANSLATOR_STACK_LIMIT (80u << 10)

/* The key of a block, beside its address: X86Cpu.mode, and what else code depends on. */
enum
{
  TRANSLATOR_NO_X87 = 1 << 8, /* CR0.EM or TS, or an unmasked exception in the control word */
  TRANSLATOR_NO_SSE = 1 << 9,
  TRANSLATOR_NO_AVX = 1 << 10,
  TRANSLATOR_SIMD_EXACT = 1 << 11, /* an exception is unmasked in MXCSR */
  TRANSLATOR_VIEW_SHIFT = 12,      /* the TLB's view, 2 bits */
  TRANSLATOR_KEY_VALID = 1 << 14,
  TRANSLATOR_SMAP = 1 << 15,   /* CR4.SMAP, outside CPL 3: EFLAGS.AC chooses the view */
  TRANSLATOR_NO_RUNS = 1 << 16 /* of blocks only: where the range of a run is not in one page */
};

/* Where an indirect branch to rip goes on in translated code. */
typedef struct
{
  uint64_t rip; /* no RIP of a block: empty */
  const uint8_t *entry;
} TranslatorJump;
#define TRANSLATOR_JUMP_SHIFT 4
static_assert (sizeof (TranslatorJump) == 1u << TRANSLATOR_JUMP_SHIFT);

/* What a stub has the TLB filled for; and what comes of it. */
typedef struct
{
  uint8_t what; /* X86FillFor */
  uint8_t lead; /* StubsLead */
  uint16_t size;
} TranslatorFill;
static_assert (sizeof (TranslatorFill) == 4);

enum
{
  TRANSLATOR_FILL_FAILED,
  TRANSLATOR_FILL_DONE,
  TRANSLATOR_FILL_READY /* scratch and fill_look are what r10 and r11 are to be */
};

/* What depends on the privilege, one for each view of the TLB. */
typedef struct
{
  TranslatorJump jumps[TRANSLATOR_JUMPS];
  uint32_t pages[TRANSLATOR_PAGES]; /* by translator_page_index: TranslatorBlock.page_id of what is
                                       mapped there */
  uint32_t key;                     /* that all this is for; 0: none */
  bool all_global;                  /* every page in here survives a change of CR3 */
  uint8_t *stack_memory;
  uint8_t *stack; /* while another set is in use */
} TranslatorSet;

typedef struct
{
  X86Cpu cpu; /* first */

  /* Translated code calls and returns as the guest does: for each call of the guest a pair of its
   * return address and the host's lies on this stack. */
  uint8_t *stack;
  uint8_t *stack_top;

  uint64_t host_rsp;   /* of the run loop */
  uint64_t resume_rsp; /* of translated code that called C */
  const uint8_t *entry;
  uint64_t scratch, target;
  /* Of runs whose lookup was direct, by base register and whether that is one for writes. */
  uint64_t run_addends[16][2];
  uint64_t run_bases[PLAN_PAIRS]; /* of runs through pairs: where their base leads in the host */
  uint32_t sampled_slot;          /* of the lookup that is sampled; bit 8: it is one for writes */
  TranslatorFill fill;            /* what is looked for */
  uint64_t fill_look;             /* where the stub goes on that had the TLB filled */
  void *self;
  uint32_t host_mxcsr;
  uint8_t vectors;        /* VECTORS_*: what of the guest's the host's vector registers hold */
  uint8_t vectors_before; /* the same before C was called */

  const X86Insn *running; /* one of decoded: interpreted out of a block, which may go meanwhile */
  uint32_t key;
  uint32_t generation; /* of the code cache: code from before is gone, */
  uint32_t drops;      /* or some of it */
  bool page_flushed;   /* one that code has run from, by the instruction being interpreted */
  uint64_t flushes, full_flushes; /* of the TLB, as far as they were noticed here */
  TranslatorSet sets[X86_N_VIEWS];
  TranslatorStatistics statistics;

  /* Sites that were interpreted lately, by translator_decoded_index. */
  TranslatorSite decoded_sites[TRANSLATOR_DECODED];
  X86Insn decoded[TRANSLATOR_DECODED];
} TranslatorCpu;

enum
{
  VECTORS_NONE,
  VECTORS_XMM,
  VECTORS_YMM
};

static inline unsigned
translator_view_of_key (uint32_t key)
{
  return key >> TRANSLATOR_VIEW_SHIFT & 3;
}

static inline unsigned
translator_page_index (uint64_t linear_page)
{
  return linear_page * 0x9e3779b97f4a7c15u >> 32 & (TRANSLATOR_PAGES - 1);
}

static inline unsigned
translator_decoded_index (TranslatorSite site)
{
  return (site >> 4 ^ site >> 48) & (TRANSLATOR_DECODED - 1);
}

static inline unsigned
translator_jump_index (uint64_t rip)
{
  return (uint32_t) rip * TRANSLATOR_JUMP_FACTOR >> (32 - TRANSLATOR_JUMP_BITS);
}
