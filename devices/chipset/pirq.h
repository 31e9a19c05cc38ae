/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vmm-core/irq.h"
#include "vmm-core/state.h"

/* The PCI interrupt router of the PIIX3: four inputs PIRQA# to PIRQD#, each led to one of the ISA
 * interrupts by its route control register. Made before the PCI bus, whose pins it receives. */
typedef struct Pirq Pirq;

/* isa are the lines of ISA interrupts 0 to 15, shared with other devices of the same line. */
Pirq *pirq_new (const Irq isa[16]);
void pirq_free (Pirq *pirq);
void pirq_reset (Pirq *pirq);

/* The lines for pci_bus_new: INTA# of slot 1 arrives at PIRQA#, as on the usual boards. */
void pirq_get_intx (Pirq *pirq, Irq intx[4]);

/* PIRQRC of PIRQA# (0) to PIRQD# (3): bit 7 disables, bits 0 to 3 are the ISA interrupt. Interrupts
 * 0 to 2, 8 and 13 are reserved and lead nowhere. */
void pirq_set_route (Pirq *pirq, unsigned n, uint8_t pirqrc);

StateSection pirq_state (Pirq *pirq);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Pirq, pirq_free)
