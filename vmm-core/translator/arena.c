/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "arena.h"

#include <glib.h>
#include <string.h>
#include <sys/mman.h>

void
arena_init (Arena *arena, size_t size)
{
  arena->memory
    = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  g_assert (arena->memory != MAP_FAILED);
  arena->size = size;
  arena->used = 0;
}

void
arena_clear (Arena *arena)
{
  munmap (arena->memory, arena->size);
}

void *
arena_allocate (Arena *arena, size_t size)
{
  void *result = arena->memory + arena->used;

  arena_charge (arena, size);
  return memset (result, 0, size);
}

void
arena_charge (Arena *arena, size_t size)
{
  size = (size + 7) & ~(size_t) 7;
  g_assert (size <= arena_get_free (arena));
  arena->used += size;
}

size_t
arena_get_free (const Arena *arena)
{
  return arena->size - arena->used;
}

void
arena_empty (Arena *arena)
{
  arena->used = 0;
}
