/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "os-detection.h"

/* Reads a disc image and looks it up, off the main thread. A file that is no disc image is no
 * error: it is an unknown system. */
void os_detect_async (const char *path, GCancellable *cancellable, GAsyncReadyCallback callback,
                      gpointer data);
OsDetection *os_detect_finish (GAsyncResult *result, GError **error);

/* What to call a machine that begins with a file: the file's name without its suffix, and not in
 * capitals. */
char *os_detect_dup_name_of_file (const char *path);
