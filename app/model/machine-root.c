/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-root.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <sys/file.h>
#include <unistd.h>

#include "vmm-core/plain-file.h"
#include "vmm-core/real-path.h"

#define MAX_FILE (64u << 10)
#define LOCK_PATIENCE_MS 2000 /* others need some milliseconds */
#define LOCK_STEP_MS 5

char *
machine_root_dup_usual (void)
{
  return g_build_filename (g_get_user_data_dir (), "guesthouse", "machines", NULL);
}

static char *
dup_file (void)
{
  return g_build_filename (g_get_user_config_dir (), "guesthouse", "folders", NULL);
}

/* A folder that is there twice, by a link, would have its machines twice. */
static void
add (GPtrArray *roots, const char *folder)
{
  g_autofree char *real = real_path_resolve (folder);

  for (guint i = 0; i < roots->len; i++)
    {
      g_autofree char *other = real_path_resolve (roots->pdata[i]);

      if (g_str_equal (other, real))
        return;
    }
  g_ptr_array_add (roots, g_strdup (folder));
}

GPtrArray *
machine_root_list (void)
{
  GPtrArray *roots = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *file = dup_file ();
  g_autofree char *real = real_path_resolve (file);
  g_autofree char *usual = machine_root_dup_usual ();
  g_autoptr (GBytes) bytes = plain_file_read (real, MAX_FILE, NULL);

  if (bytes != NULL)
    {
      g_autofree char *text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
      g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

      for (char **line = lines; *line != NULL; line++)
        if (g_path_is_absolute (*line))
          add (roots, *line);
    }
  add (roots, usual);
  return roots;
}

char *
machine_root_dup (void)
{
  g_autoptr (GPtrArray) roots = machine_root_list ();

  return g_strdup (roots->pdata[0]);
}

static gboolean
check (const char *folder, GError **error)
{
  g_autofree char *name = g_filename_display_name (folder);

  if (strchr (folder, '\n') == NULL && g_utf8_validate (folder, -1, NULL)
      && access (folder, W_OK | X_OK) == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
               _ ("No machine can be made in the folder “%s”: choose one that you can write to."),
               name);
  return FALSE;
}

gboolean
machine_root_set (const char *folder, GError **error)
{
  g_autofree char *file = dup_file ();
  g_autofree char *parent = g_path_get_dirname (file);
  g_autofree char *usual = machine_root_dup_usual ();
  g_autoptr (GPtrArray) before = machine_root_list ();
  g_autoptr (GPtrArray) roots = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *text = NULL;

  if (folder != NULL && !check (folder, error))
    return FALSE;
  add (roots, folder != NULL ? folder : usual);
  for (guint i = 0; i < before->len; i++)
    add (roots, before->pdata[i]);
  g_ptr_array_add (roots, NULL);
  text = g_strjoinv ("\n", (char **) roots->pdata);
  g_mkdir_with_parents (parent, 0700);
  return g_file_set_contents (file, text, -1, error);
}

MachineRootLock
machine_root_lock (void)
{
  g_autofree char *usual = machine_root_dup_usual ();
  int fd = open (usual, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  for (unsigned waited = 0; fd >= 0 && waited < LOCK_PATIENCE_MS
                            && flock (fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
       waited += LOCK_STEP_MS)
    g_usleep (LOCK_STEP_MS * 1000);
  return fd;
}

void
machine_root_unlock (MachineRootLock lock)
{
  if (lock >= 0)
    close (lock);
}
