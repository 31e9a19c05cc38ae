/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-trust.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>

#include "vmm-core/plain-file.h"
#include "vmm-core/real-path.h"

#define GROUP "agreed"
#define MAX_AGREEMENT (1u << 20)

static const char *const use_keys[] = { "read", "write", "overwrite" };

/* Every file that a configuration names */

typedef void (*VisitFile) (MachineTrustUse use, char **path, void *data);

/* The path in "file:F" and "socket:F". */
static void
visit_place (char **place, VisitFile visit, void *data)
{
  char *colon = *place != NULL ? strchr (*place, ':') : NULL;
  g_autofree char *path = NULL;
  g_autofree char *kind = NULL;

  if (colon == NULL)
    return;
  kind = g_strndup (*place, colon - *place);
  path = g_strdup (colon + 1);
  visit (MACHINE_TRUST_OVERWRITE, &path, data);
  g_free (*place);
  *place = g_strconcat (kind, ":", path, NULL);
}

/* A file or, for a Multiboot kernel, "FILE ARGUMENTS,FILE ARGUMENTS". */
static void
visit_modules (char **initrd, VisitFile visit, void *data)
{
  g_auto (GStrv) modules = NULL;

  if (*initrd == NULL)
    return;
  modules = g_strsplit (*initrd, ",", -1);
  for (char **module = modules; *module != NULL; module++)
    {
      size_t length = strcspn (*module, " ");
      g_autofree char *arguments = g_strdup (*module + length);
      g_autofree char *path = g_strndup (*module, length);

      visit (MACHINE_TRUST_READ, &path, data);
      g_free (*module);
      *module = g_strconcat (path, arguments, NULL);
    }
  if (strpbrk (*initrd, ", ") == NULL || g_file_test (*initrd, G_FILE_TEST_EXISTS))
    {
      visit (MACHINE_TRUST_READ, initrd, data);
      return;
    }
  g_free (*initrd);
  *initrd = g_strjoinv (",", modules);
}

static void
visit_device (DeviceSpec *spec, VisitFile visit, void *data)
{
  for (unsigned i = 0; i < spec->model->n_options; i++)
    {
      DeviceOptionType type = spec->model->options[i].type;

      if (type == DEVICE_OPTION_OUTPUT)
        visit_place (&spec->values[i], visit, data);
      else if (spec->values[i] != NULL)
        visit (type == DEVICE_OPTION_FILE ? MACHINE_TRUST_WRITE : MACHINE_TRUST_READ,
               &spec->values[i], data);
    }
}

static void
visit_files (MachineConfig *config, VisitFile visit, void *data)
{
  char **firmware[] = { &config->bios, &config->vga_bios, &config->kernel };

  for (unsigned i = 0; i < config->devices->len; i++)
    visit_device (g_ptr_array_index (config->devices, i), visit, data);
  for (unsigned i = 0; i < G_N_ELEMENTS (firmware); i++)
    if (*firmware[i] != NULL)
      visit (MACHINE_TRUST_READ, firmware[i], data);
  visit_modules (&config->initrd, visit, data);
  visit_place (&config->debugcon, visit, data);
}

static void
resolve (MachineTrustUse use, char **path, void *data)
{
  char *real = real_path_resolve (*path);

  g_free (*path);
  *path = real;
}

void
machine_trust_resolve (MachineConfig *config)
{
  visit_files (config, resolve, NULL);
}

/* Files outside */

static void
file_free (gpointer data)
{
  MachineTrustFile *file = data;

  g_free (file->path);
  g_free (file);
}

static gboolean
contains (GPtrArray *files, const MachineTrustFile *file)
{
  for (unsigned i = 0; i < files->len; i++)
    {
      const MachineTrustFile *other = g_ptr_array_index (files, i);

      if (other->use == file->use && g_str_equal (other->path, file->path))
        return TRUE;
    }
  return FALSE;
}

static void
add (GPtrArray *files, MachineTrustUse use, const char *path)
{
  MachineTrustFile file = { use, (char *) path };

  if (contains (files, &file))
    return;
  file.path = g_strdup (path);
  g_ptr_array_add (files, g_memdup2 (&file, sizeof file));
}

typedef struct
{
  char *inside; /* the folder's real path with a slash behind it */
  GPtrArray *files;
} Search;

static void
add_outside (MachineTrustUse use, char **path, void *data)
{
  Search *search = data;

  if (!g_str_has_prefix (*path, search->inside))
    add (search->files, use, *path);
}

