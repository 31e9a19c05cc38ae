/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/* Sizes as people write them: "512M", "1g", "1 GiB", "64KB", always by 1024; a number alone counts
 * in a unit that depends on what it is for. */

/* In bytes. FALSE if text is no size. */
gboolean size_parse (const char *text, guint64 unit, guint64 *bytes);

#define SIZE_MAX_DISK ((guint64) 2048 << 30)
/* A disk's, in bytes, a number alone in GiB; 0 with error if it is none that a disk can have. */
guint64 size_parse_disk (const char *text, GError **error);
