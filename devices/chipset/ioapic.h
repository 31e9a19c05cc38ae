/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vmm-core/bus.h"
#include "vmm-core/irq.h"
#include "vmm-core/state.h"

/* The I/O APIC: an 82093AA of version 20h, with 24 inputs and an EOI register, at FEC00000h. */
typedef struct Ioapic Ioapic;

#define IOAPIC_BASE 0xfec00000
#define IOAPIC_N_PINS 24

/* send_msi puts a message on the bus to the local APICs, in the form of a message-signalled
 * interrupt. */
Ioapic *ioapic_new (Bus *mmio, void (*send_msi) (void *target, uint64_t address, uint32_t data),
                    void *target);
void ioapic_free (Ioapic *ioapic);
void ioapic_reset (Ioapic *ioapic);

/* An asserted line is high, whatever the polarity bit of its entry says. */
Irq ioapic_get_irq (Ioapic *ioapic, unsigned pin);
/* Whether an edge at the pin cannot lead to an interrupt. */
bool ioapic_is_masked (const Ioapic *ioapic, unsigned pin);
/* Whether that vector is what an edge at the pin leads to. */
bool ioapic_is_vector_of (const Ioapic *ioapic, unsigned pin, uint8_t vector);
/* A local APIC ended a level-triggered interrupt. */
void ioapic_eoi (Ioapic *ioapic, uint8_t vector);

StateSection ioapic_state (Ioapic *ioapic);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Ioapic, ioapic_free)
