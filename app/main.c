/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guesthouse: the application. */
#include <glib/gi18n.h>
#include <locale.h>

#include "application.h"

int
main (int argc, char **argv)
{
  g_autoptr (Application) application = NULL;
  g_autofree char *locale = application_dup_locale_folder ();

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, locale);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  application_use_build_tree ();
  g_set_application_name ("Guesthouse");
  gtk_window_set_default_icon_name ("org.guesthouse.Guesthouse");
  application = application_new ();
  return g_application_run (G_APPLICATION (application), argc, argv);
}
