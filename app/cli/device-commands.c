/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands about the devices of the catalogue, and of a machine. */
#include <glib/gi18n.h>
#include <string.h>

#include "app/model/device-conf.h"
#include "app/model/drive-list.h"
#include "app/model/machine-root.h"
#include "commands.h"
#include "json.h"

/* What there is */

static void
list_option (Call *call, const DeviceOption *option)
{
  if (call->json)
    {
      json_add_separator (call->out);
      g_string_append_c (call->out, '{');
      json_add_member (call->out, "name", option->name);
      json_add_member (call->out, "title", _ (option->title));
      json_add_boolean (call->out, "needed", option->needed);
      json_add_boolean (call->out, "applies-now", option->applies_now);
      g_string_append_c (call->out, '}');
      return;
    }
  g_string_append_printf (call->out, "  %s=…  %s", option->name, _ (option->title));
  if (option->needed)
    g_string_append_printf (call->out, " (%s)", _ ("needed"));
  g_string_append_c (call->out, '\n');
}

static void
list_model (Call *call, const DeviceModel *model)
{
  if (call->json)
    {
      json_add_separator (call->out);
      g_string_append_c (call->out, '{');
      json_add_member (call->out, "model", model->model);
      json_add_member (call->out, "kind", model->kind);
      json_add_member (call->out, "title", _ (model->title));
      json_add_member (call->out, "variant", _ (model->variant));
      json_add_member (call->out, "socket", _ (model->socket->title));
      json_add_number (call->out, "places", model->socket->places);
      json_add_key (call->out, "options");
      g_string_append_c (call->out, '[');
    }
  else
    g_string_append_printf (call->out, "%s  %s (%s)\n", model->model, _ (model->title),
                            _ (model->variant));
  for (unsigned i = 0; i < model->n_options; i++)
    list_option (call, &model->options[i]);
  g_string_append (call->out, call->json ? "]}" : "");
}

gboolean
command_devices (Call *call, GError **error)
{
  unsigned n;
  const DeviceModel *models = catalog_get_models (&n);

  g_string_append (call->out, call->json ? "[" : "");
  for (unsigned i = 0; i < n; i++)
    list_model (call, &models[i]);
  g_string_append (call->out, call->json ? "]\n" : "");
  return TRUE;
}

/* What a machine has */

/* A path that is typed counts from where the person is. */
static char *
dup_typed (const DeviceOption *option, const char *value, GError **error)
{
  g_autofree char *path = NULL;

  if (option->type == DEVICE_OPTION_OUTPUT)
    {
      g_autofree char *here = g_get_current_dir ();

      return machine_devices_dup_output (here, value);
    }
  if (*value == '\0')
    return g_strdup ("");
  path = g_canonicalize_filename (value, NULL);
  return drive_list_check_file (path, error) ? g_steal_pointer (&path) : NULL;
}

/* The words from first on: OPTION=VALUE. */
static gboolean
set_options (Call *call, GKeyFile *conf, const char *group, const DeviceModel *model,
             unsigned first, GError **error)
{
  for (unsigned i = first; i < call->n_words; i++)
    {
      const char *value;
      const DeviceOption *option
        = machine_devices_parse_option (model, call->words[i], &value, error);
      g_autofree char *typed = option != NULL ? dup_typed (option, value, error) : NULL;

      if (typed == NULL)
        return FALSE;
      device_conf_set (conf, group, option, call->folder, typed);
    }
  return TRUE;
}

gboolean
command_add_device (Call *call, GError **error)
{
  g_auto (MachineRootLock) library = machine_root_lock ();
  const DeviceModel *model = machine_devices_find_model (call->words[0], error);
  g_autoptr (GKeyFile) conf
    = model != NULL ? machine_config_load_key_file (call->folder, error) : NULL;
  const char *group = conf != NULL ? device_conf_add (conf, model) : NULL;

  if (conf == NULL)
    return FALSE;
  if (group == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                   _ ("“%s” has no room for one more “%s”: a machine has %u places for %s, so "
                      "remove a device first."),
                   call->name, model->model, model->socket->places, _ (model->socket->title));
      return FALSE;
    }
  if (!set_options (call, conf, group, model, 1, error) || !call_write_conf (call, conf, error))
    return FALSE;
  g_string_append_printf (call->out, "%s\n", group);
  return TRUE;
}

/* The machine.conf if it has the device that the first word names. */
static GKeyFile *
load_with_device (Call *call, GError **error)
{
  g_autoptr (GKeyFile) conf = machine_config_load_key_file (call->folder, error);

  if (conf == NULL)
    return NULL;
  if (g_key_file_has_group (conf, call->words[0])
      && device_conf_get_model (conf, call->words[0]) != NULL)
    return g_steal_pointer (&conf);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
               _ ("“%s” has no device “%s”: its machine.conf names them."), call->name,
               call->words[0]);
  return NULL;
}

gboolean
command_set_device (Call *call, GError **error)
{
  g_auto (MachineRootLock) library = machine_root_lock ();
  g_autoptr (GKeyFile) conf = load_with_device (call, error);
  const char *group = call->words[0];

  return conf != NULL
         && set_options (call, conf, group, device_conf_get_model (conf, group), 1, error)
         && call_write_conf (call, conf, error);
}

gboolean
command_remove_device (Call *call, GError **error)
{
  g_auto (MachineRootLock) library = machine_root_lock ();
  g_autoptr (GKeyFile) conf = load_with_device (call, error);

  if (conf == NULL)
    return FALSE;
  g_key_file_remove_group (conf, call->words[0], NULL);
  return call_write_conf (call, conf, error);
}
