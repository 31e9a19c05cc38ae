/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Blocks that have to go: their code was overwritten, or they are to be made anew. */
#include "block-cache-parts.h"

#include <inttypes.h>
#include <string.h>

#include "generate.h"
#include "vmm-core/trace.h"
#include "vmm-core/x86/monitor.h"

/* How often a page is overwritten in RESTLESS_US before blocks are interpreted: those that are made
 * anew each time, and those that are revived, for which all CPUs have to stand still. */
#define MAX_OVERWRITES 16
#define MAX_REVIVALS 1000
#define NO_PAGE UINT32_MAX /* no page_id */

void
block_cache_note_overwritten (BlockCache *cache, MemoryBlock *block, uint64_t page, unsigned offset,
                              unsigned length)
{
  overwritten_note (cache->overwritten, block, page, offset, length);
}

void
block_set_guard (const BlockCache *cache, TranslatorBlock *block, uint32_t page_id)
{
  const Emitter emitter = code_cache_begin (cache->code, CODE_HOT);
  uint8_t *at = (uint8_t *) block->guard - emitter.shift + GENERATE_GUARD_ID;

  /* Other CPUs may be about to look. */
  __atomic_store_n ((uint32_t *) at, page_id, __ATOMIC_RELEASE);
}

/* Every CPU stands still. */
static void
block_drop (BlockCache *cache, TranslatorBlock *block)
{
  TranslatorBlock *_Atomic *link
    = &cache->hash[hash_of (cache, block->physical, block->rip, block->key)];
  const Emitter emitter = code_cache_begin (cache->code, CODE_HOT);

  if (block->stale)
    return;
  while (*link != NULL && *link != block)
    link = &(*link)->hash_next;
  if (*link == block)
    *link = block->hash_next;
  block->stale = true;
  for (TranslatorExit *exit = block->incoming; exit != NULL; exit = exit->incoming)
    {
      emit_link (&emitter, exit_displacement (&emitter, exit), exit->stub);
      exit->linked = false;
    }
  block->incoming = NULL;
  /* Tables of jumps still lead here. */
  block_set_guard (cache, block, NO_PAGE);
  cache->n_dropped++;
  TRACE ("translator.invalidate", "rip %#" PRIx64 " physical %#" PRIx64 " key %#x", block->rip,
         block->physical, block->key);
}

/* Calls back with what the block depends on in the page, until that gives TRUE; gives that. */
static bool
block_find_bytes (const TranslatorBlock *block, const Page *page,
                  bool (*found) (void *data, unsigned offset, unsigned length), void *data)
{
  const unsigned offset = block->physical & 4095;
  const unsigned first = MIN (block->length, 4096 - offset);

  if (block->version[1] == page->version && found (data, 0, block->length - first))
    return true;
  if (block->version[0] != page->version)
    return false;
  for (unsigned i = 0; i < block->n_peeked; i++)
    {
      const PlanPeek peek = block_get_peek (block, i);

      if (found (data, peek.offset, peek.length))
        return true;
    }
  return found (data, offset, first);
}

static bool
meets (void *bytes, unsigned offset, unsigned length)
{
  return memory_code_set_meets (bytes, offset, length);
}

static bool
add (void *bytes, unsigned offset, unsigned length)
{
  memory_code_set_add (bytes, offset, length);
  return false;
}

/* Blocks were overwritten that begin in these granules of the page, the second of them revived. */
static void
page_count_overwrite (Page *page, const uint64_t begins[2], unsigned n_cpus)
{
  const unsigned max[2] = { MAX_OVERWRITES, MAX_REVIVALS / n_cpus };
  int64_t now = g_get_monotonic_time ();

  if (now - page->since >= RESTLESS_US)
    {
      page->since = now;
      page->overwrites[0] = page->overwrites[1] = 0;
      page->restless = 0;
    }
  for (unsigned revived = 0; revived < 2; revived++)
    if (begins[revived] != 0 && ++page->overwrites[revived] > max[revived])
      page->restless |= begins[revived];
}

/* By which of the block's pages it is in the list of this one. An instruction may go on in another
 * page of the guest that is the same one of memory. */
static unsigned
which_page (const TranslatorBlock *block, const Page *page)
{
  return block->version[0] == page->version ? 0 : 1;
}

/* Takes the block out of the list of its other page, if it has one: it may come back. */
static void
leave_other_page (BlockCache *cache, const TranslatorBlock *block, unsigned n)
{
  const uint32_t *version = block->version[1 - n];
  TranslatorBlock **link;
  Page *page;

  if (version == NULL || version == block->version[n])
    return;
  page = g_hash_table_lookup (cache->pages, version);
  link = &page->blocks;
  while (*link != block)
    link = &(*link)->page_next[which_page (*link, page)];
  *link = block->page_next[1 - n];
}

/* Drops the blocks that depend on bytes that were overwritten; the others go on. TRUE: some were.
 */
