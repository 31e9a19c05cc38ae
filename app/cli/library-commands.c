/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands about which machines there are. */
#include <glib/gi18n.h>
#include <unistd.h>

#include "app/model/drive-list.h"
#include "app/model/machine-folder.h"
#include "app/model/machine-name.h"
#include "command.h"
#include "commands.h"
#include "json.h"
#include "machine-look.h"
#include "vmm-core/run/machine-trust.h"
#include "vmm-core/run/size.h"
#include "vmm-core/run/socket-folder.h"

#define LIST_PATIENCE_MS 1000 /* for all; whoever takes longer does not respond */
#define DEFAULT_MEMORY "1024"

static void
list_json (Call *call, const char *folder, const MachineLook *look, const char *problem)
{
  g_autofree char *name = machine_name_dup (folder);
  g_autofree char *uuid = machine_folder_dup_uuid (folder);

  json_add_separator (call->out);
  g_string_append_c (call->out, '{');
  json_add_member (call->out, "name", name);
  json_add_member (call->out, "state", call_look_to_state (look, problem));
  json_add_member (call->out, "folder", folder);
  json_add_member (call->out, "uuid", uuid);
  if (problem != NULL)
    json_add_member (call->out, "problem", problem);
  g_string_append_c (call->out, '}');
}

static void
list_line (Call *call, const char *folder, const MachineLook *look, const char *problem)
{
  g_autofree char *name = machine_name_dup (folder);
  g_autofree char *uuid = machine_folder_dup_uuid (folder);

  g_string_append_printf (call->out, "%-15s", call_look_to_state (look, problem));
  if (call_get_option (call, "long") != NULL)
    g_string_append_printf (call->out, "%-37s", uuid != NULL ? uuid : "-");
  call_add_shown (call->out, name);
  if (call_get_option (call, "long") != NULL)
    {
      g_string_append (call->out, "  ");
      call_add_shown (call->out, folder);
    }
  g_string_append_c (call->out, '\n');
  if (problem != NULL)
    call_print_problem (problem);
}

gboolean
command_list (Call *call, GError **error)
{
  g_autoptr (GPtrArray) folders = machine_folder_list ();
  g_autofree MachineLook *looks = g_new0 (MachineLook, folders->len);

  for (unsigned i = 0; i < folders->len; i++)
    {
      g_autofree char *uuid = machine_folder_dup_uuid (folders->pdata[i]);

      looks[i].socket = uuid != NULL ? socket_folder_dup_control (uuid) : NULL;
    }
  machine_look (looks, folders->len, LIST_PATIENCE_MS);
  g_string_append (call->out, call->json ? "[" : "");
  for (unsigned i = 0; i < folders->len; i++)
    {
      g_autoptr (GError) problem = NULL;
      g_autoptr (MachineConfig) config = machine_config_load (folders->pdata[i], &problem);

      (call->json ? list_json : list_line) (call, folders->pdata[i], &looks[i],
                                            problem != NULL ? problem->message : NULL);
      g_clear_object (&looks[i].proxy);
      g_free ((char *) looks[i].socket);
    }
  g_string_append (call->out, call->json ? "]\n" : "");
  return TRUE;
}

static char *
dup_readable (const char *file, GError **error)
{
  g_autofree char *path = g_canonicalize_filename (file, NULL);

  return drive_list_check_file (path, error) ? g_steal_pointer (&path) : NULL;
}

gboolean
command_create (Call *call, GError **error)
{
  const char *memory = call_get_option (call, "memory"), *cpus = call_get_option (call, "cpus");
  const char *disc = call_get_option (call, "cdrom"), *disk = call_get_option (call, "disk");
  const char *size = call_get_option (call, "disk-size");
  g_autofree char *disc_path = NULL, *disk_path = NULL, *folder = NULL;
  MachineFolderPlan plan = { .name = call->words[0], .cpus = 1 };
  guint64 number = 1;

  plan.memory = machine_config_parse_memory (memory != NULL ? memory : DEFAULT_MEMORY, error);
  if (plan.memory == 0 || (size != NULL && (plan.disk_size = size_parse_disk (size, error)) == 0))
    return FALSE;
  if (cpus != NULL && !g_ascii_string_to_unsigned (cpus, 10, 1, MACHINE_CONFIG_CPUS, &number, NULL))
    {
      g_set_error (error, CALL_ERROR, CALL_ERROR_USAGE,
                   _ ("“%s” CPUs cannot be had: choose between 1 and %u."), cpus,
                   MACHINE_CONFIG_CPUS);
      return FALSE;
    }
  if (disk != NULL && size != NULL)
    return call_use (call, error);
  plan.cpus = number;
  plan.disc = disc != NULL ? disc_path = dup_readable (disc, error) : NULL;
  if (disc != NULL && disc_path == NULL)
    return FALSE;
  plan.disk = disk != NULL ? disk_path = dup_readable (disk, error) : NULL;
  if (disk != NULL && disk_path == NULL)
    return FALSE;
  folder = machine_folder_create (&plan, error);
  if (folder != NULL)
    g_string_append_printf (call->out, "%s\n", folder);
  return folder != NULL;
}

/* A process whose machine is off holds the folder, but nobody needs it. */
static gboolean
free_folder (Call *call, GError **error)
{
  return call->look.proxy == NULL || call_is_on (call) || call_quit (call, error);
}

gboolean
command_rename (Call *call, GError **error)
{
  g_autofree char *folder = NULL;

  if (!machine_name_check (call->words[0], error) || !free_folder (call, error))
    return FALSE;
  folder = machine_name_change (call->folder, call->words[0], error);
  if (folder != NULL)
    g_string_append_printf (call->out, "%s\n", folder);
  return folder != NULL;
}

gboolean
command_delete (Call *call, GError **error)
{
  g_autoptr (GError) problem = NULL;

  if (!call_need_answer (call, error) || !free_folder (call, error))
    return FALSE;
  if (call->look.proxy != NULL)
    {
      g_set_error (error, CALL_ERROR, CALL_ERROR_WRONG_STATE, _ ("“%s” is running: quit it first."),
                   call->name);
      return FALSE;
    }
  if (call_get_option (call, "permanently") != NULL)
    return machine_folder_delete (call->folder, error);
  if (machine_folder_trash (call->folder, &problem))
    return TRUE;
  if (g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_BUSY))
    g_propagate_error (error, g_steal_pointer (&problem));
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                 _ ("“%s” cannot be moved to the trash: %s. To remove it for good, give "
                    "--permanently."),
                 call->name, problem->message);
  return FALSE;
}

gboolean
command_trust (Call *call, GError **error)
{
  g_autoptr (GPtrArray) strange = NULL;
  g_autofree char *list = NULL;

  machine_trust_resolve (call->config);
  strange = machine_trust_find_strange (call->config);
  if (strange->len == 0)
    return TRUE;
  list = machine_trust_describe (strange);
  g_string_append_printf (call->out, "%s\n", list);
  return machine_trust_agree (call->config, strange, error);
}
