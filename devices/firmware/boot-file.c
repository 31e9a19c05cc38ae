/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "boot-file.h"

#include <gio/gio.h>
#include <glib/gi18n.h>

#include "vmm-core/plain-file.h"

GBytes *
boot_file_read (const char *path, uint64_t limit, GError **error)
{
  g_autoptr (GError) reason = NULL;
  GBytes *bytes = plain_file_read (path, limit, &reason);

  if (g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                 _ ("The machine has too little memory for “%s”. Give it more."), path);
  else if (bytes == NULL)
    g_propagate_error (error, g_steal_pointer (&reason));
  return bytes;
}
