/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vm-drives.h"

#include <glib/gi18n.h>

typedef struct
{
  DeviceSpec *spec;
  Image *image;
  GCancellable *opening; /* of what the machine starts with; NULL: not under way */
} Drive;

struct VmDrives
{
  GMainContext *context;
  MachineLock *lock;
  BoardPc *board; /* NULL: none */
  Drive *drives;
  unsigned n;
  GCancellable *cancellable; /* of what is to be put in */
  VmDone opened;             /* NULL: nobody waits */
  void *opened_data;
  const char *failed; /* a drive's id */
  char *missing;      /* a sentence */
  ImageTroubled troubled;
  void (*changed) (void *data);
  void *listener_data;
};

/* An image that is being opened. */
typedef struct
{
  VmDrives *drives;
  Drive *drive;
  VmDone done; /* NULL: the machine starts with it */
  void *data;
} Opening;

static gboolean
is_cd (const Drive *drive)
{
  return device_spec_is (drive->spec, "cd");
}

static const char *
get_file (const Drive *drive)
{
  return device_spec_get (drive->spec, "file");
}

static void
set_file (Drive *drive, const char *file)
{
  device_spec_set (drive->spec, "file", file);
}

VmDrives *
vm_drives_new (GPtrArray *devices, GMainContext *context, MachineLock *lock)
{
  VmDrives *drives = g_new0 (VmDrives, 1);

  drives->drives = g_new0 (Drive, devices->len);
  for (unsigned i = 0; i < devices->len; i++)
    {
      DeviceSpec *spec = g_ptr_array_index (devices, i);

      if (device_spec_is (spec, "disk") || device_spec_is (spec, "cd"))
        drives->drives[drives->n++].spec = spec;
    }
  drives->context = context;
  drives->lock = lock;
  drives->cancellable = g_cancellable_new ();
  return drives;
}

/* Whatever comes of it is closed again. */
static void
abandon (GCancellable **cancellable)
{
  if (*cancellable != NULL)
    g_cancellable_cancel (*cancellable);
  g_clear_object (cancellable);
}

void
vm_drives_free (VmDrives *drives)
{
  if (drives == NULL)
    return;
  abandon (&drives->cancellable);
  for (unsigned i = 0; i < drives->n; i++)
    {
      abandon (&drives->drives[i].opening);
      image_free (drives->drives[i].image);
    }
  g_free (drives->drives);
  g_free (drives->missing);
  g_free (drives);
}

void
vm_drives_set_listener (VmDrives *drives, ImageTroubled troubled, void (*changed) (void *data),
                        void *data)
{
  drives->troubled = troubled;
  drives->changed = changed;
  drives->listener_data = data;
}

void
vm_drives_set_board (VmDrives *drives, BoardPc *board)
{
  drives->board = board;
}

/* Opening what the machine starts with */

const char *
vm_drives_get_awaited (VmDrives *drives)
{
  for (unsigned i = 0; i < drives->n; i++)
    if (drives->drives[i].opening != NULL)
      return get_file (&drives->drives[i]);
  return NULL;
}

void
vm_drives_give_up (VmDrives *drives)
{
  drives->opened = NULL;
}

/* Tells who waits, if there is nothing more to wait for. */
static void
tell_opened (VmDrives *drives, const GError *error)
{
  VmDone opened = drives->opened;

  if (opened == NULL || (error == NULL && vm_drives_get_awaited (drives) != NULL))
    return;
  drives->opened = NULL;
  opened (drives->opened_data, error);
}

static Image *
take_image (VmDrives *drives, GAsyncResult *result, GError **error)
{
  Image *image = image_open_finish (result, error);

  if (image != NULL)
    image_set_listener (image, drives->troubled, drives->listener_data);
  return image;
}

static gboolean
has_disk (VmDrives *drives)
{
  for (unsigned i = 0; i < drives->n; i++)
    if (!is_cd (&drives->drives[i]))
      return TRUE;
  return FALSE;
}

/* A machine that has a disk to start from does not need the disc that it was installed from. */
static gboolean
do_without (VmDrives *drives, Drive *drive, const GError *error)
{
  g_autofree char *shown = g_filename_display_name (get_file (drive));

  if (!is_cd (drive) || !has_disk (drives)
      || !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    return FALSE;
  g_free (drives->missing);
  drives->missing = g_strdup_printf (
    _ ("The disc image “%s” is gone: the machine starts with an empty drive %s."), shown,
    drive->spec->group);
  set_file (drive, NULL);
  if (drives->changed != NULL)
    drives->changed (drives->listener_data);
  return TRUE;
}

static void
image_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Opening *opening = data;
  VmDrives *drives = opening->drives;
  Drive *drive = opening->drive;
  g_autoptr (GError) error = NULL;

  if (g_cancellable_is_cancelled (g_task_get_cancellable (G_TASK (result))))
    return; /* the drives may be gone */
  g_clear_object (&drive->opening);
  drive->image = take_image (drives, result, &error);
  if (error != NULL && do_without (drives, drive, error))
    g_clear_error (&error);
  if (error != NULL)
    drives->failed = drive->spec->group;
  tell_opened (drives, error);
}

