/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "drive-list.h"

#include <glib/gi18n.h>
#include <unistd.h>

#include "device-conf.h"

static const char *const kinds[] = { "disk", "cd" };

static void
entry_free (gpointer data)
{
  DriveListEntry *entry = data;

  g_free (entry->id);
  g_free (entry->file);
  g_free (entry);
}

static DriveListEntry *
read_entry (GKeyFile *conf, char *id, gboolean cd)
{
  DriveListEntry *entry = g_new0 (DriveListEntry, 1);

  entry->id = id;
  entry->cd = cd;
  entry->file = g_key_file_get_string (conf, id, "file", NULL);
  if (entry->file != NULL && *entry->file == '\0')
    g_clear_pointer (&entry->file, g_free);
  return entry;
}

GPtrArray *
drive_list_read (GKeyFile *conf)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (entry_free);

  for (unsigned cd = 0; cd < 2; cd++)
    for (unsigned n = 0; n < catalog_find (kinds[cd], NULL)->max; n++)
      {
        g_autofree char *id = g_strdup_printf ("%s%u", kinds[cd], n);

        if (g_key_file_has_group (conf, id))
          g_ptr_array_add (list, read_entry (conf, g_steal_pointer (&id), cd));
      }
  return list;
}

gboolean
drive_list_has_room (GKeyFile *conf)
{
  return device_conf_has_room (conf, catalog_find ("disk", NULL));
}

const char *
drive_list_add (GKeyFile *conf, gboolean cd, const char *folder, const char *file)
{
  const char *id = device_conf_get_free (conf, catalog_find (kinds[cd != FALSE], NULL));

  if (id != NULL)
    drive_list_set_file (conf, id, folder, file);
  return id;
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
  const DeviceModel *model = device_conf_get_model (conf, id);

  device_conf_set (conf, id, catalog_find_option (model, "file"), folder, file);
}

void
drive_list_remove (GKeyFile *conf, const char *id)
{
  g_key_file_remove_group (conf, id, NULL);
}
