/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vmm-core/bus.h"
#include "vmm-core/chardev.h"

/* The debug console that firmware writes to: one port, usually 402h. */
typedef struct Debugcon Debugcon;

Debugcon *debugcon_new (Bus *io, uint16_t port, Chardev *chardev);
void debugcon_free (Debugcon *debugcon);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Debugcon, debugcon_free)
