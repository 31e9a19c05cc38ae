/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-smbios.h"

#include <glib/gi18n.h>
#include <string.h>

static const struct
{
  const char *key;
  size_t offset;
} fields[] = {
  { "manufacturer", offsetof (SmbiosTexts, manufacturer) },
  { "product", offsetof (SmbiosTexts, product) },
  { "version", offsetof (SmbiosTexts, version) },
  { "serial", offsetof (SmbiosTexts, serial) },
  { "sku", offsetof (SmbiosTexts, sku) },
  { "family", offsetof (SmbiosTexts, family) },
  { "asset-tag", offsetof (SmbiosTexts, asset_tag) },
};

static char **
field_of (SmbiosTexts *texts, unsigned i)
{
  return (char **) ((char *) texts + fields[i].offset);
}

gboolean
machine_smbios_is_text (const char *text)
{
  if (strlen (text) > SMBIOS_TEXT_MAX)
    return FALSE;
  for (; *text != '\0'; text = g_utf8_next_char (text))
    if (!g_unichar_isprint (g_utf8_get_char (text)))
      return FALSE;
  return TRUE;
}

gboolean
machine_smbios_read (GKeyFile *file, const char *path, SmbiosTexts *texts, GError **error)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      g_autofree char *text
        = g_key_file_get_string (file, MACHINE_SMBIOS_GROUP, fields[i].key, NULL);

      if (text == NULL)
        continue;
      if (!machine_smbios_is_text (text))
        {
          g_set_error (
            error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
            _ ("In “%s”, %s in [%s] is longer than %u bytes or has characters that cannot be "
               "shown: write another text."),
            path, fields[i].key, MACHINE_SMBIOS_GROUP, SMBIOS_TEXT_MAX);
          return FALSE;
        }
      g_free (*field_of (texts, i));
      *field_of (texts, i) = g_steal_pointer (&text);
    }
  return TRUE;
}

void
machine_smbios_clear (SmbiosTexts *texts)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (fields); i++)
    g_clear_pointer (field_of (texts, i), g_free);
}
