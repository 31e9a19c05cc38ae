/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "pci.h"

/* MSI-X (PCI 3.0, 6.8.2): a table of messages in a BAR of its own, and what is pending. */
typedef struct PciMsix PciMsix;

#define PCI_MSIX_MAX 64

/* n is 1 to PCI_MSIX_MAX vectors; bar is taken for the table. */
PciMsix *pci_msix_new (PciFunction *function, unsigned bar, unsigned n);
void pci_msix_free (PciMsix *msix);
void pci_msix_reset (PciMsix *msix);
/* Whether the function interrupts by messages and not by its pin. */
bool pci_msix_is_enabled (const PciMsix *msix);
/* Sends the message of a vector, once it is not masked. A vector that there is not sends none. */
void pci_msix_send (PciMsix *msix, unsigned vector);
unsigned pci_msix_get_count (const PciMsix *msix);
/* To be called after a write to configuration space: what was masked may be sent now. */
void pci_msix_config_written (PciMsix *msix);

StateSection pci_msix_state (PciMsix *msix);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PciMsix, pci_msix_free)
