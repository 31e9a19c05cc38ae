/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "devices/virtio/virtio-blk.h"
#include "fuzz-virtio.h"

static Image *image;

static void *
open_blk (FuzzBoard *board)
{
  VirtioBlk *blk;

  image = image_new_memory (64 << 10, FALSE);
  blk = virtio_blk_new (fuzz_virtio_open (board), FUZZ_VIRTIO_SLOT, board->clock, image, "disk0");
  fuzz_virtio_start (board);
  return blk;
}

static void
close_blk (void *device)
{
  virtio_blk_free (device);
  pci_bus_free (fuzz_virtio_pci);
  image_free (image);
}

/* Requests under way, or the transport, in turn. */
static StateSection
state (void *device)
{
  static unsigned turn;
  StateSection states[VIRTIO_BLK_STATES];

  virtio_blk_get_states (device, states);
  return states[turn++ & 1];
}

const FuzzTarget fuzz_target
  = { "virtio-blk", open_blk, close_blk, state, fuzz_virtio_outside, FUZZ_VIRTIO_RANGES };
