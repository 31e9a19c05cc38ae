/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vmm-core/bus.h"
#include "vmm-core/clock.h"
#include "vmm-core/irq.h"
#include "vmm-core/state.h"

/* The 8254 interval timer at 40h, at 1.193182 MHz. */
typedef struct Pit Pit;

#define PIT_FREQUENCY 1193182 /* Hz */

/* irq0 is OUT 0. GATE 0 and 1 are tied high, GATE 2 is low at first. */
Pit *pit_new (Bus *io, Clock *clock, Irq irq0);
void pit_free (Pit *pit);
void pit_reset (Pit *pit);

/* A CPU has taken the last tick of OUT 0. Without a word of that, ticks that are late are as good
 * as one; with it they are caught up with. */
void pit_tick_taken (Pit *pit);
/* Whether irq0 leads nowhere at the moment, so that no tick is missed. */
void pit_set_masked (Pit *pit, bool (*is_masked) (void *data), void *data);

void pit_set_gate2 (Pit *pit, bool level);
bool pit_get_gate2 (const Pit *pit);
bool pit_get_out2 (Pit *pit);

StateSection pit_state (Pit *pit);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Pit, pit_free)
