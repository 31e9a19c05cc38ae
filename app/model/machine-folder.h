/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vmm-core/run/machine-config.h"

/* The folder of machines on disk, for the application and the command line. */

/* ~/.local/share/guesthouse/machines. */
/* The folders of all machines in it, by name; of an original and its copies, all but one get
 * another uuid. */
GPtrArray *machine_folder_list (void);
/* Tells two machines apart that have one uuid, as a folder and its copy do: gives a new one to
 * copy, or else to original if copy runs. */
gboolean machine_folder_tell_apart (const char *copy, const char *original, GError **error);
/* The folder of the machine with that name or uuid, or at that path; a name that several have is
 * refused. */
char *machine_folder_find (const char *name, GError **error);
/* NULL if it has none. */
char *machine_folder_dup_uuid (const char *folder);

/* machine.conf with its comments and whatever else stands in it; one without a uuid is given
 * one. */
GKeyFile *machine_folder_read_conf (const char *folder, GError **error);

/* What a new machine is made of. */
typedef struct
{
  const char *name;
  const char *os;  /* libosinfo's id, or NULL */
  unsigned memory; /* MiB */
  unsigned cpus;
  const char *disc;  /* in the CD drive, or NULL */
  const char *disk;  /* an existing image, used where it is; or NULL */
  guint64 disk_size; /* bytes of a new, empty disk; 0: none */
} MachineFolderPlan;

/* Makes the folder, machine.conf and the disk. Returns the folder. */
char *machine_folder_create (const MachineFolderPlan *plan, GError **error);
/* Makes a new, empty disk image of so many bytes in a machine's folder. Returns its name relative
 * to the folder, as machine.conf has it. */
char *machine_folder_add_disk (const char *folder, guint64 size, GError **error);
/* Removes a machine with everything in its folder, at once or into the trash; fails while it
 * runs. */
gboolean machine_folder_delete (const char *folder, GError **error);
gboolean machine_folder_trash (const char *folder, GError **error);

/* The last picture of the screen, PNG; NULL: none yet. One that cannot be saved is no harm: it is
 * only shown in the library. */
GBytes *machine_folder_load_picture (const char *folder);
void machine_folder_save_picture (const char *folder, GBytes *picture);
