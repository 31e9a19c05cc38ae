/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "devices/virtio/virtio-rng.h"
#include "fuzz-virtio.h"

#include <string.h>

static void
fill (void *bytes, size_t length)
{
  memset (bytes, 0x5a, length);
}

static void *
open_rng (FuzzBoard *board)
{
  VirtioRng *rng = virtio_rng_new (fuzz_virtio_open (board), FUZZ_VIRTIO_SLOT, board->clock, fill);

  fuzz_virtio_start (board);
  return rng;
}

static void
close_rng (void *device)
{
  virtio_rng_free (device);
  pci_bus_free (fuzz_virtio_pci);
}

static StateSection
state (void *device)
{
  StateSection states[VIRTIO_RNG_STATES];

  virtio_rng_get_states (device, states);
  return states[0];
}

const FuzzTarget fuzz_target
  = { "virtio-rng", open_rng, close_rng, state, fuzz_virtio_outside, FUZZ_VIRTIO_RANGES };
