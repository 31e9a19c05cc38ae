/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-folder.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "conf-text.h"
#include "drive-list.h"
#include "machine-draft.h"
#include "machine-name.h"
#include "machine-root.h"
#include "vmm-core/plain-file.h"
#include "vmm-core/real-path.h"
#include "vmm-core/run/machine-trust.h"

#define MAX_PICTURE (16u << 20)

static int
compare_strings (gconstpointer a, gconstpointer b)
{
  return g_utf8_collate (*(const char *const *) a, *(const char *const *) b);
}

/* A machine that runs is known by its uuid, so it keeps it: its lock is taken. */
static gboolean
renew_uuid (const char *folder, GError **error)
{
  g_autofree char *uuid = g_uuid_string_random ();
  int lock = machine_config_lock_folder (folder, 0, error);
  g_autoptr (GKeyFile) conf = lock >= 0 ? machine_config_load_key_file (folder, error) : NULL;
  gboolean renewed = FALSE;

  if (conf != NULL)
    {
      g_autofree char *before = g_key_file_get_string (conf, "machine", "uuid", NULL);

      g_key_file_set_string (conf, "machine", "uuid", uuid);
      renewed = machine_config_write_key_file (conf, folder, error);
      if (renewed && before != NULL && g_uuid_string_is_valid (before))
        machine_trust_move (folder, before, uuid);
    }
  if (lock >= 0)
    close (lock);
  return renewed;
}

gboolean
machine_folder_tell_apart (const char *copy, const char *original, GError **error)
{
  return renew_uuid (copy, NULL) || renew_uuid (original, error);
}

static void
tell_copies_apart (GPtrArray *folders)
{
  g_autoptr (GHashTable) owners = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; i < folders->len; i++)
    {
      char *folder = g_ptr_array_index (folders, i);
      g_autoptr (GKeyFile) conf = machine_config_load_key_file (folder, NULL);
      char *uuid = conf != NULL ? g_key_file_get_string (conf, "machine", "uuid", NULL) : NULL;
      const char *owner = uuid != NULL ? g_hash_table_lookup (owners, uuid) : NULL;

      if (owner != NULL)
        machine_folder_tell_apart (folder, owner, NULL);
      if (owner == NULL && uuid != NULL)
        g_hash_table_insert (owners, g_steal_pointer (&uuid), folder);
      g_free (uuid);
    }
}

static void
list_root (const char *root, GPtrArray *folders)
{
  g_autoptr (GDir) dir = g_dir_open (root, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *conf = g_build_filename (root, name, MACHINE_CONFIG_FILE, NULL);

      if (*name != '.' && g_file_test (conf, G_FILE_TEST_IS_REGULAR))
        g_ptr_array_add (folders, g_build_filename (root, name, NULL));
    }
}

GPtrArray *
machine_folder_list (void)
{
  GPtrArray *folders = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) roots = machine_root_list ();

  for (guint i = 0; i < roots->len; i++)
    list_root (roots->pdata[i], folders);
  g_ptr_array_sort (folders, compare_strings);
  tell_copies_apart (folders);
  return folders;
}

/* By its place: what is not in the library. */
static char *
find_by_path (const char *path)
{
  g_autofree char *conf = g_build_filename (path, MACHINE_CONFIG_FILE, NULL);

  return strchr (path, G_DIR_SEPARATOR) != NULL && g_file_test (conf, G_FILE_TEST_IS_REGULAR)
           ? g_canonicalize_filename (path, NULL)
           : NULL;
}

static gboolean
is_called (const char *folder, const char *name)
{
  g_autofree char *own = machine_name_dup (folder);
  g_autofree char *own_normal = g_utf8_normalize (own, -1, G_NORMALIZE_NFC);
  g_autofree char *normal = g_utf8_normalize (name, -1, G_NORMALIZE_NFC);
  g_autofree char *uuid = machine_folder_dup_uuid (folder);

  return g_strcmp0 (own_normal, normal) == 0 || g_strcmp0 (uuid, name) == 0;
}

static void
refuse_ambiguous (GPtrArray *folders, const char *name, GError **error)
{
  g_autoptr (GString) uuids = g_string_new (NULL);

  for (unsigned i = 0; i < folders->len; i++)
    {
      g_autofree char *uuid = machine_folder_dup_uuid (folders->pdata[i]);
      g_autofree char *shown = g_filename_display_name (folders->pdata[i]);

      g_string_append_printf (uuids, "\n  %s  %s", uuid != NULL ? uuid : "-", shown);
    }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
               _ ("%u machines are called “%s”: name one by its uuid or folder.%s"), folders->len,
               name, uuids->str);
}

