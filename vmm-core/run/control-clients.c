/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "control-clients.h"

#include <sys/socket.h>
#include <unistd.h>

#include "client-link.h"
#include "vmm-core/unix-socket.h"

#define MAX_CLIENTS 64
#define MAX_OF_PROCESS 16

struct ControlClients
{
  ControlClientsOps ops;
  void *data;
  UnixListener *listener;
  GDBusAuthObserver *observer;
  char *guid;
  GPtrArray *clients;
};

typedef struct
{
  ControlClients *clients;
  pid_t process;
  ClientLink *link;
  GCancellable *cancellable;
  GDBusConnection *connection; /* NULL until he has said who he is */
} Client;

static void
client_free (gpointer data)
{
  Client *client = data;

  g_cancellable_cancel (client->cancellable);
  g_object_unref (client->cancellable);
  client_link_free (client->link);
  if (client->connection != NULL)
    {
      g_signal_handlers_disconnect_by_data (client->connection, client);
      client->clients->ops.left (client->clients->data, client->connection);
      g_object_unref (client->connection);
    }
  g_free (client);
}

static void
client_closed (GDBusConnection *connection, gboolean vanished, GError *error, gpointer data)
{
  Client *client = data;

  g_ptr_array_remove (client->clients->clients, client);
}

static void
client_connected (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  GDBusConnection *connection = g_dbus_connection_new_finish (result, &error);
  Client *client = data;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return; /* the client has been freed */
  if (connection == NULL)
    {
      g_ptr_array_remove (client->clients->clients, client);
      return;
    }
  client->connection = connection;
  g_signal_connect (connection, "closed", G_CALLBACK (client_closed), client);
  client->clients->ops.come (client->clients->data, connection);
  if (g_dbus_connection_is_closed (connection))
    {
      /* Gone before anybody listened for that. */
      g_ptr_array_remove (client->clients->clients, client);
      return;
    }
  g_dbus_connection_start_message_processing (connection);
}

/* Of all, or of one process: the one that has been quiet longest goes, if there are most of
 * them. */
static void
make_room (ControlClients *clients, pid_t process, unsigned most)
{
  Client *quietest = NULL;
  unsigned n = 0;

  for (unsigned i = 0; i < clients->clients->len; i++)
    {
      Client *client = g_ptr_array_index (clients->clients, i);

      if (process != 0 && client->process != process)
        continue;
      n++;
      if (quietest == NULL
          || client_link_get_last_heard (client->link)
               < client_link_get_last_heard (quietest->link))
        quietest = client;
    }
  if (n >= most)
    g_ptr_array_remove (clients->clients, quietest);
}

static void
knock (void *data, int fd)
{
  ControlClients *clients = data;
  g_autoptr (GIOStream) stream = NULL;
  struct ucred peer;
  socklen_t size = sizeof peer;
  ClientLink *link;
  Client *client;

  if (getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || peer.uid != getuid ())
    {
      close (fd);
      return;
    }
  make_room (clients, peer.pid, MAX_OF_PROCESS);
  make_room (clients, 0, MAX_CLIENTS);
  link = client_link_new (fd, CLIENT_LINK_CALLS, NULL, &stream, NULL);
  if (link == NULL)
    return;
  client = g_new0 (Client, 1);
  *client = (Client){ clients, peer.pid, link, g_cancellable_new (), NULL };
  g_ptr_array_add (clients->clients, client);
  g_dbus_connection_new (stream, clients->guid,
                         G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER
                           | G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING,
                         clients->observer, client->cancellable, client_connected, client);
}

/* Who it is was asked of the kernel; this is only how clients say so. */
static gboolean
allow_mechanism (GDBusAuthObserver *observer, const char *mechanism, gpointer data)
{
  return g_str_equal (mechanism, "EXTERNAL");
}

ControlClients *
control_clients_new (const char *path, const ControlClientsOps *ops, void *data, GError **error)
{
  g_autoptr (ControlClients) clients = g_new0 (ControlClients, 1);

  clients->ops = *ops;
  clients->data = data;
  clients->guid = g_dbus_generate_guid ();
  clients->clients = g_ptr_array_new_with_free_func (client_free);
  clients->observer = g_dbus_auth_observer_new ();
  g_signal_connect (clients->observer, "allow-mechanism", G_CALLBACK (allow_mechanism), NULL);
  clients->listener = unix_listener_new (path, NULL, knock, clients, error);
  return clients->listener != NULL ? g_steal_pointer (&clients) : NULL;
}

void
control_clients_stop_listening (ControlClients *clients)
{
  g_clear_pointer (&clients->listener, unix_listener_free);
}

void
control_clients_free (ControlClients *clients)
{
  if (clients == NULL)
    return;
  control_clients_stop_listening (clients);
  g_ptr_array_unref (clients->clients);
  g_object_unref (clients->observer);
  g_free (clients->guid);
  g_free (clients);
}

unsigned
control_clients_get_count (const ControlClients *clients)
{
  return clients->clients->len;
}

gboolean
control_clients_are_served (const ControlClients *clients)
{
  for (unsigned i = 0; i < clients->clients->len; i++)
    if (!client_link_is_served (((Client *) g_ptr_array_index (clients->clients, i))->link))
      return FALSE;
  return TRUE;
}
