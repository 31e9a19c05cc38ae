/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "display/input.h"
#include "vmm-core/state.h"

#include <stdbool.h>

/* A PS/2 mouse, with the wheel and the five buttons of the IntelliMouse once its driver knocks. */
typedef struct Ps2Mouse Ps2Mouse;

Ps2Mouse *ps2_mouse_new (Input *input);
void ps2_mouse_free (Ps2Mouse *mouse);
void ps2_mouse_reset (Ps2Mouse *mouse); /* power on */

/* The other end of the cable: ready is called when there is something to read. */
void ps2_mouse_connect (Ps2Mouse *mouse, void (*ready) (void *host), void *host);
void ps2_mouse_write (Ps2Mouse *mouse, uint8_t byte);
bool ps2_mouse_has_data (const Ps2Mouse *mouse);
uint8_t ps2_mouse_read (Ps2Mouse *mouse);

StateSection ps2_mouse_state (Ps2Mouse *mouse);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Ps2Mouse, ps2_mouse_free)
