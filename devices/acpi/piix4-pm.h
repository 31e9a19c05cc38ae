/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "devices/pci/pci.h"
#include "vmm-core/clock.h"

/* The power management function of the 82371AB PIIX4: ACPI's PM1, PM timer and GPE0 registers at
 * the ports PMBASE names, and the SMI command port B2h with its status port B3h. */
typedef struct Piix4Pm Piix4Pm;

/* Where firmware puts PMBASE, and the tables say it is; and the values for port B2h. */
#define PIIX4_PM_BASE 0x600
#define PIIX4_PM_ACPI_ENABLE 0xf1
#define PIIX4_PM_ACPI_DISABLE 0xf0

/* sci is interrupt 9. power_off is called when the guest enters S5. */
Piix4Pm *piix4_pm_new (Bus *io, PciBus *bus, unsigned slot, unsigned function, Clock *clock,
                       Irq sci, void (*power_off) (void *data), void *data);
void piix4_pm_free (Piix4Pm *pm);

void piix4_pm_press_power_button (Piix4Pm *pm);

/* To be loaded after the PCI function's state. */
StateSection piix4_pm_state (Piix4Pm *pm);
PciFunction *piix4_pm_get_function (Piix4Pm *pm);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Piix4Pm, piix4_pm_free)
