/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "display/input.h"
#include "vmm-core/clock.h"
#include "vmm-core/state.h"

#include <stdbool.h>

/* A PS/2 keyboard with scan code sets 1, 2 and 3. It takes keys from input and shows its lamps
 * there. */
typedef struct Ps2Keyboard Ps2Keyboard;

Ps2Keyboard *ps2_keyboard_new (Input *input, Clock *clock);
void ps2_keyboard_free (Ps2Keyboard *keyboard);
void ps2_keyboard_reset (Ps2Keyboard *keyboard); /* power on */

/* The other end of the cable: ready is called when there is something to read. */
void ps2_keyboard_connect (Ps2Keyboard *keyboard, void (*ready) (void *host), void *host);
void ps2_keyboard_write (Ps2Keyboard *keyboard, uint8_t byte);
bool ps2_keyboard_has_data (const Ps2Keyboard *keyboard);
uint8_t ps2_keyboard_read (Ps2Keyboard *keyboard);

StateSection ps2_keyboard_state (Ps2Keyboard *keyboard);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Ps2Keyboard, ps2_keyboard_free)
