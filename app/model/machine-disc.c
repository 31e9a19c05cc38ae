/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-disc.h"

#include "drive-list.h"
#include "vmm-core/control-names.h"

#define TIMEOUT_MS 30000

/* A change on its way through the running machine. */
typedef struct
{
  Machine *machine;
  char *drive, *path;
} Change;

static void
change_free (Change *change)
{
  g_object_unref (change->machine);
  g_free (change->drive);
  g_free (change->path);
  g_free (change);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Change, change_free)

/* The running machine's answer: whether it has such a drive, and what is in it. */
static gboolean
look_up (Machine *self, const char *drive, char **path, gboolean *locked)
{
  g_autoptr (GVariant) drives = machine_get_drives (self);
  GVariantIter iter;
  const char *id, *file;

  if (drives == NULL)
    return FALSE;
  g_variant_iter_init (&iter, drives);
  while (g_variant_iter_next (&iter, "(&s&s&sb)", &id, NULL, &file, locked))
    if (g_str_equal (id, drive))
      {
        *path = *file != '\0' ? g_strdup (file) : NULL;
        return TRUE;
      }
  return FALSE;
}

gboolean
machine_disc_applies_now (Machine *self, const char *drive)
{
  g_autofree char *path = NULL;
  gboolean locked;

  return machine_is_on (self) && look_up (self, drive, &path, &locked);
}

char *
machine_disc_dup_path (Machine *self, const char *drive)
{
  g_autofree char *written = NULL;
  gboolean locked;
  char *path;

  if (look_up (self, drive, &path, &locked))
    return path;
  written = machine_get_string (self, drive, "file");
  return written != NULL && *written != '\0' ? machine_resolve_file (self, written) : NULL;
}

gboolean
machine_disc_is_locked (Machine *self, const char *drive)
{
  g_autofree char *path = NULL;
  gboolean locked = FALSE;

  return look_up (self, drive, &path, &locked) && locked;
}

static void
write_down (Machine *self, const char *drive, const char *path)
{
  g_autoptr (GError) error = NULL;

  /* The disc is changed already: it goes into the file as it is now, not as it was last seen. */
  if (machine_refresh (self, &error))
    drive_list_set_file (machine_get_conf (self), drive, machine_get_folder (self), path);
  if (error != NULL || !machine_save (self, &error))
    machine_tell_problem (self, error);
}

static void
changed (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Change) change = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer
    = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (answer != NULL)
    {
      write_down (change->machine, change->drive, change->path);
      return;
    }
  machine_tell_problem (change->machine, error);
}

static void
call (Machine *self, const char *method, GVariant *parameters, GAsyncReadyCallback callback,
      gpointer data)
{
  g_dbus_connection_call (machine_get_connection (self), NULL, CONTROL_MACHINE_PATH,
                          CONTROL_MACHINE, method, parameters, NULL, G_DBUS_CALL_FLAGS_NONE,
                          TIMEOUT_MS, NULL, callback, data);
}

void
machine_disc_change (Machine *self, const char *drive, const char *path, gboolean force)
{
  g_autoptr (GError) error = NULL;
  Change *change;

  if (path != NULL && !drive_list_check_file (path, &error))
    {
      machine_tell_problem (self, error);
      return;
    }
  if (!machine_disc_applies_now (self, drive))
    {
      write_down (self, drive, path);
      return;
    }
  change = g_new (Change, 1);
  *change = (Change){ g_object_ref (self), g_strdup (drive), g_strdup (path) };
  if (path == NULL)
    {
      call (self, "EjectMedium", g_variant_new ("(sb)", drive, force), changed, change);
      return;
    }
  /* The machine serves calls in their order. */
  if (force)
    call (self, "EjectMedium", g_variant_new ("(sb)", drive, TRUE), NULL, NULL);
  call (self, "InsertMedium", g_variant_new ("(ss)", drive, path), changed, change);
}
