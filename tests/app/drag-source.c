/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A window that is a file to drag, as in a file manager.
 *
 *   drag-source FILE */
#include <gtk/gtk.h>

#define SIZE 120

int
main (int argc, char **argv)
{
  g_autoptr (GFile) file = NULL;
  GtkDragSource *source;
  GtkWidget *window;

  gtk_init ();
  if (argc != 2)
    return 2;
  file = g_file_new_for_commandline_arg (argv[1]);
  source = gtk_drag_source_new ();
  gtk_drag_source_set_content (source, gdk_content_provider_new_typed (G_TYPE_FILE, file));
  window = gtk_window_new ();
  gtk_window_set_title (GTK_WINDOW (window), "A file to drag");
  gtk_window_set_decorated (GTK_WINDOW (window), FALSE);
  gtk_window_set_default_size (GTK_WINDOW (window), SIZE, SIZE);
  gtk_widget_add_controller (window, GTK_EVENT_CONTROLLER (source));
  gtk_window_present (GTK_WINDOW (window));
  while (TRUE)
    g_main_context_iteration (NULL, TRUE);
}
