/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdatomic.h>

#include "memory.h"

/* What memory.c and memory-map.c share; nobody else includes this. */

struct MemoryBlock
{
  Memory *memory; /* whose block it is; NULL in tests of a block alone */
  char *name;
  uint8_t *data;
  uint64_t size;
  int fd;
  _Atomic bool logging;
  size_t table_size;                /* bytes of the tables together */
  _Atomic uint64_t *code;           /* per page: which 64-byte granules hold cached code */
  _Atomic uint64_t *dirty;          /* one bit a page */
  _Atomic uint32_t *version;        /* per page: raised when cached code was overwritten */
  _Atomic uint16_t *byte_map;       /* per page: which of byte_maps is its own, from 1; 0: none */
  struct MemoryByteMaps *byte_maps; /* NULL: none was needed yet */
  GMutex byte_map_mutex;            /* held while a map is given to a page, or emptied */
};

MemoryBlock *memory_block_create (const char *name, uint64_t size, bool shared, GError **error);
void memory_block_destroy (MemoryBlock *block);

typedef enum
{
  MEMORY_NOTIFY_MAP_CHANGED,
  MEMORY_NOTIFY_DIRTY_SYNC,
  MEMORY_NOTIFY_DIRTY_TAKEN
} MemoryNotify;

void memory_notify (Memory *memory, MemoryNotify what, MemoryBlock *block);
void memory_notify_code (Memory *memory, MemoryBlock *block, uint64_t page, unsigned offset,
                         unsigned length);
