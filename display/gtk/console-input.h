/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "release-keys.h"

/* The keyboard and pointer of a widget as a client of org.qemu.Display1.Keyboard and .Mouse, and
 * the grab with its release keys. */
typedef struct ConsoleInput ConsoleInput;

typedef struct
{
  /* The pixel of the guest's screen at a point of the widget; FALSE: there is no picture. */
  gboolean (*locate) (void *data, double x, double y, unsigned *guest_x, unsigned *guest_y);
  /* The guest got or lost the keyboard, the grab began or ended, or its pointer changed its kind.
   */
  void (*changed) (void *data);
} ConsoleInputOps;

/* Adds its controllers to widget, which must be focusable. */
ConsoleInput *console_input_new (GtkWidget *widget, const ConsoleInputOps *ops, void *data);
/* While the widget still has its controllers: in its dispose. */
void console_input_free (ConsoleInput *input);

/* NULL: events go nowhere. */
void console_input_set_connection (ConsoleInput *input, GDBusConnection *connection);
void console_input_set_release_keys (ConsoleInput *input, ReleaseKeys keys);
/* Whether a grab takes those keys, too, that the desktop has for itself; TRUE at first. */
void console_input_set_system_shortcuts (ConsoleInput *input, gboolean system_shortcuts);
void console_input_grab (ConsoleInput *input);
void console_input_ungrab (ConsoleInput *input);
gboolean console_input_is_grabbed (const ConsoleInput *input);
/* Keys go to the guest. */
gboolean console_input_has_keyboard (const ConsoleInput *input);
/* The guest's pointer takes positions: no need to take the person's. */
gboolean console_input_is_absolute (const ConsoleInput *input);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ConsoleInput, console_input_free)
