/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vmm-core/run/machine-config.h"

/* The drives that a machine.conf describes, for the application and the command line: the devices
 * of the kinds disk and cd. */

typedef struct
{
  char *id;   /* the group's name */
  char *file; /* as written in machine.conf; NULL: an empty CD drive */
  gboolean cd;
} DriveListEntry;

/* Array of DriveListEntry, disks first, each kind in the order of its numbers. */
GPtrArray *drive_list_read (GKeyFile *conf);
/* TRUE if the machine has a place for another drive. */
gboolean drive_list_has_room (GKeyFile *conf);

/* Adds a disk, or a CD drive whose file may be NULL. Returns the new group's name, a constant, or
 * NULL if there is no room. */
const char *drive_list_add (GKeyFile *conf, gboolean cd, const char *folder, const char *file);
/* Whether a file can be a drive's, by its name alone or altogether: one sentence why not. */
gboolean drive_list_check_name (const char *path, GError **error);
gboolean drive_list_check_file (const char *path, GError **error);
/* Names another file, NULL for an empty CD drive; what lies in the machine's folder is named
 * relative to it, so that a copy of the folder has its own. */
void drive_list_set_file (GKeyFile *conf, const char *id, const char *folder, const char *file);
void drive_list_remove (GKeyFile *conf, const char *id);