/* config has been resolved. */
static GPtrArray *
find_outside (const MachineConfig *config)
{
  g_autofree char *folder = config->folder != NULL ? real_path_resolve (config->folder) : NULL;
  g_autofree char *inside = g_strconcat (folder != NULL ? folder : "", "/", NULL);
  Search search = { inside, g_ptr_array_new_with_free_func (file_free) };

  /* Nothing is changed by this visit. */
  if (folder != NULL)
    visit_files ((MachineConfig *) config, add_outside, &search);
  return search.files;
}

/* What was agreed to */

static char *
dup_agreement_path (const char *uuid)
{
  g_autofree char *agreements
    = g_build_filename (g_get_user_data_dir (), "guesthouse", "agreed", NULL);

  return real_path_in (agreements, uuid);
}

/* Paths are escaped: they need not be UTF-8. */
static char *
dup_escaped_folder (const char *folder)
{
  g_autofree char *real = real_path_resolve (folder);

  return g_strescape (real, NULL);
}

/* NULL if there is none, or one for another folder with the same uuid. */
static GKeyFile *
load_agreement (const char *uuid, const char *folder)
{
  g_autofree char *path = dup_agreement_path (uuid);
  g_autofree char *escaped = dup_escaped_folder (folder);
  g_autoptr (GBytes) text = plain_file_read (path, MAX_AGREEMENT, NULL);
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autofree char *written_for = NULL;

  if (text != NULL)
    g_key_file_load_from_bytes (file, text, G_KEY_FILE_NONE, NULL);
  written_for = g_key_file_get_string (file, GROUP, "folder", NULL);
  return g_strcmp0 (written_for, escaped) == 0 ? g_steal_pointer (&file) : NULL;
}

static GPtrArray *
load_agreed (const MachineConfig *config)
{
  GPtrArray *agreed = g_ptr_array_new_with_free_func (file_free);
  g_autoptr (GKeyFile) file = load_agreement (config->uuid, config->folder);

  for (unsigned use = 0; file != NULL && use < G_N_ELEMENTS (use_keys); use++)
    {
      g_auto (GStrv) paths = g_key_file_get_string_list (file, GROUP, use_keys[use], NULL, NULL);

      for (unsigned i = 0; paths != NULL && paths[i] != NULL; i++)
        {
          g_autofree char *plain = g_strcompress (paths[i]);

          add (agreed, use, plain);
        }
    }
  return agreed;
}

static gboolean
write_agreement (GKeyFile *file, const char *uuid, GError **error)
{
  g_autofree char *path = dup_agreement_path (uuid);
  g_autofree char *agreements = g_path_get_dirname (path);
  g_autofree char *text = g_key_file_to_data (file, NULL, NULL);
  g_autoptr (GError) reason = NULL;

  g_mkdir_with_parents (agreements, 0700);
  if (g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &reason))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
               _ ("It cannot be kept that you agreed to this machine's files: %s. Make room or "
                  "change the folder's permissions."),
               reason->message);
  return FALSE;
}

static gboolean
save_agreed (const MachineConfig *config, GPtrArray *agreed, GError **error)
{
  g_autofree char *folder = dup_escaped_folder (config->folder);
  g_autoptr (GKeyFile) file = g_key_file_new ();

  g_key_file_set_string (file, GROUP, "folder", folder);
  for (unsigned use = 0; use < G_N_ELEMENTS (use_keys); use++)
    {
      g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);

      for (unsigned i = 0; i < agreed->len; i++)
        {
          const MachineTrustFile *one = g_ptr_array_index (agreed, i);

          if (one->use == use)
            g_ptr_array_add (paths, g_strescape (one->path, NULL));
        }
      g_key_file_set_string_list (file, GROUP, use_keys[use], (const char *const *) paths->pdata,
                                  paths->len);
    }
  return write_agreement (file, config->uuid, error);
}

/* The files of one list that are not in the other. */
static GPtrArray *
subtract (GPtrArray *files, GPtrArray *without)
{
  GPtrArray *rest = g_ptr_array_new_with_free_func (file_free);

  for (unsigned i = 0; i < files->len; i++)
    {
      const MachineTrustFile *file = g_ptr_array_index (files, i);

      if (!contains (without, file))
        add (rest, file->use, file->path);
    }
  return rest;
}

