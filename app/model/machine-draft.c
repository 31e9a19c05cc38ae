/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-draft.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "vmm-core/run/machine-config.h"

#define PREFIX_OF_NAME ".guesthouse-"

static gboolean
remove_tree (GFile *file, GError **error)
{
  g_autoptr (GFileEnumerator) children = NULL;
  GFile *child;

  if (g_file_query_file_type (file, G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, NULL)
      == G_FILE_TYPE_DIRECTORY)
    children = g_file_enumerate_children (file, G_FILE_ATTRIBUTE_STANDARD_NAME,
                                          G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, NULL, NULL);
  while (children != NULL && g_file_enumerator_iterate (children, NULL, &child, NULL, NULL)
         && child != NULL)
    if (!remove_tree (child, error))
      return FALSE;
  return g_file_delete (file, NULL, error);
}

gboolean
machine_draft_remove (const char *folder, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (folder);

  return remove_tree (file, error);
}

static void
sweep (const char *root)
{
  g_autoptr (GDir) dir = g_dir_open (root, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *draft = g_build_filename (root, name, NULL);
      int lock = g_str_has_prefix (name, PREFIX_OF_NAME)
                   ? machine_config_lock_folder (draft, 0, NULL)
                   : -1;

      if (lock < 0)
        continue;
      machine_draft_remove (draft, NULL);
      close (lock);
    }
}

/* An empty, hidden folder in root. */
static char *
make (const char *root, GError **error)
{
  g_autofree char *draft = g_build_filename (root, PREFIX_OF_NAME "XXXXXX", NULL);
  g_autofree char *shown = NULL;

  if (g_mkdtemp_full (draft, 0700) != NULL)
    return g_steal_pointer (&draft);
  shown = g_filename_display_name (root);
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
               _ ("The folder “%s” cannot be changed: %s. Make room or change its permissions."),
               shown, g_strerror (errno));
  return NULL;
}

char *
machine_draft_new (const char *root, int *lock, GError **error)
{
  g_autofree char *draft = NULL;

  sweep (root);
  draft = make (root, error);
  if (draft == NULL)
    return NULL;
  *lock = machine_config_lock_folder (draft, 0, error);
  if (*lock >= 0)
    return g_steal_pointer (&draft);
  g_rmdir (draft);
  return NULL;
}

char *
machine_draft_hide (const char *folder, GError **error)
{
  g_autofree char *root = g_path_get_dirname (folder);
  g_autofree char *draft = make (root, error);

  if (draft == NULL)
    return NULL;
  /* An empty folder makes room for another. */
  if (g_rename (folder, draft) == 0)
    return g_steal_pointer (&draft);
  g_rmdir (draft);
  return g_strdup (folder);
}
