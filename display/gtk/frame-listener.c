/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The machine authenticates as the server of the private connection, whose socket we hand over. */
#include "frame-listener.h"

#include <gio/gunixfdlist.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm-core/control-names.h"
#include "vmm-core/dbus-link.h"

#define MAX_CURSOR 512

static const char introspection[]
  = "<node>"
    "<interface name='" CONTROL_LISTENER "'>"
    "<method name='Scanout'><arg type='u' name='width'/><arg type='u' name='height'/>"
    "<arg type='u' name='stride'/><arg type='u' name='pixman_format'/><arg type='ay' name='data'/>"
    "</method>"
    "<method name='Update'><arg type='i' name='x'/><arg type='i' name='y'/>"
    "<arg type='i' name='width'/><arg type='i' name='height'/><arg type='u' name='stride'/>"
    "<arg type='u' name='pixman_format'/><arg type='ay' name='data'/></method>"
    "<method name='Disable'/>"
    "<method name='MouseSet'><arg type='i' name='x'/><arg type='i' name='y'/>"
    "<arg type='i' name='on'/></method>"
    "<method name='CursorDefine'><arg type='i' name='width'/><arg type='i' name='height'/>"
    "<arg type='i' name='hot_x'/><arg type='i' name='hot_y'/><arg type='ay' name='data'/></method>"
    "<property name='Interfaces' type='as' access='read'/>"
    "</interface>"
    "<interface name='" CONTROL_LISTENER_MAP "'>"
    "<method name='ScanoutMap'><arg type='h' name='handle'/><arg type='u' name='offset'/>"
    "<arg type='u' name='width'/><arg type='u' name='height'/><arg type='u' name='stride'/>"
    "<arg type='u' name='pixman_format'/></method>"
    "<method name='UpdateMap'><arg type='i' name='x'/><arg type='i' name='y'/>"
    "<arg type='i' name='width'/><arg type='i' name='height'/></method>"
    "</interface>"
    "</node>";

struct FrameListener
{
  grefcount references; /* ours, and one for each call under way */
  ConsoleFrame *frame;  /* NULL once freed */
  FrameListenerOps ops;
  void *data;
  GCancellable *cancellable;
  GDBusConnection *connection;
  GDBusNodeInfo *info;
  unsigned registrations[2];
  GdkTexture *cursor;
  int hot_x, hot_y;
};

static FrameListener *
listener_ref (FrameListener *listener)
{
  g_ref_count_inc (&listener->references);
  return listener;
}

static void
listener_unref (FrameListener *listener)
{
  if (!g_ref_count_dec (&listener->references))
    return;
  g_clear_object (&listener->cursor);
  g_clear_object (&listener->connection);
  g_clear_object (&listener->cancellable);
  g_dbus_node_info_unref (listener->info);
  g_free (listener);
}

static void
listener_lost (FrameListener *listener)
{
  if (listener->frame != NULL)
    listener->ops.lost (listener->data);
}

static gboolean
scanout (FrameListener *listener, GVariant *arguments)
{
  g_autoptr (GVariant) data = NULL;
  uint32_t width, height, stride, format;
  const uint8_t *bytes;
  gsize length;
  gboolean shown;

  g_variant_get (arguments, "(uuuu@ay)", &width, &height, &stride, &format, &data);
  bytes = g_variant_get_fixed_array (data, &length, 1);
  shown = console_frame_set_data (listener->frame, width, height, stride, format, bytes, length);
  listener->ops.resized (listener->data);
  return shown;
}

static gboolean
update (FrameListener *listener, GVariant *arguments)
{
  g_autoptr (GVariant) data = NULL;
  int32_t x, y, width, height;
  uint32_t stride, format;
  const uint8_t *bytes;
  gsize length;

  g_variant_get (arguments, "(iiiiuu@ay)", &x, &y, &width, &height, &stride, &format, &data);
  bytes = g_variant_get_fixed_array (data, &length, 1);
  if (!console_frame_put (listener->frame, x, y, width, height, stride, format, bytes, length))
    return FALSE;
  listener->ops.damaged (listener->data);
  return TRUE;
}

