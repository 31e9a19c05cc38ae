/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "size.h"

#include <glib/gi18n.h>
#include <string.h>

gboolean
size_parse (const char *text, guint64 unit, guint64 *bytes)
{
  static const char letters[] = "kmgt";
  const char *letter;
  char *end;
  guint64 number;

  if (!g_ascii_isdigit (*text))
    return FALSE;
  number = g_ascii_strtoull (text, &end, 10);
  while (*end == ' ')
    end++;
  letter = *end != '\0' ? strchr (letters, g_ascii_tolower (*end)) : NULL;
  if (letter != NULL)
    {
      unit = G_GUINT64_CONSTANT (1) << 10 * (letter - letters + 1);
      end++;
      if (g_ascii_strcasecmp (end, "iB") == 0 || g_ascii_strcasecmp (end, "B") == 0)
        end = (char *) "";
    }
  return *end == '\0' && g_uint64_checked_mul (bytes, number, unit);
}

guint64
size_parse_disk (const char *text, GError **error)
{
  guint64 bytes;

  if (size_parse (text, 1 << 30, &bytes) && bytes >= 1 << 20 && bytes <= SIZE_MAX_DISK
      && bytes % 512 == 0)
    return bytes;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               _ ("“%s” is no size of a disk: give GiB between 1 and 2048, or for example 512M."),
               text);
  return 0;
}