static bool
page_drop_overwritten (BlockCache *cache, Page *page, const MemoryCodeSet *bytes)
{
  MemoryCodeSet keep = { 0 };
  uint64_t begins[2] = { 0, 0 };
  TranslatorBlock **link = &page->blocks;
  uint32_t version;
  bool dropped = false;

  while (*link != NULL)
    {
      TranslatorBlock *block = *link;
      const unsigned n = which_page (block, page);

      if (!block->stale && !block_find_bytes (block, page, meets, (void *) bytes))
        {
          block_find_bytes (block, page, add, &keep);
          link = &block->page_next[n];
          continue;
        }
      *link = block->page_next[n];
      if (block->stale)
        continue;
      if (n == 0)
        begins[block->revived] |= 1ull << (block->physical & 4095) / 64;
      leave_other_page (cache, block, n);
      block_drop (cache, block);
      block_cache_keep_dropped (cache, block);
      dropped = true;
    }
  memory_block_keep_code (page->block, page->number, &keep);
  version = __atomic_load_n (page->version, __ATOMIC_ACQUIRE);
  for (TranslatorBlock *block = page->blocks; block != NULL;)
    {
      for (unsigned n = 0; n < 2; n++)
        if (block->version[n] == page->version)
          block->made_at[n] = version;
      block = block->page_next[which_page (block, page)];
    }
  if (dropped)
    page_count_overwrite (page, begins, cache->software->n_cpus);
  return dropped;
}

static bool
has_outdated (BlockCache *cache)
{
  bool some;

  g_mutex_lock (&cache->mutex);
  some = cache->outdated->len > 0;
  g_mutex_unlock (&cache->mutex);
  return some;
}

/* Whether any block went. */
static bool
drop_outdated (BlockCache *cache)
{
  if (cache->outdated->len == 0)
    return false;
  for (unsigned i = 0; i < cache->outdated->len; i++)
    {
      block_drop (cache, g_ptr_array_index (cache->outdated, i));
      block_cache_forget_dropped (cache, g_ptr_array_index (cache->outdated, i));
    }
  g_ptr_array_set_size (cache->outdated, 0);
  cache->renewed_at = g_get_monotonic_time ();
  return true;
}

static Page *
find_page (const BlockCache *cache, const OverwrittenPage *what)
{
  return g_hash_table_lookup (cache->pages,
                              memory_block_get_code_version (what->block, what->page));
}

/* What others make of the page, the interpreter and MONITOR, hangs on its version. */
static bool
drop_page (BlockCache *cache, const OverwrittenPage *what)
{
  static const MemoryCodeSet none;
  Page *page = find_page (cache, what);
  bool any = false;

  if (page != NULL)
    any = page_drop_overwritten (cache, page, &what->bytes);
  else
    memory_block_keep_code (what->block, what->page, &none);
  x86_monitor_wake (cache->software, what->block, what->page);
  return any;
}

static bool
drop_all_pages (BlockCache *cache)
{
  OverwrittenPage what;
  GHashTableIter iter;
  gpointer value;
  bool any = false;

  memset (&what.bytes, 0xff, sizeof what.bytes);
  g_hash_table_iter_init (&iter, cache->pages);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      what.block = ((Page *) value)->block;
      what.page = ((Page *) value)->number;
      any |= drop_page (cache, &what);
    }
  return any;
}

/* Deals with the pages that nothing is translated from, for which nobody has to stand still; gives
 * how many are left. */
static unsigned
drop_without_blocks (BlockCache *cache, OverwrittenPage *pages, unsigned n)
{
  unsigned left = 0;

  g_mutex_lock (&cache->mutex);
  for (unsigned i = 0; i < n; i++)
    {
      const Page *page = find_page (cache, &pages[i]);

      if (page == NULL || page->blocks == NULL)
        drop_page (cache, &pages[i]);
      else
        pages[left++] = pages[i];
    }
  g_mutex_unlock (&cache->mutex);
  return left;
}

/* Every CPU stands still. */
static void
drop (BlockCache *cache, const OverwrittenPage *pages, unsigned n, bool all)
{
  bool any = drop_outdated (cache);

  for (unsigned i = 0; i < n; i++)
    any |= drop_page (cache, &pages[i]);
  if (all)
    any |= drop_all_pages (cache);
  if (!any)
    return;
  cache->n_invalidations++;
  cache->drops++;
}

void
block_cache_drop_overwritten (BlockCache *cache, TranslatorCpu *cpu)
{
  OverwrittenPage *pages;
  unsigned n;
  bool all;

  /* Whoever finds nothing left to be done must not go on before it is done. While it waits it
   * counts as outside, or two would wait for each other. */
  x86_exclusive_leave (&cpu->cpu);
  g_mutex_lock (&cache->dropping_mutex);
  x86_exclusive_enter (&cpu->cpu);
  pages = overwritten_take (cache->overwritten, &n, &all);
  n = drop_without_blocks (cache, pages, n);
  if (n > 0 || all || has_outdated (cache))
    {
      x86_exclusive_begin (&cpu->cpu);
      drop (cache, pages, n, all);
      x86_exclusive_end (&cpu->cpu);
    }
  g_mutex_unlock (&cache->dropping_mutex);
}
