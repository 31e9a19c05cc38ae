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

/* Whoever changes what the library has, or a machine.conf in it, holds this from looking at it to
 * having written: two programs at once give no name twice and lose no change. It is waited for a
 * while; a file system without locks has none. */
typedef int MachineRootLock;
MachineRootLock machine_root_lock (void);
void machine_root_unlock (MachineRootLock lock);

G_DEFINE_AUTO_CLEANUP_FREE_FUNC (MachineRootLock, machine_root_unlock, -1)
