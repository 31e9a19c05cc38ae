/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "code-cache.h"

#include <errno.h>
#include <gio/gio.h>
#include <sys/mman.h>
#include <unistd.h>

#define ALIGNMENT 16

typedef struct
{
  size_t base, start, used, end; /* offsets; start: of what is emptied */
} Area;

struct CodeCache
{
  uint8_t *write, *run;
  size_t size;
  Area areas[CODE_N_KINDS];
};

static void
divide (CodeCache *cache)
{
  const size_t stubs = MAX (cache->size / 32, 64u << 10) & ~4095ul;
  const size_t half = (cache->size - stubs) / 2 & ~4095ul;
  const size_t ends[CODE_N_KINDS] = { half, 2 * half, cache->size };

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
  int fd = memfd_create ("guesthouse-code", MFD_CLOEXEC);

  cache->size = size;
  divide (cache);
  cache->write = cache->run = MAP_FAILED;
  if (fd >= 0 && ftruncate (fd, (off_t)size) == 0)
    {
      cache->write = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
      cache->run = mmap (NULL, size, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    }
  if (fd >= 0)
    close (fd);
  if (cache->write != MAP_FAILED && cache->run != MAP_FAILED)
    return g_steal_pointer (&cache);
  g_set_error (
      error, G_IO_ERROR, g_io_error_from_errno (errno),
      "The host gives no %zu KiB of memory for translated code (%s): choose a smaller code "
      "cache, or the accelerator “interpreter”.",
      size >> 10, g_strerror (errno));
  if (cache->write != MAP_FAILED)
    munmap (cache->write, size);
  if (cache->run != MAP_FAILED)
    munmap (cache->run, size);
  return NULL;
}

void
code_cache_free (CodeCache *cache)
{
  if (cache == NULL)
    return;
  munmap (cache->write, cache->size);
  munmap (cache->run, cache->size);
  g_free (cache);
}

Emitter
code_cache_begin (CodeCache *cache, CodeKind kind)
{
  const Area *area = &cache->areas[kind];

  return (Emitter){ cache->write + area->used, cache->write + area->end,
                    cache->run - cache->write };
}

void
code_cache_end (CodeCache *cache, CodeKind kind, const Emitter *emitter)
{
  size_t used = (size_t)(emitter->at - cache->write);

  cache->areas[kind].used = (used + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

size_t
code_cache_get_free (const CodeCache *cache)
{
  size_t least = cache->size;

  for (unsigned kind = 0; kind < CODE_N_KINDS; kind++)
    least = MIN (least, cache->areas[kind].end - cache->areas[kind].used);
  return least;
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
