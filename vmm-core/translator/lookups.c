/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lookups.h"

#include <string.h>

#define CANDIDATES 1024
#define MAX_BLOCKS 2048 /* that are known at a time */
#define ENOUGH_SAMPLES 4
#define ENOUGH_MISSES 256
#define MISSES_WORTH 4 /* hits: what a miss costs in terms of what a hit saves */
#define PATIENCE 4

/* Code that misses; those that share a place in the table wear each other down. */
typedef struct
{
  const uint8_t *code;
  unsigned samples;
} Candidate;

struct Lookups
{
  GHashTable *blocks; /* of BlockLookups, by themselves */
  Candidate candidates[CANDIDATES];
  unsigned n_direct;
};

static guint
block_hash (gconstpointer data)
{
  const BlockLookups *block = data;

  return (guint) (block->physical ^ block->rip >> 12) ^ block->key * 0x9e5u;
}

static gboolean
block_equal (gconstpointer a, gconstpointer b)
{
  const BlockLookups *left = a, *right = b;

  return left->physical == right->physical && left->rip == right->rip && left->key == right->key;
}

Lookups *
lookups_new (void)
{
  Lookups *lookups = g_new0 (Lookups, 1);

  lookups->blocks = g_hash_table_new_full (block_hash, block_equal, NULL, g_free);
  return lookups;
}

void
lookups_free (Lookups *lookups)
{
  if (lookups == NULL)
    return;
  g_hash_table_unref (lookups->blocks);
  g_free (lookups);
}

void
lookups_clear (Lookups *lookups)
{
  g_hash_table_remove_all (lookups->blocks);
  memset (lookups->candidates, 0, sizeof lookups->candidates);
  lookups->n_direct = 0;
}

BlockLookups *
lookups_find (const Lookups *lookups, uint64_t physical, uint64_t rip, uint32_t key)
{
  return g_hash_table_lookup (lookups->blocks,
                              &(BlockLookups){ .physical = physical, .rip = rip, .key = key });
}

bool
lookups_note_sample (Lookups *lookups, const uint8_t *code)
{
  Candidate *candidate = &lookups->candidates[(uintptr_t) code / 16 % CANDIDATES];

  if (candidate->code != code)
    {
      if (candidate->samples == 0)
        *candidate = (Candidate){ code, 1 };
      else
        candidate->samples--;
      return false;
    }
  if (++candidate->samples < ENOUGH_SAMPLES)
    return false;
  candidate->samples = 0;
  return true;
}

/* NULL: no room. */
static BlockLookups *
get_block (Lookups *lookups, uint64_t physical, uint64_t rip, uint32_t key)
{
  BlockLookups *block = lookups_find (lookups, physical, rip, key);

  if (block == NULL && g_hash_table_size (lookups->blocks) < MAX_BLOCKS)
    {
      block = g_new0 (BlockLookups, 1);
      block->physical = physical;
      block->rip = rip;
      block->key = key;
      g_hash_table_add (lookups->blocks, block);
    }
  return block;
}

static bool
is_counted (const BlockLookups *block, unsigned slot, bool write)
{
  return block->counting && block->counts_slot == slot && block->counts_writes == write;
}

/* Enough was counted. */
static void
decide (Lookups *lookups, BlockLookups *block)
{
  block->counting = false;
  if (block->n_lookups < MISSES_WORTH * block->n_misses)
    {
      block->direct[block->counts_writes] |= 1ull << block->counts_slot;
      block->wait = 0;
      lookups->n_direct++;
    }
  else
    block->wait = PATIENCE << MIN (block->n_kept++, 20);
}

bool
lookups_consider (Lookups *lookups, uint64_t physical, uint64_t rip, uint32_t key, unsigned slot,
                  bool write)
{
  BlockLookups *block = get_block (lookups, physical, rip, key);

  if (block == NULL || (block->direct[write] >> slot & 1))
    return false;
  if (is_counted (block, slot, write))
    {
      if (block->n_misses < ENOUGH_MISSES)
        return false;
      decide (lookups, block);
      return true;
    }
  if (block->wait > 0)
    {
      block->wait--;
      return false;
    }
  block->counting = true;
  block->counts_slot = slot;
  block->counts_writes = write;
  block->n_lookups = block->n_misses = 0;
  block->wait = PATIENCE;
  return true;
}

unsigned
lookups_get_n_direct (const Lookups *lookups)
{
  return lookups->n_direct;
}
