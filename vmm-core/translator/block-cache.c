/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "block-cache-parts.h"

#include <inttypes.h>
#include <string.h>

#include "generate.h"
#include "listing.h"
#include "translator.h"
#include "vmm-core/trace.h"
#include "vmm-core/x86/mmu.h"

#define MAX_HASH_SIZE 65536
/* Of the arena: what one block may need at most, and what GLib's tables need for an entry. */
#define MAX_BOOKKEEPING (24u << 10)
#define TABLE_ENTRY 64
static guint
mapping_hash (gconstpointer data)
{
  const Mapping *mapping = data;

  return (mapping->linear_page * 31 + mapping->physical_page) * 0x9e3779b1u ^ mapping->key;
}

static gboolean
mapping_equal (gconstpointer a, gconstpointer b)
{
  const Mapping *left = a, *right = b;

  return left->linear_page == right->linear_page && left->physical_page == right->physical_page
         && left->key == right->key;
}

BlockCache *
block_cache_new (X86Software *software, size_t size, GError **error)
{
  g_autoptr (CodeCache) code = code_cache_new (size, error);
  BlockCache *cache;

  if (code == NULL)
    return NULL;
  cache = g_new0 (BlockCache, 1);
  cache->software = software;
  cache->code = g_steal_pointer (&code);
  g_mutex_init (&cache->mutex);
  g_mutex_init (&cache->dropping_mutex);
  stubs_emit (&cache->stubs, cache->code);
  /* Or it would be emptied for almost every block. */
  g_assert (code_cache_get_free (cache->code) >= 2 * GENERATE_MAX_CODE);
  cache->generation = 1;
  /* Half of all the memory is for code. */
  arena_init (&cache->arena, size);
  cache->hash_size = MIN (1u << g_bit_storage (size >> 11), MAX_HASH_SIZE);
  cache->hash = g_new0 (TranslatorBlock * _Atomic, cache->hash_size);
  cache->pages = g_hash_table_new (g_direct_hash, g_direct_equal);
  cache->mappings = g_hash_table_new (mapping_hash, mapping_equal);
  cache->blocks = g_ptr_array_new ();
  cache->lookups = lookups_new ();
  cache->outdated = g_ptr_array_new ();
  cache->overwritten = overwritten_new ();
  return cache;
}

void
block_cache_free (BlockCache *cache)
{
  if (cache == NULL)
    return;
  overwritten_free (cache->overwritten);
  g_ptr_array_unref (cache->outdated);
  lookups_free (cache->lookups);
  g_ptr_array_unref (cache->blocks);
  g_hash_table_unref (cache->mappings);
  g_hash_table_unref (cache->pages);
  g_free (cache->hash);
  arena_clear (&cache->arena);
  g_mutex_clear (&cache->dropping_mutex);
  g_mutex_clear (&cache->mutex);
  code_cache_free (cache->code);
  g_free (cache);
}

void
block_cache_set_options (BlockCache *cache, unsigned options)
{
  cache->options = options;
}

const Stubs *
block_cache_get_stubs (const BlockCache *cache)
{
  return &cache->stubs;
}

uint32_t
block_cache_get_generation (const BlockCache *cache)
{
  return cache->generation;
}

uint32_t
block_cache_get_drops (const BlockCache *cache)
{
  return cache->drops;
}

static void *
block_cache_allocate (void *data, size_t size)
{
  return arena_allocate (&((BlockCache *) data)->arena, size);
}

/* Whether there is no room for one more block. */
static bool
block_cache_is_full (const BlockCache *cache)
{
  return code_cache_get_free (cache->code) < GENERATE_MAX_CODE
         || arena_get_free (&cache->arena) < MAX_BOOKKEEPING;
}

/* Everything goes, unless another CPU has just made room. Every CPU notices by the generation
 * before it runs translated code again. */
