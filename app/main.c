/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guesthouse: the application. */
#include <signal.h>

#include "application.h"
#include "display/gtk/software-graphics.h"
#include "vmm-core/run/translations.h"

int
main (int argc, char **argv)
{
  g_autoptr (Application) application = NULL;

  signal (SIGXFSZ, SIG_IGN); /* a file that may not grow is an error of the write */
  translations_init ();
  application_find_schemas ();
  software_graphics_choose_renderer ();
  g_set_application_name ("Guesthouse");
  gtk_window_set_default_icon_name ("org.guesthouse.Guesthouse");
  application = application_new ();
  return g_application_run (G_APPLICATION (application), argc, argv);
}
