/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-name.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "machine-folder.h"
#include "machine-root.h"
#include "vmm-core/real-path.h"
#include "vmm-core/run/machine-trust.h"

char *
machine_name_dup_in (GKeyFile *conf, const char *folder)
{
  g_autofree char *name
    = conf != NULL ? g_key_file_get_string (conf, "machine", "name", NULL) : NULL;

  if (name != NULL && *g_strstrip (name) != '\0')
    return g_steal_pointer (&name);
  return g_filename_display_basename (folder);
}

char *
machine_name_dup (const char *folder)
{
  g_autoptr (GKeyFile) conf = machine_config_load_key_file (folder, NULL);

  return machine_name_dup_in (conf, folder);
}

/* Letters that show nothing, and those that turn the direction of what is behind them. */
static gboolean
is_invisible (gunichar c)
{
  return g_unichar_type (c) == G_UNICODE_FORMAT;
}

static gboolean
can_be_in_name (gunichar c)
{
  GUnicodeType type = g_unichar_type (c);

  return type != G_UNICODE_CONTROL && type != G_UNICODE_LINE_SEPARATOR
         && type != G_UNICODE_PARAGRAPH_SEPARATOR && (c < 0x202a || c > 0x202e)
         && (c < 0x2066 || c > 0x2069);
}

/* What is left of a name when only what can be told apart at a glance counts. */
static char *
dup_key (const char *name)
{
  g_autofree char *normal = g_utf8_normalize (name, -1, G_NORMALIZE_ALL_COMPOSE);
  g_autofree char *folded = g_utf8_casefold (normal != NULL ? normal : name, -1);
  g_autoptr (GString) key = g_string_new (NULL);

  for (const char *at = folded; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);

      if (g_unichar_isspace (c))
        {
          if (key->len > 0 && key->str[key->len - 1] != ' ')
            g_string_append_c (key, ' ');
        }
      else if (!is_invisible (c))
        g_string_append_unichar (key, c);
    }
  return g_strdup (g_strchomp (key->str));
}

static gboolean
is_same (const char *a, const char *b)
{
  g_autofree char *key_a = dup_key (a);
  g_autofree char *key_b = dup_key (b);

  return g_str_equal (key_a, key_b);
}

gboolean
machine_name_check (const char *name, GError **error)
{
  g_autofree char *shown = g_filename_display_name (name);
  g_autofree char *plain = g_strstrip (g_strdup (name));
  g_autofree char *key = NULL;

  if (!g_utf8_validate (name, -1, NULL))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 _ ("“%s” cannot be a machine's name: it is not UTF-8 text."), shown);
  else if (key = dup_key (plain), *key == '\0')
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                         _ ("A machine needs a name that can be seen: type one."));
  else if (*plain == '.' || strchr (plain, '/') != NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 _ ("“%s” cannot be a machine's name: leave out “/” and a dot in front."), shown);
  else if (strlen (plain) > NAME_MAX)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 _ ("This name is too long for a folder: use one of at most %d bytes."), NAME_MAX);
  else
    {
      const char *at = plain;

      while (*at != '\0' && can_be_in_name (g_utf8_get_char (at)))
        at = g_utf8_next_char (at);
      if (*at == '\0')
        return TRUE;
      g_set_error_literal (
        error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
        _ ("A machine's name is one line of text: leave out line breaks and control characters."));
    }
  return FALSE;
}

/* Whether a machine other than that in folder has the name. */
static gboolean
is_taken (const char *name, const char *folder)
{
  g_autoptr (GPtrArray) folders = machine_folder_list ();

  for (unsigned i = 0; i < folders->len; i++)
    {
      const char *other = g_ptr_array_index (folders, i);
      g_autofree char *others_name = machine_name_dup (other);

      if (g_strcmp0 (other, folder) != 0 && is_same (name, others_name))
        return TRUE;
    }
  return FALSE;
}

char *
machine_name_dup_checked (const char *name, const char *folder, GError **error)
{
  g_autofree char *plain = NULL;

  if (!machine_name_check (name, error))
    return NULL;
  plain = g_strstrip (g_strdup (name));
  if (!is_taken (plain, folder))
    return g_steal_pointer (&plain);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS,
               _ ("A machine “%s” exists already: choose another name."), plain);
  return NULL;
}

