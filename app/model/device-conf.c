/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "device-conf.h"

#include <string.h>

const DeviceModel *
device_conf_get_model (GKeyFile *conf, const char *group)
{
  g_autofree char *name = g_key_file_get_string (conf, group, "model", NULL);
  unsigned number;
  const DeviceModel *first = catalog_find_group (group, &number);
  const DeviceModel *model = first != NULL ? catalog_find (first->kind, name) : NULL;

  return model != NULL ? model : first;
}

gboolean
device_conf_has_room (GKeyFile *conf, const DeviceModel *model)
{
  g_auto (GStrv) groups = g_key_file_get_groups (conf, NULL);
  unsigned taken = 0;

  for (char **group = groups; *group != NULL; group++)
    {
      const DeviceModel *other = device_conf_get_model (conf, *group);

      taken += other != NULL && other->socket == model->socket;
    }
  return taken < model->socket->places;
}

const char *
device_conf_get_free (GKeyFile *conf, const DeviceModel *model)
{
  for (unsigned n = 0; device_conf_has_room (conf, model) && n < model->max; n++)
    {
      g_autofree char *group = g_strdup_printf ("%s%u", model->kind, n);

      if (!g_key_file_has_group (conf, group))
        return g_intern_string (group);
    }
  return NULL;
}

const char *
device_conf_add (GKeyFile *conf, const DeviceModel *model)
{
  const char *group = device_conf_get_free (conf, model);

  if (group != NULL)
    g_key_file_set_string (conf, group, "model", model->model);
  return group;
}

void
device_conf_set_model (GKeyFile *conf, const char *group, const DeviceModel *model)
{
  const DeviceModel *before = device_conf_get_model (conf, group);

  if (before->socket != model->socket && before->socket->place_key != NULL)
    g_key_file_remove_key (conf, group, before->socket->place_key, NULL);
  g_key_file_set_string (conf, group, "model", model->model);
}

/* What is in the folder counts from there. */
static char *
dup_relative (const char *folder, const char *path)
{
  g_autoptr (GFile) base = g_file_new_for_path (folder);
  g_autoptr (GFile) target = g_file_new_for_path (path);
  char *relative = g_file_get_relative_path (base, target);

  return relative != NULL ? relative : g_strdup (path);
}

void
device_conf_set (GKeyFile *conf, const char *group, const DeviceOption *option, const char *folder,
                 const char *value)
{
  const char *colon = value != NULL ? strchr (value, ':') : NULL;
  g_autofree char *text = NULL;

  if (value == NULL || *value == '\0')
    text = g_strdup ("");
  else if (option->type != DEVICE_OPTION_OUTPUT)
    text = dup_relative (folder, value);
  else if (colon != NULL)
    {
      g_autofree char *path = dup_relative (folder, colon + 1);

      text = g_strdup_printf ("%.*s:%s", (int) (colon - value), value, path);
    }
  else
    text = g_strdup (value);
  g_key_file_set_string (conf, group, option->name, text);
}