static void
open_image (VmDrives *drives, Drive *drive)
{
  Opening *opening = g_new (Opening, 1);

  *opening = (Opening){ drives, drive, NULL, NULL };
  drive->opening = g_cancellable_new ();
  image_open_async (get_file (drive), is_cd (drive) ? IMAGE_READ_ONLY : 0, drives->context,
                    drives->lock, drive->opening, image_opened, opening);
}

void
vm_drives_open (VmDrives *drives, VmDone done, void *data)
{
  drives->failed = NULL;
  g_clear_pointer (&drives->missing, g_free);
  drives->opened = done;
  drives->opened_data = data;
  for (unsigned i = 0; i < drives->n; i++)
    {
      Drive *drive = &drives->drives[i];

      if (get_file (drive) != NULL && drive->image == NULL && drive->opening == NULL)
        open_image (drives, drive);
    }
  tell_opened (drives, NULL);
}

const char *
vm_drives_get_failed (VmDrives *drives)
{
  return drives->failed;
}

const char *
vm_drives_get_missing (VmDrives *drives)
{
  return drives->missing;
}

Image *
vm_drives_get_image (VmDrives *drives, const DeviceSpec *spec)
{
  for (unsigned i = 0; i < drives->n; i++)
    if (drives->drives[i].spec == spec)
      return drives->drives[i].image;
  return NULL;
}

void
vm_drives_retry (VmDrives *drives)
{
  for (unsigned i = 0; i < drives->n; i++)
    if (drives->drives[i].image != NULL)
      image_retry (drives->drives[i].image);
}

/* Discs that come and go */

static Drive *
find_cd (VmDrives *drives, const char *id, GError **error)
{
  for (unsigned i = 0; i < drives->n; i++)
    if (is_cd (&drives->drives[i]) && g_str_equal (drives->drives[i].spec->group, id))
      return &drives->drives[i];
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
               _ ("The machine has no CD drive “%s”: its first one is called cd0."), id);
  return NULL;
}

/* Takes image over. What was still being opened for the drive is not wanted any more. */
static gboolean
change_medium (VmDrives *drives, Drive *drive, Image *image, gboolean force, GError **error)
{
  gboolean changed = TRUE;

  machine_lock_acquire (drives->lock);
  if (drives->board != NULL)
    changed = board_pc_change_medium (drives->board, drive->spec, image, force, error);
  machine_lock_release (drives->lock);
  if (!changed)
    {
      image_free (image);
      return FALSE;
    }
  abandon (&drive->opening);
  image_free (drive->image);
  drive->image = image;
  set_file (drive, image != NULL ? image_get_path (image) : NULL);
  if (drives->changed != NULL)
    drives->changed (drives->listener_data);
  tell_opened (drives, NULL);
  return TRUE;
}

static void
disc_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Opening *opening = data;
  g_autoptr (GError) error = NULL;
  Image *image;

  if (g_cancellable_is_cancelled (g_task_get_cancellable (G_TASK (result))))
    return;
  image = take_image (opening->drives, result, &error);
  if (image != NULL)
    change_medium (opening->drives, opening->drive, image, FALSE, &error);
  opening->done (opening->data, error);
}

void
vm_drives_insert (VmDrives *drives, const char *id, const char *path, VmDone done, void *data)
{
  g_autoptr (GError) error = NULL;
  Drive *drive = find_cd (drives, id, &error);
  Opening *opening;

  if (drive == NULL)
    {
      done (data, error);
      return;
    }
  opening = g_new (Opening, 1);
  *opening = (Opening){ drives, drive, done, data };
  image_open_async (path, IMAGE_READ_ONLY, drives->context, drives->lock, drives->cancellable,
                    disc_opened, opening);
}

gboolean
vm_drives_eject (VmDrives *drives, const char *id, gboolean force, GError **error)
{
  Drive *drive = find_cd (drives, id, error);

  return drive != NULL && change_medium (drives, drive, NULL, force, error);
}

GVariant *
vm_drives_describe (VmDrives *drives)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(sssb)"));
  machine_lock_acquire (drives->lock);
  for (unsigned i = 0; i < drives->n; i++)
    {
      const Drive *drive = &drives->drives[i];
      const char *path = get_file (drive);
      g_autofree char *file = g_utf8_make_valid (path != NULL ? path : "", -1);

      g_variant_builder_add (&builder, "(sssb)", drive->spec->group, drive->spec->model->kind, file,
                             drives->board != NULL
                               && board_pc_is_tray_locked (drives->board, drive->spec));
    }
  machine_lock_release (drives->lock);
  return g_variant_builder_end (&builder);
}

const char *
vm_drives_get_traffic (VmDrives *drives, unsigned n, uint64_t *bytes_read, uint64_t *bytes_written)
{
  const Image *image;

  *bytes_read = *bytes_written = 0;
  if (n >= drives->n)
    return NULL;
  machine_lock_acquire (drives->lock);
  image = drives->drives[n].image;
  *bytes_read = image != NULL ? image_get_bytes_read (image) : 0;
  *bytes_written = image != NULL ? image_get_bytes_written (image) : 0;
  machine_lock_release (drives->lock);
  return drives->drives[n].spec->group;
}
