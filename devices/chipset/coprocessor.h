/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vmm-core/bus.h"
#include "vmm-core/irq.h"
#include "vmm-core/state.h"

/* The PIIX's coprocessor error logic: FERR# becomes IRQ 13 until software writes to port F0h. */
typedef struct Coprocessor Coprocessor;

Coprocessor *coprocessor_new (Bus *io, Irq irq13);
void coprocessor_free (Coprocessor *coprocessor);
void coprocessor_reset (Coprocessor *coprocessor);

/* The CPUs' FERR# output, of the shape AccelMachine.set_ferr wants; only assertion counts. */
void coprocessor_set_ferr (void *coprocessor, bool level);

StateSection coprocessor_state (Coprocessor *coprocessor);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Coprocessor, coprocessor_free)
