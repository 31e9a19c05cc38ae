/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/* How a machine's process is started and reached, and what it leaves behind. */

/* A program of ours: what an environment variable names, or beside this program, in its build tree,
 * or wherever PATH finds it; NULL: nowhere. */
char *machine_process_find_program (const char *name, const char *variable);

/* Starts guesthouse-vm for a machine's folder in a session of its own, so that it outlives the
 * caller. What it prints goes to its log, which begins anew. */
GSubprocess *machine_process_spawn (const char *folder, gboolean without_disc, GError **error);

/* The path of the log; its last 16 KiB as UTF-8; and its last line, in which a process says what
 * hindered it, or NULL if it has said nothing. */
char *machine_process_dup_log_path (const char *folder);
char *machine_process_dup_log (const char *folder);
char *machine_process_dup_last_words (const char *folder);

/* Connects to a control socket, and finishes with machine_process_connect_finish (). What the
 * process says is kept within bounds (dbus-link.h) where context runs: NULL is the main one. */
void machine_process_connect_async (const char *socket, GMainContext *context,
                                    GCancellable *cancellable, GAsyncReadyCallback callback,
                                    gpointer data);
GDBusConnection *machine_process_connect_finish (GAsyncResult *result, GError **error);
