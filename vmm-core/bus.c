/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bus.h"

#include "trace.h"

#include <inttypes.h>

typedef struct
{
  uint64_t base;
  uint64_t last;
  const BusOps *ops;
  void *device;
  gboolean guest; /* placed by the guest: yields to fixed ranges */
} BusRange;

typedef struct
{
  uint64_t base, length;
} LateRange;

struct Bus
{
  char *name;
  uint64_t last; /* highest address */
  MachineLock *lock;
  GArray *ranges; /* fixed ones first, each kind in the order of mapping */
  unsigned n_fixed;
  unsigned hit; /* index of the range found last: accesses come in runs */
  GArray *late; /* of LateRange */
};

Bus *
bus_new (const char *name, uint64_t size, MachineLock *lock)
{
  Bus *bus = g_new0 (Bus, 1);

  bus->name = g_strdup (name);
  bus->last = size - 1;
  bus->lock = lock;
  bus->ranges = g_array_new (FALSE, FALSE, sizeof (BusRange));
  bus->late = g_array_new (FALSE, FALSE, sizeof (LateRange));
  return bus;
}

void
bus_free (Bus *bus)
{
  if (bus == NULL)
    return;
  g_array_unref (bus->late);
  g_array_unref (bus->ranges);
  g_free (bus->name);
  g_free (bus);
}

static BusRange *
bus_range (Bus *bus, unsigned i)
{
  return &g_array_index (bus->ranges, BusRange, i);
}

static BusRange
bus_range_make (uint64_t base, uint64_t length, const BusOps *ops, void *device, gboolean guest)
{
  return (BusRange){ base, base + length - 1, ops, device, guest };
}

void
bus_map (Bus *bus, uint64_t base, uint64_t length, const BusOps *ops, void *device)
{
  BusRange range = bus_range_make (base, length, ops, device, FALSE);

  g_assert (length > 0 && base <= range.last && range.last <= bus->last);
  for (unsigned i = 0; i < bus->n_fixed; i++)
    g_assert (range.last < bus_range (bus, i)->base || base > bus_range (bus, i)->last);
  g_array_insert_val (bus->ranges, bus->n_fixed, range);
  bus->n_fixed++;
  bus->hit = 0;
}

void
bus_map_guest (Bus *bus, uint64_t base, uint64_t length, const BusOps *ops, void *device)
{
  BusRange range = bus_range_make (base, length, ops, device, TRUE);

  g_assert (length > 0);
  g_array_append_val (bus->ranges, range);
}

void
bus_allow_late_writes (Bus *bus, uint64_t base, uint64_t length)
{
  LateRange range = { base, length };

  g_array_append_val (bus->late, range);
}

bool
bus_get_late_writes (const Bus *bus, unsigned i, uint64_t *base, uint64_t *length)
{
  if (i >= bus->late->len)
    return false;
  *base = g_array_index (bus->late, LateRange, i).base;
  *length = g_array_index (bus->late, LateRange, i).length;
  return true;
}

void
bus_unmap (Bus *bus, uint64_t base, uint64_t length, void *device)
{
  for (unsigned i = 0; i < bus->ranges->len; i++)
    {
      BusRange *range = bus_range (bus, i);

      if (range->base != base || range->last != base + length - 1 || range->device != device)
        continue;
      if (!range->guest)
        bus->n_fixed--;
      g_array_remove_index (bus->ranges, i);
      bus->hit = 0;
      return;
    }
  g_assert_not_reached ();
}

static inline gboolean
bus_range_has (const BusRange *range, uint64_t address)
{
  /* A guest's range may wrap past the top: what wrapped decodes nothing. */
  return address >= range->base && address - range->base <= range->last - range->base;
}

static BusRange *
bus_find (Bus *bus, uint64_t address)
{
  if (bus->hit < bus->n_fixed && bus_range_has (bus_range (bus, bus->hit), address))
    return bus_range (bus, bus->hit);
  for (unsigned i = 0; i < bus->ranges->len; i++)
    if (bus_range_has (bus_range (bus, i), address))
      {
        bus->hit = i;
        return bus_range (bus, i);
      }
  return NULL;
}

static inline uint64_t
bus_mask (unsigned size)
{
  return size >= 8 ? UINT64_MAX : (1ull << size * 8) - 1;
}

static unsigned
bus_ops_min (const BusOps *ops)
{
  return ops->min_size != 0 ? ops->min_size : 1;
}

static unsigned
bus_ops_max (const BusOps *ops)
{
  return ops->max_size != 0 ? ops->max_size : 4;
}

uint64_t
bus_read (Bus *bus, uint64_t address, unsigned size)
{
  BusRange *range = address <= bus->last ? bus_find (bus, address) : NULL;
  uint64_t offset, value;
  unsigned min;

  if (range == NULL || range->ops->read == NULL)
    {
      if (range == NULL)
        TRACE ("bus.unmapped", "%s read %#" PRIx64 " size %u", bus->name, address, size);
      return bus_mask (size);
    }
  offset = address - range->base;
  if (size > bus_ops_max (range->ops) || size - 1 > range->last - address)
    {
      /* In halves: each may even belong to another range. */
      unsigned half = size / 2;

      return bus_read (bus, address, half) | bus_read (bus, address + half, half) << half * 8;
    }
  min = bus_ops_min (range->ops);
  if (size >= min)
    return range->ops->read (range->device, offset, size) & bus_mask (size);
  value = range->ops->read (range->device, offset & ~(uint64_t) (min - 1), min);
  return value >> (offset & (min - 1)) * 8 & bus_mask (size);
}

void
bus_write (Bus *bus, uint64_t address, unsigned size, uint64_t value)
{
  BusRange *range = address <= bus->last ? bus_find (bus, address) : NULL;
  uint64_t offset;
  unsigned min;

  if (range == NULL || range->ops->write == NULL)
    {
      if (range == NULL)
        TRACE ("bus.unmapped", "%s write %#" PRIx64 " size %u value %#" PRIx64, bus->name, address,
               size, value & bus_mask (size));
      return;
    }
  offset = address - range->base;
  if (size > bus_ops_max (range->ops) || size - 1 > range->last - address)
    {
      unsigned half = size / 2;

      bus_write (bus, address, half, value);
      bus_write (bus, address + half, half, value >> half * 8);
      return;
    }
  value &= bus_mask (size);
  min = bus_ops_min (range->ops);
  if (size >= min)
    range->ops->write (range->device, offset, size, value);
  else
    range->ops->write (range->device, offset & ~(uint64_t) (min - 1), min,
                       value << (offset & (min - 1)) * 8);
}

uint64_t
bus_dispatch_read (Bus *bus, uint64_t address, unsigned size)
{
  uint64_t value;

  machine_lock_acquire (bus->lock);
  value = bus_read (bus, address, size);
  machine_lock_release (bus->lock);
  return value;
}

void
bus_dispatch_write (Bus *bus, uint64_t address, unsigned size, uint64_t value)
{
  machine_lock_acquire (bus->lock);
  bus_write (bus, address, size, value);
  machine_lock_release (bus->lock);
}
