/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "client-connection.h"

struct ClientConnection
{
  ClientConnectionOps ops;
  void *data;
  DbusLink *link;
  GCancellable *cancellable;
  GDBusConnection *connection; /* NULL until he has said who he is */
};

static void
connection_closed (GDBusConnection *connection, gboolean vanished, GError *error, gpointer data)
{
  ClientConnection *self = data;

  self->ops.gone (self->data);
}

static void
connected (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  GDBusConnection *connection = g_dbus_connection_new_finish (result, &error);
  ClientConnection *self = data;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return; /* it has been freed */
  if (connection == NULL)
    {
      self->ops.gone (self->data);
      return;
    }
  self->connection = connection;
  g_signal_connect (connection, "closed", G_CALLBACK (connection_closed), self);
  self->ops.come (self->data, connection);
  if (g_dbus_connection_is_closed (connection))
    self->ops.gone (self->data); /* before anybody listened for that */
  else
    g_dbus_connection_start_message_processing (connection);
}

ClientConnection *
client_connection_new (int fd, DbusLinkKind kind, GDBusAuthObserver *observer,
                       const ClientConnectionOps *ops, void *data, GError **error)
{
  g_autoptr (GIOStream) stream = NULL;
  g_autofree char *guid = g_dbus_generate_guid ();
  DbusLink *link = dbus_link_new (fd, kind, NULL, &stream, error);
  ClientConnection *self;

  if (link == NULL)
    return NULL;
  self = g_new0 (ClientConnection, 1);
  *self = (ClientConnection){ *ops, data, link, g_cancellable_new (), NULL };
  g_dbus_connection_new (stream, guid,
                         G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER
                           | G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING,
                         observer, self->cancellable, connected, self);
  return self;
}

void
client_connection_free (ClientConnection *self)
{
  if (self == NULL)
    return;
  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  dbus_link_free (self->link);
  if (self->connection != NULL)
    {
      g_signal_handlers_disconnect_by_data (self->connection, self);
      g_object_unref (self->connection);
    }
  g_free (self);
}

GDBusConnection *
client_connection_get (const ClientConnection *self)
{
  return self->connection;
}

const DbusLink *
client_connection_get_link (const ClientConnection *self)
{
  return self->link;
}
