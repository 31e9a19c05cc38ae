/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/* What libosinfo knows of an installation medium. */
typedef struct
{
  char *id;        /* "http://debian.org/debian/12", or NULL when the medium is not known */
  char *name;      /* for people: "Debian 12", or the disc's own label, or the file's name */
  unsigned memory; /* MiB that the system recommends */
  unsigned disk;   /* GiB that it recommends */
  gboolean live;   /* runs without being installed */
} OsDetection;

void os_detection_free (OsDetection *detection);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OsDetection, os_detection_free)

/* Reads a disc image and looks it up, off the main thread. A file that is no disc image is no
 * error: it is an unknown system. */
void os_detect_async (const char *path, GCancellable *cancellable, GAsyncReadyCallback callback,
                      gpointer data);
OsDetection *os_detect_finish (GAsyncResult *result, GError **error);
