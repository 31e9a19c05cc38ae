/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "release-keys.h"

/* The keyboard of a widget as a client of org.qemu.Display1.Keyboard. */
typedef struct ConsoleKeyboard ConsoleKeyboard;

/* released: the release keys, at first left Ctrl+Alt, were pressed and let go. Adds its controller
 * to widget. */
ConsoleKeyboard *console_keyboard_new (GtkWidget *widget, void (*released) (void *data),
                                       void *data);
/* While the widget still has its controllers: in its dispose. */
void console_keyboard_free (ConsoleKeyboard *keyboard);

void console_keyboard_set_release_keys (ConsoleKeyboard *keyboard, ReleaseKeys keys);
/* NULL: keys go nowhere. */
void console_keyboard_set_connection (ConsoleKeyboard *keyboard, GDBusConnection *connection);
/* The widget got the keyboard: Caps Lock and Num Lock are pressed where the guest's lamps differ
 * from the person's. */
void console_keyboard_enter (ConsoleKeyboard *keyboard);
/* The widget lost it: no key stays down. */
void console_keyboard_leave (ConsoleKeyboard *keyboard);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ConsoleKeyboard, console_keyboard_free)
