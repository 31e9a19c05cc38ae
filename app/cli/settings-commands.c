/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands about machine.conf. */
#include <glib/gi18n.h>
#include <string.h>

#include "app/model/conf-text.h"
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

static void
print_value (Call *call, const char *value)
{
  if (call->json)
    json_add_string (call->out, value);
  else
    g_string_append (call->out, value);
  g_string_append_c (call->out, '\n');
}

/* What can be found in a file that is no key file any more. */
static gboolean
get_from_text (Call *call, GError **error)
{
  g_autofree char *text = machine_config_dup_text (call->folder);
  g_autofree char *value = text != NULL && call->n_words == 2
                             ? conf_text_dup_value (text, call->words[0], call->words[1])
                             : NULL;

  if (value == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&call->conf_problem));
      return FALSE;
    }
  g_printerr ("guesthousectl: %s\n", call->conf_problem->message);
  print_value (call, value);
  return TRUE;
}

gboolean
command_get (Call *call, GError **error)
{
  g_autoptr (GKeyFile) file = machine_config_load_key_file (call->folder, NULL);
  g_autofree char *value = NULL;

  if (file == NULL)
    return get_from_text (call, error);
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
  print_value (call, value);
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

static GError *
find_problem (Call *call, GKeyFile *file)
{
  GError *problem = NULL;

  machine_config_check_key_file (file, call->folder, &problem);
  return problem;
}

/* In a file that is broken already, things are mended one by one; but no more is broken: the group
 * alone must not become wrong, or wrong in another way. */
static gboolean
makes_worse (Call *call, GKeyFile *file, const char *value, GError **error)
{
  const char *group = call->words[0];
  g_autoptr (GKeyFile) alone = g_key_file_new ();
  g_auto (GStrv) keys = g_key_file_get_keys (file, group, NULL, NULL);
  g_autoptr (GError) before = NULL;
  GError *after;

  for (char **key = keys; keys != NULL && *key != NULL; key++)
    {
      g_autofree char *old = g_key_file_get_value (file, group, *key, NULL);

      g_key_file_set_value (alone, group, *key, old);
    }
  before = find_problem (call, alone);
  set_value (alone, group, call->words[1], value);
  after = find_problem (call, alone);
  if (after == NULL || (before != NULL && g_str_equal (before->message, after->message)))
    {
      g_clear_error (&after);
      return FALSE;
    }
  g_propagate_error (error, after);
  return TRUE;
}

/* In a file that is no key file: one line of it, or one more. */
static gboolean
set_in_text (Call *call, const char *value, GError **error)
{
  g_autofree char *text = machine_config_dup_text (call->folder);
  g_autoptr (GKeyFile) alone = g_key_file_new ();
  g_autofree char *written = NULL, *with = NULL;
  g_autoptr (GError) left = NULL;
  g_autoptr (GKeyFile) whole = NULL;

  if (text == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&call->conf_problem));
      return FALSE;
    }
  g_key_file_set_string (alone, call->words[0], call->words[1], value);
  written = g_key_file_get_value (alone, call->words[0], call->words[1], NULL);
  with = conf_text_dup_with (text, call->words[0], call->words[1], written);
  if (!machine_config_write_text (with, strlen (with), call->folder, error))
    return FALSE;
  whole = machine_config_load_key_file (call->folder, &left);
  if (left != NULL)
    g_printerr ("guesthousectl: %s\n", left->message);
  return TRUE;
}

gboolean
command_set (Call *call, GError **error)
{
  const char *group = call->words[0], *key = call->words[1];
  g_autoptr (GKeyFile) file = NULL;
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
  if (value == NULL)
    return FALSE;
  file = machine_config_load_key_file (call->folder, NULL);
  if (file == NULL)
    return set_in_text (call, value, error);
  if (call->conf_problem != NULL && makes_worse (call, file, value, error))
    return FALSE;
  set_value (file, group, key, value);
  left = find_problem (call, file);
  if (left != NULL && call->conf_problem == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&left));
      return FALSE;
    }
  if (left != NULL)
    g_printerr ("guesthousectl: %s\n", left->message);
  return machine_trust_save (file, call->folder, error);
}
