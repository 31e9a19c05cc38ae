/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "memory.h"

#include "host-guard.h"
#include "memory-block.h"

#include <glib/gi18n.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define ADDRESS_LAST ((1ull << 52) - 1)
#define PAGE_MASK ((uint64_t) MEMORY_PAGE_SIZE - 1)

typedef struct
{
  uint64_t first, last;
  MemoryBlock *block;
  uint64_t page; /* of the block, shown at first */
  MemoryAccess access;
  int priority;
} Mapping;

typedef struct
{
  MemoryListener ops;
  void *data;
} Listener;

struct Memory
{
  GPtrArray *blocks;
  GArray *mappings; /* in the order of mapping */
  GArray *listeners;
  MemoryLost lost; /* NULL: nobody asks */
  void *lost_data;

  /* The flat map, read without a lock: sequence is odd while it is being rewritten. */
  _Atomic unsigned sequence;
  unsigned n_ranges;
  MemoryRange ranges[MEMORY_MAX_RANGES];
};

static void memory_flatten (Memory *memory);

Memory *
memory_new (void)
{
  Memory *memory = g_new0 (Memory, 1);

  memory->blocks = g_ptr_array_new_with_free_func ((GDestroyNotify) memory_block_destroy);
  memory->mappings = g_array_new (FALSE, FALSE, sizeof (Mapping));
  memory->listeners = g_array_new (FALSE, FALSE, sizeof (Listener));
  memory_flatten (memory);
  host_guard_catch ();
  return memory;
}

void
memory_free (Memory *memory)
{
  if (memory == NULL)
    return;
  g_array_unref (memory->listeners);
  g_array_unref (memory->mappings);
  g_ptr_array_unref (memory->blocks);
  g_free (memory);
}

MemoryBlock *
memory_block_new (Memory *memory, const char *name, uint64_t size, bool shared, GError **error)
{
  MemoryBlock *block = memory_block_create (name, size, shared, error);

  if (block != NULL)
    {
      block->memory = memory;
      g_ptr_array_add (memory->blocks, block);
    }
  return block;
}

const MemoryBlock *
memory_find_host (const Memory *memory, uintptr_t address)
{
  for (unsigned i = 0; i < memory->blocks->len; i++)
    {
      const MemoryBlock *block = g_ptr_array_index (memory->blocks, i);

      if (address - (uintptr_t) block->data < block->size)
        return block;
    }
  return NULL;
}

void
memory_set_lost (Memory *memory, MemoryLost lost, void *data)
{
  memory->lost = lost;
  memory->lost_data = data;
}

/* Where the guest sees a byte of the host; one that it does not see is counted in its block. */
static uint64_t
find_guest_address (const Memory *memory, const MemoryBlock *block, const uint8_t *at)
{
  for (unsigned i = 0; i < memory->n_ranges; i++)
    {
      const MemoryRange *range = &memory->ranges[i];

      if (range->read != NULL && (uint64_t) (at - range->read) <= range->last - range->first)
        return range->first + (uint64_t) (at - range->read);
    }
  return (uint64_t) (at - block->data);
}

void
memory_tell_lost (Memory *memory, const char *device, const HostFault *fault)
{
  const MemoryBlock *block = memory_find_host (memory, fault->address);
  g_autofree char *sentence = NULL;
  g_autofree char *address = NULL;

  if (memory->lost == NULL)
    return;
  address = g_strdup_printf ("%" PRIX64 "h",
                             find_guest_address (memory, block, (const uint8_t *) fault->address));
  sentence = g_strdup_printf (
    _ ("The host took memory “%s” of the machine away (SIG%s), which the device “%s” needs at the "
       "guest's address %s: start the machine anew, with less memory if the host has too little."),
    block->name, sigabbrev_np (fault->number), device, address);
  memory->lost (memory->lost_data, sentence);
}

