/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ps2-keyboard.h"
#include "ps2-mouse.h"
#include "vmm-core/bus.h"
#include "vmm-core/irq.h"

/* The keyboard controller 8042 of the PS/2, at 60h and 64h. */
typedef struct I8042 I8042;

/* a20 is high while the output port lets address line 20 through; init_request is called when its
 * bit 0 is pulled low. */
I8042 *i8042_new (Bus *io, Ps2Keyboard *keyboard, Ps2Mouse *mouse, Clock *clock, Irq irq1,
                  Irq irq12, Irq a20, void (*init_request) (void *data), void *data);
void i8042_free (I8042 *i8042);
/* The keyboard and the mouse have resets of their own. */
void i8042_reset (I8042 *i8042);

StateSection i8042_state (I8042 *i8042);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (I8042, i8042_free)
