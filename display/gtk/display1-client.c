/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "display1-client.h"

#include "vmm-core/control-names.h"

#define PROPERTIES "org.freedesktop.DBus.Properties"

struct Display1Client
{
  const char *interface, *property;
  const GVariantType *type;
  Display1ClientOps ops;
  void *data;
  GDBusConnection *connection;
  GCancellable *cancellable; /* of what belongs to the connection */
  guint subscription;
  GVariant *value;
};

/* Takes what may be NULL or of another type. */
static void
take_value (Display1Client *client, GVariant *value)
{
  gboolean first = client->value == NULL;

  if (value == NULL || !g_variant_is_of_type (value, client->type))
    return;
  g_clear_pointer (&client->value, g_variant_unref);
  client->value = g_variant_ref (value);
  (first ? client->ops.known : client->ops.changed) (client->data);
}

static void
properties_changed (GDBusConnection *connection, const char *sender, const char *path,
                    const char *interface, const char *signal, GVariant *arguments, void *data)
{
  Display1Client *client = data;
  g_autoptr (GVariant) changed = NULL, value = NULL;

  if (!g_variant_is_of_type (arguments, G_VARIANT_TYPE ("(sa{sv}as)")))
    return;
  changed = g_variant_get_child_value (arguments, 1);
  value = g_variant_lookup_value (changed, client->property, NULL);
  take_value (client, value);
}

static void
property_read (GObject *source, GAsyncResult *result, void *data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer
    = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  g_autoptr (GVariant) value = NULL;

  /* Cancelled: the client may be gone. */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (answer == NULL)
    {
      g_debug ("%s: %s", ((Display1Client *) data)->interface, error->message);
      return;
    }
  g_variant_get (answer, "(v)", &value);
  take_value (data, value);
}

void
display1_client_set_connection (Display1Client *client, GDBusConnection *connection)
{
  g_cancellable_cancel (client->cancellable);
  g_clear_object (&client->cancellable);
  if (client->subscription != 0)
    g_dbus_connection_signal_unsubscribe (client->connection, client->subscription);
  client->subscription = 0;
  g_clear_pointer (&client->value, g_variant_unref);
  g_set_object (&client->connection, connection);
  if (connection == NULL)
    return;
  client->cancellable = g_cancellable_new ();
  client->subscription = g_dbus_connection_signal_subscribe (
    connection, NULL, PROPERTIES, "PropertiesChanged", CONTROL_CONSOLE_PATH, client->interface,
    G_DBUS_SIGNAL_FLAGS_NONE, properties_changed, client, NULL);
  g_dbus_connection_call (connection, NULL, CONTROL_CONSOLE_PATH, PROPERTIES, "Get",
                          g_variant_new ("(ss)", client->interface, client->property),
                          G_VARIANT_TYPE ("(v)"), G_DBUS_CALL_FLAGS_NONE, -1, client->cancellable,
                          property_read, client);
}

gboolean
display1_client_is_connected (const Display1Client *client)
{
  return client->connection != NULL;
}

GVariant *
display1_client_get_property (const Display1Client *client)
{
  return client->value;
}

void
display1_client_call (Display1Client *client, const char *method, GVariant *arguments)
{
  g_autoptr (GVariant) sunk = g_variant_ref_sink (arguments);

  if (client->connection != NULL && !g_dbus_connection_is_closed (client->connection))
    g_dbus_connection_call (client->connection, NULL, CONTROL_CONSOLE_PATH, client->interface,
                            method, sunk, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
}

Display1Client *
display1_client_new (const char *interface, const char *property, const GVariantType *type,
                     const Display1ClientOps *ops, void *data)
{
  Display1Client *client = g_new0 (Display1Client, 1);

  client->interface = interface;
  client->property = property;
  client->type = type;
  client->ops = *ops;
  client->data = data;
  return client;
}

void
display1_client_free (Display1Client *client)
{
  display1_client_set_connection (client, NULL);
  g_free (client);
}
