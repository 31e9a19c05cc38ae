/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "drive-commands.h"

#include <unistd.h>

#include "app/model/drive-list.h"
#include "app/model/machine-folder.h"
#include "vmm-core/run/machine-trust.h"

unsigned
drive_commands_parse_size (const char *text, GError **error)
{
  char *end;
  guint64 size = g_ascii_strtoull (text, &end, 10);

  if (size >= 1 && size <= 2048 && (*end == '\0' || (*end == 'G' && end[1] == '\0')))
    return size;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "“%s” is no size of a disk: give GiB between 1 and 2048, for example 20G.", text);
  return 0;
}

static gboolean
usage (GError **error, const char *command)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               "“%s” is used differently: see “guesthousectl --help”.", command);
  return FALSE;
}

/* Only what a start would accept is written. */
static gboolean
write_conf (GKeyFile *conf, const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, MACHINE_CONFIG_FILE, NULL);
  g_autoptr (MachineConfig) checked = machine_config_from_key_file (conf, folder, path, error);

  return checked != NULL && machine_trust_save (conf, folder, error);
}

static gboolean
check_readable (const char *path, GError **error)
{
  if (access (path, R_OK) == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, "“%s” cannot be read: check the path.",
               path);
  return FALSE;
}

static gboolean
check_room (GKeyFile *conf, const char *folder, GError **error)
{
  if (drive_list_has_room (conf))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
               "The machine in “%s” has four drives, the most it can have: remove one first.",
               folder);
  return FALSE;
}

static gboolean
add (GKeyFile *conf, gboolean cd, const char *folder, const char *path, GError **error)
{
  const char *drive = drive_list_add (conf, cd, folder, path);

  if (!write_conf (conf, folder, error))
    return FALSE;
  g_print ("%s\n", drive);
  return TRUE;
}

gboolean
drive_commands_add_disk (const char *folder, char **words, int n_words, GError **error)
{
  gboolean new = n_words == 2 && g_str_equal (words[0], "--size");
  unsigned size = new ? drive_commands_parse_size (words[1], error) : 0;
  g_autoptr (GKeyFile) conf = NULL;
  g_autofree char *name = NULL;
  g_autofree char *path = NULL;

  if (!new &&n_words != 1)
    return usage (error, "add-disk");
  if (new &&size == 0)
    return FALSE;
  path = new ? NULL : g_canonicalize_filename (words[0], NULL);
  conf = machine_config_load_key_file (folder, error);
  if (conf == NULL || !check_room (conf, folder, error)
      || (path != NULL && !check_readable (path, error)))
    return FALSE;
  if (new)
    {
      name = machine_folder_add_disk (folder, (guint64) size << 30, error);
      if (name == NULL)
        return FALSE;
      path = g_build_filename (folder, name, NULL);
    }
  return add (conf, FALSE, folder, path, error);
}

gboolean
drive_commands_add_cd (const char *folder, char **words, int n_words, GError **error)
{
  g_autofree char *path = n_words == 1 ? g_canonicalize_filename (words[0], NULL) : NULL;
  g_autoptr (GKeyFile) conf = NULL;

  if (n_words > 1)
    return usage (error, "add-cd");
  conf = machine_config_load_key_file (folder, error);
  return conf != NULL && check_room (conf, folder, error)
         && (path == NULL || check_readable (path, error)) && add (conf, TRUE, folder, path, error);
}

static gboolean
has_drive (GKeyFile *conf, const char *drive, gboolean cd_only)
{
  g_autoptr (GPtrArray) drives = drive_list_read (conf);

  for (unsigned i = 0; i < drives->len; i++)
    {
      const DriveListEntry *entry = g_ptr_array_index (drives, i);

      if (g_str_equal (entry->id, drive) && (entry->cd || !cd_only))
        return TRUE;
    }
  return FALSE;
}

gboolean
drive_commands_remove (const char *folder, char **words, int n_words, GError **error)
{
  g_autoptr (GKeyFile) conf = NULL;

  if (n_words != 1)
    return usage (error, "remove-drive");
  conf = machine_config_load_key_file (folder, error);
  if (conf == NULL)
    return FALSE;
  if (!has_drive (conf, words[0], FALSE))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   "The machine in “%s” has no drive “%s”: its machine.conf names them.", folder,
                   words[0]);
      return FALSE;
    }
  drive_list_remove (conf, words[0]);
  return write_conf (conf, folder, error);
}

gboolean
drive_commands_set_disc (const char *folder, const char *drive, const char *path, GError **error)
{
  g_autoptr (GKeyFile) conf = machine_config_load_key_file (folder, error);

  if (conf == NULL || (path != NULL && !check_readable (path, error)))
    return FALSE;
  if (!has_drive (conf, drive, TRUE))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   "The machine has no CD drive “%s”: its first one is called cd0.", drive);
      return FALSE;
    }
  drive_list_set_file (conf, drive, folder, path);
  return write_conf (conf, folder, error);
}
