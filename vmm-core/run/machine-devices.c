/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-devices.h"

#include <glib/gi18n.h>
#include <string.h>

#include "nearest.h"

GPtrArray *
machine_devices_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) device_spec_free);
}

char *
machine_devices_dup_path (const char *folder, const char *file)
{
  return g_path_is_absolute (file) || folder == NULL ? g_strdup (file)
                                                     : g_build_filename (folder, file, NULL);
}

char *
machine_devices_dup_output (const char *folder, const char *output)
{
  const char *colon = strchr (output, ':');
  g_autofree char *path = colon != NULL ? machine_devices_dup_path (folder, colon + 1) : NULL;

  return colon != NULL ? g_strdup_printf ("%.*s:%s", (int) (colon - output), output, path)
                       : g_strdup (output);
}

DeviceSpec *
machine_devices_find (GPtrArray *devices, const char *group)
{
  for (unsigned i = 0; i < devices->len; i++)
    {
      DeviceSpec *spec = g_ptr_array_index (devices, i);

      if (g_str_equal (spec->group, group))
        return spec;
    }
  return NULL;
}

DeviceSpec *
machine_devices_find_at (GPtrArray *devices, const DeviceSocket *socket, unsigned place)
{
  for (unsigned i = 0; i < devices->len; i++)
    {
      DeviceSpec *spec = g_ptr_array_index (devices, i);

      if (spec->model->socket == socket && spec->place == place)
        return spec;
    }
  return NULL;
}

static gboolean
is_free (GPtrArray *devices, const DeviceSocket *socket, unsigned place)
{
  return place >= socket->first && place - socket->first < socket->places
         && machine_devices_find_at (devices, socket, place) == NULL;
}

/* The place that the number leads to, if it is free. */
static gboolean
find_home (GPtrArray *devices, const DeviceModel *model, unsigned number, unsigned *place)
{
  *place = model->first_home + number;
  return number < model->homes && is_free (devices, model->socket, *place);
}

static gboolean
find_free (GPtrArray *devices, const DeviceModel *model, unsigned *place)
{
  const DeviceSocket *socket = model->socket;

  for (*place = socket->first; *place - socket->first < socket->places; ++*place)
    if (is_free (devices, socket, *place))
      return TRUE;
  return FALSE;
}

DeviceSpec *
machine_devices_add (GPtrArray *devices, const DeviceModel *model)
{
  for (unsigned number = 0; number < model->max; number++)
    {
      g_autoptr (DeviceSpec) spec = device_spec_new (model, number);

      if (machine_devices_find (devices, spec->group) != NULL)
        continue;
      if (!find_home (devices, model, number, &spec->place)
          && !find_free (devices, model, &spec->place))
        return NULL;
      g_ptr_array_add (devices, spec);
      return g_steal_pointer (&spec);
    }
  return NULL;
}

/* kind NULL: of any. */
static const char *
find_nearest_model (const char *kind, const char *name)
{
  unsigned n;
  const DeviceModel *models = catalog_get_models (&n);
  g_autoptr (GPtrArray) names = g_ptr_array_new ();

  for (unsigned i = 0; i < n; i++)
    if (kind == NULL || g_str_equal (models[i].kind, kind))
      g_ptr_array_add (names, (char *) models[i].model);
  g_ptr_array_add (names, NULL);
  return nearest_find (name, (const char *const *) names->pdata);
}

static const char *
find_nearest_option (const DeviceModel *model, const char *name)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();

  for (unsigned i = 0; i < model->n_options; i++)
    g_ptr_array_add (names, (char *) model->options[i].name);
  g_ptr_array_add (names, NULL);
  return nearest_find (name, (const char *const *) names->pdata);
}

const DeviceModel *
machine_devices_find_model (const char *name, GError **error)
{
  const DeviceModel *model = catalog_find_model (name);
  const char *nearest;

  if (model != NULL)
    return model;
  nearest = find_nearest_model (NULL, name);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               nearest != NULL ? _ ("There is no device “%s”: did you mean “%s”?")
                               : _ ("There is no device “%s”: “guesthousectl devices” lists all."),
               name, nearest);
  return NULL;
}

