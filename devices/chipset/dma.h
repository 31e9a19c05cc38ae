/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vmm-core/bus.h"
#include "vmm-core/memory.h"
#include "vmm-core/state.h"

/* The PC's two 8237A DMA controllers with their page registers: channels 0 to 3 move bytes, 5 to 7
 * words; 4 is the cascade. */
typedef struct Dma Dma;

Dma *dma_new (Bus *io, Memory *memory);
void dma_free (Dma *dma);
void dma_reset (Dma *dma);

/* A device's DREQ of a channel, as the status registers show it. */
void dma_set_request (Dma *dma, unsigned channel, bool level);
/* The device moves up to length bytes by way of the channel: dma_read out of memory, dma_write into
 * it. Returns the bytes moved, less than length at terminal count, 0 while the channel is masked or
 * set up for another direction; *terminal_count tells whether the count ran out. */
unsigned dma_read (Dma *dma, unsigned channel, void *buffer, unsigned length, bool *terminal_count);
unsigned dma_write (Dma *dma, unsigned channel, const void *buffer, unsigned length,
                    bool *terminal_count);

StateSection dma_state (Dma *dma);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Dma, dma_free)