static gboolean
scanout_map (FrameListener *listener, GVariant *arguments, GUnixFDList *fds)
{
  uint32_t offset, width, height, stride, format;
  int32_t handle;
  int fd = -1;
  gboolean shown;

  g_variant_get (arguments, "(huuuuu)", &handle, &offset, &width, &height, &stride, &format);
  if (fds != NULL && handle >= 0 && handle < g_unix_fd_list_get_length (fds))
    fd = g_unix_fd_list_get (fds, handle, NULL);
  if (fd < 0)
    return FALSE;
  shown = console_frame_set_file (listener->frame, fd, offset, width, height, stride, format);
  listener->ops.resized (listener->data);
  return shown;
}

static gboolean
update_map (FrameListener *listener, GVariant *arguments)
{
  int32_t x, y, width, height;

  g_variant_get (arguments, "(iiii)", &x, &y, &width, &height);
  console_frame_damage (listener->frame, x, y, width, height);
  listener->ops.damaged (listener->data);
  return TRUE;
}

static gboolean
cursor_define (FrameListener *listener, GVariant *arguments)
{
  g_autoptr (GVariant) data = NULL;
  g_autoptr (GBytes) bytes = NULL;
  int32_t width, height;

  g_clear_object (&listener->cursor);
  g_variant_get (arguments, "(iiii@ay)", &width, &height, &listener->hot_x, &listener->hot_y,
                 &data);
  if (width < 1 || width > MAX_CURSOR || height < 1 || height > MAX_CURSOR || listener->hot_x < 0
      || listener->hot_x >= width || listener->hot_y < 0 || listener->hot_y >= height
      || g_variant_get_size (data) != (size_t) width * height * 4)
    return FALSE;
  bytes = g_variant_get_data_as_bytes (data);
  listener->cursor
    = gdk_memory_texture_new (width, height, GDK_MEMORY_B8G8R8A8, bytes, (size_t) width * 4);
  listener->ops.cursor (listener->data, listener->cursor, listener->hot_x, listener->hot_y);
  return TRUE;
}

static gboolean
mouse_set (FrameListener *listener, GVariant *arguments)
{
  int32_t x, y, on;

  g_variant_get (arguments, "(iii)", &x, &y, &on);
  listener->ops.cursor (listener->data, on ? listener->cursor : NULL, listener->hot_x,
                        listener->hot_y);
  return TRUE;
}

static gboolean
disable (FrameListener *listener)
{
  console_frame_clear (listener->frame);
  listener->ops.resized (listener->data);
  return TRUE;
}

static void
method_call (GDBusConnection *connection, const char *sender, const char *path,
             const char *interface, const char *method, GVariant *arguments,
             GDBusMethodInvocation *invocation, void *data)
{
  FrameListener *listener = data;
  GDBusMessage *message = g_dbus_method_invocation_get_message (invocation);
  gboolean done;

  if (g_str_equal (method, "ScanoutMap"))
    done = scanout_map (listener, arguments, g_dbus_message_get_unix_fd_list (message));
  else if (g_str_equal (method, "UpdateMap"))
    done = update_map (listener, arguments);
  else if (g_str_equal (method, "Scanout"))
    done = scanout (listener, arguments);
  else if (g_str_equal (method, "Update"))
    done = update (listener, arguments);
  else if (g_str_equal (method, "CursorDefine"))
    done = cursor_define (listener, arguments);
  else if (g_str_equal (method, "MouseSet"))
    done = mouse_set (listener, arguments);
  else
    done = disable (listener);
  if (done)
    g_dbus_method_invocation_return_value (invocation, NULL);
  else
    g_dbus_method_invocation_return_error (invocation, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS,
                                           "%s: the picture cannot be shown.", method);
}

static GVariant *
get_property (GDBusConnection *connection, const char *sender, const char *path,
              const char *interface, const char *property, GError **error, void *data)
{
  static const char *const interfaces[] = { CONTROL_LISTENER_MAP, NULL };

  return g_variant_new_strv (interfaces, -1);
}

