/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "virtio-pci.h"

/* An entropy device (VirtIO 1.2, 5.4): random numbers of the host for a guest that has hardly any
 * of its own when it starts. */
typedef struct VirtioRng VirtioRng;

#define VIRTIO_RNG_STATES 3

/* Fills bytes with random numbers. */
typedef void (*VirtioRngFill) (void *bytes, size_t length);

VirtioRng *virtio_rng_new (PciBus *bus, unsigned slot, Clock *clock, VirtioRngFill fill);
void virtio_rng_free (VirtioRng *rng);

void virtio_rng_get_states (VirtioRng *rng, StateSection states[VIRTIO_RNG_STATES]);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (VirtioRng, virtio_rng_free)
