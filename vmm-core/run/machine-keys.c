/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-keys.h"

#include <glib/gi18n.h>

#include "devices/catalog.h"
#include "nearest.h"

static const char *const machine_keys[]
  = { "name", "uuid",      "description", "os",       "memory",
      "cpus", "topology",  "accelerator", "ticks",    "code-cache",
      "boot", "boot-menu", "bios",        "vga-bios", NULL };
static const char *const cpu_keys[] = { "model", "nested", "hyperv", NULL };
static const char *const kernel_keys[] = { "file", "initrd", "append", NULL };
static const char *const smbios_keys[]
  = { "manufacturer", "product", "version", "serial", "sku", "family", "asset-tag", NULL };
static const char *const debug_keys[] = { "console", "test-device", NULL };
static const char *const notes_keys[] = { "text", NULL };

/* Those that are no devices; the catalogue has the others. */
static const struct
{
  const char *name;
  const char *const *keys;
} groups[] = { { "machine", machine_keys }, { "cpu", cpu_keys },     { "kernel", kernel_keys },
               { "smbios", smbios_keys },   { "debug", debug_keys }, { "notes", notes_keys } };

char **
machine_keys_dup_groups (void)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  unsigned n;
  const DeviceModel *models = catalog_get_models (&n);

  for (unsigned i = 0; i < G_N_ELEMENTS (groups); i++)
    g_strv_builder_add (names, groups[i].name);
  for (unsigned i = 0; i < n; i++)
    for (unsigned number = 0; number < models[i].max; number++)
      {
        g_autofree char *name = g_strdup_printf ("%s%u", models[i].kind, number);

        if (catalog_find (models[i].kind, NULL) == &models[i])
          g_strv_builder_add (names, name);
      }
  return g_strv_builder_end (names);
}

/* The keys that any model of the kind has. */
static char **
dup_device_keys (const char *kind)
{
  g_autoptr (GStrvBuilder) keys = g_strv_builder_new ();
  g_autoptr (GHashTable) added = g_hash_table_new (g_str_hash, g_str_equal);
  unsigned n;
  const DeviceModel *models = catalog_get_models (&n);

  g_strv_builder_add (keys, "model");
  for (unsigned i = 0; i < n; i++)
    {
      const DeviceModel *model = &models[i];

      if (!g_str_equal (model->kind, kind))
        continue;
      for (unsigned j = 0; j < model->n_options; j++)
        if (g_hash_table_add (added, (char *) model->options[j].name))
          g_strv_builder_add (keys, model->options[j].name);
      if (model->socket->place_key != NULL
          && g_hash_table_add (added, (char *) model->socket->place_key))
        g_strv_builder_add (keys, model->socket->place_key);
    }
  return g_strv_builder_end (keys);
}

char **
machine_keys_dup_keys (const char *group)
{
  unsigned number;
  const DeviceModel *first = catalog_find_group (group, &number);

  for (unsigned i = 0; i < G_N_ELEMENTS (groups); i++)
    if (g_str_equal (groups[i].name, group))
      return g_strdupv ((char **) groups[i].keys);
  return first != NULL ? dup_device_keys (first->kind) : NULL;
}

gboolean
machine_keys_check (const char *group, const char *key, GError **error)
{
  g_auto (GStrv) keys = machine_keys_dup_keys (group);
  const char *nearest;

  if (keys == NULL)
    {
      g_auto (GStrv) all = machine_keys_dup_groups ();

      nearest = nearest_find (group, (const char *const *) all);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   nearest != NULL ? _ ("machine.conf has no group [%s]: did you mean [%s]?")
                                   : _ ("machine.conf has no group [%s]: see machine.conf(5)."),
                   group, nearest);
      return FALSE;
    }
  if (key == NULL || g_strv_contains ((const char *const *) keys, key))
    return TRUE;
  nearest = nearest_find (key, (const char *const *) keys);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               nearest != NULL ? _ ("[%s] of machine.conf has no key “%s”: did you mean “%s”?")
                               : _ ("[%s] of machine.conf has no key “%s”: see machine.conf(5)."),
               group, key, nearest);
  return FALSE;
}
