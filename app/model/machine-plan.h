/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "os-detect.h"

G_BEGIN_DECLS

/* A machine that is still to be made: what the wizard asks for, with good defaults for the rest. */

typedef enum
{
  MACHINE_PLAN_ISO,
  MACHINE_PLAN_DISK,
  MACHINE_PLAN_NOTHING
} MachinePlanSource;

typedef struct
{
  MachinePlanSource source;
  char *path;    /* of the ISO image or the disk; NULL: nothing */
  char *name;
  char *os;      /* libosinfo's short id, or NULL */
  guint memory;  /* MiB */
  guint cpus;
  guint disk;    /* GiB of a new disk; 0: none */
} MachinePlan;

MachinePlan *machine_plan_new (void);
void machine_plan_free (MachinePlan *plan);

/* path NULL with MACHINE_PLAN_NOTHING. Sets the name by the file's. */
void machine_plan_set_source (MachinePlan *plan, MachinePlanSource source, const char *path);
/* Takes over name, memory and disk recommended for the system, within what this host can give. */
void machine_plan_set_os (MachinePlan *plan, const OsInfo *os);

guint machine_plan_get_host_memory (void); /* MiB */
guint machine_plan_get_host_cpus (void);   /* at most 8, which is the most a machine can have */

/* NULL if a machine can be made of it in library, else the sentence that says what hinders. */
char *machine_plan_check (const MachinePlan *plan, const char *library);
/* "Debian 12", "Debian 12 (2)", …: the first that library does not have. */
char *machine_plan_dup_free_name (const char *library, const char *wish);

/* Makes the machine's folder on a worker thread; gives its path. Nothing is left of what fails. */
void machine_plan_create_async (const MachinePlan *plan, const char *library,
                                GCancellable *cancellable, GAsyncReadyCallback callback, gpointer data);
char *machine_plan_create_finish (GAsyncResult *result, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MachinePlan, machine_plan_free)

G_END_DECLS
