/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A file of firmware: the one that is named, or else (NULL) the distribution's of that name. NULL
 * if there is none. */
char *firmware_file_dup_path (const char *named, const char *file);
