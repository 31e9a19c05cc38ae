/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "devices/pci/pci.h"
#include "pic.h"
#include "pirq.h"
#include "pit.h"

/* The ISA bridge of the 82371SB PIIX3 at 00:01.0: the routing of PCI interrupts, edge/level control
 * (4D0h, 4D1h), NMI status and control (61h) and the fast A20 and reset of port 92h. */
typedef struct Piix3 Piix3;

/* a20 is high while port 92h lets address line 20 through. init_request is called when port 92h
 * asks for an INIT of the CPUs. GATE 2 of pit is driven by port 61h. */
Piix3 *piix3_new (Bus *io, PciBus *bus, Pirq *pirq, Pic *pic, Pit *pit, Clock *clock, Irq a20,
                  void (*init_request) (void *data), void *data);
void piix3_free (Piix3 *piix3);

/* Port 61h and 92h; the rest is in the PCI function's, the router's and the PIC's states. */
StateSection piix3_state (Piix3 *piix3);
PciFunction *piix3_get_function (Piix3 *piix3);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Piix3, piix3_free)