void
memory_notify (Memory *memory, MemoryNotify what, MemoryBlock *block)
{
  for (unsigned i = 0; i < memory->listeners->len; i++)
    {
      const Listener *listener = &g_array_index (memory->listeners, Listener, i);

      if (what == MEMORY_NOTIFY_MAP_CHANGED && listener->ops.map_changed != NULL)
        listener->ops.map_changed (listener->data);
      else if (what == MEMORY_NOTIFY_DIRTY_SYNC && listener->ops.dirty_sync != NULL)
        listener->ops.dirty_sync (listener->data, block);
      else if (what == MEMORY_NOTIFY_DIRTY_TAKEN && listener->ops.dirty_taken != NULL)
        listener->ops.dirty_taken (listener->data, block);
    }
}

void
memory_flush (Memory *memory)
{
  memory_notify (memory, MEMORY_NOTIFY_MAP_CHANGED, NULL);
}

void
memory_notify_code (Memory *memory, MemoryBlock *block, uint64_t page, unsigned offset,
                    unsigned length)
{
  for (unsigned i = 0; i < memory->listeners->len; i++)
    {
      const Listener *listener = &g_array_index (memory->listeners, Listener, i);

      if (listener->ops.code_overwritten != NULL)
        listener->ops.code_overwritten (listener->data, block, page, offset, length);
    }
}

void
memory_add_listener (Memory *memory, const MemoryListener *listener, void *data)
{
  Listener added = { *listener, data };

  g_array_append_val (memory->listeners, added);
}

void
memory_remove_listener (Memory *memory, void *data)
{
  for (unsigned i = 0; i < memory->listeners->len; i++)
    if (g_array_index (memory->listeners, Listener, i).data == data)
      {
        g_array_remove_index (memory->listeners, i);
        return;
      }
}

/* The mapping that answers at address for one direction, or NULL. */
static const Mapping *
memory_winner (Memory *memory, uint64_t address, MemoryAccess access)
{
  const Mapping *winner = NULL;

  for (unsigned i = 0; i < memory->mappings->len; i++)
    {
      const Mapping *mapping = &g_array_index (memory->mappings, Mapping, i);

      if (address >= mapping->first && address <= mapping->last && (mapping->access & access)
          && (winner == NULL || mapping->priority > winner->priority))
        winner = mapping;
    }
  return winner;
}

static MemoryRange
memory_make_range (Memory *memory, uint64_t first, uint64_t last)
{
  const Mapping *read = memory_winner (memory, first, MEMORY_READ);
  const Mapping *write = memory_winner (memory, first, MEMORY_WRITE);
  MemoryRange range = { .first = first, .last = last };

  if (read != NULL)
    {
      range.read_block = read->block;
      range.read_page = read->page + ((first - read->first) >> MEMORY_PAGE_SHIFT);
      range.read = read->block->data + (range.read_page << MEMORY_PAGE_SHIFT);
    }
  if (write != NULL)
    {
      range.write_block = write->block;
      range.write_page = write->page + ((first - write->first) >> MEMORY_PAGE_SHIFT);
      range.write = write->block->data + (range.write_page << MEMORY_PAGE_SHIFT);
    }
  return range;
}

/* Whether b goes on where a ends. */
static bool
ranges_join (const MemoryRange *a, const MemoryRange *b)
{
  uint64_t length = b->first - a->first;

  return a->read_block == b->read_block && a->write_block == b->write_block
         && (a->read == NULL || a->read + length == b->read)
         && (a->write == NULL || a->write + length == b->write);
}

static int
compare_addresses (const void *a, const void *b)
{
  uint64_t x = *(const uint64_t *) a;
  uint64_t y = *(const uint64_t *) b;

  return x < y ? -1 : x > y;
}

