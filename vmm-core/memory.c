/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "memory.h"

#include "host-guard.h"
#include "memory-block.h"
#include "trace.h"

#include <errno.h>
#include <gio/gio.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE_MASK ((uint64_t) MEMORY_PAGE_SIZE - 1)
#define HUGE_PAGE_SIZE (2ull << 20)

/* Maps size bytes of fd, or of nothing if that is -1, at a multiple of 2 MiB: a hypervisor shows
 * its guest a large page only where guest and host agree on the bits below that, and Linux
 * before 6.7 puts mappings anywhere. */
static uint8_t *
map_aligned (uint64_t size, int fd)
{
  uint64_t room = size + HUGE_PAGE_SIZE;
  int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE : MAP_SHARED;
  uint8_t *start = mmap (NULL, room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  uint64_t before, after;
  uint8_t *at;

  if (start == MAP_FAILED)
    return MAP_FAILED;
  before = -(uintptr_t) start & (HUGE_PAGE_SIZE - 1);
  after = HUGE_PAGE_SIZE - before;
  at = start + before;
  if (before > 0)
    munmap (start, before);
  munmap (at + size, after);
  if (mmap (at, size, PROT_READ | PROT_WRITE, MAP_FIXED | flags, fd, 0) != MAP_FAILED)
    return at;
  munmap (at, size);
  return MAP_FAILED;
}

MemoryBlock *
memory_block_create (const char *name, uint64_t size, bool shared, GError **error)
{
  g_autofree MemoryBlock *block = g_new0 (MemoryBlock, 1);
  uint64_t n_pages = size >> MEMORY_PAGE_SHIFT;

  g_assert (size > 0 && (size & PAGE_MASK) == 0);
  block->fd = shared ? memfd_create (name, MFD_CLOEXEC) : -1;
  if (shared && (block->fd < 0 || ftruncate (block->fd, size) < 0))
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                   "No memory file of %" PRIu64 " bytes for “%s” could be made: %s.", size, name,
                   g_strerror (errno));
      if (block->fd >= 0)
        close (block->fd);
      return NULL;
    }
  block->data = map_aligned (size, block->fd);
  if (block->data == MAP_FAILED)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                   "The host has no room for %" PRIu64
                   " MiB of “%s”: give the machine less memory.",
                   size >> 20, name);
      if (block->fd >= 0)
        close (block->fd);
      return NULL;
    }
  /* The screen and ROMs would hold 2 MiB for a few pages. */
  if (!shared && size >= 64u << 20)
    madvise (block->data, size, MADV_HUGEPAGE);
  /* A child has no use for it, and while there is one every store would copy its page. */
  madvise (block->data, size, MADV_DONTFORK);
  block->name = g_strdup (name);
  block->size = size;
  /* Untouched parts of these tables cost no memory either. */
  block->table_size = n_pages * (sizeof (uint64_t) + sizeof (uint32_t) + sizeof (uint16_t))
                      + (n_pages + 63) / 64 * 8;
  block->code = mmap (NULL, block->table_size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  g_assert (block->code != MAP_FAILED);
  block->dirty = block->code + n_pages;
  block->version = (_Atomic uint32_t *) (block->dirty + (n_pages + 63) / 64);
  block->byte_map = (_Atomic uint16_t *) (block->version + n_pages);
  g_mutex_init (&block->byte_map_mutex);
  return g_steal_pointer (&block);
}

void
memory_block_destroy (MemoryBlock *block)
{
  g_free (block->byte_maps);
  g_mutex_clear (&block->byte_map_mutex);
  munmap ((void *) block->code, block->table_size);
  munmap (block->data, block->size);
  if (block->fd >= 0)
    close (block->fd);
  g_free (block->name);
  g_free (block);
}

const char *
memory_block_get_name (const MemoryBlock *block)
{
  return block->name;
}

uint8_t *
memory_block_get_data (const MemoryBlock *block)
{
  return block->data;
}

uint64_t
memory_block_get_size (const MemoryBlock *block)
{
  return block->size;
}

int
memory_block_get_fd (const MemoryBlock *block)
{
  return block->fd;
}

/* Dirty pages */

void
memory_block_set_logging (MemoryBlock *block, bool on)
{
  if (block->logging == on)
    return;
  block->logging = on;
  if (block->memory != NULL)
    memory_notify (block->memory, MEMORY_NOTIFY_MAP_CHANGED, NULL);
}

bool
memory_block_is_logging (const MemoryBlock *block)
{
  return block->logging;
}

void
memory_block_mark_dirty (MemoryBlock *block, uint64_t first_page, uint64_t n_pages)
{
  if (!block->logging)
    return;
  for (uint64_t page = first_page; page < first_page + n_pages; page++)
    atomic_fetch_or_explicit (&block->dirty[page / 64], 1ull << page % 64, memory_order_release);
}

void
memory_block_sync (Memory *memory, MemoryBlock *block)
{
  memory_notify (memory, MEMORY_NOTIFY_DIRTY_SYNC, block);
}