const DeviceOption *
machine_devices_parse_option (const DeviceModel *model, const char *text, const char **value,
                              GError **error)
{
  const char *equals = strchr (text, '=');
  g_autofree char *name
    = g_strndup (text, equals != NULL ? (size_t) (equals - text) : strlen (text));
  const DeviceOption *option = catalog_find_option (model, name);
  const char *nearest = option == NULL ? find_nearest_option (model, name) : NULL;

  if (option != NULL && equals != NULL)
    {
      *value = equals + 1;
      return option;
    }
  if (option != NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 _ ("“%s” of “%s” has no value: write %s=…"), name, model->model, name);
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 nearest != NULL
                   ? _ ("“%s” has no option “%s”: did you mean “%s”?")
                   : _ ("“%s” has no option “%s”: “guesthousectl devices” lists all."),
                 model->model, name, nearest);
  return NULL;
}

/* At the commas; two of them are one in a part. */
static char **
split (const char *text)
{
  g_autoptr (GStrvBuilder) parts = g_strv_builder_new ();
  g_autoptr (GString) part = g_string_new (NULL);

  for (const char *at = text;; at++)
    if (*at == '\0' || (*at == ',' && at[1] != ','))
      {
        g_strv_builder_add (parts, part->str);
        g_string_truncate (part, 0);
        if (*at == '\0')
          return g_strv_builder_end (parts);
      }
    else
      {
        g_string_append_c (part, *at);
        at += *at == ',';
      }
}

DeviceSpec *
machine_devices_parse (const char *text, GError **error)
{
  g_auto (GStrv) parts = split (text);
  const DeviceModel *model = machine_devices_find_model (parts[0], error);
  g_autoptr (DeviceSpec) spec = model != NULL ? device_spec_new (model, 0) : NULL;

  if (spec == NULL)
    return NULL;
  for (unsigned i = 1; parts[i] != NULL; i++)
    {
      const char *value;
      const DeviceOption *option = machine_devices_parse_option (model, parts[i], &value, error);

      if (option == NULL)
        return NULL;
      device_spec_set (spec, option->name, value);
    }
  for (unsigned i = 0; i < model->n_options; i++)
    if (model->options[i].needed && spec->values[i] == NULL)
      {
        g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                     _ ("“%s” names no %s: add %s=…"), text, model->options[i].name,
                     model->options[i].name);
        return NULL;
      }
  return g_steal_pointer (&spec);
}

/* Reading machine.conf */

typedef struct
{
  GPtrArray *devices;
  GKeyFile *file;
  const char *folder, *path;
} Reader;

/* The model that the group names; first is the one that it is without a name. */
static const DeviceModel *
read_model (Reader *reader, const DeviceModel *first, const char *group, GError **error)
{
  g_autofree char *name = g_key_file_get_string (reader->file, group, "model", NULL);
  const DeviceModel *model = catalog_find (first->kind, name);
  const char *nearest;

  if (model != NULL)
    return model;
  nearest = find_nearest_model (first->kind, name);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               nearest != NULL
                 ? _ ("In “%s”, model in [%s] is “%s”, which there is not: did you mean “%s”?")
                 : _ ("In “%s”, model in [%s] is “%s”, which there is not: “guesthousectl devices” "
                      "lists all."),
               reader->path, group, name, nearest);
  return NULL;
}

static gboolean
check_output (Reader *reader, const char *group, const char *key, const char *output,
              GError **error)
{
  if (g_str_equal (output, "none") || g_str_equal (output, "stdio")
      || g_str_has_prefix (output, "file:") || g_str_has_prefix (output, "socket:"))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               _ ("In “%s”, %s in [%s] is “%s”: write none, stdio, file:PATH or socket:PATH."),
               reader->path, key, group, output);
  return FALSE;
}

