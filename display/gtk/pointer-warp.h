/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

/* Puts the pointer to (x, y) of the widget. Tells where it was the instant before, and the display
 * server's time afterwards: motion events up to that time may be from before the leap. FALSE where
 * the display server has no such thing (Wayland): the caller then lives with the pointer's own
 * limits. */
gboolean pointer_warp (GtkWidget *widget, double x, double y, double *was_x, double *was_y,
                       guint32 *time);
