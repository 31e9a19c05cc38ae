/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/* Who is connected to a machine's control socket: processes of the same user. A process has 16
 * connections at most and all together have 64; for one more, the one that has been quiet longest
 * goes. */
typedef struct ControlClients ControlClients;

typedef struct
{
  /* Before anything the client says is heard. */
  void (*come) (void *data, GDBusConnection *connection);
  /* The client is gone, or was cut off. */
  void (*left) (void *data, GDBusConnection *connection);
} ControlClientsOps;

ControlClients *control_clients_new (const char *path, const ControlClientsOps *ops, void *data,
                                     GError **error);
/* Removes the socket: nobody else comes. */
void control_clients_stop_listening (ControlClients *clients);
/* Tells left of those that are connected. */
void control_clients_free (ControlClients *clients);

unsigned control_clients_get_count (const ControlClients *clients);
/* All that was to be told has been told and taken. */
gboolean control_clients_are_served (const ControlClients *clients);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ControlClients, control_clients_free)
