/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vmm-core/run/machine-config.h"

/* The folder of machines, as the command line sees it. */

/* ~/.local/share/guesthouse/machines. */
char *library_dup_folder (void);
/* The folders of all machines in it, by name. */
GPtrArray *library_list (void);
/* The folder of the machine with that name or uuid; a path to a machine folder is taken as it is. */
char *library_find (const char *name, GError **error);
/* The control socket of a machine, whether it runs or not. */
char *library_dup_socket (const MachineConfig *config);

/* Makes a machine: its folder, machine.conf and, with disk_size (bytes), an empty disk. disc may be
 * NULL. Returns the folder. */
char *library_create (const char *name, unsigned memory, unsigned cpus, const char *disc, guint64 disk_size, GError **error);
/* Removes a machine with everything in its folder. */
gboolean library_delete (const char *folder, GError **error);