/* Empty is as good as not there. */
static gboolean
read_values (Reader *reader, DeviceSpec *spec, GError **error)
{
  for (unsigned i = 0; i < spec->model->n_options; i++)
    {
      const DeviceOption *option = &spec->model->options[i];
      g_autofree char *text = g_key_file_get_string (reader->file, spec->group, option->name, NULL);

      if (text != NULL && *text != '\0' && option->type == DEVICE_OPTION_OUTPUT
          && !check_output (reader, spec->group, option->name, text, error))
        return FALSE;
      if (text != NULL && *text != '\0')
        spec->values[i] = option->type == DEVICE_OPTION_OUTPUT
                            ? machine_devices_dup_output (reader->folder, text)
                            : machine_devices_dup_path (reader->folder, text);
      else if (option->needed)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                       _ ("In “%s”, [%s] names no %s: add %s=… or remove the group."), reader->path,
                       spec->group, option->name, option->name);
          return FALSE;
        }
    }
  return TRUE;
}

/* The place that the group names. */
static gboolean
read_place (Reader *reader, DeviceSpec *spec, GError **error)
{
  const DeviceSocket *socket = spec->model->socket;
  g_autofree char *text
    = g_key_file_get_string (reader->file, spec->group, socket->place_key, NULL);
  unsigned last = socket->first + socket->places - 1;
  guint64 place;

  if (g_ascii_string_to_unsigned (text, 10, socket->first, last, &place, NULL)
      && is_free (reader->devices, socket, place))
    {
      spec->place = place;
      return TRUE;
    }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               _ ("In “%s”, %s %s of [%s] is taken or does not exist: choose another from %u "
                  "to %u."),
               reader->path, socket->place_key, text, spec->group, socket->first, last);
  return FALSE;
}

typedef enum
{
  ROUND_PLACED, /* those whose groups name a place */
  ROUND_AT_HOME,
  ROUND_REST /* in what is left */
} Round;

/* One group, if it is this round's. */
static gboolean
read_group (Reader *reader, const DeviceModel *first, unsigned number, Round round, GError **error)
{
  g_autofree char *group = g_strdup_printf ("%s%u", first->kind, number);
  const DeviceModel *model;
  g_autoptr (DeviceSpec) spec = NULL;
  gboolean placed;

  if (!g_key_file_has_group (reader->file, group)
      || machine_devices_find (reader->devices, group) != NULL)
    return TRUE;
  model = read_model (reader, first, group, error);
  if (model == NULL)
    return FALSE;
  placed = model->socket->place_key != NULL
           && g_key_file_has_key (reader->file, group, model->socket->place_key, NULL);
  if (placed != (round == ROUND_PLACED))
    return TRUE;
  spec = device_spec_new (model, number);
  if (!read_values (reader, spec, error))
    return FALSE;
  if (round == ROUND_PLACED && !read_place (reader, spec, error))
    return FALSE;
  if (round == ROUND_AT_HOME && !find_home (reader->devices, model, number, &spec->place))
    return TRUE;
  if (round == ROUND_REST && !find_free (reader->devices, model, &spec->place))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   _ ("In “%s”, there is no place left for [%s]: a machine has %u for %s, so "
                      "remove one."),
                   reader->path, group, model->socket->places, _ (model->socket->title));
      return FALSE;
    }
  g_ptr_array_add (reader->devices, g_steal_pointer (&spec));
  return TRUE;
}

gboolean
machine_devices_read (GPtrArray *devices, GKeyFile *file, const char *folder, const char *path,
                      GError **error)
{
  Reader reader = { devices, file, folder, path };
  unsigned n;
  const DeviceModel *models = catalog_get_models (&n);

  for (Round round = ROUND_PLACED; round <= ROUND_REST; round++)
    for (unsigned i = 0; i < n; i++)
      for (unsigned number = 0; number < models[i].max; number++)
        if (!read_group (&reader, catalog_find (models[i].kind, NULL), number, round, error))
          return FALSE;
  return TRUE;
}
