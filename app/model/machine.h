/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

#include "machine-state.h"

G_BEGIN_DECLS

/* A machine of the library: its folder and machine.conf, and its process while there is one.
 *
 * Properties (all notify): name, state, failure, accelerator, accelerator-reason, picture, drives,
 * trouble.
 * Signals: "problem" (sentence): a command did not succeed; "activity" (drive, kind);
 * "changed": machine.conf was read or written. Lives on the main thread; nothing here blocks on a
 * guest. */

#define MACHINE_TYPE (machine_get_type ())
G_DECLARE_FINAL_TYPE (Machine, machine, MACHINE, MACHINE, GObject)

/* Reads folder/machine.conf. A file that cannot be used makes a machine all the same, in the state
 * MACHINE_BROKEN; NULL, with an error that names it, if there is none. */
Machine *machine_new (const char *folder, GError **error);

const char *machine_get_folder (Machine *self);
const char *machine_get_name (Machine *self);
const char *machine_get_uuid (Machine *self);
MachineState machine_get_state (Machine *self);
gboolean machine_is_on (Machine *self); /* there is a process that may run a guest */

/* Why it crashed, could not start, or what is wrong with machine.conf, a sentence, or NULL; the
 * drive ("cd0") whose file is why it could not, or NULL; and the end of its log. */
const char *machine_get_failure (Machine *self);
const char *machine_get_failed_drive (Machine *self);
/* What the user should know of the running machine's disks: why it paused, or what failed; NULL or
 * empty: nothing. */
char *machine_dup_trouble (Machine *self);
char *machine_dup_log (Machine *self);

/* "kvm", "translator", "interpreter", "none"; NULL while off. And why, a sentence. */
const char *machine_get_accelerator (Machine *self);
const char *machine_get_accelerator_reason (Machine *self);

/* The screen of the running machine as PNG. NULL: not seen yet, or off; what was seen last is in
 * the folder (machine-folder.h). */
GBytes *machine_get_picture (Machine *self);

/* The running machine's drives, a(sssb) as in org.guesthouse.Machine1; NULL while off. */
GVariant *machine_get_drives (Machine *self);

/* The connection to the running machine; NULL while off. */
GDBusConnection *machine_get_connection (Machine *self);

/* machine.conf. Change it and machine_save () it, which fails if somebody else was faster. */
GKeyFile *machine_get_conf (Machine *self);
char *machine_get_string (Machine *self, const char *group,
                          const char *key);  /* NULL: no such key */
unsigned machine_get_memory (Machine *self); /* MiB */
int machine_get_integer (Machine *self, const char *group, const char *key, int fallback);
gboolean machine_save (Machine *self, GError **error);
gboolean machine_reload (Machine *self, GError **error);
gboolean machine_refresh (Machine *self, GError **error); /* reads what somebody else wrote */
gboolean machine_rename (Machine *self, const char *name, GError **error);
/* A file named in machine.conf; relative names are in the folder. */
char *machine_resolve_file (Machine *self, const char *file);

/* Tells "problem" of what a process or the host said; of what was given up, nothing. */
void machine_tell_problem (Machine *self, const GError *error);

/* Starts the process, if need be, and powers on. What fails is told by "problem" or the state. */
void machine_power_on (Machine *self);
/* The same with empty CD drives; machine.conf keeps the discs. */
void machine_power_on_without_disc (Machine *self);
void machine_power_off (Machine *self);
void machine_shut_down (Machine *self);
/* Shuts down and powers on when that is done. */
void machine_restart (Machine *self);
/* Calls a method of org.guesthouse.Machine1 that answers nothing; sinks parameters. */
void machine_call (Machine *self, const char *method, GVariant *parameters);

/* Has another accelerator, as machine.conf names it, run the machine at once, which must be one
 * that takes it. The error is a sentence for people: the machine goes on as it was. */
gboolean machine_takes_accelerator (Machine *self);
void machine_set_accelerator_async (Machine *self, const char *name, GCancellable *cancellable,
                                    GAsyncReadyCallback callback, gpointer data);
gboolean machine_set_accelerator_finish (Machine *self, GAsyncResult *result, GError **error);

/* Ends the machine's process at once, even if it does not answer. */
void machine_force_off_async (Machine *self, GAsyncReadyCallback callback, gpointer data);
gboolean machine_force_off_finish (Machine *self, GAsyncResult *result, GError **error);

/* Looks whether a process runs for the machine, started by whomever, and attaches; else takes a new
 * picture. No file of the machine is touched. */
void machine_poll_process (Machine *self);
/* The same, and reads machine.conf if somebody has changed it. */
void machine_poll (Machine *self);

/* Moves the folder to the trash. The machine must be off. */
gboolean machine_trash (Machine *self, GError **error);

G_END_DECLS
