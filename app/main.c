/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guesthouse: the application. */
#include "application.h"
#include "vmm-core/run/translations.h"

int
main (int argc, char **argv)
{
  g_autoptr (Application) application = NULL;

  translations_init ();
  application_use_build_tree ();
  g_set_application_name ("Guesthouse");
  gtk_window_set_default_icon_name ("org.guesthouse.Guesthouse");
  application = application_new ();
  return g_application_run (G_APPLICATION (application), argc, argv);
}
