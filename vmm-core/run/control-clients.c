/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "control-clients.h"

#include <sys/socket.h>
#include <unistd.h>

#include "client-connection.h"
#include "vmm-core/unix-socket.h"

#define MAX_CLIENTS 64
#define MAX_OF_PROCESS 16

struct ControlClients
{
  ControlClientsOps ops;
  void *data;
  UnixListener *listener;
  GDBusAuthObserver *observer;
  GPtrArray *clients;
};

typedef struct
{
  ControlClients *clients;
  pid_t process;
  ClientConnection *connection;
} Client;

static void
client_free (gpointer data)
{
  Client *client = data;
  GDBusConnection *connection = client_connection_get (client->connection);

  if (connection != NULL)
    client->clients->ops.left (client->clients->data, connection);
  client_connection_free (client->connection);
  g_free (client);
}

static void
client_come (void *data, GDBusConnection *connection)
{
  Client *client = data;

  client->clients->ops.come (client->clients->data, connection);
}

static void
client_gone (void *data)
{
  Client *client = data;

  g_ptr_array_remove (client->clients->clients, client);
}

static const DbusLink *
link_of (const Client *client)
{
  return client_connection_get_link (client->connection);
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
          || dbus_link_get_last_heard (link_of (client))
               < dbus_link_get_last_heard (link_of (quietest)))
        quietest = client;
    }
  if (n >= most)
    g_ptr_array_remove (clients->clients, quietest);
}

static void
knock (void *data, int fd)
{
  static const ClientConnectionOps ops = { client_come, client_gone };
  ControlClients *clients = data;
  struct ucred peer;
  socklen_t size = sizeof peer;
  Client *client;

  if (getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || peer.uid != getuid ())
    {
      close (fd);
      return;
    }
  make_room (clients, peer.pid, MAX_OF_PROCESS);
  make_room (clients, 0, MAX_CLIENTS);
  client = g_new0 (Client, 1);
  client->clients = clients;
  client->process = peer.pid;
  client->connection
    = client_connection_new (fd, DBUS_LINK_CLIENT, clients->observer, &ops, client, NULL);
  if (client->connection != NULL)
    g_ptr_array_add (clients->clients, client);
  else
    g_free (client);
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
    if (!dbus_link_is_served (link_of (g_ptr_array_index (clients->clients, i))))
      return FALSE;
  return TRUE;
}
