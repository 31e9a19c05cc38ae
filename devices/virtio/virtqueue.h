/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "devices/pci/pci.h"

/* A split virtqueue (VirtIO 1.2, 2.7) in the guest's memory, as the device sees it. The guest is
 * not trusted: indices are the device's own, a descriptor is read once and checked, and a chain is
 * at most as long as the queue. */

#define VIRTQUEUE_MAX_SIZE 256 /* descriptors */

/* Saved with its device; the transport gives the driver access to the first half. */
typedef struct
{
  uint64_t descriptors, driver, device; /* areas, guest-physical */
  uint16_t size;                        /* a power of two up to VIRTQUEUE_MAX_SIZE */
  uint16_t vector;                      /* of its interrupts */
  bool enabled;
  uint16_t next_available; /* index of the chain to take next */
  uint16_t next_used;      /* index of the entry to fill next */
  uint16_t signalled;      /* next_used when the driver was interrupted last */
  bool has_signalled;
} VirtqueueState;

extern const StateTable virtqueue_table;

typedef struct
{
  uint64_t address;
  uint32_t length;
} VirtqueueBuffer;

/* What the driver made available in one go: buffers that the device reads, then those that it
 * writes. */
typedef struct
{
  uint16_t head;
  unsigned n_readable, n_writable;
  VirtqueueBuffer buffers[VIRTQUEUE_MAX_SIZE];
} VirtqueueChain;

typedef enum
{
  VIRTQUEUE_EMPTY,
  VIRTQUEUE_TAKEN,
  VIRTQUEUE_BROKEN /* the driver must reset the device */
} VirtqueueResult;

/* Takes the next chain. event_index: VIRTIO_F_EVENT_IDX is negotiated; where the queue is empty,
 * the driver is then asked to tell of the next one. */
VirtqueueResult virtqueue_take (VirtqueueState *queue, PciFunction *function, bool event_index,
                                VirtqueueChain *chain);
/* Gives a chain back, of which written bytes were written. */
void virtqueue_give (VirtqueueState *queue, PciFunction *function, const VirtqueueChain *chain,
                     uint32_t written);
/* Whether the driver wants an interrupt for what was given since this was asked last. */
bool virtqueue_wants_interrupt (VirtqueueState *queue, PciFunction *function, bool event_index);

/* Follows the chain again that was taken once, and not given back, with this head. */
VirtqueueResult virtqueue_take_again (const VirtqueueState *queue, PciFunction *function,
                                      uint16_t head, VirtqueueChain *chain);

/* Bytes of the chain that the device may read, and write. */
uint64_t virtqueue_get_readable (const VirtqueueChain *chain);
uint64_t virtqueue_get_room (const VirtqueueChain *chain);
/* Moves bytes between these, from offset on, and host memory; returns how many there were. */
uint32_t virtqueue_read (PciFunction *function, const VirtqueueChain *chain, uint64_t offset,
                         void *bytes, uint32_t length);
uint32_t virtqueue_write (PciFunction *function, const VirtqueueChain *chain, uint64_t offset,
                          const void *bytes, uint32_t length);
