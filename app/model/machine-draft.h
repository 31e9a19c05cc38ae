/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/* A folder beside the machines that is not one yet, or no more: hidden, so that whatever ends the
 * program in between leaves no half of a machine. Whoever works on one has it locked; those that
 * nobody has are removed when the next is made. */

/* A new, empty one in a folder of machines; *lock is closed when it has its place. */
char *machine_draft_new (const char *root, int *lock, GError **error);
/* Hides a machine's folder, whose lock is held, and returns its path: that of before for one that
 * cannot be moved, as a place where something is mounted. */
char *machine_draft_hide (const char *folder, GError **error);
/* Removes it, or any other folder, with all in it. Links are removed, not followed. */
gboolean machine_draft_remove (const char *folder, GError **error);
