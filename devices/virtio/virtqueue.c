/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Split virtqueues: Virtual I/O Device (VIRTIO) 1.2, 2.7. */
#include "virtqueue.h"

#include <stdatomic.h>

#include "vmm-core/trace.h"

#define DESCRIPTOR_SIZE 16
#define DESCRIPTOR_NEXT 1
#define DESCRIPTOR_WRITE 2
#define DESCRIPTOR_INDIRECT 4
#define AVAILABLE_NO_INTERRUPT 1
#define RING_INDEX 2 /* in the driver's and the device's area, behind the flags */
#define RING 4

typedef struct
{
  uint64_t address;
  uint32_t length;
  uint16_t flags, next;
} Descriptor;

static const StateField virtqueue_fields[] = {
  STATE_INT (VirtqueueState, descriptors),
  STATE_INT (VirtqueueState, driver),
  STATE_INT (VirtqueueState, device),
  STATE_INT_IN (VirtqueueState, size, 0, VIRTQUEUE_MAX_SIZE),
  STATE_INT (VirtqueueState, vector),
  STATE_FLAG (VirtqueueState, enabled),
  STATE_INT (VirtqueueState, next_available),
  STATE_INT (VirtqueueState, next_used),
  STATE_INT (VirtqueueState, signalled),
  STATE_FLAG (VirtqueueState, has_signalled),
};
const StateTable virtqueue_table = STATE_TABLE (VirtqueueState, 1, virtqueue_fields);

/* What is not there reads as ones, which no ring bears. */
static uint16_t
read_u16 (PciFunction *function, uint64_t address)
{
  uint16_t value;

  pci_function_dma_read (function, address, &value, sizeof value);
  return GUINT16_FROM_LE (value);
}

static void
write_u16 (PciFunction *function, uint64_t address, uint16_t value)
{
  uint16_t little = GUINT16_TO_LE (value);

  pci_function_dma_write (function, address, &little, sizeof little);
}

static Descriptor
read_descriptor (PciFunction *function, uint64_t table, uint16_t index)
{
  Descriptor descriptor;

  pci_function_dma_read (function, table + (uint64_t) index * DESCRIPTOR_SIZE, &descriptor,
                         sizeof descriptor);
  return (Descriptor){ .address = GUINT64_FROM_LE (descriptor.address),
                       .length = GUINT32_FROM_LE (descriptor.length),
                       .flags = GUINT16_FROM_LE (descriptor.flags),
                       .next = GUINT16_FROM_LE (descriptor.next) };
}

static VirtqueueResult
broken (PciFunction *function, const char *why)
{
  TRACE ("virtio.broken", "%s", why);
  return VIRTQUEUE_BROKEN;
}

/* FALSE: there are too many, or one to read stands behind one to write. */
static bool
add_buffer (VirtqueueChain *chain, const Descriptor *descriptor, unsigned size)
{
  unsigned n = chain->n_readable + chain->n_writable;
  bool write = (descriptor->flags & DESCRIPTOR_WRITE) != 0;

  if (n >= size || (!write && chain->n_writable > 0))
    return false;
  chain->buffers[n] = (VirtqueueBuffer){ descriptor->address, descriptor->length };
  chain->n_readable += !write;
  chain->n_writable += write;
  return true;
}

/* Follows a chain through a table of n descriptors. */
static VirtqueueResult
follow (PciFunction *function, uint64_t table, unsigned n, uint16_t index, unsigned size,
        VirtqueueChain *chain)
{
  bool in_ring = true;

  for (;;)
    {
      Descriptor descriptor;

      if (index >= n)
        return broken (function, "a descriptor outside of its table");
      descriptor = read_descriptor (function, table, index);
      if (descriptor.flags & DESCRIPTOR_INDIRECT)
        {
          if (!in_ring || (descriptor.flags & DESCRIPTOR_NEXT) || descriptor.length == 0
              || descriptor.length % DESCRIPTOR_SIZE != 0)
            return broken (function, "an indirect table that cannot be");
          in_ring = false;
          table = descriptor.address;
          n = MIN (descriptor.length / DESCRIPTOR_SIZE, UINT16_MAX);
          index = 0;
          continue;
        }
      if (!add_buffer (chain, &descriptor, size))
        return broken (function, "a chain that is too long or out of order");
      if (!(descriptor.flags & DESCRIPTOR_NEXT))
        return VIRTQUEUE_TAKEN;
      index = descriptor.next;
    }
}

