/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Blocks whose code was overwritten, but is wanted again: routines that are loaded over each other
 * in turn find their host code where it was. Where such a block leads to is kept right all the
 * while; what led to it was unlinked when it was dropped. */
#include "block-cache-parts.h"

#include <inttypes.h>

#include "vmm-core/trace.h"

#define MAX_KEPT 16 /* in one bucket: so many routines may take turns at one place */

static TranslatorBlock *_Atomic *
bucket_of (BlockCache *cache, uint64_t physical, uint64_t rip, uint32_t key)
{
  return &cache->dropped[hash_of (cache, physical, rip, key) % DROPPED_BUCKETS];
}

void
block_cache_keep_dropped (BlockCache *cache, TranslatorBlock *block)
{
  TranslatorBlock *_Atomic *link = bucket_of (cache, block->physical, block->rip, block->key);

  block->hash_next = *link;
  *link = block;
  for (unsigned n = 0; n < MAX_KEPT && *link != NULL; n++)
    link = &(*link)->hash_next;
  *link = NULL;
}

void
block_cache_forget_dropped (BlockCache *cache, const TranslatorBlock *block)
{
  TranslatorBlock *_Atomic *link = bucket_of (cache, block->physical, block->rip, block->key);

  while (*link != NULL)
    {
      TranslatorBlock *kept = *link;

      if (kept->physical == block->physical && kept->rip == block->rip && kept->key == block->key)
        *link = kept->hash_next;
      else
        link = &kept->hash_next;
    }
}

/* Whether everything that the block depends on is in the source as it was. */
static bool
is_made_of (const TranslatorBlock *block, const Source *source, uint32_t key)
{
  const uint8_t *peeked = block->bytes + block->length + block->n_peeked * sizeof (PlanPeek);

  if (block->physical != source->physical || block->rip != source->rip || block->key != key
      || block->version[0] != source->version[0] || block->version[1] != source->version[1]
      || memcmp (block->bytes, source->bytes + source->offset, block->length) != 0)
    return false;
  for (unsigned i = 0; i < block->n_peeked; i++)
    {
      const PlanPeek peek = block_get_peek (block, i);

      if (memcmp (peeked, source->bytes + peek.offset, peek.length) != 0)
        return false;
      peeked += peek.length;
    }
  return true;
}

/* What leads to the block that was kept of this code; it to NULL: none. */
static TranslatorBlock *_Atomic *
find (BlockCache *cache, const Source *source, uint32_t key)
{
  TranslatorBlock *_Atomic *link = bucket_of (cache, source->physical, source->rip, key);

  while (*link != NULL && !is_made_of (*link, source, key))
    link = &(*link)->hash_next;
  return link;
}

bool
block_cache_recall (BlockCache *cache, const Source *source, uint32_t key, Plan *plan)
{
  const TranslatorBlock *block = *find (cache, source, key);

  if (block == NULL)
    return false;
  plan->n = 0;
  plan->length = block->length;
  plan->n_peeked = block->n_peeked;
  for (unsigned i = 0; i < block->n_peeked; i++)
    plan->peeked[i] = block_get_peek (block, i);
  return true;
}

TranslatorBlock *
block_cache_revive (BlockCache *cache, const Source *source, uint32_t key)
{
  TranslatorBlock *_Atomic *link = find (cache, source, key);
  TranslatorBlock *block = *link;

  if (block == NULL)
    return NULL;
  *link = block->hash_next;
  block->stale = false;
  block->revived = true;
  block_cache_enlist (cache, block, source);
  block_set_guard (cache, block, block->page_id[0]);
  cache->n_revived++;
  TRACE ("translator.revive", "rip %#" PRIx64 " physical %#" PRIx64 " key %#x", block->rip,
         block->physical, block->key);
  return block;
}
