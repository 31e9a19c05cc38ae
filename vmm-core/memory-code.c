/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which bytes of memory hold cached code. Each page has a set of 64-byte granules. A page that code
 * shares with data, which shows when something is stored there, gets a map of its bytes, too: there
 * are so many of those, and they go round. */
#include "memory.h"

#include "memory-block.h"

#define N_MAPS 2048
#define WORDS (MEMORY_PAGE_SIZE / 64)
/* With a map's number: code is to be noted there, but not looked for. */
#define IN_THE_MAKING 0x8000u

typedef struct
{
  _Atomic uint64_t bits[WORDS]; /* one a byte */
} ByteMap;

struct MemoryByteMaps
{
  ByteMap maps[N_MAPS];
  uint64_t pages[N_MAPS]; /* whose it is */
  unsigned n;             /* that were given out so far: from N_MAPS on, again */
};

static uint64_t
granules (unsigned offset, unsigned length)
{
  unsigned first = offset / 64;
  unsigned last = (offset + length - 1) / 64;

  return (UINT64_MAX << first) & (UINT64_MAX >> (63 - last));
}

/* The bits of one word of a map for [offset, offset + length), which meets it. */
static uint64_t
bytes_in_word (unsigned word, unsigned offset, unsigned length)
{
  unsigned first = MAX (offset, word * 64) - word * 64;
  unsigned last = MIN (offset + length - 1, word * 64 + 63) - word * 64;

  return (UINT64_MAX << first) & (UINT64_MAX >> (63 - last));
}

static ByteMap *
map_of_number (const MemoryBlock *block, unsigned number)
{
  return &block->byte_maps->maps[(number & ~IN_THE_MAKING) - 1];
}

/* TRUE: some byte was not there yet. */
static bool
map_add (ByteMap *map, unsigned offset, unsigned length)
{
  bool added = false;

  for (unsigned word = offset / 64; word <= (offset + length - 1) / 64; word++)
    {
      uint64_t bits = bytes_in_word (word, offset, length);

      if ((map->bits[word] & bits) != bits)
        added |= (atomic_fetch_or (&map->bits[word], bits) & bits) != bits;
    }
  return added;
}

static bool
map_meets (const ByteMap *map, unsigned offset, unsigned length)
{
  bool meets = false;

  for (unsigned word = offset / 64; word <= (offset + length - 1) / 64; word++)
    meets |= (map->bits[word] & bytes_in_word (word, offset, length)) != 0;
  return meets;
}

MemoryCodeNote
memory_block_note_code (MemoryBlock *block, uint64_t page, unsigned offset, unsigned length)
{
  uint64_t before;
  unsigned number;
  bool added;

  g_assert (length > 0 && offset + length <= MEMORY_PAGE_SIZE);
  before = atomic_fetch_or (&block->code[page], granules (offset, length));
  number = block->byte_map[page];
  added = number != 0 && map_add (map_of_number (block, number), offset, length);
  if (before == 0)
    return MEMORY_CODE_FIRST;
  return added ? MEMORY_CODE_BESIDE_DATA : MEMORY_CODE_NOTED;
}

bool
memory_block_has_code (const MemoryBlock *block, uint64_t page)
{
  return block->code[page] != 0;
}

const uint32_t *
memory_block_get_code_version (const MemoryBlock *block, uint64_t page)
{
  return (const uint32_t *) &block->version[page];
}

/* Granules first, then what is noted meanwhile, then the rest: whoever saw no map has noted his
 * granule before. */
static void
make_byte_map (MemoryBlock *block, uint64_t page)
{
  struct MemoryByteMaps *maps;
  unsigned number;
  uint64_t set;

  g_mutex_lock (&block->byte_map_mutex);
  if (block->byte_map[page] == 0)
    {
      if (block->byte_maps == NULL)
        block->byte_maps = g_new0 (struct MemoryByteMaps, 1);
      maps = block->byte_maps;
      number = maps->n % N_MAPS;
      if (maps->n++ >= N_MAPS)
        block->byte_map[maps->pages[number]] = 0;
      maps->pages[number] = page;
      for (unsigned word = 0; word < WORDS; word++)
        maps->maps[number].bits[word] = 0;
      block->byte_map[page] = (number + 1) | IN_THE_MAKING;
      set = block->code[page];
      for (unsigned word = 0; word < WORDS; word++)
        if (set >> word & 1)
          maps->maps[number].bits[word] = UINT64_MAX;
      block->byte_map[page] = number + 1;
    }
  g_mutex_unlock (&block->byte_map_mutex);
}

/* By the byte, where there is a map; one that was taken away meanwhile tells nothing. */
static bool
meets_code (const MemoryBlock *block, uint64_t page, unsigned offset, unsigned length)
{
  unsigned number = block->byte_map[page];

  return number == 0 || (number & IN_THE_MAKING)
         || map_meets (map_of_number (block, number), offset, length)
         || block->byte_map[page] != number;
}

bool
memory_block_is_beside_code (MemoryBlock *block, uint64_t page, unsigned offset, unsigned length)
{
  if (block->code[page] == 0)
    return false;
  if (block->byte_map[page] == 0)
    make_byte_map (block, page);
  return !meets_code (block, page, offset, length);
}

bool
memory_block_store_hit (MemoryBlock *block, uint64_t page, unsigned offset, unsigned length)
{
  if (!(block->code[page] & granules (offset, length)))
    return false;
  if (block->byte_map[page] == 0)
    make_byte_map (block, page);
  if (!meets_code (block, page, offset, length))
    return false;
  atomic_fetch_add (&block->version[page], 1);
  if (block->memory != NULL)
    memory_notify_code (block->memory, block, page, offset, length);
  return true;
}

void
memory_block_keep_code (MemoryBlock *block, uint64_t page, const MemoryCodeSet *keep)
{
  uint64_t set = 0;
  unsigned number;

  /* The map stays the page's own meanwhile. */
  g_mutex_lock (&block->byte_map_mutex);
  number = block->byte_map[page];
  /* What is made from now on at the first of these versions is not valid at the second, */
  atomic_fetch_add (&block->version[page], 1);
  for (unsigned word = 0; word < WORDS; word++)
    {
      if (number != 0)
        atomic_fetch_and (&map_of_number (block, number)->bits[word], keep->bits[word]);
      set |= (uint64_t) (keep->bits[word] != 0) << word;
    }
  atomic_fetch_and (&block->code[page], set);
  /* and what is made at the second is noted behind this. */
  atomic_fetch_add (&block->version[page], 1);
  g_mutex_unlock (&block->byte_map_mutex);
}

void
memory_code_set_add (MemoryCodeSet *set, unsigned offset, unsigned length)
{
  for (unsigned word = offset / 64; word <= (offset + length - 1) / 64; word++)
    set->bits[word] |= bytes_in_word (word, offset, length);
}

bool
memory_code_set_meets (const MemoryCodeSet *set, unsigned offset, unsigned length)
{
  for (unsigned word = offset / 64; word <= (offset + length - 1) / 64; word++)
    if (set->bits[word] & bytes_in_word (word, offset, length))
      return true;
  return false;
}
