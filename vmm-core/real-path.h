/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <sys/types.h>

/* Paths without links. Who has looked at where a path leads opens it so, and gets that file: a link
 * that comes into the path meanwhile is an error. */

/* Where a path leads: absolute, without links, “.” and “..”. Of what does not exist, where it would
 * be made. */
char *real_path_resolve (const char *path);

/* The same of a name in a folder, whose own path may have links: only those are resolved. */
char *real_path_in (const char *folder, const char *name);

/* open (2), close-on-exec, of a path none of whose components may be a link: ELOOP or ENOTDIR.
 * Links below /dev and /usr are the system's own and are followed, but for those in /dev/shm. */
int real_path_open (const char *path, int flags, mode_t mode);
