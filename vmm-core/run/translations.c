/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "translations.h"

#include <gio/gio.h>
#include <libintl.h>
#include <locale.h>

#include "installed-file.h"

/* The build tree's po folder, seen from the programs' folders in it; NULL if there is none. */
static char *
dup_built_folder (void)
{
  static const char *const places[] = { "../po", "../../po" };
  g_autofree char *folder = installed_file_dup_program_folder ();

  for (unsigned i = 0; i < G_N_ELEMENTS (places); i++)
    {
      g_autofree char *path = g_canonicalize_filename (places[i], folder);

      if (g_file_test (path, G_FILE_TEST_IS_DIR))
        return g_steal_pointer (&path);
    }
  return NULL;
}

void
translations_init (void)
{
  g_autofree char *built = dup_built_folder ();
  g_autofree char *installed = installed_file_dup_path (LOCALEDIR);

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, built != NULL ? built : installed);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
}
