/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands about machine.conf. */
#include <glib/gi18n.h>

#include "app/model/machine-name.h"
#include "commands.h"
#include "json.h"
#include "vmm-core/run/machine-keys.h"
#include "vmm-core/run/machine-topology.h"
#include "vmm-core/run/machine-trust.h"

static void
list_group (Call *call, GKeyFile *file, const char *group)
{
  g_auto (GStrv) keys = g_key_file_get_keys (file, group, NULL, NULL);

  if (call->json)
    {
      json_add_key (call->out, group);
      g_string_append_c (call->out, '{');
    }
  for (char **key = keys; keys != NULL && *key != NULL; key++)
    {
      g_autofree char *value = g_key_file_get_string (file, group, *key, NULL);

      if (call->json)
        json_add_member (call->out, *key, value);
      else
        {
          g_string_append_printf (call->out, "%s %s ", group, *key);
          call_add_shown (call->out, value != NULL ? value : "");
          g_string_append_c (call->out, '\n');
        }
    }
  g_string_append (call->out, call->json ? "}" : "");
}

static void
list_all (Call *call, GKeyFile *file)
{
  g_auto (GStrv) groups = g_key_file_get_groups (file, NULL);

  for (char **group = groups; *group != NULL; group++)
    if (call->n_words == 0 || g_str_equal (call->words[0], *group))
      list_group (call, file, *group);
}

gboolean
command_get (Call *call, GError **error)
{
  g_autoptr (GKeyFile) file = machine_config_load_key_file (call->folder, error);
  g_autofree char *value = NULL;

  if (file == NULL)
    return FALSE;
  /* What somebody has written there can be read, known or not. */
  if (call->n_words > 0 && !g_key_file_has_group (file, call->words[0])
      && !machine_keys_check (call->words[0], NULL, error))
    return FALSE;
  if (call->n_words < 2)
    {
      g_string_append (call->out, call->json ? "{" : "");
      list_all (call, file);
      g_string_append (call->out, call->json ? "}\n" : "");
      return TRUE;
    }
  value = g_key_file_get_string (file, call->words[0], call->words[1], NULL);
  if (value == NULL)
    {
      if (machine_keys_check (call->words[0], call->words[1], error))
        g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                     _ ("%s in [%s] is not set: machine.conf(5) says what holds without it."),
                     call->words[1], call->words[0]);
      return FALSE;
    }
  if (call->json)
    json_add_string (call->out, value);
  else
    g_string_append (call->out, value);
  g_string_append_c (call->out, '\n');
  return TRUE;
}

/* Memory is kept in MiB, however it was written. */
static char *
dup_value (Call *call, GError **error)
{
  unsigned memory;

  if (!g_utf8_validate (call->words[2], -1, NULL))
    {
      g_set_error (error, CALL_ERROR, CALL_ERROR_USAGE,
                   _ ("This value of %s in [%s] is not UTF-8 text: machine.conf cannot have it."),
                   call->words[1], call->words[0]);
      return NULL;
    }
  if (!g_str_equal (call->words[0], "machine") || !g_str_equal (call->words[1], "memory"))
    return g_strdup (call->words[2]);
  memory = machine_config_parse_memory (call->words[2], error);
  return memory != 0 ? g_strdup_printf ("%u", memory) : NULL;
}

/* In a file that is broken already, things are mended one by one; but not by breaking more. */
static gboolean
is_wrong_alone (Call *call, const char *value, const char *path, const GError *left)
{
  g_autoptr (GKeyFile) alone = g_key_file_new ();
  g_autoptr (MachineConfig) checked = NULL;
  g_autoptr (GError) problem = NULL;

  g_key_file_set_string (alone, call->words[0], call->words[1], value);
  checked = machine_config_from_key_file (alone, call->folder, path, &problem);
  return problem != NULL && g_str_equal (problem->message, left->message);
}

/* CPUs and their topology go together. */
static void
set_value (GKeyFile *file, const char *group, const char *key, const char *value)
{
  gboolean of_machine = g_str_equal (group, "machine");
  guint64 cpus;

  if (of_machine && g_str_equal (key, "cpus")
      && g_ascii_string_to_unsigned (value, 10, 1, G_MAXUINT, &cpus, NULL))
    machine_topology_set_cpus (file, cpus);
  else if (of_machine && g_str_equal (key, "topology"))
    machine_topology_set (file, value);
  else
    g_key_file_set_string (file, group, key, value);
}

gboolean
command_set (Call *call, GError **error)
{
  const char *group = call->words[0], *key = call->words[1];
  g_autofree char *path = g_build_filename (call->folder, MACHINE_CONFIG_FILE, NULL);
  g_autoptr (GKeyFile) file = NULL;
  g_autoptr (MachineConfig) checked = NULL;
  g_autoptr (GError) left = NULL;
  g_autofree char *value = NULL, *moved = NULL;

  if (!machine_keys_check (group, key, error))
    return FALSE;
  if (g_str_equal (group, "machine") && g_str_equal (key, "name"))
    {
      moved = machine_name_change (call->folder, call->words[2], error);
      return moved != NULL;
    }
  value = dup_value (call, error);
  file = value != NULL ? machine_config_load_key_file (call->folder, error) : NULL;
  if (file == NULL)
    return FALSE;
  set_value (file, group, key, value);
  checked = machine_config_from_key_file (file, call->folder, path, &left);
  if (checked == NULL && (call->conf_problem == NULL || is_wrong_alone (call, value, path, left)))
    {
      g_propagate_error (error, g_steal_pointer (&left));
      return FALSE;
    }
  if (left != NULL)
    g_printerr ("guesthousectl: %s\n", left->message);
  return machine_trust_save (file, call->folder, error);
}