/* 2.7.10: the driver tells of the chain with this index. */
static void
ask_for_notification (VirtqueueState *queue, PciFunction *function)
{
  write_u16 (function, queue->device + RING + 8 * queue->size, queue->next_available);
}

VirtqueueResult
virtqueue_take (VirtqueueState *queue, PciFunction *function, bool event_index,
                VirtqueueChain *chain)
{
  uint16_t available;

  if (!queue->enabled || queue->size == 0)
    return VIRTQUEUE_EMPTY;
  available = read_u16 (function, queue->driver + RING_INDEX);
  if (available == queue->next_available && event_index)
    {
      ask_for_notification (queue, function);
      /* Either the driver sees that, or this sees what it has added before. */
      atomic_thread_fence (memory_order_seq_cst);
      available = read_u16 (function, queue->driver + RING_INDEX);
    }
  if (available == queue->next_available)
    return VIRTQUEUE_EMPTY;
  if ((uint16_t) (available - queue->next_available) > queue->size)
    return broken (function, "an index that jumps");
  atomic_thread_fence (memory_order_acquire);
  chain->head
    = read_u16 (function, queue->driver + RING + 2 * (queue->next_available & (queue->size - 1)));
  chain->n_readable = chain->n_writable = 0;
  queue->next_available++;
  return follow (function, queue->descriptors, queue->size, chain->head, queue->size, chain);
}

void
virtqueue_give (VirtqueueState *queue, PciFunction *function, const VirtqueueChain *chain,
                uint32_t written)
{
  const uint32_t entry[2] = { GUINT32_TO_LE (chain->head), GUINT32_TO_LE (written) };

  pci_function_dma_write (function,
                          queue->device + RING + 8 * (queue->next_used & (queue->size - 1)), entry,
                          sizeof entry);
  atomic_thread_fence (memory_order_release);
  write_u16 (function, queue->device + RING_INDEX, ++queue->next_used);
}

bool
virtqueue_wants_interrupt (VirtqueueState *queue, PciFunction *function, bool event_index)
{
  uint16_t before = queue->signalled, event;
  bool first = !queue->has_signalled;

  atomic_thread_fence (memory_order_seq_cst);
  queue->signalled = queue->next_used;
  queue->has_signalled = true;
  if (!event_index)
    return !(read_u16 (function, queue->driver) & AVAILABLE_NO_INTERRUPT);
  event = read_u16 (function, queue->driver + RING + 2 * queue->size);
  return first
         || (uint16_t) (queue->next_used - event - 1) < (uint16_t) (queue->next_used - before);
}

uint64_t
virtqueue_get_room (const VirtqueueChain *chain)
{
  uint64_t room = 0;

  for (unsigned i = 0; i < chain->n_writable; i++)
    room += chain->buffers[chain->n_readable + i].length;
  return room;
}

uint32_t
virtqueue_write (PciFunction *function, const VirtqueueChain *chain, const void *bytes,
                 uint32_t length)
{
  uint32_t written = 0;

  for (unsigned i = 0; i < chain->n_writable && written < length; i++)
    {
      const VirtqueueBuffer *buffer = &chain->buffers[chain->n_readable + i];
      uint32_t part = MIN (buffer->length, length - written);

      pci_function_dma_write (function, buffer->address, (const uint8_t *) bytes + written, part);
      written += part;
    }
  return written;
}
