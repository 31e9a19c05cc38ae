/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vmm-core/dbus-link.h"

/* A client's D-Bus connection behind its link, from the socket on until either side closes it. */
typedef struct ClientConnection ClientConnection;

typedef struct
{
  /* The client has said who he is. What he says is heard once the callback has returned. */
  void (*come) (void *data, GDBusConnection *connection);
  /* He is gone, was cut off, or never said who he is: the callback frees the connection. */
  void (*gone) (void *data);
} ClientConnectionOps;

/* fd as in dbus-link.h; observer may be NULL. */
ClientConnection *client_connection_new (int fd, DbusLinkKind kind, GDBusAuthObserver *observer,
                                         const ClientConnectionOps *ops, void *data,
                                         GError **error);
/* Tells nobody. */
void client_connection_free (ClientConnection *self);

/* NULL until he has come. */
GDBusConnection *client_connection_get (const ClientConnection *self);
const DbusLink *client_connection_get_link (const ClientConnection *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ClientConnection, client_connection_free)
