/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "devices/image/image.h"
#include "virtio-pci.h"

/* A block device (VirtIO 1.2, 5.2) on an image: reads, writes, flush, discard, write zeroes. */
typedef struct VirtioBlk VirtioBlk;

#define VIRTIO_BLK_STATES 4

/* The image is borrowed. serial is what the device calls itself, up to 20 bytes. */
VirtioBlk *virtio_blk_new (PciBus *bus, unsigned slot, Clock *clock, Image *image,
                           const char *serial);
void virtio_blk_free (VirtioBlk *blk);

void virtio_blk_get_states (VirtioBlk *blk, StateSection states[VIRTIO_BLK_STATES]);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (VirtioBlk, virtio_blk_free)
