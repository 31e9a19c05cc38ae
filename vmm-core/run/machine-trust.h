/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "machine-config.h"

/* What a machine may open. A machine's folder may come from somebody else, and its machine.conf can
 * name any file of the user's: as a disk, which the guest reads and writes, or as the output of a
 * serial line, which is overwritten. What lies in the folder is the machine's; for files outside
 * the user is asked once. The answer is kept outside the folder, in
 * $XDG_DATA_HOME/guesthouse/agreed/<uuid>, for this folder and these files; files that the user
 * names (in the wizard, the settings, on the command line) are agreed to by that. */

typedef enum
{
  MACHINE_TRUST_READ,     /* discs, firmware, kernels */
  MACHINE_TRUST_WRITE,    /* disks */
  MACHINE_TRUST_OVERWRITE /* outputs */
} MachineTrustUse;

typedef struct
{
  MachineTrustUse use;
  char *path; /* real */
} MachineTrustFile;

/* Replaces every file's name by its real path (real-path.h), by which it is to be opened. */
void machine_trust_resolve (MachineConfig *config);

/* The files outside the folder that the user has not agreed to: an array of MachineTrustFile, empty
 * for machines without a folder. config has been resolved, before options of the command line
 * changed it. */
GPtrArray *machine_trust_find_strange (const MachineConfig *config);
/* “/a/file” (read), “/another” (overwritten). */
char *machine_trust_describe (GPtrArray *files);
/* FALSE with one sentence that names them and the remedy if there are any. */
gboolean machine_trust_check (const MachineConfig *config, GError **error);

/* The user agrees to these files, in addition to what was agreed to before. */
gboolean machine_trust_agree (const MachineConfig *config, GPtrArray *files, GError **error);
/* The machine in folder has another uuid now; NULL: it is no more. */
void machine_trust_move (const char *folder, const char *uuid, const char *new_uuid);
/* The folder has another path now. */
void machine_trust_move_folder (const char *uuid, const char *before, const char *after);

/* Writes machine.conf as the user changed it: the files that it names now and did not before are
 * agreed to. */
gboolean machine_trust_save (GKeyFile *file, const char *folder, GError **error);
