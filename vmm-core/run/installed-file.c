/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "installed-file.h"

#include <glib.h>

char *
installed_file_dup_program_folder (void)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);

  return g_path_get_dirname (self != NULL ? self : ".");
}

char *
installed_file_dup_path (const char *name)
{
  g_autofree char *programs = installed_file_dup_program_folder ();
  g_autofree char *prefix = g_path_get_dirname (programs);
  g_autofree char *path = g_canonicalize_filename (name, prefix);

  if (g_file_test (path, G_FILE_TEST_EXISTS))
    return g_steal_pointer (&path);
  return g_canonicalize_filename (name, PREFIX);
}