static void
connection_closed (GDBusConnection *connection, gboolean remote, GError *error, void *data)
{
  listener_lost (data);
}

static void
connection_ready (GObject *source, GAsyncResult *result, void *data)
{
  static const GDBusInterfaceVTable vtable = { method_call, get_property, NULL };
  FrameListener *listener = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusConnection) connection = g_dbus_connection_new_finish (result, &error);

  if (connection != NULL && listener->frame != NULL)
    {
      listener->connection = g_steal_pointer (&connection);
      g_dbus_connection_set_exit_on_close (listener->connection, FALSE);
      for (unsigned i = 0; i < G_N_ELEMENTS (listener->registrations); i++)
        listener->registrations[i] = g_dbus_connection_register_object (
          listener->connection, CONTROL_LISTENER_PATH, listener->info->interfaces[i], &vtable,
          listener, NULL, NULL);
      g_signal_connect (listener->connection, "closed", G_CALLBACK (connection_closed), listener);
      listener->ops.attached (listener->data);
      g_dbus_connection_start_message_processing (listener->connection);
    }
  else if (listener->frame != NULL)
    {
      g_debug ("console connection: %s", error->message);
      listener_lost (listener);
    }
  listener_unref (listener);
}

static void
registered (GObject *source, GAsyncResult *result, void *data)
{
  FrameListener *listener = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) reply = g_dbus_connection_call_with_unix_fd_list_finish (
    G_DBUS_CONNECTION (source), NULL, result, &error);

  if (reply == NULL && listener->frame != NULL)
    {
      g_debug ("RegisterListener: %s", error->message);
      g_cancellable_cancel (listener->cancellable);
    }
  listener_unref (listener);
}

/* Sends one end of a socket pair to the machine and talks over the other. */
static void
attach (FrameListener *listener, GDBusConnection *machine)
{
  g_autoptr (GUnixFDList) fds = NULL;
  g_autoptr (GIOStream) stream = NULL;
  int pair[2];

  if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0)
    return listener_lost (listener);
  fds = g_unix_fd_list_new_from_array (&pair[1], 1);
  stream = dbus_link_open (pair[0], DBUS_LINK_SCREEN, NULL, NULL);
  if (stream == NULL)
    return listener_lost (listener);
  g_dbus_connection_call_with_unix_fd_list (machine, NULL, CONTROL_CONSOLE_PATH, CONTROL_CONSOLE,
                                            "RegisterListener", g_variant_new ("(h)", 0), NULL,
                                            G_DBUS_CALL_FLAGS_NONE, -1, fds, listener->cancellable,
                                            registered, listener_ref (listener));
  g_dbus_connection_new (stream, NULL,
                         G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                           | G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING,
                         NULL, listener->cancellable, connection_ready, listener_ref (listener));
}

FrameListener *
frame_listener_new (GDBusConnection *machine, ConsoleFrame *frame, const FrameListenerOps *ops,
                    void *data)
{
  FrameListener *listener = g_new0 (FrameListener, 1);

  g_ref_count_init (&listener->references);
  listener->frame = frame;
  listener->ops = *ops;
  listener->data = data;
  listener->cancellable = g_cancellable_new ();
  listener->info = g_dbus_node_info_new_for_xml (introspection, NULL);
  attach (listener, machine);
  return listener;
}

void
frame_listener_free (FrameListener *listener)
{
  listener->frame = NULL;
  g_cancellable_cancel (listener->cancellable);
  if (listener->connection != NULL)
    {
      g_signal_handlers_disconnect_by_data (listener->connection, listener);
      for (unsigned i = 0; i < G_N_ELEMENTS (listener->registrations); i++)
        g_dbus_connection_unregister_object (listener->connection, listener->registrations[i]);
      g_dbus_connection_close (listener->connection, NULL, NULL, NULL);
    }
  listener_unref (listener);
}
