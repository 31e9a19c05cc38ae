/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "drive-list.h"

#include <glib/gi18n.h>
#include <unistd.h>

#define NUMBERS 4 /* of each kind */

static const char *const groups[2][NUMBERS]
  = { { "disk0", "disk1", "disk2", "disk3" }, { "cd0", "cd1", "cd2", "cd3" } };

static void
entry_free (gpointer data)
{
  DriveListEntry *entry = data;

  g_free (entry->id);
  g_free (entry->file);
  g_free (entry);
}

GPtrArray *
drive_list_read (GKeyFile *conf)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (entry_free);

  for (unsigned cd = 0; cd < 2; cd++)
    for (unsigned n = 0; n < NUMBERS; n++)
      {
        DriveListEntry *entry;

        if (!g_key_file_has_group (conf, groups[cd][n]))
          continue;
        entry = g_new0 (DriveListEntry, 1);
        entry->id = g_strdup (groups[cd][n]);
        entry->cd = cd;
        entry->file = g_key_file_get_string (conf, entry->id, "file", NULL);
        if (entry->file != NULL && *entry->file == '\0')
          g_clear_pointer (&entry->file, g_free);
        g_ptr_array_add (list, entry);
      }
  return list;
}

gboolean
drive_list_has_room (GKeyFile *conf)
{
  g_autoptr (GPtrArray) list = drive_list_read (conf);

  return list->len < MACHINE_CONFIG_DRIVES;
}

const char *
drive_list_add (GKeyFile *conf, gboolean cd, const char *folder, const char *file)
{
  if (!drive_list_has_room (conf))
    return NULL;
  for (unsigned n = 0; n < NUMBERS; n++)
    if (!g_key_file_has_group (conf, groups[cd != FALSE][n]))
      {
        drive_list_set_file (conf, groups[cd != FALSE][n], folder, file);
        return groups[cd != FALSE][n];
      }
  return NULL;
}

gboolean
drive_list_check_name (const char *path, GError **error)
{
  g_autofree char *shown = g_filename_display_name (path);

  if (g_utf8_validate (path, -1, NULL))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME,
               _ ("The name of “%s” is not UTF-8 text, so machine.conf cannot have it: rename the "
                  "file or its folder."),
               shown);
  return FALSE;
}

gboolean
drive_list_check_file (const char *path, GError **error)
{
  if (!drive_list_check_name (path, error))
    return FALSE;
  if (access (path, R_OK) == 0 && !g_file_test (path, G_FILE_TEST_IS_DIR))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, _ ("“%s” cannot be read: check the path."),
               path);
  return FALSE;
}

void
drive_list_set_file (GKeyFile *conf, const char *id, const char *folder, const char *file)
{
  g_autoptr (GFile) base = g_file_new_for_path (folder);
  g_autoptr (GFile) target = g_file_new_for_path (file != NULL ? file : folder);
  g_autofree char *relative = file != NULL ? g_file_get_relative_path (base, target) : NULL;

  g_key_file_set_string (conf, id, "file", relative != NULL ? relative : file != NULL ? file : "");
}

void
drive_list_remove (GKeyFile *conf, const char *id)
{
  g_key_file_remove_group (conf, id, NULL);
}
