/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* Opens and locks the host's file of an image; -1 with one sentence that names it and the remedy if
 * it is no image, one of a foreign format, or in use. */
int image_file_open (const char *path, gboolean read_only, GError **error);
