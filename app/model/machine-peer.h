/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/* The process at the other end of a control socket, as a descriptor that never means another
 * process: numbers of processes are used again. */

/* Of a connected socket, or of whoever listens at a path, even if he does not answer; -1: there is
 * none. */
int machine_peer_open_socket (int fd);
int machine_peer_open_at (const char *socket);

/* What a connection was opened to; peer stays the caller's. */
void machine_peer_remember (GDBusConnection *connection, int peer);
int machine_peer_open (GDBusConnection *connection);

/* Of whoever holds the lock of a machine's folder. */
int machine_peer_open_locker (const char *folder);

/* TRUE while somebody keeps it from running (SIGSTOP, a debugger). */
gboolean machine_peer_is_stopped (int peer);
/* TRUE once it has ended, FALSE if it has not within so many milliseconds. */
gboolean machine_peer_wait (int peer, int ms);
/* Ends it at once (SIGKILL). That of another sandbox cannot be. */
gboolean machine_peer_kill (int peer, GError **error);
