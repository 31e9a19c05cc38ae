/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "machine-lock.h"

/* An address space of registers: port space and MMIO are two of them. */
typedef struct Bus Bus;

/* Handlers get the offset inside their range, an access size of 1, 2, 4 or 8 bytes and a value
 * whose bits above the size are zero. A missing handler reads all ones or ignores the write. An
 * access wider than max_size arrives in pieces, lowest address first; one narrower than min_size is
 * widened: the bytes are cut out of the aligned larger read, and a write is dropped into a zero. */
typedef struct
{
  uint64_t (*read) (void *device, uint64_t offset, unsigned size);
  void (*write) (void *device, uint64_t offset, unsigned size, uint64_t value);
  uint8_t min_size; /* bytes, 0 means 1 */
  uint8_t max_size; /* bytes, 0 means 4 */
} BusOps;

/* size is in bytes; 0 means all 2^64. The lock is taken by bus_dispatch_* only; NULL in tests. */
Bus *bus_new (const char *name, uint64_t size, MachineLock *lock);
void bus_free (Bus *bus);

/* Maps a range the board fixes. Overlap with another fixed range is a programmer error. */
void bus_map (Bus *bus, uint64_t base, uint64_t length, const BusOps *ops, void *device);

/* Maps a range that the guest chose (a PCI BAR). It may lie anywhere: fixed ranges win over it, and
 * of two such ranges the one mapped first. A range past the end of the bus decodes nothing
 * there. */
void bus_map_guest (Bus *bus, uint64_t base, uint64_t length, const BusOps *ops, void *device);

/* Writes to this range may come late: an accelerator may gather them and hand them over before
 * anything else that a CPU asks of a device, and when memory_block_sync is called for a block. Such
 * ranges are told of before a CPU runs, and not taken back. */
void bus_allow_late_writes (Bus *bus, uint64_t base, uint64_t length);
/* The range number i of these; FALSE: there are no more. */
bool bus_get_late_writes (const Bus *bus, unsigned i, uint64_t *base, uint64_t *length);

/* Removes the range with that base, length and device, mapped by either call; it must exist. */
void bus_unmap (Bus *bus, uint64_t base, uint64_t length, void *device);

/* One access from a vCPU, taking the machine lock around the device's handler. Unmapped reads are
 * all ones (of the size), unmapped writes are lost; both leave a trace event. */
uint64_t bus_dispatch_read (Bus *bus, uint64_t address, unsigned size);
void bus_dispatch_write (Bus *bus, uint64_t address, unsigned size, uint64_t value);

/* The same for callers that hold the lock already: devices, DMA, tests. */
uint64_t bus_read (Bus *bus, uint64_t address, unsigned size);
void bus_write (Bus *bus, uint64_t address, unsigned size, uint64_t value);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Bus, bus_free)