static void
block_cache_flush (BlockCache *cache, TranslatorCpu *cpu)
{
  x86_exclusive_begin (&cpu->cpu);
  if (!block_cache_is_full (cache))
    {
      x86_exclusive_end (&cpu->cpu);
      return;
    }
  memset (cache->hash, 0, cache->hash_size * sizeof cache->hash[0]);
  memset (cache->dropped, 0, sizeof cache->dropped);
  g_hash_table_remove_all (cache->pages);
  g_hash_table_remove_all (cache->mappings);
  g_ptr_array_set_size (cache->blocks, 0);
  g_ptr_array_set_size (cache->outdated, 0);
  lookups_clear (cache->lookups);
  arena_empty (&cache->arena);
  code_cache_flush (cache->code);
  stubs_forget_refills (&cache->stubs);
  cache->generation++;
  cache->n_flushes++;
  TRACE ("translator.flush", "generation %u", (unsigned) cache->generation);
  x86_exclusive_end (&cpu->cpu);
}

static bool
block_is_current (const TranslatorBlock *block)
{
  return __atomic_load_n (block->version[0], __ATOMIC_ACQUIRE) == block->made_at[0]
         && (block->version[1] == NULL
             || __atomic_load_n (block->version[1], __ATOMIC_ACQUIRE) == block->made_at[1]);
}

static void
source_set_page (Source *source, unsigned n, const X86CodePage *page)
{
  source->page[n] = *page;
  source->version[n] = memory_block_get_code_version (page->block, page->page);
}

static bool
source_is_current (const Source *source)
{
  for (unsigned n = 0; n < 2 && source->version[n] != NULL; n++)
    if (__atomic_load_n (source->version[n], __ATOMIC_ACQUIRE) != source->made_at[n])
      return false;
  return true;
}

static uint64_t
next_page (const X86Cpu *cpu, uint64_t linear)
{
  return ((linear | 4095) + 1) & cpu->linear_mask;
}

/* The block made from this source's first page; a second page is the caller's to compare. */
static TranslatorBlock *
block_cache_find (BlockCache *cache, const Source *source, uint32_t key)
{
  TranslatorBlock *block = atomic_load_explicit (
    &cache->hash[hash_of (cache, source->physical, source->rip, key)], memory_order_acquire);

  while (block != NULL
         && !(block->physical == source->physical && block->rip == source->rip && block->key == key
              && block->version[0] == source->version[0] && block_is_current (block)
              && (source->version[1] == NULL || block->version[1] == source->version[1])))
    block = atomic_load_explicit (&block->hash_next, memory_order_acquire);
  return block;
}

/* mutex held. */
static Page *
block_cache_get_page (BlockCache *cache, const uint32_t *version, const X86CodePage *code)
{
  Page *page = g_hash_table_lookup (cache->pages, version);

  if (page == NULL)
    {
      page = arena_allocate (&cache->arena, sizeof *page);
      arena_charge (&cache->arena, TABLE_ENTRY);
      page->version = version;
      page->block = code->block;
      page->number = code->page;
      g_hash_table_insert (cache->pages, (gpointer) version, page);
    }
  return page;
}

/* Whether code that begins there is overwritten too often to be translated now. */
static bool
block_cache_is_restless (BlockCache *cache, const uint32_t *version, unsigned offset)
{
  const Page *page;
  bool restless;

  if (cache->options & TRANSLATOR_EVERY_PAGE)
    return false;
  g_mutex_lock (&cache->mutex);
  page = g_hash_table_lookup (cache->pages, version);
  restless = page != NULL && (page->restless >> offset / 64 & 1)
             && g_get_monotonic_time () - page->since < RESTLESS_US;
  g_mutex_unlock (&cache->mutex);
  return restless;
}

/* mutex held. */
static uint32_t
block_cache_get_mapping (BlockCache *cache, const Mapping *mapping)
{
  gpointer number = g_hash_table_lookup (cache->mappings, mapping);

  if (number == NULL)
    {
      Mapping *kept = arena_allocate (&cache->arena, sizeof *kept);

      *kept = *mapping;
      arena_charge (&cache->arena, TABLE_ENTRY);
      number = GUINT_TO_POINTER (g_hash_table_size (cache->mappings) + 1);
      g_hash_table_insert (cache->mappings, kept, number);
    }
  return GPOINTER_TO_UINT (number);
}

