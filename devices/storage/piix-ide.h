/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ide.h"

/* The IDE function of the 82371SB PIIX3 at 00:01.1: bus master registers in BAR 4 for the two
 * channels at their legacy ports. */
typedef struct PiixIde PiixIde;

/* The channels outlive the function. */
PiixIde *piix_ide_new (PciBus *bus, unsigned slot, unsigned function, IdeChannel *channels[2]);
void piix_ide_free (PiixIde *ide);

PciFunction *piix_ide_get_function (PiixIde *ide);
StateSection piix_ide_state (PiixIde *ide);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PiixIde, piix_ide_free)
