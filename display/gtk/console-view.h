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
 *   "release-keys" (ReleaseKeys, left Ctrl+Alt at first): what takes the keyboard back;
 *   "has-keyboard" (boolean, read-only, told when a grab comes or goes, too): keys go to the guest,
 *     grabbed or not: the widget has the focus of the active window. While it is TRUE the
 *     application should have no shortcuts of its own;
 *   "system-shortcuts" (boolean, write-only, TRUE at first): a grab takes the keys that the desktop
 * has for itself, too; "scaling" (boolean, TRUE at first): fit the picture into the widget, in
 * proportion; FALSE: one pixel for one pixel. The widget then asks for the whole size: put it into
 * a GtkScrolledWindow. */
GtkWidget *console_view_new (void);

void console_view_set_connection (ConsoleView *view, GDBusConnection *connection);
/* Pictures arrive. FALSE again when the machine is gone; the last picture stays until another
 * connection is set. */
gboolean console_view_get_connected (ConsoleView *view);
void console_view_set_scaling (ConsoleView *view, gboolean scaling);

void console_view_set_release_keys (ConsoleView *view, ReleaseKeys keys);
ReleaseKeys console_view_get_release_keys (ConsoleView *view);

/* System shortcuts and, for a guest with a relative pointer, the pointer belong to the guest: from
 * a click into the widget until the release keys. */
gboolean console_view_get_grabbed (ConsoleView *view);
gboolean console_view_has_keyboard (ConsoleView *view);

/* The guest's screen as it is now; NULL before the first picture. */
GdkTexture *console_view_dup_texture (ConsoleView *view);

G_END_DECLS