bool
memory_block_take_dirty (Memory *memory, MemoryBlock *block, uint64_t first_page, uint64_t n_pages,
                         uint64_t *bits)
{
  bool any = false;

  g_assert (first_page + n_pages <= block->size >> MEMORY_PAGE_SHIFT);
  memory_block_sync (memory, block);
  memset (bits, 0, (n_pages + 63) / 64 * 8);
  for (uint64_t i = 0; i < n_pages;)
    {
      uint64_t page = first_page + i;
      unsigned shift = page % 64;
      unsigned n = MIN (64 - shift, n_pages - i);
      uint64_t mask = (n == 64 ? UINT64_MAX : (1ull << n) - 1) << shift;
      uint64_t taken = 0;

      if (block->dirty[page / 64] & mask)
        taken = (atomic_fetch_and (&block->dirty[page / 64], ~mask) & mask) >> shift;
      if (taken != 0)
        {
          any = true;
          bits[i / 64] |= taken << i % 64;
          if (i % 64 + n > 64)
            bits[i / 64 + 1] |= taken >> (64 - i % 64);
        }
      i += n;
    }
  if (any)
    memory_notify (memory, MEMORY_NOTIFY_DIRTY_TAKEN, block);
  return any;
}

/* DMA */

static void
memory_stored (const MemoryRange *range, uint64_t gpa, uint64_t length)
{
  while (length > 0)
    {
      unsigned offset = gpa & PAGE_MASK;
      unsigned n = MIN (length, MEMORY_PAGE_SIZE - offset);
      uint64_t page = range->write_page + ((gpa - range->first) >> MEMORY_PAGE_SHIFT);

      memory_block_mark_dirty (range->write_block, page, 1);
      memory_block_store_hit (range->write_block, page, offset, n);
      gpa += n;
      length -= n;
    }
}

/* Copies for the device, if it is one; FALSE: the memory is gone. */
static bool
copy (Memory *memory, const char *device, void *to, const void *from, size_t length)
{
  HostGuard guard = { .memory = memory };

  if (device == NULL)
    {
      memcpy (to, from, length);
      return true;
    }
  if (host_guard_enter (&guard))
    {
      memcpy (to, from, length);
      host_guard_leave (&guard);
      return true;
    }
  memory_tell_lost (memory, device, &guard.fault);
  return false;
}

bool
memory_dma_read (Memory *memory, const char *device, uint64_t gpa, void *buffer, uint64_t length)
{
  uint8_t *to = buffer;
  bool whole = true;

  while (length > 0)
    {
      MemoryRange range = memory_find (memory, gpa);
      uint64_t n = length - 1 > range.last - gpa ? range.last - gpa + 1 : length;

      if (range.read != NULL)
        {
          if (!copy (memory, device, to, range.read + (gpa - range.first), n))
            return false;
        }
      else
        {
          TRACE ("memory.dma-hole", "read %#" PRIx64 " length %#" PRIx64, gpa, n);
          memset (to, 0xff, n);
          whole = false;
        }
      to += n;
      gpa += n;
      length -= n;
    }
  return whole;
}

bool
memory_dma_write (Memory *memory, const char *device, uint64_t gpa, const void *buffer,
                  uint64_t length)
{
  const uint8_t *from = buffer;
  bool whole = true;

  while (length > 0)
    {
      MemoryRange range = memory_find (memory, gpa);
      uint64_t n = length - 1 > range.last - gpa ? range.last - gpa + 1 : length;

      if (range.write != NULL)
        {
          if (!copy (memory, device, range.write + (gpa - range.first), from, n))
            return false;
          memory_stored (&range, gpa, n);
        }
      else
        {
          TRACE ("memory.dma-hole", "write %#" PRIx64 " length %#" PRIx64, gpa, n);
          whole = false;
        }
      from += n;
      gpa += n;
      length -= n;
    }
  return whole;
}

bool
memory_read (Memory *memory, uint64_t gpa, void *buffer, uint64_t length)
{
  return memory_dma_read (memory, NULL, gpa, buffer, length);
}

bool
memory_write (Memory *memory, uint64_t gpa, const void *buffer, uint64_t length)
{
  return memory_dma_write (memory, NULL, gpa, buffer, length);
}

uint16_t
memory_read_u16 (Memory *memory, uint64_t gpa)
{
  uint16_t value;

  memory_read (memory, gpa, &value, sizeof value);
  return GUINT16_FROM_LE (value);
}

uint32_t
memory_read_u32 (Memory *memory, uint64_t gpa)
{
  uint32_t value;

  memory_read (memory, gpa, &value, sizeof value);
  return GUINT32_FROM_LE (value);
}

uint64_t
memory_read_u64 (Memory *memory, uint64_t gpa)
{
  uint64_t value;

  memory_read (memory, gpa, &value, sizeof value);
  return GUINT64_FROM_LE (value);
}

void
memory_write_u16 (Memory *memory, uint64_t gpa, uint16_t value)
{
  value = GUINT16_TO_LE (value);
  memory_write (memory, gpa, &value, sizeof value);
}

void
memory_write_u32 (Memory *memory, uint64_t gpa, uint32_t value)
{
  value = GUINT32_TO_LE (value);
  memory_write (memory, gpa, &value, sizeof value);
}

void
memory_write_u64 (Memory *memory, uint64_t gpa, uint64_t value)
{
  value = GUINT64_TO_LE (value);
  memory_write (memory, gpa, &value, sizeof value);
}
