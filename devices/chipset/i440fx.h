/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "devices/pci/pci.h"

/* The host bridge: 82441FX PMC at 00:00.0. It decodes the configuration ports CF8h to CFFh (with
 * CF9h, reset control, of the PIIX3 between them) and shadows C0000h to FFFFFh with RAM. */
typedef struct I440fx I440fx;

/* ram is the block whose byte 0 is physical address 0; at least 1 MiB. reset_request is called when
 * the guest resets the machine through CF9h, init_request when it resets the CPUs only. */
I440fx *i440fx_new (Bus *io, PciBus *bus, Memory *memory, MemoryBlock *ram,
                    void (*reset_request) (void *data), void (*init_request) (void *data),
                    void *data);
void i440fx_free (I440fx *i440fx);

/* The address register; the rest is in the PCI function's state, to be loaded as well. */
StateSection i440fx_state (I440fx *i440fx);
PciFunction *i440fx_get_function (I440fx *i440fx);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (I440fx, i440fx_free)
