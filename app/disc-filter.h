/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

/* Lets a file chooser show disc images first, and all files to who asks for them. */
void disc_filter_add (GtkFileChooser *chooser);
