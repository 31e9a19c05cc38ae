/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "socket-folder.h"

#include <glib/gstdio.h>
#include <sys/types.h>
#include <unistd.h>

/* What is not there yet can be made; what is another user's is not for us. */
static gboolean
is_ours (const char *folder, gboolean must_exist)
{
  GStatBuf about;

  if (g_lstat (folder, &about) < 0)
    return !must_exist;
  return about.st_uid == geteuid ()
         && (!must_exist || (S_ISDIR (about.st_mode) && (about.st_mode & 077) == 0));
}

char *
socket_folder_dup_control (const char *uuid)
{
  const char *given = g_getenv ("XDG_RUNTIME_DIR");
  g_autofree char *usual = g_strdup_printf ("/run/user/%u", (unsigned) geteuid ());
  const char *places[] = {
    given != NULL && g_path_is_absolute (given) && is_ours (given, FALSE) ? given : NULL,
    is_ours (usual, TRUE) ? usual : NULL,
    g_get_user_cache_dir (),
  };
  char *first = NULL;

  for (unsigned i = 0; i < G_N_ELEMENTS (places); i++)
    {
      char *control = places[i] != NULL
                        ? g_build_filename (places[i], "guesthouse", uuid, "control", NULL)
                        : NULL;

      if (control != NULL && g_file_test (control, G_FILE_TEST_EXISTS))
        {
          g_free (first);
          return control;
        }
      if (first == NULL)
        first = control;
      else
        g_free (control);
    }
  return first;
}
