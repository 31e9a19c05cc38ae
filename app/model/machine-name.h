/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/* What machines are called. A name can be a folder's, is in machine.conf, and means one machine:
 * names that look alike (in case, or in how Unicode spells them) count as the same. */

/* The name in machine.conf, or the folder's own if there is none; always UTF-8. */
char *machine_name_dup (const char *folder);
/* The same of what has been read already; conf NULL: it could not be. */
char *machine_name_dup_in (GKeyFile *conf, const char *folder);

/* Whether it can be a name at all: one sentence that says what is wrong. Spaces around it do not
 * belong to it. */
gboolean machine_name_check (const char *name, GError **error);

/* Checks it, and that no other machine than the one in folder (NULL: none at all) has it. Returns
 * the name without spaces around it. */
char *machine_name_dup_checked (const char *name, const char *folder, GError **error);
/* name, or name with a number behind it, that no machine has. */
char *machine_name_dup_free (const char *name);

/* Gives the machine in folder another name, and its folder likewise; while it runs, only the name
 * in machine.conf changes. Returns the folder as it is called now. */
char *machine_name_change (const char *folder, const char *name, GError **error);
/* The same with a name that has been checked, and whatever else conf says now. */
char *machine_name_save (GKeyFile *conf, const char *folder, const char *name, GError **error);

/* Calls a folder name where it is, or name with a number if something is in the way. Returns its
 * new path. */
char *machine_name_move_folder (const char *folder, const char *name, GError **error);
