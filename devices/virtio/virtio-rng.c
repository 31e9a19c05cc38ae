/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Entropy device: Virtual I/O Device (VIRTIO) 1.2, 5.4. */
#include "virtio-rng.h"

#define TYPE 4
#define CLASS_OTHER 0x00ff00
#define QUEUE_SIZE 16
#define MOST 1024 /* bytes for one request; the driver asks again if it needs more */

typedef struct
{
  int64_t deadline; /* of the timer; -1: none */
} VirtioRngState;

struct VirtioRng
{
  VirtioPci *pci;
  VirtioRngFill fill;
  Timer *timer;
  char id[32];
  VirtioRngState state;
  VirtqueueChain chain; /* the one that is served */
};

static const StateField virtio_rng_fields[] = { STATE_DEADLINE (VirtioRngState, deadline) };
static const StateTable virtio_rng_table = STATE_TABLE (VirtioRngState, 1, virtio_rng_fields);

/* A round of the queue; a driver that refills it meanwhile waits for the next. */
static void
serve (void *device, unsigned queue)
{
  VirtioRng *rng = device;
  unsigned n = 0;

  for (; n < QUEUE_SIZE && virtio_pci_take (rng->pci, queue, &rng->chain); n++)
    {
      uint8_t bytes[MOST];
      uint32_t length = MIN (virtqueue_get_room (&rng->chain), sizeof bytes);

      rng->fill (bytes, length);
      virtio_pci_give (rng->pci, queue, &rng->chain,
                       virtio_pci_write (rng->pci, &rng->chain, 0, bytes, length));
    }
  if (n > 0)
    virtio_pci_interrupt (rng->pci, queue);
  if (n == QUEUE_SIZE)
    timer_arm (rng->timer, 0);
}

static void
go_on (void *device)
{
  serve (device, 0);
}

static void
reset (void *device)
{
  timer_disarm (((VirtioRng *) device)->timer);
}

VirtioRng *
virtio_rng_new (PciBus *bus, unsigned slot, Clock *clock, VirtioRngFill fill)
{
  static const VirtioPciOps ops = { .type = TYPE,
                                    .class_code = CLASS_OTHER,
                                    .n_queues = 1,
                                    .queue_size = QUEUE_SIZE,
                                    .serve = serve,
                                    .reset = reset };
  VirtioRng *rng = g_new0 (VirtioRng, 1);

  rng->fill = fill;
  rng->timer = timer_new (clock, go_on, rng);
  rng->pci = virtio_pci_new (bus, slot, &ops, rng);
  g_snprintf (rng->id, sizeof rng->id, "virtio-rng %02x", slot);
  return rng;
}

void
virtio_rng_free (VirtioRng *rng)
{
  if (rng == NULL)
    return;
  virtio_pci_free (rng->pci);
  timer_free (rng->timer);
  g_free (rng);
}

static void
before_save (void *device)
{
  VirtioRng *rng = device;

  rng->state.deadline = timer_get_deadline (rng->timer);
}

static gboolean
after_load (void *device, GError **error)
{
  VirtioRng *rng = device;

  timer_restore (rng->timer, rng->state.deadline);
  return TRUE;
}

void
virtio_rng_get_states (VirtioRng *rng, StateSection states[4])
{
  states[0] = (StateSection){ .id = rng->id,
                              .table = &virtio_rng_table,
                              .state = &rng->state,
                              .device = rng,
                              .before_save = before_save,
                              .after_load = after_load };
  virtio_pci_get_states (rng->pci, states + 1);
}
