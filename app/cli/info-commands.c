/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands that look at one machine. */
#include <glib/gi18n.h>
#include <unistd.h>

#include "app/model/drive-list.h"
#include "app/model/machine-folder.h"
#include "app/model/machine-process.h"
#include "app/model/machine-root.h"
#include "commands.h"
#include "json.h"

static const char *
get_state (const Call *call)
{
  return call_look_to_state (&call->look,
                             call->conf_problem != NULL ? call->conf_problem->message : NULL);
}

static void
add_line (Call *call, const char *key, const char *text)
{
  if (text == NULL)
    return;
  if (call->json)
    {
      json_add_member (call->out, key, text);
      return;
    }
  g_string_append_printf (call->out, "%-13s", key);
  call_add_shown (call->out, text);
  g_string_append_c (call->out, '\n');
}

static void
add_drives (Call *call)
{
  g_autoptr (GKeyFile) conf = machine_config_load_key_file (call->folder, NULL);
  g_autoptr (GPtrArray) drives = conf != NULL ? drive_list_read (conf) : g_ptr_array_new ();

  if (call->json)
    {
      json_add_key (call->out, "drives");
      g_string_append_c (call->out, '[');
    }
  for (unsigned i = 0; i < drives->len; i++)
    {
      const DriveListEntry *drive = g_ptr_array_index (drives, i);

      if (!call->json)
        {
          add_line (call, drive->id, drive->file != NULL ? drive->file : _ ("Empty"));
          continue;
        }
      json_add_separator (call->out);
      g_string_append_c (call->out, '{');
      json_add_member (call->out, "id", drive->id);
      json_add_member (call->out, "kind", drive->cd ? "cd" : "disk");
      json_add_member (call->out, "file", drive->file);
      g_string_append_c (call->out, '}');
    }
  if (call->json)
    g_string_append_c (call->out, ']');
}

static void
add_number (Call *call, const char *key, unsigned number, const char *unit)
{
  g_autofree char *text = g_strdup_printf ("%u%s", number, unit);

  if (call->json)
    json_add_number (call->out, key, number);
  else
    add_line (call, key, text);
}

gboolean
command_info (Call *call, GError **error)
{
  g_string_append (call->out, call->json ? "{" : "");
  add_line (call, "name", call->name);
  add_line (call, "uuid", call->uuid);
  add_line (call, "folder", call->folder);
  add_line (call, "state", get_state (call));
  if (call->config != NULL)
    {
      add_line (call, "os", call->config->os);
      add_number (call, "memory", call->config->memory, " MiB");
      add_number (call, "cpus", call->config->cpus, "");
      add_line (call, "accelerator", call->config->accelerator);
    }
  else
    add_line (call, "problem", call->conf_problem->message);
  add_drives (call);
  g_string_append (call->out, call->json ? "}\n" : "");
  return TRUE;
}

/* Becomes the application, which hands the folder over to one that runs already. */
gboolean
command_open (Call *call, GError **error)
{
  g_autofree char *program = machine_process_find_program ("guesthouse", "GUESTHOUSE");
  g_autoptr (GPtrArray) roots = machine_root_list ();
  g_autofree char *parent = g_path_get_dirname (call->folder);
  char *words[] = { program, call->folder, NULL };

  if (!g_ptr_array_find_with_equal_func (roots, parent, g_str_equal, NULL))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                   _ ("“%s” is not in the library, which is all that the application shows: move "
                      "its folder to “%s”."),
                   call->name, (const char *) roots->pdata[0]);
      return FALSE;
    }
  if (program != NULL)
    execv (program, words);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                       _ ("The application could not be started: install Guesthouse again."));
  return FALSE;
}

gboolean
command_log (Call *call, GError **error)
{
  g_autofree char *log = machine_process_dup_log (call->folder);

  call_add_text (call->out, log);
  return TRUE;
}

gboolean
command_state (Call *call, GError **error)
{
  if (call->folder == NULL && !call->look.silent && !call_need_process (call, error))
    return FALSE;
  if (!call->json)
    {
      g_string_append_printf (call->out, "%s\n", get_state (call));
      if (call->look.proxy != NULL)
        call_explain (call);
      if (call->conf_problem != NULL)
        call_print_problem (call->conf_problem->message);
      return TRUE;
    }
  g_string_append_c (call->out, '{');
  json_add_member (call->out, "state", get_state (call));
  if (call->look.proxy != NULL)
    {
      json_add_member (call->out, "accelerator", gh_machine1_get_accelerator (call->look.proxy));
      json_add_member (call->out, "accelerator-reason",
                       gh_machine1_get_accelerator_reason (call->look.proxy));
      json_add_member (call->out, "failure-reason",
                       gh_machine1_get_failure_reason (call->look.proxy));
      json_add_member (call->out, "failed-drive", gh_machine1_get_failed_drive (call->look.proxy));
      json_add_member (call->out, "pause-reason", gh_machine1_get_pause_reason (call->look.proxy));
      json_add_member (call->out, "disk-error", gh_machine1_get_disk_error (call->look.proxy));
    }
  if (call->conf_problem != NULL)
    json_add_member (call->out, "problem", call->conf_problem->message);
  g_string_append (call->out, "}\n");
  return TRUE;
}

gboolean
command_stats (Call *call, GError **error)
{
  g_autoptr (GVariant) counters = NULL;
  GError *problem = NULL;
  GVariantIter iter;
  const char *name;
  guint64 value;

  if (!gh_machine1_call_statistics_sync (call->look.proxy, &counters, NULL, &problem))
    return call_pass_on (problem, error);
  g_string_append (call->out, call->json ? "{" : "");
  g_variant_iter_init (&iter, counters);
  while (g_variant_iter_next (&iter, "{&st}", &name, &value))
    if (call->json)
      json_add_number (call->out, name, value);
    else
      g_string_append_printf (call->out, "%-24s %" G_GUINT64_FORMAT "\n", name, value);
  g_string_append (call->out, call->json ? "}\n" : "");
  return TRUE;
}
