/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "disc-filter.h"

#include <glib/gi18n.h>

void
disc_filter_add (GtkFileChooser *chooser)
{
  g_autoptr (GtkFileFilter) discs = gtk_file_filter_new ();
  g_autoptr (GtkFileFilter) all = gtk_file_filter_new ();

  gtk_file_filter_set_name (discs, _ ("Disc images"));
  gtk_file_filter_add_suffix (discs, "iso");
  gtk_file_chooser_add_filter (chooser, discs);
  gtk_file_filter_set_name (all, _ ("All files"));
  gtk_file_filter_add_pattern (all, "*");
  gtk_file_chooser_add_filter (chooser, all);
}
