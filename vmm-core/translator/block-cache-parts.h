/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "arena.h"
#include "block-cache.h"
#include "overwritten.h"

/* What block-cache.c and block-drop.c share; nobody else includes this. */

/* In a page where code is overwritten often, blocks that begin near that code are interpreted for
 * the rest of so many microseconds. */
#define RESTLESS_US 10000
#define RENEW_US 20000 /* between blocks that are made anew for other lookups */

/* A page that holds translated code, by the address of its version (memory.h). */
typedef struct
{
  const uint32_t *version;
  MemoryBlock *block; /* and which page of it */
  uint64_t number;
  TranslatorBlock *blocks;
  int64_t since; /* monotonic µs: start of the RESTLESS_US in which overwrites are counted */
  unsigned overwrites;
  uint64_t restless; /* 64-byte granules in which blocks began that were overwritten too often */
} Page;

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

  GMutex dropping_mutex; /* taken outside guest code only */
  Overwritten *overwritten;

  unsigned options; /* TRANSLATOR_* */
  uint64_t n_blocks, n_flushes, n_dropped, n_links, n_invalidations, guest_bytes;
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
