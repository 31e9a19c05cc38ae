/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <string.h>

#include "arena.h"
#include "block-cache.h"
#include "overwritten.h"
#include "vmm-core/x86/mmu.h"

/* What block-cache.c and block-drop.c share; nobody else includes this. */

/* In a page where code is overwritten often, blocks that begin near that code are interpreted for
 * the rest of so many microseconds. */
#define RESTLESS_US 10000
#define RENEW_US 20000 /* between blocks that are made anew for other lookups */
#define DROPPED_BUCKETS 4096u

/* A page that holds translated code, by the address of its version (memory.h). */
typedef struct
{
  const uint32_t *version;
  MemoryBlock *block; /* and which page of it */
  uint64_t number;
  TranslatorBlock *blocks;
  int64_t since; /* monotonic µs: start of the RESTLESS_US in which overwrites are counted */
  unsigned overwrites[2]; /* of blocks that were just made, and of revived ones */
  uint64_t restless; /* 64-byte granules in which blocks began that were overwritten too often */
} Page;

/* The code at a CPU's RIP. */
typedef struct
{
  uint64_t rip, linear, physical;
  unsigned offset;     /* in its page */
  X86CodePage page[2]; /* the second where an instruction goes on in it, else with version NULL */
  const uint32_t *version[2];
  uint32_t made_at[2];
  uint8_t bytes[4096 + X86_MAX_LENGTH]; /* of both pages */
} Source;

/* What is mapped where: the identity that guards compare. */
typedef struct
{
  uint64_t linear_page, physical_page;
  uint32_t key;
} Mapping;

struct BlockCache
{
  X86Software *software;
  CodeCache *code;
  Stubs stubs;
  GMutex mutex; /* held while blocks are added; never while another CPU is waited for */
  _Atomic uint32_t generation, drops;
  TranslatorBlock *_Atomic *hash;
  unsigned hash_size;   /* a power of two */
  Arena arena;          /* what blocks are made of besides code, and all that is known of them */
  GHashTable *pages;    /* version to Page */
  GHashTable *mappings; /* Mapping to its number */
  GPtrArray *blocks;    /* all since the cache was emptied, in the order of their code */
  Lookups *lookups;
  GPtrArray *outdated; /* blocks to be made anew, */
  int64_t renewed_at;  /* monotonic µs: when some last were */

  /* Blocks that may be revived, in each bucket the last one first. */
  TranslatorBlock *_Atomic dropped[DROPPED_BUCKETS];

  GMutex dropping_mutex; /* taken outside guest code only */
  Overwritten *overwritten;

  unsigned options; /* TRANSLATOR_* */
  uint64_t n_blocks, n_flushes, n_dropped, n_revived, n_links, n_invalidations, guest_bytes;
};

static inline unsigned
hash_of (const BlockCache *cache, uint64_t physical, uint64_t rip, uint32_t key)
{
  return (physical ^ physical >> 15 ^ rip >> 12 ^ key * 0x9e5u) & (cache->hash_size - 1);
}

/* Where it is written. */
static inline uint8_t *
exit_displacement (const Emitter *emitter, const TranslatorExit *exit)
{
  return (uint8_t *) exit->stub - emitter->shift + exit->displacement;
}

static inline PlanPeek
block_get_peek (const TranslatorBlock *block, unsigned i)
{
  PlanPeek peek;

  memcpy (&peek, block->bytes + block->length + i * sizeof peek, sizeof peek);
  return peek;
}

/* mutex held, or every CPU stands still, for all of these. */

/* Puts the block, which has its pages' versions, where it is found. */
void block_cache_enlist (BlockCache *cache, TranslatorBlock *block, const Source *source);

/* Which number of what is mapped the block's guard lets pass. */
void block_set_guard (const BlockCache *cache, TranslatorBlock *block, uint32_t page_id);

/* Keeps a block whose code was overwritten; forgets those that were made of other code there. */
void block_cache_keep_dropped (BlockCache *cache, TranslatorBlock *block);
void block_cache_forget_dropped (BlockCache *cache, const TranslatorBlock *block);
/* Whether a block was kept that was made of just this code; *plan says what it depends on, and is
 * without instructions. */
bool block_cache_recall (BlockCache *cache, const Source *source, uint32_t key, Plan *plan);
/* The same block, back in life; NULL: none. */
TranslatorBlock *block_cache_revive (BlockCache *cache, const Source *source, uint32_t key);
