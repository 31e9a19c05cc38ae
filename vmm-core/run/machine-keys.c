/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-keys.h"

#include <glib/gi18n.h>

#include "nearest.h"

static const char *const groups[]
  = { "machine", "cpu",    "disk0", "disk1",   "disk2",   "disk3",   "cd0",
      "cd1",     "cd2",    "cd3",   "serial0", "serial1", "serial2", "serial3",
      "kernel",  "smbios", "debug", "notes",   NULL };

static const char *const machine_keys[]
  = { "name", "uuid",      "description", "os",       "memory",
      "cpus", "topology",  "accelerator", "ticks",    "code-cache",
      "boot", "boot-menu", "bios",        "vga-bios", NULL };
static const char *const cpu_keys[] = { "model", "nested", "hyperv", NULL };
static const char *const drive_keys[] = { "file", "position", NULL };
static const char *const serial_keys[] = { "output", NULL };
static const char *const kernel_keys[] = { "file", "initrd", "append", NULL };
static const char *const smbios_keys[]
  = { "manufacturer", "product", "version", "serial", "sku", "family", "asset-tag", NULL };
static const char *const debug_keys[] = { "console", "test-device", NULL };
static const char *const notes_keys[] = { "text", NULL };

const char *const *
machine_keys_get_groups (void)
{
  return groups;
}

const char *const *
machine_keys_get_keys (const char *group)
{
  static const struct
  {
    const char *prefix;
    const char *const *keys;
  } kinds[] = { { "machine", machine_keys }, { "cpu", cpu_keys },       { "disk", drive_keys },
                { "cd", drive_keys },        { "serial", serial_keys }, { "kernel", kernel_keys },
                { "smbios", smbios_keys },   { "debug", debug_keys },   { "notes", notes_keys } };

  if (!g_strv_contains (groups, group))
    return NULL;
  for (unsigned i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_has_prefix (group, kinds[i].prefix))
      return kinds[i].keys;
  return NULL;
}

gboolean
machine_keys_check (const char *group, const char *key, GError **error)
{
  const char *const *keys = machine_keys_get_keys (group);
  const char *nearest;

  if (keys == NULL)
    {
      nearest = nearest_find (group, groups);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   nearest != NULL ? _ ("machine.conf has no group [%s]: did you mean [%s]?")
                                   : _ ("machine.conf has no group [%s]: see machine.conf(5)."),
                   group, nearest);
      return FALSE;
    }
  if (key == NULL || g_strv_contains (keys, key))
    return TRUE;
  nearest = nearest_find (key, keys);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               nearest != NULL ? _ ("[%s] of machine.conf has no key “%s”: did you mean “%s”?")
                               : _ ("[%s] of machine.conf has no key “%s”: see machine.conf(5)."),
               group, key, nearest);
  return FALSE;
}
