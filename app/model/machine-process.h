/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/* Where a machine's process is found and how it is started. */

/* $XDG_RUNTIME_DIR/guesthouse/<uuid>/control. */
char *machine_process_dup_socket (const char *uuid);

/* Starts guesthouse-vm for a machine's folder in a session of its own, so that it outlives the caller;
 * done says how it ended, if that happens while the caller lives. */
GSubprocess *machine_process_spawn (const char *folder, const char *socket, GError **error);

/* Connects to a control socket; finish with machine_process_connect_finish (). */
void machine_process_connect_async (const char *socket, GCancellable *cancellable,
                                    GAsyncReadyCallback callback, gpointer data);
GDBusConnection *machine_process_connect_finish (GAsyncResult *result, GError **error);
