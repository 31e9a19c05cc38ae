/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "serial-place.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <string.h>

Chardev *
serial_place_open (const char *place, GMainContext *context, MachineLock *lock, GError **error)
{
  if (g_str_equal (place, "none"))
    return chardev_new_null ();
  if (g_str_equal (place, "stdio"))
    return chardev_new_stdio (context, lock, error);
  if (g_str_has_prefix (place, "file:"))
    return chardev_new_file (place + strlen ("file:"), error);
  if (g_str_has_prefix (place, "socket:"))
    return chardev_new_socket (place + strlen ("socket:"), context, lock, error);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               _ ("“%s” is no place for a serial line: use none, stdio, file:PATH or "
                  "socket:PATH."),
               place);
  return NULL;
}
