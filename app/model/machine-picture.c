/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The machine's screen, seen now and then. */
#include "machine-folder.h"
#include "machine-private.h"

#define PICTURE_LIMIT_MS 10000

static void
set_picture (Machine *self, GBytes *picture)
{
  g_clear_pointer (&self->picture, g_bytes_unref);
  self->picture = g_bytes_ref (picture);
  machine_notify (self, PROP_PICTURE);
}

/* A machine that is off has its picture in the folder only. */
void
machine_keep_picture (Machine *self)
{
  if (self->picture == NULL)
    return;
  machine_folder_save_picture (self->folder, self->picture);
  g_clear_pointer (&self->picture, g_bytes_unref);
  machine_notify (self, PROP_PICTURE);
}

static void
screenshot_done (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Machine) self = data;
  g_autoptr (GVariant) answer
    = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, NULL);

  self->picture_pending = FALSE;
  if (answer == NULL || !g_variant_is_of_type (answer, G_VARIANT_TYPE ("(ay)")))
    return;
  g_autoptr (GVariant) png = g_variant_get_child_value (answer, 0);
  if (g_variant_get_size (png) == 0)
    return;
  g_autoptr (GBytes) bytes = g_variant_get_data_as_bytes (png);
  set_picture (self, bytes);
}

void
machine_take_picture (Machine *self)
{
  if (self->picture_pending || !self->attached || self->state != MACHINE_RUNNING)
    return;
  self->picture_pending = TRUE;
  machine_call_method (self, "Screenshot", NULL, PICTURE_LIMIT_MS, screenshot_done,
                       g_object_ref (self));
}