void
block_cache_enlist (BlockCache *cache, TranslatorBlock *block, const Source *source)
{
  TranslatorBlock *_Atomic *bucket
    = &cache->hash[hash_of (cache, block->physical, block->rip, block->key)];

  for (unsigned n = 0; n < 2 && block->version[n] != NULL; n++)
    {
      Page *page = block_cache_get_page (cache, block->version[n], &source->page[n]);

      block->made_at[n] = source->made_at[n];
      block->page_next[n] = page->blocks;
      page->blocks = block;
    }
  block->hash_next = *bucket;
  atomic_store_explicit (bucket, block, memory_order_release);
}

static void
trace_block (const Plan *plan, const TranslatorBlock *block, const GenerateMarks *marks)
{
  g_autofree char *guest = NULL, *code = NULL;

  TRACE ("translator.decode", "%s", guest = listing_of_guest (plan));
  TRACE ("translator.emit", "%s", code = listing_of_code (plan, block, marks));
}

/* mutex held. Without what its code is. */
static TranslatorBlock *
block_new (BlockCache *cache, const Plan *plan, const Source *source)
{
  const size_t peeks = plan->n_peeked * sizeof plan->peeked[0];
  TranslatorBlock *block
    = block_cache_allocate (cache, sizeof *block + plan->length + peeks + plan->peeked_length);
  uint8_t *at = block->bytes;

  arena_charge (&cache->arena, 2 * sizeof block); /* its place in blocks, which grows by half */
  at = mempcpy (at, plan->bytes, plan->length);
  at = mempcpy (at, plan->peeked, peeks);
  for (unsigned i = 0; i < plan->n_peeked; i++)
    at = mempcpy (at, source->bytes + plan->peeked[i].offset, plan->peeked[i].length);
  block->n_peeked = plan->n_peeked;
  block->physical = source->physical;
  block->rip = plan->rip;
  block->key = plan->key;
  block->length = plan->length;
  for (unsigned n = 0; n < 2 && source->version[n] != NULL; n++)
    {
      block->version[n] = source->version[n];
      block->page_id[n] = block_cache_get_mapping (
        cache, &(Mapping){ (source->linear >> 12) + n, source->page[n].physical >> 12,
                           plan->key & ~(uint32_t) TRANSLATOR_NO_RUNS });
    }
  return block;
}

/* mutex held. */
static TranslatorBlock *
block_cache_add (BlockCache *cache, Plan *plan, const Source *source)
{
  const GenerateArena arena = { block_cache_allocate, cache };
  TranslatorBlock *block = block_new (cache, plan, source);
  GenerateMarks marks;
  Emitter emitter, cold, stubs;

  if (trace_is_enabled ("translator.count"))
    plan->options |= TRANSLATOR_COUNT;
  plan->lookups = lookups_find (cache->lookups, source->physical, plan->rip, plan->key);
  emitter = code_cache_begin (cache->code, CODE_HOT);
  cold = code_cache_begin (cache->code, CODE_COLD);
  stubs = code_cache_begin (cache->code, CODE_STUBS);
  cache->stubs.emitter = &stubs;
  generate_block (&emitter, &cold, &cache->stubs, plan, block, &arena, &marks);
  code_cache_end (cache->code, CODE_HOT, &emitter);
  code_cache_end (cache->code, CODE_COLD, &cold);
  code_cache_end (cache->code, CODE_STUBS, &stubs);
  TRACE ("translator.block", "rip %#" PRIx64 " physical %#" PRIx64 " key %#x: %u bytes to %zu",
         plan->rip, block->physical, plan->key, plan->length, (size_t) block->end);
  trace_block (plan, block, &marks);

  g_ptr_array_add (cache->blocks, block);
  block_cache_enlist (cache, block, source);
  cache->n_blocks++;
  cache->guest_bytes += plan->length;
  return block;
}

/* Notes code of one page, before it is compared with what the block is made from: a store of
 * another CPU in between is either seen here or raises the version. */
static bool
note_code (TranslatorCpu *cpu, const X86CodePage *page, unsigned offset, const uint8_t *bytes,
           unsigned length)
{
  x86_mmu_note_code (&cpu->cpu, page->block, page->page, offset, length);
  return memcmp (page->host + offset, bytes, length) == 0;
}

