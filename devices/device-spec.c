/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "device-spec.h"

DeviceSpec *
device_spec_new (const DeviceModel *model, unsigned number)
{
  DeviceSpec *spec = g_new0 (DeviceSpec, 1);

  spec->group = g_strdup_printf ("%s%u", model->kind, number);
  spec->model = model;
  spec->values = g_new0 (char *, model->n_options);
  return spec;
}

void
device_spec_free (DeviceSpec *spec)
{
  if (spec == NULL)
    return;
  for (unsigned i = 0; i < spec->model->n_options; i++)
    g_free (spec->values[i]);
  g_free (spec->values);
  g_free (spec->group);
  g_free (spec);
}

gboolean
device_spec_is (const DeviceSpec *spec, const char *kind)
{
  return g_str_equal (spec->model->kind, kind);
}

static char **
find_value (const DeviceSpec *spec, const char *option)
{
  const DeviceOption *found = catalog_find_option (spec->model, option);

  g_assert (found != NULL);
  return &spec->values[found - spec->model->options];
}

const char *
device_spec_get (const DeviceSpec *spec, const char *option)
{
  const char *value = *find_value (spec, option);

  return value != NULL ? value : catalog_find_option (spec->model, option)->fallback;
}

void
device_spec_set (DeviceSpec *spec, const char *option, const char *value)
{
  char **at = find_value (spec, option);
  char *before = *at;

  *at = g_strdup (value);
  g_free (before);
}