char *
machine_folder_find (const char *name, GError **error)
{
  g_autoptr (GPtrArray) folders = machine_folder_list ();
  g_autoptr (GPtrArray) found = g_ptr_array_new ();
  char *by_path = find_by_path (name);

  if (by_path != NULL)
    return by_path;
  for (unsigned i = 0; g_utf8_validate (name, -1, NULL) && i < folders->len; i++)
    if (is_called (folders->pdata[i], name))
      g_ptr_array_add (found, folders->pdata[i]);
  if (found->len == 1)
    return g_strdup (found->pdata[0]);
  if (found->len > 1)
    refuse_ambiguous (found, name, error);
  else
    {
      g_autofree char *shown = g_filename_display_name (name);

      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   _ ("There is no machine “%s”: “guesthousectl list” names those that exist."),
                   shown);
    }
  return NULL;
}

/* What is no key file any more may have one, too. */
char *
machine_folder_dup_uuid (const char *folder)
{
  g_autofree char *text = machine_config_dup_text (folder);
  g_autofree char *uuid = text != NULL ? conf_text_dup_value (text, "machine", "uuid") : NULL;

  return uuid != NULL && g_uuid_string_is_valid (uuid) ? g_steal_pointer (&uuid) : NULL;
}

GKeyFile *
machine_folder_read_conf (const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, MACHINE_CONFIG_FILE, NULL);
  g_autoptr (GKeyFile) conf = machine_config_load_key_file (folder, error);
  g_autofree char *uuid = NULL;

  if (conf != NULL && !g_key_file_has_key (conf, "machine", "uuid", NULL))
    {
      /* Loading it as a machine writes one. */
      g_autoptr (MachineConfig) config = machine_config_load (folder, error);

      g_clear_pointer (&conf, g_key_file_unref);
      conf = config != NULL ? machine_config_load_key_file (folder, error) : NULL;
    }
  if (conf == NULL)
    return NULL;
  /* The socket's folder is named by it: nothing that leaves that folder may stand here. */
  uuid = g_key_file_get_string (conf, "machine", "uuid", NULL);
  if (uuid != NULL && g_uuid_string_is_valid (uuid))
    return g_steal_pointer (&conf);
  g_set_error (error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE,
               _ ("In “%s”, uuid in [machine] is “%s”: remove that line."), path,
               uuid != NULL ? uuid : "");
  return NULL;
}

char *
machine_folder_add_disk (const char *folder, guint64 size, GError **error)
{
  g_autofree char *disks = real_path_in (folder, "disks");
  g_autofree char *name = NULL;
  g_autofree char *path = NULL;
  int fd = -1;
  gboolean made;

  g_mkdir_with_parents (disks, 0700);
  for (unsigned n = 0; fd < 0; n++)
    {
      g_free (name);
      g_free (path);
      name = g_strdup_printf ("disks/disk%u.img", n);
      path = real_path_in (folder, name);
      fd = real_path_open (path, O_WRONLY | O_CREAT | O_EXCL, 0600);
      if (fd < 0 && errno != EEXIST)
        break;
    }
  made = fd >= 0 && ftruncate (fd, size) == 0;
  if (!made)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                   _ ("The disk “%s” cannot be made: %s. Make room or choose a smaller one."), path,
                   g_strerror (errno));
      if (fd >= 0)
        unlink (path);
    }
  if (fd >= 0)
    close (fd);
  return made ? g_steal_pointer (&name) : NULL;
}

/* What the name of a file cannot be is told before a machine is made of it. */
static gboolean
check_names (const MachineFolderPlan *plan, GError **error)
{
  return (plan->disc == NULL || drive_list_check_name (plan->disc, error))
         && (plan->disk == NULL || drive_list_check_name (plan->disk, error));
}

