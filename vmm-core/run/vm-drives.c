/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vm-drives.h"

#include <glib/gi18n.h>

struct VmDrives
{
  MachineConfig *config;
  GMainContext *context;
  MachineLock *lock;
  BoardPc *board; /* NULL: none */
  Image *images[MACHINE_CONFIG_DRIVES];
  GCancellable
    *openings[MACHINE_CONFIG_DRIVES]; /* what the machine starts with; NULL: not under way */
  GCancellable *cancellable;          /* of what is to be put in */
  VmDone opened;                      /* NULL: nobody waits */
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
  unsigned position;
  VmDone done; /* NULL: the machine starts with it */
  void *data;
} Opening;

VmDrives *
vm_drives_new (MachineConfig *config, GMainContext *context, MachineLock *lock)
{
  VmDrives *drives = g_new0 (VmDrives, 1);

  drives->config = config;
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
  for (unsigned i = 0; i < MACHINE_CONFIG_DRIVES; i++)
    {
      abandon (&drives->openings[i]);
      image_free (drives->images[i]);
    }
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
  for (unsigned i = 0; i < MACHINE_CONFIG_DRIVES; i++)
    if (drives->openings[i] != NULL)
      return drives->config->drives[i].file;
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
has_disk (const MachineConfig *config)
{
  for (unsigned i = 0; i < MACHINE_CONFIG_DRIVES; i++)
    if (config->drives[i].kind == MACHINE_DRIVE_DISK)
      return TRUE;
  return FALSE;
}

/* A machine that has a disk to start from does not need the disc that it was installed from. */
static gboolean
do_without (VmDrives *drives, MachineDrive *drive, const GError *error)
{
  g_autofree char *shown = g_filename_display_name (drive->file);

  if (drive->kind != MACHINE_DRIVE_CD || !has_disk (drives->config)
      || !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    return FALSE;
  g_free (drives->missing);
  drives->missing = g_strdup_printf (
    _ ("The disc image “%s” is gone: the machine starts with an empty drive %s."), shown,
    drive->id);
  g_clear_pointer (&drive->file, g_free);
  if (drives->changed != NULL)
    drives->changed (drives->listener_data);
  return TRUE;
}

static void
image_opened (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Opening *opening = data;
  VmDrives *drives = opening->drives;
  MachineDrive *drive;
  g_autoptr (GError) error = NULL;

  if (g_cancellable_is_cancelled (g_task_get_cancellable (G_TASK (result))))
    return; /* the drives may be gone */
  drive = &drives->config->drives[opening->position];
  g_clear_object (&drives->openings[opening->position]);
  drives->images[opening->position] = take_image (drives, result, &error);
  if (error != NULL && do_without (drives, drive, error))
    g_clear_error (&error);
  if (error != NULL)
    drives->failed = drive->id;
  tell_opened (drives, error);
}

static void
open_image (VmDrives *drives, unsigned position)
{
  const MachineDrive *drive = &drives->config->drives[position];
  Opening *opening = g_new (Opening, 1);

  *opening = (Opening){ drives, position, NULL, NULL };
  drives->openings[position] = g_cancellable_new ();
  image_open_async (drive->file, drive->kind == MACHINE_DRIVE_CD ? IMAGE_READ_ONLY : 0,
                    drives->context, drives->lock, drives->openings[position], image_opened,
                    opening);
}

void
vm_drives_open (VmDrives *drives, VmDone done, void *data)
{
  drives->failed = NULL;
  g_clear_pointer (&drives->missing, g_free);
  drives->opened = done;
  drives->opened_data = data;
  for (unsigned i = 0; i < MACHINE_CONFIG_DRIVES; i++)
    if (drives->config->drives[i].file != NULL && drives->images[i] == NULL
        && drives->openings[i] == NULL)
      open_image (drives, i);
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
vm_drives_get_image (VmDrives *drives, unsigned position)
{
  return drives->images[position];
}

void
vm_drives_retry (VmDrives *drives)
{
  for (unsigned i = 0; i < MACHINE_CONFIG_DRIVES; i++)
    if (drives->images[i] != NULL)
      image_retry (drives->images[i]);
}

/* Discs that come and go */

static int
find_drive (VmDrives *drives, const char *id, GError **error)
{
  for (unsigned i = 0; i < MACHINE_CONFIG_DRIVES; i++)
    if (drives->config->drives[i].kind == MACHINE_DRIVE_CD
        && g_strcmp0 (drives->config->drives[i].id, id) == 0)
      return i;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
               _ ("The machine has no CD drive “%s”: its first one is called cd0."), id);
  return -1;
}

/* Takes image over. What was still being opened for the drive is not wanted any more. */
static gboolean
change_medium (VmDrives *drives, unsigned position, Image *image, gboolean force, GError **error)
{
  MachineDrive *drive = &drives->config->drives[position];
  gboolean changed = TRUE;

  machine_lock_acquire (drives->lock);
  if (drives->board != NULL)
    changed = board_pc_change_medium (drives->board, position, image, force, error);
  machine_lock_release (drives->lock);
  if (!changed)
    {
      image_free (image);
      return FALSE;
    }
  abandon (&drives->openings[position]);
  image_free (drives->images[position]);
  drives->images[position] = image;
  g_free (drive->file);
  drive->file = image != NULL ? g_strdup (image_get_path (image)) : NULL;
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
    change_medium (opening->drives, opening->position, image, FALSE, &error);
  opening->done (opening->data, error);
}

void
vm_drives_insert (VmDrives *drives, const char *id, const char *path, VmDone done, void *data)
{
  g_autoptr (GError) error = NULL;
  int position = find_drive (drives, id, &error);
  Opening *opening;

  if (position < 0)
    {
      done (data, error);
      return;
    }
  opening = g_new (Opening, 1);
  *opening = (Opening){ drives, position, done, data };
  image_open_async (path, IMAGE_READ_ONLY, drives->context, drives->lock, drives->cancellable,
                    disc_opened, opening);
}

gboolean
vm_drives_eject (VmDrives *drives, const char *id, gboolean force, GError **error)
{
  int position = find_drive (drives, id, error);

  return position >= 0 && change_medium (drives, position, NULL, force, error);
}

GVariant *
vm_drives_describe (VmDrives *drives)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a(sssb)"));
  machine_lock_acquire (drives->lock);
  for (unsigned i = 0; i < MACHINE_CONFIG_DRIVES; i++)
    {
      const MachineDrive *drive = &drives->config->drives[i];
      g_autofree char *file = g_utf8_make_valid (drive->file != NULL ? drive->file : "", -1);

      if (drive->kind != MACHINE_DRIVE_NONE)
        g_variant_builder_add (&builder, "(sssb)", drive->id,
                               drive->kind == MACHINE_DRIVE_CD ? "cd" : "disk", file,
                               drives->board != NULL && board_pc_is_tray_locked (drives->board, i));
    }
  machine_lock_release (drives->lock);
  return g_variant_builder_end (&builder);
}
