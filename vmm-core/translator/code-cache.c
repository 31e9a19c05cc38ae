/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "code-cache.h"

#include "vmm-core/executable-memory.h"

#define ALIGNMENT 16

typedef struct
{
  size_t base, start, used, end; /* offsets; start: of what is emptied */
} Area;

struct CodeCache
{
  ExecutableMemory memory;
  Area areas[CODE_N_KINDS];
};

static void
divide (CodeCache *cache)
{
  const size_t stubs = MAX (cache->memory.size / 32, 64u << 10) & ~4095ul;
  const size_t half = (cache->memory.size - stubs) / 2 & ~4095ul;
  const size_t ends[CODE_N_KINDS] = { half, 2 * half, cache->memory.size };

  for (unsigned kind = 0; kind < CODE_N_KINDS; kind++)
    {
      Area *area = &cache->areas[kind];

      area->base = area->start = area->used = kind == 0 ? 0 : ends[kind - 1];
      area->end = ends[kind];
    }
}

CodeCache *
code_cache_new (size_t size, GError **error)
{
  g_autofree CodeCache *cache = g_new0 (CodeCache, 1);

  if (!executable_memory_take (&cache->memory, size, error))
    return NULL;
  divide (cache);
  return g_steal_pointer (&cache);
}

void
code_cache_free (CodeCache *cache)
{
  if (cache == NULL)
    return;
  executable_memory_give_back (&cache->memory);
  g_free (cache);
}

Emitter
code_cache_begin (CodeCache *cache, CodeKind kind)
{
  const Area *area = &cache->areas[kind];

  return (Emitter){ cache->memory.write + area->used, cache->memory.write + area->end,
                    cache->memory.run - cache->memory.write };
}

void
code_cache_end (CodeCache *cache, CodeKind kind, const Emitter *emitter)
{
  size_t used = (size_t) (emitter->at - cache->memory.write);

  cache->areas[kind].used = (used + ALIGNMENT - 1) & ~(size_t) (ALIGNMENT - 1);
}

size_t
code_cache_get_free (const CodeCache *cache)
{
  size_t least = cache->memory.size;

  for (unsigned kind = 0; kind < CODE_N_KINDS; kind++)
    least = MIN (least, cache->areas[kind].end - cache->areas[kind].used);
  return least;
}

bool
code_cache_contains (const CodeCache *cache, uintptr_t code)
{
  return code - (uintptr_t) cache->memory.run < cache->memory.size;
}

size_t
code_cache_get_used (const CodeCache *cache)
{
  size_t used = 0;

  for (unsigned kind = 0; kind < CODE_N_KINDS; kind++)
    used += cache->areas[kind].used - cache->areas[kind].base;
  return used;
}

void
code_cache_keep (CodeCache *cache)
{
  for (unsigned kind = 0; kind < CODE_N_KINDS; kind++)
    cache->areas[kind].start = cache->areas[kind].used;
}

void
code_cache_flush (CodeCache *cache)
{
  for (unsigned kind = 0; kind < CODE_N_KINDS; kind++)
    cache->areas[kind].used = cache->areas[kind].start;
}