/* All that the plan depends on. */
static bool
note_plan (TranslatorCpu *cpu, const Source *source, const Plan *plan)
{
  unsigned first = MIN (plan->length, 4096 - source->offset);
  bool same
    = note_code (cpu, &source->page[0], source->offset, source->bytes + source->offset, first);

  if (plan->length > first)
    same &= note_code (cpu, &source->page[1], 0, source->bytes + 4096, plan->length - first);
  for (unsigned i = 0; i < plan->n_peeked; i++)
    same &= note_code (cpu, &source->page[0], plan->peeked[i].offset,
                       source->bytes + plan->peeked[i].offset, plan->peeked[i].length);
  return same;
}

/* Of the code that was read: a block that was kept, or else a new one. */
static bool
plan_source (BlockCache *cache, TranslatorCpu *cpu, uint32_t key, const Source *source, Plan *plan)
{
  const unsigned end = source->version[1] != NULL ? sizeof source->bytes : 4096;
  bool kept;

  g_mutex_lock (&cache->mutex);
  kept = block_cache_recall (cache, source, key, plan);
  g_mutex_unlock (&cache->mutex);
  return kept
         || plan_make (plan, &cpu->cpu, key, source->rip, source->bytes, source->offset, end,
                       cache->options);
}

/* Reads the code and plans a block. Only if the first instruction goes on in the next page is that
 * looked at. May raise. */
static bool
make_plan (BlockCache *cache, TranslatorCpu *cpu, uint32_t key, Source *source, Plan *plan)
{
  do
    {
      X86CodePage second;

      source->version[1] = NULL;
      source->made_at[0] = __atomic_load_n (source->version[0], __ATOMIC_ACQUIRE);
      memcpy (source->bytes, source->page[0].host, 4096);
      if (plan_source (cache, cpu, key, source, plan))
        continue;
      /* In segmented code the guards of two pages would look at the wrong ones. */
      if (source->offset <= 4096 - X86_MAX_LENGTH || !(key & X86_MODE_FLAT))
        return false;
      second = *x86_mmu_fetch (&cpu->cpu, next_page (&cpu->cpu, source->linear));
      if (second.host == NULL)
        return false;
      source_set_page (source, 1, &second);
      source->made_at[1] = __atomic_load_n (source->version[1], __ATOMIC_ACQUIRE);
      memcpy (source->bytes + 4096, second.host, X86_MAX_LENGTH);
      if (!plan_source (cache, cpu, key, source, plan) || plan->length <= 4096 - source->offset)
        return false;
    }
  while (!note_plan (cpu, source, plan));
  return true;
}

TranslatorBlock *
block_cache_get (BlockCache *cache, TranslatorCpu *cpu, uint32_t key, bool *global)
{
  X86Cpu *x86 = &cpu->cpu;
  X86CodePage page;
  TranslatorBlock *block;
  Source source;
  Plan plan;

  source.rip = x86->state.rip;
  source.linear = (x86->state.seg[X86_CS].base + source.rip) & x86->linear_mask;
  page = *x86_mmu_fetch (x86, source.linear);
  if (page.host == NULL)
    return NULL;
  source.offset = source.linear & 4095;
  source.physical = page.physical | source.offset;
  source_set_page (&source, 0, &page);
  source.version[1] = NULL;
  *global = (page.linear & 4) != 0;
  block = block_cache_find (cache, &source, key);
  if (block != NULL && block->version[1] != NULL)
    {
      page = *x86_mmu_fetch (x86, next_page (x86, source.linear));
      *global &= (page.linear & 4) != 0;
      if (page.host == NULL
          || memory_block_get_code_version (page.block, page.page) != block->version[1])
        block = NULL;
    }
  if (block != NULL)
    return block;

  if (block_cache_is_restless (cache, source.version[0], source.offset)
      || !make_plan (cache, cpu, key, &source, &plan))
    return NULL;
  if (source.version[1] != NULL)
    *global &= (source.page[1].linear & 4) != 0;
  if (block_cache_is_full (cache))
    block_cache_flush (cache, cpu);
  g_mutex_lock (&cache->mutex);
  /* What was noted of it may have been forgotten with an older version. */
  if (!block_cache_is_full (cache) && source_is_current (&source))
    {
      block = block_cache_find (cache, &source, key);
      if (block == NULL)
        block = block_cache_revive (cache, &source, key);
      if (block == NULL && plan.n > 0)
        block = block_cache_add (cache, &plan, &source);
    }
  g_mutex_unlock (&cache->mutex);
  return block;
}