/* Cuts the address space at every bound of a mapping and asks who wins in each piece. */
static void
memory_flatten (Memory *memory)
{
  g_autofree uint64_t *cuts = g_new (uint64_t, memory->mappings->len * 2 + 1);
  unsigned n_cuts = 0;

  cuts[n_cuts++] = 0;
  for (unsigned i = 0; i < memory->mappings->len; i++)
    {
      const Mapping *mapping = &g_array_index (memory->mappings, Mapping, i);

      cuts[n_cuts++] = mapping->first;
      cuts[n_cuts++] = mapping->last + 1;
    }
  qsort (cuts, n_cuts, sizeof *cuts, compare_addresses);

  atomic_fetch_add (&memory->sequence, 1);
  atomic_thread_fence (memory_order_seq_cst);
  memory->n_ranges = 0;
  for (unsigned i = 0; i < n_cuts; i++)
    {
      uint64_t last = i + 1 < n_cuts ? cuts[i + 1] - 1 : UINT64_MAX;
      MemoryRange range;
      MemoryRange *previous = memory->n_ranges > 0 ? &memory->ranges[memory->n_ranges - 1] : NULL;

      if (i + 1 < n_cuts && cuts[i + 1] == cuts[i])
        continue;
      range = memory_make_range (memory, cuts[i], last);
      if (previous != NULL && ranges_join (previous, &range))
        previous->last = last;
      else if (memory->n_ranges < MEMORY_MAX_RANGES)
        memory->ranges[memory->n_ranges++] = range;
    }
  /* A board has far fewer mappings than there is room for; a guest cannot add any, only move
   * them. */
  memory->ranges[memory->n_ranges - 1].last = UINT64_MAX;
  atomic_fetch_add (&memory->sequence, 1);
  memory_notify (memory, MEMORY_NOTIFY_MAP_CHANGED, NULL);
}

void
memory_map (Memory *memory, uint64_t gpa, uint64_t length, MemoryBlock *block, uint64_t offset,
            MemoryAccess access, int priority)
{
  Mapping mapping = { gpa, 0, block, offset >> MEMORY_PAGE_SHIFT, access, priority };

  g_assert (length > 0 && ((gpa | length | offset) & PAGE_MASK) == 0);
  g_assert (offset + length <= block->size);
  mapping.last = gpa > ADDRESS_LAST ? gpa - 1 : MIN (gpa + length - 1, ADDRESS_LAST);
  g_array_append_val (memory->mappings, mapping);
  memory_flatten (memory);
}

void
memory_unmap (Memory *memory, uint64_t gpa, MemoryBlock *block)
{
  for (unsigned i = memory->mappings->len; i-- > 0;)
    {
      const Mapping *mapping = &g_array_index (memory->mappings, Mapping, i);

      if (mapping->first == gpa && mapping->block == block)
        {
          g_array_remove_index (memory->mappings, i);
          memory_flatten (memory);
          return;
        }
    }
  g_assert_not_reached ();
}

/* Of the last range that starts at or below gpa: mostly the one that the thread found last. */
static unsigned
find_index (const Memory *memory, uint64_t gpa)
{
  static _Thread_local unsigned latest;
  unsigned low = 0, high = MIN (memory->n_ranges, MEMORY_MAX_RANGES);

  if (latest < high && memory->ranges[latest].first <= gpa && memory->ranges[latest].last >= gpa)
    return latest;
  while (high - low > 1)
    {
      unsigned middle = (low + high) / 2;

      if (memory->ranges[middle].first <= gpa)
        low = middle;
      else
        high = middle;
    }
  latest = low;
  return low;
}

MemoryRange
memory_find (Memory *memory, uint64_t gpa)
{
  MemoryRange found;
  unsigned before, after;

  do
    {
      before = atomic_load_explicit (&memory->sequence, memory_order_acquire);
      found = memory->ranges[find_index (memory, gpa)];
      atomic_thread_fence (memory_order_acquire);
      after = atomic_load_explicit (&memory->sequence, memory_order_relaxed);
    }
  while (before != after || (before & 1));
  return found;
}

unsigned
memory_get_ranges (Memory *memory, MemoryRange ranges[MEMORY_MAX_RANGES])
{
  memcpy (ranges, memory->ranges, memory->n_ranges * sizeof *ranges);
  return memory->n_ranges;
}
