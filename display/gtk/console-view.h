/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "release-keys.h"

G_BEGIN_DECLS

#define CONSOLE_TYPE_VIEW (console_view_get_type ())
G_DECLARE_FINAL_TYPE (ConsoleView, console_view, CONSOLE, VIEW, GtkWidget)

/* The screen of a running machine, and its keyboard and pointer: a client of org.qemu.Display1.
 *
 * Properties:
 *   "connection" (GDBusConnection, nullable): the machine's peer-to-peer connection;
 *   "connected" (boolean, read-only): pictures arrive. FALSE again when the machine is gone; the
 * last picture stays until another connection is set; "grabbed" (boolean, read-only): system
 * shortcuts and, for a guest with a relative pointer, the pointer belong to the guest. The release
 * keys end it. While it is TRUE the application should have no shortcuts of its own; "release-keys"
 * (ReleaseKeys, left Ctrl+Alt at first); "has-keyboard" (boolean, read-only): keys go to the guest,
 * grabbed or not: the widget has the focus of the active window. The release keys end that, too;
 * "scaling" (boolean, TRUE at first): fit the picture into the widget, in proportion; FALSE: one
 * pixel for one pixel. The widget then asks for the whole size: put it into a GtkScrolledWindow.
 * "guest-width", "guest-height" (uint, read-only): pixels of the guest's screen, 0 before the
 * first. */
GtkWidget *console_view_new (void);

void console_view_set_connection (ConsoleView *view, GDBusConnection *connection);
GDBusConnection *console_view_get_connection (ConsoleView *view);
gboolean console_view_get_connected (ConsoleView *view);
void console_view_set_scaling (ConsoleView *view, gboolean scaling);
gboolean console_view_get_scaling (ConsoleView *view);

void console_view_set_release_keys (ConsoleView *view, ReleaseKeys keys);
ReleaseKeys console_view_get_release_keys (ConsoleView *view);

/* Take and give back the keyboard and pointer; a click into the widget takes them, too. */
void console_view_grab (ConsoleView *view);
void console_view_ungrab (ConsoleView *view);
gboolean console_view_get_grabbed (ConsoleView *view);
gboolean console_view_has_keyboard (ConsoleView *view);

/* The guest's screen as it is now, for thumbnails; NULL before the first picture. */
GdkTexture *console_view_dup_texture (ConsoleView *view);

G_END_DECLS