void
block_cache_link (BlockCache *cache, TranslatorExit *exit, TranslatorBlock *block)
{
  TranslatorBlock *from = exit->block;
  bool same_page = from->version[0] == block->version[0]
                   && ((from->physical ^ block->physical) | (from->rip ^ block->rip)) >> 12 == 0;
  Emitter emitter;

  /* In segmented code RIP does not tell the page. */
  if (!same_page && !(block->key & X86_MODE_FLAT))
    return;
  g_mutex_lock (&cache->mutex);
  if (!exit->linked && !from->stale && !block->stale && exit->key == block->key)
    {
      exit->linked = true;
      cache->n_links++;
      exit->incoming = block->incoming;
      block->incoming = exit;
      emitter = code_cache_begin (cache->code, CODE_HOT);
      /* Every loop has a branch backwards or to another page: those look at requests. */
      emit_link (&emitter, exit_displacement (&emitter, exit),
                 !same_page               ? block->guard
                 : block->rip > from->rip ? block->guard + block->body
                                          : translator_block_get_entry (block));
    }
  g_mutex_unlock (&cache->mutex);
}

/* The block that `code`, of what is often run, belongs to. */
static TranslatorBlock *
find_block_of (const BlockCache *cache, const uint8_t *code)
{
  unsigned low = 0, high = cache->blocks->len;

  while (high - low > 1)
    {
      const unsigned middle = (low + high) / 2;
      const TranslatorBlock *block = g_ptr_array_index (cache->blocks, middle);

      if (code < block->guard)
        high = middle;
      else
        low = middle;
    }
  return g_ptr_array_index (cache->blocks, low);
}

void
block_cache_note_miss (BlockCache *cache, TranslatorCpu *cpu, const uint8_t *back, unsigned slot,
                       bool write)
{
  TranslatorBlock *block;

  g_mutex_lock (&cache->mutex);
  if (lookups_note_sample (cache->lookups, back))
    {
      block = find_block_of (cache, emit_get_target (back));
      if (!block->stale
          && lookups_consider (cache->lookups, block->physical, block->rip, block->key, slot,
                               write))
        g_ptr_array_add (cache->outdated, block);
    }
  /* All tables of jumps go with them: some at a time. */
  if (cache->outdated->len > 0 && g_get_monotonic_time () - cache->renewed_at >= RENEW_US)
    atomic_fetch_or (&cpu->cpu.requests, X86_REQUEST_CODE);
  g_mutex_unlock (&cache->mutex);
}

bool
block_cache_owns (const BlockCache *cache, uintptr_t code)
{
  return code_cache_contains (cache->code, code);
}

bool
block_cache_locate (BlockCache *cache, uintptr_t code, uint64_t *rip)
{
  const TranslatorBlock *block = NULL;
  bool found;

  g_mutex_lock (&cache->mutex);
  if (cache->blocks->len > 0)
    block = find_block_of (cache, (const uint8_t *) code);
  found = block != NULL && code - (uintptr_t) block->guard < block->end;
  if (found)
    *rip = block->rip;
  g_mutex_unlock (&cache->mutex);
  return found;
}

void
block_cache_add_statistics (BlockCache *cache, GVariantBuilder *builder)
{
  const struct
  {
    const char *name;
    uint64_t value;
  } figures[] = {
    { "blocks", cache->n_blocks },
    { "block-bytes", cache->guest_bytes },
    { "code-bytes", code_cache_get_used (cache->code) },
    { "bookkeeping-bytes", cache->arena.used },
    { "exits-linked", cache->n_links },
    { "invalidations", cache->n_invalidations },
    { "blocks-dropped", cache->n_dropped },
    { "blocks-revived", cache->n_revived },
    { "code-cache-flushes", cache->n_flushes },
    { "lookups-direct", lookups_get_n_direct (cache->lookups) },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (figures); i++)
    g_variant_builder_add (builder, "{st}", figures[i].name, figures[i].value);
}
