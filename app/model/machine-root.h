/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/* The folders in which machines live, for the application and the command line alike: the file
 * guesthouse/folders of the user's configuration has one a line. New machines go into the first;
 * those in the others, and in the usual one, stay in the library. */

/* ~/.local/share/guesthouse/machines */
char *machine_root_dup_usual (void);

/* Where new machines go. */
char *machine_root_dup (void);

/* All, each once, the first of them first. */
GPtrArray *machine_root_list (void);

/* New machines go there; NULL: into the usual folder. */
gboolean machine_root_set (const char *folder, GError **error);
