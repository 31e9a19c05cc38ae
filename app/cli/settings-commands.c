/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands about machine.conf. */
#include <glib/gi18n.h>
#include <string.h>

#include "app/model/conf-text.h"
#include "app/model/machine-name.h"
#include "app/model/machine-root.h"
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
  call_print_problem (call->conf_problem->message);
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

typedef struct
{
  const char *group, *key, *text; /* as written */
  char *value;                    /* as kept */
} Setting;

static void
setting_clear (Setting *setting)
{
  g_clear_pointer (&setting->value, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Setting, setting_clear)

/* Memory is kept in MiB, however it was written. */
static gboolean
setting_read (Setting *setting, GError **error)
{
  unsigned memory;

  if (!machine_keys_check (setting->group, setting->key, error))
    return FALSE;
  if (!g_utf8_validate (setting->text, -1, NULL))
    {
      g_set_error (error, CALL_ERROR, CALL_ERROR_USAGE,
                   _ ("This value of %s in [%s] is not UTF-8 text: machine.conf cannot have it."),
                   setting->key, setting->group);
      return FALSE;
    }
  if (!g_str_equal (setting->group, "machine") || !g_str_equal (setting->key, "memory"))
    setting->value = g_strdup (setting->text);
  else if ((memory = machine_config_parse_memory (setting->text, error)) != 0)
    setting->value = g_strdup_printf ("%u", memory);
  return setting->value != NULL;
}

/* CPUs and their topology go together. */
static void
setting_apply (const Setting *setting, GKeyFile *file)
{
  gboolean of_machine = g_str_equal (setting->group, "machine");
  guint64 cpus;

  if (of_machine && g_str_equal (setting->key, "cpus")
      && g_ascii_string_to_unsigned (setting->value, 10, 1, G_MAXUINT, &cpus, NULL))
    machine_topology_set_cpus (file, cpus);
  else if (of_machine && g_str_equal (setting->key, "topology"))
    machine_topology_set (file, setting->value);
  else
    g_key_file_set_string (file, setting->group, setting->key, setting->value);
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
makes_worse (Call *call, GKeyFile *file, const Setting *setting, GError **error)
{
  const char *group = setting->group;
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
  setting_apply (setting, alone);
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
set_in_text (Call *call, const Setting *setting, GError **error)
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
  g_key_file_set_string (alone, setting->group, setting->key, setting->value);
  written = g_key_file_get_value (alone, setting->group, setting->key, NULL);
  with = conf_text_dup_with (text, setting->group, setting->key, written);
  if (!machine_config_write_text (with, strlen (with), call->folder, error))
    return FALSE;
  whole = machine_config_load_key_file (call->folder, &left);
  if (left != NULL)
    call_print_problem (left->message);
  return TRUE;
}

static gboolean
set (Call *call, const Setting *setting, GError **error)
{
  g_auto (MachineRootLock) library = machine_root_lock ();
  g_autoptr (GKeyFile) file = machine_config_load_key_file (call->folder, NULL);
  g_autoptr (GError) left = NULL;

  if (file == NULL)
    return set_in_text (call, setting, error);
  if (call->conf_problem != NULL && makes_worse (call, file, setting, error))
    return FALSE;
  setting_apply (setting, file);
  left = find_problem (call, file);
  if (left != NULL && call->conf_problem == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&left));
      return FALSE;
    }
  if (left != NULL)
    call_print_problem (left->message);
  return machine_trust_save (file, call->folder, error);
}

gboolean
command_set (Call *call, GError **error)
{
  g_auto (Setting) setting = { call->words[0], call->words[1], call->words[2], NULL };
  g_autofree char *moved = NULL;

  if (!g_str_equal (setting.group, "machine") || !g_str_equal (setting.key, "name"))
    return setting_read (&setting, error) && set (call, &setting, error);
  moved = machine_name_change (call->folder, setting.text, error);
  return moved != NULL;
}

/* What runs now changes before what is written: it may be that it cannot. */
gboolean
command_set_accelerator (Call *call, GError **error)
{
  g_auto (Setting) setting = { "machine", "accelerator", call->words[0], NULL };
  GError *problem = NULL;

  if (!call_need_answer (call, error) || !setting_read (&setting, error))
    return FALSE;
  if (call->look.proxy != NULL
      && !gh_machine1_call_set_accelerator_sync (call->look.proxy, setting.value, NULL, &problem))
    return call_pass_on (problem, error);
  return call->folder == NULL || set (call, &setting, error);
}
