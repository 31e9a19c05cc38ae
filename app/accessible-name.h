/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

/* Gives the buttons that a widget of GTK or libadwaita has inside itself, and leaves without a
 * name, one that a screen reader can say. */
void accessible_name_buttons (GtkWidget *widget, const char *name);
