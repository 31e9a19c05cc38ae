/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "accessible-name.h"

void
accessible_name_buttons (GtkWidget *widget, const char *name)
{
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      gboolean labelled
        = GTK_IS_BUTTON (child) && gtk_button_get_label (GTK_BUTTON (child)) != NULL;

      if (GTK_IS_POPOVER (child) || labelled)
        continue;
      if (GTK_IS_BUTTON (child) || GTK_IS_MENU_BUTTON (child))
        gtk_accessible_update_property (GTK_ACCESSIBLE (child), GTK_ACCESSIBLE_PROPERTY_LABEL, name,
                                        -1);
      accessible_name_buttons (child, name);
    }
}