static gboolean
fill_folder (const char *folder, const char *name, const MachineFolderPlan *plan, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *uuid = g_uuid_string_random ();
  g_autofree char *disk = NULL;

  g_key_file_set_string (file, "machine", "name", name);
  g_key_file_set_string (file, "machine", "uuid", uuid);
  if (plan->os != NULL)
    g_key_file_set_string (file, "machine", "os", plan->os);
  g_key_file_set_integer (file, "machine", "memory", plan->memory);
  g_key_file_set_integer (file, "machine", "cpus", plan->cpus);
  g_key_file_set_string (file, "machine", "accelerator", "auto");
  g_key_file_set_string (file, "machine", "boot", "cdn");
  g_key_file_set_string (file, "cd0", "file", plan->disc != NULL ? plan->disc : "");
  if (plan->disk != NULL)
    g_key_file_set_string (file, "disk0", "file", plan->disk);
  else if (plan->disk_size > 0)
    {
      disk = machine_folder_add_disk (folder, plan->disk_size, error);
      if (disk == NULL)
        return FALSE;
      g_key_file_set_string (file, "disk0", "file", disk);
    }
  return machine_trust_save (file, folder, error);
}

static gboolean
make_folders (const char *folder)
{
  g_autofree char *logs = g_build_filename (folder, "logs", NULL);
  g_autofree char *disks = g_build_filename (folder, "disks", NULL);

  return g_mkdir (logs, 0700) == 0 && g_mkdir (disks, 0700) == 0;
}

/* Where it is whole: what the user has agreed to is kept for the place that it has then. */
static char *
place (const char *draft, const char *name, GError **error)
{
  char *folder = machine_name_move_folder (draft, name, error);
  g_autofree char *uuid = folder != NULL ? machine_folder_dup_uuid (folder) : NULL;

  if (uuid != NULL)
    machine_trust_move_folder (uuid, draft, folder);
  return folder;
}

char *
machine_folder_create (const MachineFolderPlan *plan, GError **error)
{
  g_autofree char *root = machine_root_dup ();
  g_autofree char *usual = machine_root_dup_usual ();
  g_autofree char *name = NULL, *draft = NULL;
  g_auto (MachineRootLock) library = -1;
  char *folder = NULL;
  int lock = -1;

  g_mkdir_with_parents (usual, 0700); /* no other: it may be on a disk that is not there now */
  library = machine_root_lock ();
  name = check_names (plan, error) ? machine_name_dup_checked (plan->name, NULL, error) : NULL;
  draft = name != NULL ? machine_draft_new (root, &lock, error) : NULL;
  if (draft == NULL)
    return NULL;
  if (!make_folders (draft))
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                 _ ("The folder “%s” cannot be made: %s."), draft, g_strerror (errno));
  else if (fill_folder (draft, name, plan, error))
    folder = place (draft, name, error);
  if (folder == NULL)
    {
      g_autofree char *uuid = machine_folder_dup_uuid (draft);

      if (uuid != NULL)
        machine_trust_move (draft, uuid, NULL);
      machine_draft_remove (draft, NULL);
    }
  close (lock);
  return folder;
}

gboolean
machine_folder_delete (const char *folder, GError **error)
{
  int lock = machine_config_lock_folder (folder, MACHINE_CONFIG_LOCK_PATIENCE, error);
  g_autoptr (GKeyFile) conf = lock >= 0 ? machine_config_load_key_file (folder, NULL) : NULL;
  g_autofree char *uuid
    = conf != NULL ? g_key_file_get_string (conf, "machine", "uuid", NULL) : NULL;
  g_autofree char *hidden = lock >= 0 ? machine_draft_hide (folder, error) : NULL;
  gboolean deleted = hidden != NULL && machine_draft_remove (hidden, error);

  if (deleted && uuid != NULL && g_uuid_string_is_valid (uuid))
    machine_trust_move (folder, uuid, NULL);
  if (lock >= 0)
    close (lock);
  return deleted;
}

gboolean
machine_folder_trash (const char *folder, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (folder);
  int lock = machine_config_lock_folder (folder, 0, error);
  gboolean trashed = lock >= 0 && g_file_trash (file, NULL, error);

  if (lock >= 0)
    close (lock);
  return trashed;
}

static char *
dup_picture_path (const char *folder)
{
  return real_path_in (folder, "picture.png");
}

GBytes *
machine_folder_load_picture (const char *folder)
{
  g_autofree char *path = dup_picture_path (folder);

  return plain_file_read (path, MAX_PICTURE, NULL);
}

void
machine_folder_save_picture (const char *folder, GBytes *picture)
{
  g_autofree char *path = dup_picture_path (folder);
  gsize length;
  const char *data = g_bytes_get_data (picture, &length);

  g_file_set_contents_full (path, data, (gssize) length, G_FILE_SET_CONTENTS_CONSISTENT, 0600,
                            NULL);
}
