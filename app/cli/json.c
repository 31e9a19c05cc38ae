/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "json.h"

#include <string.h>

void
json_add_string (GString *out, const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text != NULL ? text : "", -1);

  g_string_append_c (out, '"');
  for (const char *at = valid; *at != '\0'; at++)
    if (*at == '"' || *at == '\\')
      g_string_append_printf (out, "\\%c", *at);
    else if ((unsigned char) *at < 0x20 || *at == 0x7f)
      g_string_append_printf (out, "\\u%04x", *at);
    else
      g_string_append_c (out, *at);
  g_string_append_c (out, '"');
}

void
json_add_separator (GString *out)
{
  if (out->len > 0 && strchr ("[{", out->str[out->len - 1]) == NULL)
    g_string_append (out, ", ");
}

void
json_add_key (GString *out, const char *key)
{
  json_add_separator (out);
  json_add_string (out, key);
  g_string_append (out, ": ");
}

void
json_add_member (GString *out, const char *key, const char *text)
{
  json_add_key (out, key);
  json_add_string (out, text);
}

void
json_add_number (GString *out, const char *key, guint64 number)
{
  json_add_key (out, key);
  g_string_append_printf (out, "%" G_GUINT64_FORMAT, number);
}

void
json_add_boolean (GString *out, const char *key, gboolean value)
{
  json_add_key (out, key);
  g_string_append (out, value ? "true" : "false");
}
