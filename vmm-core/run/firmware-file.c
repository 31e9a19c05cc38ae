/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "firmware-file.h"

#include <glib.h>
#include <unistd.h>

#include "installed-file.h"

char *
firmware_file_dup_path (const char *named, const char *file)
{
  g_autofree char *installed = installed_file_dup_path (DATADIR "/seabios");
  const char *folders[] = { installed, "/usr/share/seabios", "/usr/share/qemu" };

  if (named != NULL)
    return g_strdup (named);
  for (unsigned i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      g_autofree char *path = g_build_filename (folders[i], file, NULL);

      if (access (path, R_OK) == 0)
        return g_steal_pointer (&path);
    }
  return NULL;
}