GPtrArray *
machine_trust_find_strange (const MachineConfig *config)
{
  g_autoptr (GPtrArray) outside = find_outside (config);
  g_autoptr (GPtrArray) agreed = NULL;

  if (outside->len == 0)
    return g_steal_pointer (&outside);
  agreed = load_agreed (config);
  return subtract (outside, agreed);
}

char *
machine_trust_describe (GPtrArray *files)
{
  static const char *const uses[] = { N_ ("read"), N_ ("read and written"), N_ ("overwritten") };
  GString *text = g_string_new (NULL);

  for (unsigned i = 0; i < files->len; i++)
    {
      const MachineTrustFile *file = g_ptr_array_index (files, i);
      g_autofree char *name = g_filename_display_name (file->path);

      g_string_append_printf (text, "%s“%s” (%s)", i > 0 ? ", " : "", name, _ (uses[file->use]));
    }
  return g_string_free (text, FALSE);
}

gboolean
machine_trust_check (const MachineConfig *config, GError **error)
{
  g_autoptr (GPtrArray) strange = machine_trust_find_strange (config);
  g_autofree char *list = NULL, *folder = NULL;

  if (strange->len == 0)
    return TRUE;
  list = machine_trust_describe (strange);
  folder = g_shell_quote (config->folder);
  g_set_error (
    error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
    _ ("The machine “%s” uses files outside its folder to which you have not agreed: %s. "
       "If they are meant, allow them with “guesthousectl trust %s”."),
    config->name, list, folder);
  return FALSE;
}

gboolean
machine_trust_agree (const MachineConfig *config, GPtrArray *files, GError **error)
{
  g_autoptr (GPtrArray) outside = find_outside (config);
  g_autoptr (GPtrArray) before = load_agreed (config);
  g_autoptr (GPtrArray) agreed = g_ptr_array_new_with_free_func (file_free);

  /* What is not named any more would be asked about again. */
  for (unsigned i = 0; i < outside->len; i++)
    {
      const MachineTrustFile *file = g_ptr_array_index (outside, i);

      if (contains (before, file) || contains (files, file))
        add (agreed, file->use, file->path);
    }
  return save_agreed (config, agreed, error);
}

void
machine_trust_move (const char *folder, const char *uuid, const char *new_uuid)
{
  g_autoptr (GKeyFile) file = load_agreement (uuid, folder);
  g_autofree char *from = dup_agreement_path (uuid);
  g_autofree char *to = new_uuid != NULL ? dup_agreement_path (new_uuid) : NULL;

  if (file == NULL)
    return;
  if (to != NULL)
    g_rename (from, to);
  else
    g_unlink (from);
}

void
machine_trust_move_folder (const char *uuid, const char *before, const char *after)
{
  g_autoptr (GKeyFile) file = g_uuid_string_is_valid (uuid) ? load_agreement (uuid, before) : NULL;
  g_autofree char *folder = dup_escaped_folder (after);

  if (file == NULL)
    return;
  g_key_file_set_string (file, GROUP, "folder", folder);
  write_agreement (file, uuid, NULL);
}

/* NULL if machine.conf does not make a machine. */
static MachineConfig *
load_resolved (GKeyFile *file, const char *folder)
{
  MachineConfig *config
    = file != NULL ? machine_config_from_key_file (file, folder, MACHINE_CONFIG_FILE, NULL) : NULL;

  if (config != NULL)
    machine_trust_resolve (config);
  return config;
}

gboolean
machine_trust_save (GKeyFile *file, const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, MACHINE_CONFIG_FILE, NULL);
  gboolean new = !g_file_test (path, G_FILE_TEST_EXISTS);
  g_autoptr (GKeyFile) old = new ? NULL : machine_config_load_key_file (folder, NULL);
  g_autoptr (MachineConfig) before = load_resolved (old, folder);
  g_autoptr (MachineConfig) after = load_resolved (file, folder);
  g_autoptr (GPtrArray) named = NULL, outside = NULL, added = NULL;

  if (!machine_config_write_key_file (file, folder, error))
    return FALSE;
  /* Who mends somebody else's file has not looked at all of it. */
  if (after == NULL || (before == NULL && !new))
    return TRUE;
  outside = find_outside (after);
  named = before != NULL ? find_outside (before) : g_ptr_array_new_with_free_func (file_free);
  added = subtract (outside, named);
  return added->len == 0 || machine_trust_agree (after, added, error);
}
