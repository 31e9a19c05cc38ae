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
  uint16_t available, head;

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
  head
    = read_u16 (function, queue->driver + RING + 2 * (queue->next_available & (queue->size - 1)));
  queue->next_available++;
  return virtqueue_take_again (queue, function, head, chain);
}

VirtqueueResult
virtqueue_take_again (const VirtqueueState *queue, PciFunction *function, uint16_t head,
                      VirtqueueChain *chain)
{
  chain->head = head;
  chain->n_readable = chain->n_writable = 0;
  return follow (function, queue->descriptors, queue->size, head, queue->size, chain);
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

static uint64_t
add_lengths (const VirtqueueBuffer *buffers, unsigned n)
{
  uint64_t sum = 0;

  for (unsigned i = 0; i < n; i++)
    sum += buffers[i].length;
  return sum;
}

uint64_t
virtqueue_get_readable (const VirtqueueChain *chain)
{
  return add_lengths (chain->buffers, chain->n_readable);
}

uint64_t
virtqueue_get_room (const VirtqueueChain *chain)
{
  return add_lengths (chain->buffers + chain->n_readable, chain->n_writable);
}

/* bytes go where the buffers are, or come from there. */
static uint32_t
move (PciFunction *function, const VirtqueueBuffer *buffers, unsigned n, uint64_t offset,
      uint8_t *bytes, uint32_t length, bool to_guest)
{
  uint32_t moved = 0;

  for (unsigned i = 0; i < n && moved < length; i++)
    {
      uint64_t address = buffers[i].address + offset;
      uint32_t part;

      if (offset >= buffers[i].length)
        {
          offset -= buffers[i].length;
          continue;
        }
      part = MIN (buffers[i].length - offset, length - moved);
      if (to_guest)
        pci_function_dma_write (function, address, bytes + moved, part);
      else
        pci_function_dma_read (function, address, bytes + moved, part);
      moved += part;
      offset = 0;
    }
  return moved;
}

uint32_t
virtqueue_read (PciFunction *function, const VirtqueueChain *chain, uint64_t offset, void *bytes,
                uint32_t length)
{
  return move (function, chain->buffers, chain->n_readable, offset, bytes, length, false);
}

uint32_t
virtqueue_write (PciFunction *function, const VirtqueueChain *chain, uint64_t offset,
                 const void *bytes, uint32_t length)
{
  return move (function, chain->buffers + chain->n_readable, chain->n_writable, offset,
               (uint8_t *) bytes, length, true);
}
