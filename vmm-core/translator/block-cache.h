/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "code-cache.h"
#include "plan.h"
#include "stubs.h"
#include "translator-cpu.h"
#include "vmm-core/memory.h"
#include "vmm-core/x86/software.h"

/* Translated blocks, shared by all CPUs of a machine: found without a lock, added under one. A
 * block is taken away while every CPU stands still (software.h, exclusive sections), and revived
 * when its code is found in memory again; its code's memory comes back when the whole cache is
 * emptied. */

typedef struct TranslatorExit TranslatorExit;
typedef struct BlockCache BlockCache;

/* A jump with a fixed target, out of a block. Until it is linked it leads to its stub, which
 * leaves translated code with this struct. */
struct TranslatorExit
{
  uint64_t rip;
  TranslatorBlock *block;
  const uint8_t *stub;      /* as run */
  TranslatorExit *incoming; /* the next of those linked to the same block */
  int32_t displacement;     /* where that of the jump is, from the stub */
  uint32_t key : 31;        /* that code has there */
  uint32_t linked : 1;
};

struct TranslatorBlock
{
  TranslatorBlock *_Atomic hash_next;
  TranslatorBlock *page_next[2];
  uint64_t physical, rip;
  /* Of its page, and of the next one if its only instruction goes on there; else NULL. */
  const uint32_t *version[2];
  uint32_t made_at[2];
  uint32_t key;
  uint32_t page_id[2];  /* the second is 0 where there is none */
  const uint8_t *guard; /* entry for those who do not know what is mapped at rip; the first byte */
  TranslatorExit *incoming;
  /* From guard on. */
  uint16_t end;    /* of what is often run */
  uint8_t entry;   /* for the others */
  uint8_t body;    /* without a look at requests */
  uint16_t length; /* of the guest's code */
  uint8_t n_peeked;
  bool stale;
  bool revived;    /* it was stale before */
  uint8_t bytes[]; /* the guest's code, length of them; n_peeked times PlanPeek; what lies there */
};

static inline const uint8_t *
translator_block_get_entry (const TranslatorBlock *block)
{
  return block->guard + block->entry;
}

static inline TranslatorSite
translator_site (const TranslatorBlock *block, unsigned offset, bool access)
{
  return (uintptr_t) block | (uint64_t) offset << 48 | (uint64_t) access << 63;
}

static inline const TranslatorBlock *
translator_site_get_block (TranslatorSite site)
{
  return (const TranslatorBlock *) (uintptr_t) (site & ((1ull << 48) - 1));
}

static inline unsigned
translator_site_get_offset (TranslatorSite site)
{
  return site >> 48 & 0x7fff;
}

/* What r10 tells the run loop when translated code is left: an exit, a site to interpret, or
 * nothing, RIP being right. */
#define TRANSLATOR_SITE_TAG 1u

BlockCache *block_cache_new (X86Software *software, size_t size, GError **error);
void block_cache_free (BlockCache *cache);

void block_cache_set_options (BlockCache *cache, unsigned options);
const Stubs *block_cache_get_stubs (const BlockCache *cache);
/* Goes up when everything is gone; and when blocks are: then what leads to their guards only leads
 * to the run loop, and nothing may return into them. */
uint32_t block_cache_get_generation (const BlockCache *cache);
uint32_t block_cache_get_drops (const BlockCache *cache);

/* The block at state.rip, found or made; NULL: the interpreter has to run what is there. Raises #PF
 * of the fetch. key is the CPU's, and TRANSLATOR_NO_RUNS if so wanted. *global: its page survives a
 * change of CR3. */
TranslatorBlock *block_cache_get (BlockCache *cache, TranslatorCpu *cpu, uint32_t key,
                                  bool *global);

/* Lets the exit lead straight to the block, if it may. */
void block_cache_link (BlockCache *cache, TranslatorExit *exit, TranslatorBlock *block);

/* Notes that code was overwritten (any thread), and takes the blocks away (the CPU's own thread,
 * between two blocks). */
void block_cache_note_overwritten (BlockCache *cache, MemoryBlock *block, uint64_t page,
                                   unsigned offset, unsigned length);
void block_cache_drop_overwritten (BlockCache *cache, TranslatorCpu *cpu);

/* A lookup through a slot missed, as LOOKUPS_PERIOD others before it: back is where its refill
 * returns to. The block may be made anew for that. */
void block_cache_note_miss (BlockCache *cache, TranslatorCpu *cpu, const uint8_t *back,
                            unsigned slot, bool write);

/* Whether the host's code there is of the cache. Out of a signal handler, too. */
bool block_cache_owns (const BlockCache *cache, uintptr_t code);
/* The RIP of the block that code, of what is often run, belongs to. FALSE: none. */
bool block_cache_locate (BlockCache *cache, uintptr_t code, uint64_t *rip);

void block_cache_add_statistics (BlockCache *cache, GVariantBuilder *builder);
