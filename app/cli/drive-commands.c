/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands about disks and discs. What a machine of the library has in its drive is there at the
 * next start, too. */
#include <glib/gi18n.h>

#include "app/model/drive-list.h"
#include "app/model/machine-folder.h"
#include "app/model/machine-root.h"
#include "commands.h"
#include "vmm-core/run/size.h"

static gboolean
check_room (GKeyFile *conf, const char *folder, GError **error)
{
  if (drive_list_has_room (conf))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
               _ ("The machine in “%s” has four drives, the most it can have: remove one first."),
               folder);
  return FALSE;
}

static gboolean
add (Call *call, GKeyFile *conf, gboolean cd, const char *path, GError **error)
{
  const char *drive = drive_list_add (conf, cd, call->folder, path);

  if (!call_write_conf (call, conf, error))
    return FALSE;
  g_string_append_printf (call->out, "%s\n", drive);
  return TRUE;
}

gboolean
command_add_disk (Call *call, GError **error)
{
  g_auto (MachineRootLock) library = machine_root_lock ();
  const char *text = call_get_option (call, "size");
  g_autoptr (GKeyFile) conf = NULL;
  g_autofree char *name = NULL, *path = NULL;
  guint64 size = 0;

  if ((text != NULL) == (call->n_words == 1))
    return call_use (call, error);
  if (text != NULL && (size = size_parse_disk (text, error)) == 0)
    return FALSE;
  path = text == NULL ? g_canonicalize_filename (call->words[0], NULL) : NULL;
  conf = machine_config_load_key_file (call->folder, error);
  if (conf == NULL || !check_room (conf, call->folder, error)
      || (path != NULL && !drive_list_check_file (path, error)))
    return FALSE;
  if (text != NULL)
    {
      name = machine_folder_add_disk (call->folder, size, error);
      if (name == NULL)
        return FALSE;
      path = g_build_filename (call->folder, name, NULL);
    }
  return add (call, conf, FALSE, path, error);
}

gboolean
command_add_cd (Call *call, GError **error)
{
  g_auto (MachineRootLock) library = machine_root_lock ();
  g_autofree char *path
    = call->n_words == 1 ? g_canonicalize_filename (call->words[0], NULL) : NULL;
  g_autoptr (GKeyFile) conf = machine_config_load_key_file (call->folder, error);

  return conf != NULL && check_room (conf, call->folder, error)
         && (path == NULL || drive_list_check_file (path, error))
         && add (call, conf, TRUE, path, error);
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
command_remove_drive (Call *call, GError **error)
{
  g_auto (MachineRootLock) library = machine_root_lock ();
  g_autoptr (GKeyFile) conf = machine_config_load_key_file (call->folder, error);

  if (conf == NULL)
    return FALSE;
  if (!has_drive (conf, call->words[0], FALSE))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   _ ("“%s” has no drive “%s”: its machine.conf names them."), call->name,
                   call->words[0]);
      return FALSE;
    }
  drive_list_remove (conf, call->words[0]);
  return call_write_conf (call, conf, error);
}

/* path NULL: none. */
static gboolean
keep_disc (Call *call, const char *drive, const char *path, GError **error)
{
  g_auto (MachineRootLock) library = machine_root_lock ();
  g_autoptr (GKeyFile) conf = NULL;

  if (call->folder == NULL)
    return TRUE;
  conf = machine_config_load_key_file (call->folder, error);
  if (conf == NULL)
    return FALSE;
  if (!has_drive (conf, drive, TRUE))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   _ ("The machine has no CD drive “%s”: its first one is called cd0."), drive);
      return FALSE;
    }
  drive_list_set_file (conf, drive, call->folder, path);
  return call_write_conf (call, conf, error);
}

static gboolean
can_change (Call *call, GError **error)
{
  return call_need_answer (call, error)
         && (call->folder != NULL || call_need_process (call, error));
}

gboolean
command_insert (Call *call, GError **error)
{
  const char *drive = call->n_words == 2 ? call->words[0] : "cd0";
  g_autofree char *path = g_canonicalize_filename (call->words[call->n_words - 1], NULL);
  GError *problem = NULL;

  if (!can_change (call, error) || !drive_list_check_file (path, error))
    return FALSE;
  if (call->look.proxy != NULL)
    gh_machine1_call_insert_medium_sync (call->look.proxy, drive, path, NULL, &problem);
  return call_pass_on (problem, error) && keep_disc (call, drive, path, error);
}

gboolean
command_eject (Call *call, GError **error)
{
  const char *drive = call->n_words == 1 ? call->words[0] : "cd0";
  GError *problem = NULL;

  if (!can_change (call, error))
    return FALSE;
  if (call->look.proxy != NULL)
    gh_machine1_call_eject_medium_sync (call->look.proxy, drive,
                                        call_get_option (call, "force") != NULL, NULL, &problem);
  return call_pass_on (problem, error) && keep_disc (call, drive, NULL, error);
}
