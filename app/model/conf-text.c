/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "conf-text.h"

#include <string.h>

typedef struct
{
  char **lines;
  int group; /* the line behind the group's own, -1: it is not there */
  int key;   /* the key's line, -1: it is not there */
} Place;

static gboolean
is_key (const char *line, const char *key)
{
  size_t length = strlen (key);

  return strncmp (line, key, length) == 0 && line[length + strspn (line + length, " \t")] == '=';
}

static Place
find (const char *text, const char *group, const char *key)
{
  g_autofree char *header = g_strconcat ("[", group, "]", NULL);
  Place place = { g_strsplit (text, "\n", -1), -1, -1 };
  gboolean inside = FALSE;

  for (int i = 0; place.lines[i] != NULL; i++)
    {
      g_autofree char *line = g_strstrip (g_strdup (place.lines[i]));

      if (*line == '[')
        {
          inside = g_str_equal (line, header);
          if (inside && place.group < 0)
            place.group = i + 1;
        }
      else if (inside && is_key (line, key))
        place.key = i; /* the last one counts, as for GKeyFile */
    }
  return place;
}

char *
conf_text_dup_value (const char *text, const char *group, const char *key)
{
  Place place = find (text, group, key);
  char *value
    = place.key >= 0 ? g_strstrip (g_strdup (strchr (place.lines[place.key], '=') + 1)) : NULL;

  g_strfreev (place.lines);
  return value;
}

char *
conf_text_dup_with (const char *text, const char *group, const char *key, const char *value)
{
  Place place = find (text, group, key);
  GString *with = g_string_new (NULL);

  for (int i = 0; place.lines[i] != NULL; i++)
    {
      if (place.key < 0 && i == place.group)
        g_string_append_printf (with, "%s=%s\n", key, value);
      if (i == place.key)
        g_string_append_printf (with, "%s=%s", key, value);
      else
        g_string_append (with, place.lines[i]);
      if (place.lines[i + 1] != NULL)
        g_string_append_c (with, '\n');
    }
  if (place.group < 0)
    g_string_append_printf (with, "%s[%s]\n%s=%s\n",
                            with->len > 0 && with->str[with->len - 1] != '\n' ? "\n" : "", group,
                            key, value);
  g_strfreev (place.lines);
  return g_string_free (with, FALSE);
}
