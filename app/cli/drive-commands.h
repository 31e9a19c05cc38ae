/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/* Commands that change a machine's drives in the machine.conf of its folder; they apply at the next
 * start. Words are what follows the machine. */

/* "FILE" or "--size SIZE"; prints the new drive's name. */
gboolean drive_commands_add_disk (const char *folder, char **words, int n_words, GError **error);
/* "[FILE]"; prints the new drive's name. */
gboolean drive_commands_add_cd (const char *folder, char **words, int n_words, GError **error);
/* "DRIVE"; its file stays. */
gboolean drive_commands_remove (const char *folder, char **words, int n_words, GError **error);

/* Writes down which disc is in a CD drive; path NULL: none. */
gboolean drive_commands_set_disc (const char *folder, const char *drive, const char *path,
                                  GError **error);

/* "20G" or a number of GiB, up to 2048; 0 with error if it is none. */
unsigned drive_commands_parse_size (const char *text, GError **error);
