/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "real-path.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_LINKS 40 /* as the kernel has it */

/* The path that takes path's place when its last component is a link, or NULL. */
static char *
follow (const char *path)
{
  g_autofree char *target = g_file_read_link (path, NULL);
  g_autofree char *folder = g_path_get_dirname (path);

  return target != NULL ? g_canonicalize_filename (target, folder) : NULL;
}

/* Resolves what exists of a path, and appends the rest of the name. */
static char *
resolve_existing (const char *path)
{
  char *real = realpath (path, NULL);
  g_autofree char *folder = NULL, *name = NULL, *real_folder = NULL;
  char *result;

  if (real != NULL)
    {
      result = g_strdup (real);
      free (real);
      return result;
    }
  if (g_str_equal (path, "/"))
    return g_strdup (path);
  folder = g_path_get_dirname (path);
  name = g_path_get_basename (path);
  real_folder = resolve_existing (folder);
  return g_build_filename (real_folder, name, NULL);
}

char *
real_path_resolve (const char *path)
{
  g_autofree char *current = g_path_is_absolute (path) ? g_strdup (path) : NULL;
  char *resolved;

  if (current == NULL)
    {
      g_autofree char *here = g_get_current_dir ();

      current = g_build_filename (here, path, NULL);
    }
  resolved = resolve_existing (current);
  /* A link to what does not exist yet: what is made is made there. */
  for (unsigned links = 0; links < MAX_LINKS; links++)
    {
      g_autofree char *next = follow (resolved);

      if (next == NULL)
        break;
      g_free (resolved);
      resolved = resolve_existing (next);
    }
  /* “..” behind a folder that does not exist is left. */
  g_free (current);
  current = g_steal_pointer (&resolved);
  return g_canonicalize_filename (current, NULL);
}

char *
real_path_in (const char *folder, const char *name)
{
  g_autofree char *real = real_path_resolve (folder);

  return g_build_filename (real, name, NULL);
}

/* Where links are the system's own, and many; but anybody makes files in /dev/shm. */
static gboolean
is_of_system (const char *path)
{
  return (g_str_has_prefix (path, "/dev/") || g_str_has_prefix (path, "/usr/"))
         && !g_str_has_prefix (path, "/dev/shm/") && strstr (path, "/.") == NULL
         && strstr (path, "//") == NULL;
}

/* Walked from folder to folder: openat2 (RESOLVE_NO_SYMLINKS) would do it at once, but not on every
 * kernel and in every container. */
int
real_path_open (const char *path, int flags, mode_t mode)
{
  g_autofree char *rest = g_strdup (path);
  char *name = rest;
  int folder;

  if (is_of_system (path))
    return open (path, flags | O_CLOEXEC, mode);
  folder = open (*path == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
  for (;;)
    {
      char *slash;
      gboolean last;
      int fd, saved;

      name += strspn (name, "/");
      slash = strchr (name, '/');
      last = slash == NULL;
      if (!last)
        *slash = '\0';
      fd = g_str_equal (name, "..") ? -1
           : last                   ? openat (folder, name, flags | O_NOFOLLOW | O_CLOEXEC, mode)
                  : openat (folder, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
      saved = g_str_equal (name, "..") ? ELOOP : errno;
      if (folder >= 0)
        close (folder);
      errno = saved;
      if (fd < 0 || last)
        return fd;
      folder = fd;
      name = slash + 1;
    }
}
