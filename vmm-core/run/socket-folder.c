/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "socket-folder.h"

#include <glib/gstdio.h>
#include <string.h>
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

/* Each instance of a Flatpak has an $XDG_RUNTIME_DIR of its own; they share this folder of it. */
static char *
dup_flatpak (const char *given)
{
  const char *id = g_getenv ("FLATPAK_ID");

  return id != NULL && *id != '\0' && strchr (id, '/') == NULL && given != NULL
           ? g_build_filename (given, "app", id, NULL)
           : NULL;
}

char *
socket_folder_dup_control (const char *uuid)
{
  const char *given = g_getenv ("XDG_RUNTIME_DIR");
  g_autofree char *usual = g_strdup_printf ("/run/user/%u", (unsigned) geteuid ());
  g_autofree char *flatpak = dup_flatpak (given);
  const char *places[] = {
    flatpak != NULL && g_path_is_absolute (flatpak) && is_ours (flatpak, FALSE) ? flatpak : NULL,
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