/* What the n-th of that name is called, as long as a folder's name can be. */
static char *
dup_numbered (const char *name, unsigned n)
{
  g_autofree char *suffix = n == 1 ? g_strdup ("") : g_strdup_printf (" %u", n);
  size_t room = NAME_MAX - strlen (suffix), length = strlen (name);

  if (length > room)
    length = g_utf8_find_prev_char (name, name + room + 1) - name;
  return g_strdup_printf ("%.*s%s", (int) length, name, suffix);
}

char *
machine_name_dup_free (const char *name)
{
  for (unsigned n = 1;; n++)
    {
      char *candidate = dup_numbered (name, n);

      if (!is_taken (candidate, NULL))
        return candidate;
      g_free (candidate);
    }
}

/* Renaming */

/* value with what it names in the folder named relative to it; NULL: it names nothing there. */
static char *
dup_relative (const char *value, const char *inside)
{
  const char *colon = strchr (value, ':');
  const char *path = *value != '/' && colon != NULL ? colon + 1 : value;

  if (!g_str_has_prefix (path, inside) || path[strlen (inside)] == '\0')
    return NULL;
  return g_strdup_printf ("%.*s%s", (int) (path - value), value, path + strlen (inside));
}

/* Paths into the folder would lead nowhere when it has another name. */
static void
make_relative (GKeyFile *conf, const char *folder)
{
  g_autofree char *real = real_path_resolve (folder);
  g_autofree char *as_given = g_strconcat (folder, "/", NULL);
  g_autofree char *resolved = g_strconcat (real, "/", NULL);
  const char *inside[] = { as_given, resolved };
  g_auto (GStrv) groups = g_key_file_get_groups (conf, NULL);

  for (char **group = groups; *group != NULL; group++)
    {
      g_auto (GStrv) keys = g_key_file_get_keys (conf, *group, NULL, NULL);

      for (char **key = keys; keys != NULL && *key != NULL; key++)
        for (unsigned i = 0; i < G_N_ELEMENTS (inside); i++)
          {
            g_autofree char *value = g_key_file_get_string (conf, *group, *key, NULL);
            g_autofree char *relative = value != NULL ? dup_relative (value, inside[i]) : NULL;

            if (relative != NULL)
              g_key_file_set_string (conf, *group, *key, relative);
          }
    }
}

/* Not every file system can refuse what is there by itself. */
static int
rename_to_new (const char *from, const char *to)
{
  struct stat about;

  if (renameat2 (AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
    return 0;
  if (errno != EINVAL && errno != ENOSYS)
    return -1;
  if (lstat (to, &about) < 0)
    return rename (from, to);
  errno = EEXIST;
  return -1;
}

char *
machine_name_move_folder (const char *folder, const char *name, GError **error)
{
  g_autofree char *parent = g_path_get_dirname (folder);
  g_autofree char *shown = NULL;

  for (unsigned n = 1;; n++)
    {
      g_autofree char *base = dup_numbered (name, n);
      g_autofree char *target = g_build_filename (parent, base, NULL);

      if (g_str_equal (target, folder) || rename_to_new (folder, target) == 0)
        return g_steal_pointer (&target);
      if (errno != EEXIST && errno != ENOTEMPTY)
        break;
    }
  shown = g_filename_display_name (parent);
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
               _ ("The folder of “%s” in “%s” cannot get its name: %s."), name, shown,
               g_strerror (errno));
  return NULL;
}

char *
machine_name_save (GKeyFile *conf, const char *folder, const char *name, GError **error)
{
  int lock = machine_config_lock_folder (folder, 0, NULL);
  g_autofree char *uuid = g_key_file_get_string (conf, "machine", "uuid", NULL);
  char *moved = NULL;

  g_key_file_set_string (conf, "machine", "name", name);
  if (lock >= 0)
    make_relative (conf, folder);
  /* Each step leaves a machine that works: the folder's name means nothing. */
  if (machine_trust_save (conf, folder, error))
    {
      /* Where it cannot, the folder keeps its name. */
      moved = lock >= 0 ? machine_name_move_folder (folder, name, NULL) : NULL;
      moved = moved != NULL ? moved : g_strdup (folder);
    }
  if (moved != NULL && uuid != NULL)
    machine_trust_move_folder (uuid, folder, moved);
  if (lock >= 0)
    close (lock);
  return moved;
}

char *
machine_name_change (const char *folder, const char *name, GError **error)
{
  g_auto (MachineRootLock) library = machine_root_lock ();
  g_autofree char *checked = machine_name_dup_checked (name, folder, error);
  g_autoptr (GKeyFile) conf = checked != NULL ? machine_config_load_key_file (folder, error) : NULL;

  return conf != NULL ? machine_name_save (conf, folder, checked, error) : NULL;
}
