/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

/* Reads a whole file whose name came from somebody else. What is no regular file (a pipe, a device)
 * might never come or never end and is refused without waiting for it; so is a file of more than
 * limit bytes, with G_IO_ERROR_MESSAGE_TOO_LARGE. path is a real one (real-path.h). NULL with
 * error: one sentence that names the file. */
GBytes *plain_file_read (const char *path, uint64_t limit, GError **error);
/* The same of a file that stays open for reading, as *fd. */
GBytes *plain_file_open (const char *path, uint64_t limit, int *fd, GError **error);

/* The last length bytes of a file, or all of a shorter one; NULL if it cannot be read. */
GBytes *plain_file_read_end (const char *path, uint64_t length);
