/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "file-row.h"

/* The label is the row's own; it has a style class, but no property for this. */
static void
ellipsize_middle (GtkWidget *widget)
{
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (GTK_IS_LABEL (child) && gtk_widget_has_css_class (child, "subtitle"))
      gtk_label_set_ellipsize (GTK_LABEL (child), PANGO_ELLIPSIZE_MIDDLE);
    else
      ellipsize_middle (child);
}

void
file_row_show (AdwActionRow *row, const char *path, const char *otherwise)
{
  g_autofree char *name = path != NULL ? g_filename_display_basename (path) : NULL;
  g_autofree char *full = path != NULL ? g_filename_display_name (path) : NULL;

  adw_action_row_set_subtitle_lines (row, path != NULL ? 1 : 0);
  if (path != NULL)
    ellipsize_middle (GTK_WIDGET (row));
  adw_action_row_set_subtitle (row, name != NULL ? name : otherwise);
  gtk_widget_set_tooltip_text (GTK_WIDGET (row), full);
}
