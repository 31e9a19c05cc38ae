/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Entropy device: Virtual I/O Device (VIRTIO) 1.2, 5.4. */
#include "virtio-rng.h"

#define TYPE 4
#define CLASS_OTHER 0x00ff00
#define QUEUE_SIZE 16
#define MOST 1024 /* bytes for one request; the driver asks again if it needs more */

struct VirtioRng
{
  VirtioPci *pci;
  VirtioRngFill fill;
  VirtqueueChain chain; /* the one that is served */
};

static void
serve (void *device, unsigned queue)
{
  VirtioRng *rng = device;
  bool served = false;

  while (virtio_pci_take (rng->pci, queue, &rng->chain))
    {
      uint8_t bytes[MOST];
      uint32_t length = MIN (virtqueue_get_room (&rng->chain), sizeof bytes);

      rng->fill (bytes, length);
      virtio_pci_give (rng->pci, queue, &rng->chain,
                       virtio_pci_write (rng->pci, &rng->chain, 0, bytes, length));
      served = true;
    }
  if (served)
    virtio_pci_interrupt (rng->pci, queue);
}

VirtioRng *
virtio_rng_new (PciBus *bus, unsigned slot, Clock *clock, VirtioRngFill fill)
{
  static const VirtioPciOps ops = {
    .type = TYPE, .class_code = CLASS_OTHER, .n_queues = 1, .queue_size = QUEUE_SIZE, .serve = serve
  };
  VirtioRng *rng = g_new0 (VirtioRng, 1);

  rng->fill = fill;
  rng->pci = virtio_pci_new (bus, slot, clock, &ops, rng);
  return rng;
}

void
virtio_rng_free (VirtioRng *rng)
{
  if (rng == NULL)
    return;
  virtio_pci_free (rng->pci);
  g_free (rng);
}

void
virtio_rng_get_states (VirtioRng *rng, StateSection states[VIRTIO_RNG_STATES])
{
  virtio_pci_get_states (rng->pci, states);
}
