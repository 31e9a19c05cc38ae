/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

/* Puts the pointer to a point of the widget. FALSE where the display server has no such thing
 * (Wayland): the caller then lives with the pointer's own limits. */
gboolean pointer_warp (GtkWidget *widget, double x, double y);
