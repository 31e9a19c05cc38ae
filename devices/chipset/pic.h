/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vmm-core/bus.h"
#include "vmm-core/irq.h"
#include "vmm-core/state.h"

/* The PC's pair of 8259A interrupt controllers at 20h and A0h, the second on input 2 of the
 * first. */
typedef struct Pic Pic;

/* intr is the INTR line to the CPUs. */
Pic *pic_new (Bus *io, Irq intr);
void pic_free (Pic *pic);
void pic_reset (Pic *pic);

/* Input n, 0 to 15 (2 is the cascade, which nobody else drives). */
Irq pic_get_irq (Pic *pic, unsigned n);
bool pic_get_intr (const Pic *pic);
/* The interrupt acknowledge cycle: the vector; that of input 7 when the request has gone away. */
uint8_t pic_acknowledge (Pic *pic);

/* taken is called whenever input 0, the system timer's, has gone into service. */
void pic_set_taken (Pic *pic, void (*taken) (void *data), void *data);
/* Whether input n cannot lead to an interrupt. */
bool pic_is_masked (const Pic *pic, unsigned n);

/* Edge/level control registers of chip 0 and 1: a set bit makes that input level-triggered. */
uint8_t pic_get_elcr (const Pic *pic, unsigned chip);
void pic_set_elcr (Pic *pic, unsigned chip, uint8_t elcr);

StateSection pic_state (Pic *pic);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Pic, pic_free)
