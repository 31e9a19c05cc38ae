/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What stands in a machine's machine.conf. */
#include "machine.h"
#include "vmm-core/run/machine-config.h"

char *
machine_get_string (Machine *self, const char *group, const char *key)
{
  return g_key_file_get_string (machine_get_conf (self), group, key, NULL);
}

int
machine_get_integer (Machine *self, const char *group, const char *key, int fallback)
{
  g_autoptr (GError) error = NULL;
  int value = g_key_file_get_integer (machine_get_conf (self), group, key, &error);

  return error == NULL ? value : fallback;
}

unsigned
machine_get_memory (Machine *self)
{
  g_autofree char *text = machine_get_string (self, "machine", "memory");
  unsigned memory = text != NULL ? machine_config_parse_memory (text, NULL) : 0;

  return memory != 0 ? memory : MACHINE_CONFIG_DEFAULT_MEMORY;
}

char *
machine_resolve_file (Machine *self, const char *file)
{
  return g_canonicalize_filename (file, machine_get_folder (self));
}

gboolean
machine_rename (Machine *self, const char *name, GError **error)
{
  g_autofree char *plain = g_strstrip (g_strdup (name));

  g_key_file_set_string (machine_get_conf (self), "machine", "name", plain);
  return machine_save (self, error);
}
