/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "console-rig.h"

#include <gio/gunixfdlist.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm-core/control-names.h"

void
console_rig_xdotool (const char *arguments)
{
  g_autofree char *command = g_strconcat ("xdotool ", arguments, NULL);
  g_autoptr (GError) error = NULL;

  g_spawn_command_line_sync (command, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
}

/* The machine */

static void
connected (GObject *source, GAsyncResult *result, void *data)
{
  g_autoptr (GError) error = NULL;

  *(GDBusConnection **) data = g_dbus_connection_new_finish (result, &error);
  g_assert_no_error (error);
}

static void
connect_over (int fd, gboolean server, GDBusConnection **connection)
{
  g_autoptr (GSocket) socket = g_socket_new_from_fd (fd, NULL);
  g_autoptr (GSocketConnection) stream = g_socket_connection_factory_create_connection (socket);
  g_autofree char *guid = server ? g_dbus_generate_guid () : NULL;

  g_dbus_connection_new (G_IO_STREAM (stream), guid,
                         server ? G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER
                                : G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT,
                         NULL, NULL, connected, connection);
}

static gboolean
register_listener (DisplayConsole *console, GDBusMethodInvocation *invocation, GUnixFDList *fds,
                   GVariant *handle, void *data)
{
  ConsoleRig *rig = data;

  connect_over (g_unix_fd_list_get (fds, g_variant_get_handle (handle), NULL), TRUE,
                &rig->listener);
  display_console_complete_register_listener (console, invocation, NULL);
  return TRUE;
}

static gboolean
log_key (GDBusInterfaceSkeleton *skeleton, GDBusMethodInvocation *invocation, guint key, void *data)
{
  const char *interface = g_dbus_method_invocation_get_interface_name (invocation);

  g_string_append_printf (
    ((ConsoleRig *) data)->log, "%s%s%x ", g_str_has_suffix (interface, "Mouse") ? "button" : "key",
    g_str_equal (g_dbus_method_invocation_get_method_name (invocation), "Press") ? "+" : "-", key);
  g_dbus_method_invocation_return_value (invocation, NULL);
  return TRUE;
}

static gboolean
log_position (DisplayMouse *mouse, GDBusMethodInvocation *invocation, guint x, guint y, void *data)
{
  g_string_append_printf (((ConsoleRig *) data)->log, "at%u,%u ", x, y);
  display_mouse_complete_set_abs_position (mouse, invocation);
  return TRUE;
}

static gboolean
log_motion (DisplayMouse *mouse, GDBusMethodInvocation *invocation, int dx, int dy, void *data)
{
  g_string_append_printf (((ConsoleRig *) data)->log, "by%d,%d ", dx, dy);
  display_mouse_complete_rel_motion (mouse, invocation);
  return TRUE;
}

static void
answered (GObject *source, GAsyncResult *result, void *data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer = g_dbus_connection_call_with_unix_fd_list_finish (
    G_DBUS_CONNECTION (source), NULL, result, &error);

  g_assert_no_error (error);
  ((ConsoleRig *) data)->answers++;
}

void
console_rig_tell (ConsoleRig *rig, const char *method, GVariant *arguments, GUnixFDList *fds)
{
  unsigned before = rig->answers;

  g_dbus_connection_call_with_unix_fd_list (rig->listener, NULL, CONTROL_LISTENER_PATH,
                                            CONTROL_LISTENER_MAP, method, arguments, NULL,
                                            G_DBUS_CALL_FLAGS_NONE, -1, fds, NULL, answered, rig);
  wait_for (rig->answers > before);
}

void
console_rig_show (ConsoleRig *rig, unsigned width, unsigned height)
{
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();

  g_clear_pointer (&rig->surface, surface_unref);
  rig->surface = surface_new (width, height, NULL);
  g_unix_fd_list_append (fds, surface_get_fd (rig->surface), NULL);
  console_rig_tell (rig, "ScanoutMap",
                    g_variant_new ("(huuuuu)", 0, 0, width, height, width * 4, PIXMAN_X8R8G8B8),
                    fds);
}

void
console_rig_set_up (ConsoleRig *rig, const void *data)
{
  int pair[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
  connect_over (pair[0], FALSE, &rig->near);
  connect_over (pair[1], TRUE, &rig->far);
  wait_for (rig->near != NULL && rig->far != NULL);
  rig->log = g_string_new (NULL);
  rig->console = display_console_skeleton_new ();
  rig->keyboard = display_keyboard_skeleton_new ();
  rig->mouse = display_mouse_skeleton_new ();
  g_signal_connect (rig->console, "handle-register-listener", G_CALLBACK (register_listener), rig);
  g_signal_connect (rig->keyboard, "handle-press", G_CALLBACK (log_key), rig);
  g_signal_connect (rig->keyboard, "handle-release", G_CALLBACK (log_key), rig);
  g_signal_connect (rig->mouse, "handle-press", G_CALLBACK (log_key), rig);
  g_signal_connect (rig->mouse, "handle-release", G_CALLBACK (log_key), rig);
  g_signal_connect (rig->mouse, "handle-set-abs-position", G_CALLBACK (log_position), rig);
  g_signal_connect (rig->mouse, "handle-rel-motion", G_CALLBACK (log_motion), rig);
  g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (rig->console), rig->far,
                                    CONTROL_CONSOLE_PATH, NULL);
  g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (rig->keyboard), rig->far,
                                    CONTROL_CONSOLE_PATH, NULL);
  g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (rig->mouse), rig->far,
                                    CONTROL_CONSOLE_PATH, NULL);
  rig->view = CONSOLE_VIEW (console_view_new ());
  rig->window = GTK_WINDOW (gtk_window_new ());
  gtk_window_set_decorated (rig->window, FALSE);
  gtk_window_set_title (rig->window, CONSOLE_TITLE);
  gtk_window_set_default_size (rig->window, 640, 400);
  gtk_window_set_child (rig->window, GTK_WIDGET (rig->view));
  gtk_window_present (rig->window);
  console_view_set_connection (rig->view, rig->near);
  wait_for (rig->listener != NULL && console_view_get_connected (rig->view));
  console_rig_show (rig, 320, 200);
  wait_for (gtk_widget_get_width (GTK_WIDGET (rig->view)) > 0);
  console_rig_xdotool (data != NULL ? (const char *) data
                                    : "search --sync --name " CONSOLE_TITLE
                                      " windowmove 0 0 windowfocus --sync");
  gtk_widget_grab_focus (GTK_WIDGET (rig->view));
  wait_for (console_view_has_keyboard (rig->view));
}

void
console_rig_tear_down (ConsoleRig *rig, const void *data)
{
  gtk_window_destroy (rig->window);
  g_clear_pointer (&rig->surface, surface_unref);
  g_clear_object (&rig->listener);
  g_clear_object (&rig->console);
  g_clear_object (&rig->keyboard);
  g_clear_object (&rig->mouse);
  g_clear_object (&rig->near);
  g_clear_object (&rig->far);
  g_string_free (rig->log, TRUE);
}

int
console_rig_moved (const ConsoleRig *rig)
{
  int by_x = 0;

  for (const char *at = rig->log->str; (at = strstr (at, "by")) != NULL; at++)
    by_x += atoi (at + 2);
  return by_x;
}

void
console_rig_forget (ConsoleRig *rig)
{
  g_string_truncate (rig->log, 0);
}
