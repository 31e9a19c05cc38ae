/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* Unix stream sockets at paths of any length: the kernel takes 107 bytes, so a longer path is
 * reached through its folder's descriptor. Nothing here waits. */
typedef struct UnixListener UnixListener;

/* A client has come; fd, non-blocking, is the callback's. */
typedef void (*UnixListenerAccept) (void *data, int fd);

/* For the user alone. A socket of the user's that nobody answers at, left over from a process that
 * died, makes room; anything else at path stays and is an error. */
UnixListener *unix_listener_new (const char *path, GMainContext *context, UnixListenerAccept accept,
                                 void *data, GError **error);
/* Removes the socket, unless something else is at its path by now. */
void unix_listener_free (UnixListener *listener);

/* A descriptor, or -1. */
int unix_socket_connect (const char *path, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (UnixListener, unix_listener_free)
