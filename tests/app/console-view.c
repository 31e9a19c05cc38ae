/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The console widget against a machine of cardboard, on a real display (xvfb-run), with a real
 * pointer and keyboard (xdotool). */
#include "display/gtk/console-view.h"

#include <gio/gunixfdlist.h>
#include <gtk/gtk.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "display-interfaces.h"
#include "display/surface.h"

#define CONSOLE_PATH "/org/qemu/Display1/Console_0"
#define LISTENER_PATH "/org/qemu/Display1/Listener"
#define MAP_INTERFACE "org.qemu.Display1.Listener.Unix.Map"
#define PIXMAN_X8R8G8B8 0x20020888u

typedef struct
{
  GDBusConnection *near, *far; /* the widget's and the machine's end */
  DisplayConsole *console;
  DisplayKeyboard *keyboard;
  DisplayMouse *mouse;
  GDBusConnection *listener;
  Surface *surface;
  GString *log; /* of keys and pointer */
  unsigned answers;
  GtkWindow *window;
  ConsoleView *view;
} Fixture;

/* Waits for something to come true, as long as the test may take. */
#define wait_for(condition)                                                                        \
  G_STMT_START                                                                                     \
  {                                                                                                \
    while (!(condition))                                                                           \
      if (!g_main_context_iteration (NULL, FALSE))                                                 \
        g_usleep (1000);                                                                           \
  }                                                                                                \
  G_STMT_END

static void
xdotool (const char *arguments)
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
  Fixture *f = data;

  connect_over (g_unix_fd_list_get (fds, g_variant_get_handle (handle), NULL), TRUE, &f->listener);
  display_console_complete_register_listener (console, invocation, NULL);
  return TRUE;
}

static gboolean
log_key (GDBusInterfaceSkeleton *skeleton, GDBusMethodInvocation *invocation, guint key, void *data)
{
  const char *interface = g_dbus_method_invocation_get_interface_name (invocation);

  g_string_append_printf (
    ((Fixture *) data)->log, "%s%s%x ", g_str_has_suffix (interface, "Mouse") ? "button" : "key",
    g_str_equal (g_dbus_method_invocation_get_method_name (invocation), "Press") ? "+" : "-", key);
  g_dbus_method_invocation_return_value (invocation, NULL);
  return TRUE;
}

static gboolean
log_position (DisplayMouse *mouse, GDBusMethodInvocation *invocation, guint x, guint y, void *data)
{
  g_string_append_printf (((Fixture *) data)->log, "at%u,%u ", x, y);
  display_mouse_complete_set_abs_position (mouse, invocation);
  return TRUE;
}

static gboolean
log_motion (DisplayMouse *mouse, GDBusMethodInvocation *invocation, int dx, int dy, void *data)
{
  g_string_append_printf (((Fixture *) data)->log, "by%d,%d ", dx, dy);
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
  ((Fixture *) data)->answers++;
}

static void
tell (Fixture *f, const char *method, GVariant *arguments, GUnixFDList *fds)
{
  unsigned before = f->answers;

  g_dbus_connection_call_with_unix_fd_list (f->listener, NULL, LISTENER_PATH, MAP_INTERFACE, method,
                                            arguments, NULL, G_DBUS_CALL_FLAGS_NONE, -1, fds, NULL,
                                            answered, f);
  wait_for (f->answers > before);
}

static void
show (Fixture *f, unsigned width, unsigned height)
{
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();

  g_clear_pointer (&f->surface, surface_unref);
  f->surface = surface_new (width, height, NULL);
  g_unix_fd_list_append (fds, surface_get_fd (f->surface), NULL);
  tell (f, "ScanoutMap",
        g_variant_new ("(huuuuu)", 0, 0, width, height, width * 4, PIXMAN_X8R8G8B8), fds);
}

static uint32_t
seen (Fixture *f, unsigned x, unsigned y)
{
  g_autoptr (GdkTexture) texture = console_view_dup_texture (f->view);
  int width = gdk_texture_get_width (texture);
  g_autofree uint32_t *pixels = g_new (uint32_t, (size_t) width * gdk_texture_get_height (texture));

  gdk_texture_download (texture, (guchar *) pixels, (size_t) width * 4);
  return pixels[y * width + x] & 0xffffff;
}

static void
set_up (Fixture *f, const void *data)
{
  int pair[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
  connect_over (pair[0], FALSE, &f->near);
  connect_over (pair[1], TRUE, &f->far);
  wait_for (f->near != NULL && f->far != NULL);
  f->log = g_string_new (NULL);
  f->console = display_console_skeleton_new ();
  f->keyboard = display_keyboard_skeleton_new ();
  f->mouse = display_mouse_skeleton_new ();
  g_signal_connect (f->console, "handle-register-listener", G_CALLBACK (register_listener), f);
  g_signal_connect (f->keyboard, "handle-press", G_CALLBACK (log_key), f);
  g_signal_connect (f->keyboard, "handle-release", G_CALLBACK (log_key), f);
  g_signal_connect (f->mouse, "handle-press", G_CALLBACK (log_key), f);
  g_signal_connect (f->mouse, "handle-release", G_CALLBACK (log_key), f);
  g_signal_connect (f->mouse, "handle-set-abs-position", G_CALLBACK (log_position), f);
  g_signal_connect (f->mouse, "handle-rel-motion", G_CALLBACK (log_motion), f);
  g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (f->console), f->far, CONSOLE_PATH,
                                    NULL);
  g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (f->keyboard), f->far, CONSOLE_PATH,
                                    NULL);
  g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (f->mouse), f->far, CONSOLE_PATH,
                                    NULL);
  f->view = CONSOLE_VIEW (console_view_new ());
  f->window = GTK_WINDOW (gtk_window_new ());
  gtk_window_set_decorated (f->window, FALSE);
  gtk_window_set_title (f->window, "console-view-test");
  gtk_window_set_default_size (f->window, 640, 400);
  gtk_window_set_child (f->window, GTK_WIDGET (f->view));
  gtk_window_present (f->window);
  console_view_set_connection (f->view, f->near);
  wait_for (f->listener != NULL && console_view_get_connected (f->view));
  show (f, 320, 200);
  wait_for (gtk_widget_get_width (GTK_WIDGET (f->view)) > 0);
  xdotool ("search --sync --name console-view-test windowmove 0 0 windowfocus --sync");
  gtk_widget_grab_focus (GTK_WIDGET (f->view));
  wait_for (gtk_widget_has_focus (GTK_WIDGET (f->view)));
}

static void
tear_down (Fixture *f, const void *data)
{
  gtk_window_destroy (f->window);
  g_clear_pointer (&f->surface, surface_unref);
  g_clear_object (&f->listener);
  g_clear_object (&f->console);
  g_clear_object (&f->keyboard);
  g_clear_object (&f->mouse);
  g_clear_object (&f->near);
  g_clear_object (&f->far);
  g_string_free (f->log, TRUE);
}

static void
test_picture (Fixture *f, const void *data)
{
  surface_get_pixels (f->surface)[320 * 100 + 7] = 0x00123456;
  tell (f, "UpdateMap", g_variant_new ("(iiii)", 7, 100, 1, 1), NULL);
  g_assert_cmphex (seen (f, 7, 100), ==, 0x123456);
  /* Lines that were not named are not looked at again. */
  surface_get_pixels (f->surface)[0] = 0x00ffffff;
  tell (f, "UpdateMap", g_variant_new ("(iiii)", -5, 190, 100000, 1), NULL);
  g_assert_cmphex (seen (f, 0, 0), ==, 0);
  show (f, 1024, 768);
  g_assert_cmphex (seen (f, 1023, 767), ==, 0);
}

/* The window as GTK draws it, at a point; black before it does. */
static uint32_t
drawn (Fixture *f, unsigned x, unsigned y)
{
  GtkWidget *widget = GTK_WIDGET (f->view);
  g_autoptr (GdkPaintable) paintable = gtk_widget_paintable_new (widget);
  GtkSnapshot *snapshot = gtk_snapshot_new ();
  int width = gtk_widget_get_width (widget), height = gtk_widget_get_height (widget);
  g_autofree uint32_t *pixels = g_new (uint32_t, (size_t) width * height);
  g_autoptr (GskRenderNode) node = NULL;
  g_autoptr (GdkTexture) texture = NULL;

  gdk_paintable_snapshot (paintable, snapshot, width, height);
  node = gtk_snapshot_free_to_node (snapshot);
  if (node == NULL)
    return 0;
  texture = gsk_renderer_render_texture (gtk_native_get_renderer (gtk_widget_get_native (widget)),
                                         node, &GRAPHENE_RECT_INIT (0, 0, width, height));
  gdk_texture_download (texture, (guchar *) pixels, (size_t) width * 4);
  return pixels[y * width + x] & 0xffffff;
}

static void
test_whole_multiples_are_sharp (Fixture *f, const void *data)
{
  wait_for (gtk_widget_get_width (GTK_WIDGET (f->view)) == 640);
  surface_get_pixels (f->surface)[320 * 63 + 10] = 0x00ff0000;
  surface_get_pixels (f->surface)[320 * 64 + 10] = 0x0000ff00;
  tell (f, "UpdateMap", g_variant_new ("(iiii)", 0, 0, 320, 200), NULL);
  wait_for (drawn (f, 20, 126) == 0xff0000);
  g_assert_cmphex (drawn (f, 21, 127), ==, 0xff0000);
  g_assert_cmphex (drawn (f, 20, 128), ==, 0x00ff00);
  g_assert_cmphex (drawn (f, 19, 127), ==, 0);
  g_assert_cmphex (drawn (f, 22, 127), ==, 0);
  g_assert_cmphex (drawn (f, 20, 130), ==, 0);
}

static void
test_keys (Fixture *f, const void *data)
{
  xdotool ("keydown a keyup a key Up");
  wait_for (strstr (f->log->str, "key-c8") != NULL);
  g_assert_cmpstr (f->log->str, ==, "key+1e key-1e key+c8 key-c8 ");
}

static void
test_focus_lost_releases_keys (Fixture *f, const void *data)
{
  xdotool ("keydown Shift_L");
  wait_for (strstr (f->log->str, "key+2a") != NULL);
  gtk_window_set_focus (f->window, NULL);
  wait_for (strstr (f->log->str, "key-2a") != NULL);
  xdotool ("keyup Shift_L");
}

static void
test_absolute_pointer (Fixture *f, const void *data)
{
  wait_for (gtk_widget_get_width (GTK_WIDGET (f->view)) == 640);
  display_mouse_set_is_absolute (f->mouse, TRUE);
  g_dbus_interface_skeleton_flush (G_DBUS_INTERFACE_SKELETON (f->mouse));
  /* As soon as the widget has heard of it, the guest sees the pointer. */
  for (unsigned i = 0; strstr (f->log->str, "at") == NULL; i++)
    {
      xdotool (i & 1 ? "mousemove 52 60" : "mousemove 50 60");
      while (g_main_context_iteration (NULL, FALSE))
        ;
    }
  xdotool ("mousemove 100 60 mousemove 200 100 click 1 click 4");
  wait_for (strstr (f->log->str, "button-3") != NULL);
  g_assert_nonnull (strstr (f->log->str, "at100,50 button+0 button-0 button+3 button-3"));
}

/* How far the guest's pointer has moved to the right. */
static int
moved (Fixture *f)
{
  int by_x = 0;

  for (const char *at = f->log->str; (at = strstr (at, "by")) != NULL; at++)
    by_x += atoi (at + 2);
  return by_x;
}

static void
test_grab_and_release_chord (Fixture *f, const void *data)
{
  xdotool ("mousemove 320 200 click 1");
  wait_for (console_view_get_grabbed (f->view));
  g_assert_null (strstr (f->log->str, "button")); /* that click was for us */
  /* Farther than the screen is wide: the pointer meets no edge. */
  for (unsigned i = 0; i < 40; i++)
    {
      int before = moved (f);

      xdotool ("mousemove_relative 100 0");
      wait_for (moved (f) > before);
    }
  g_assert_cmpint (moved (f), >=, 3900);
  g_assert_cmpint (moved (f), <=, 4100);
  xdotool ("keydown Control_L keydown Alt_L key Delete keyup Alt_L keyup Control_L");
  wait_for (strstr (f->log->str, "key-1d") != NULL);
  g_assert_true (console_view_get_grabbed (f->view));
  xdotool ("keydown Control_L keydown Alt_L keyup Alt_L keyup Control_L");
  wait_for (!console_view_get_grabbed (f->view));
}

static void
test_machine_gone (Fixture *f, const void *data)
{
  g_dbus_connection_close_sync (f->listener, NULL, NULL);
  wait_for (!console_view_get_connected (f->view));
  /* The last picture stays. */
  g_assert_cmphex (seen (f, 0, 0), ==, 0);
  console_view_set_connection (f->view, NULL);
  g_assert_null (console_view_dup_texture (f->view));
}

static void
refused (GObject *source, GAsyncResult *result, void *data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer = g_dbus_connection_call_with_unix_fd_list_finish (
    G_DBUS_CONNECTION (source), NULL, result, &error);

  g_assert_error (error, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS);
  ++*(unsigned *) data;
}

/* Offers a picture that cannot be shown. */
static void
expect_refusal (Fixture *f, int fd, unsigned offset, unsigned width, unsigned height,
                unsigned stride)
{
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();
  unsigned n = 0;

  g_unix_fd_list_append (fds, fd, NULL);
  g_dbus_connection_call_with_unix_fd_list (
    f->listener, NULL, LISTENER_PATH, MAP_INTERFACE, "ScanoutMap",
    g_variant_new ("(huuuuu)", 0, offset, width, height, stride, PIXMAN_X8R8G8B8), NULL,
    G_DBUS_CALL_FLAGS_NONE, -1, fds, NULL, refused, &n);
  wait_for (n == 1);
}

static void
test_hostile_machine (Fixture *f, const void *data)
{
  static const unsigned sizes[][3]
    = { { 0, 0, 0 }, { 9000, 1, 36000 }, { 100, 100, 4 }, { UINT_MAX, UINT_MAX, UINT_MAX } };
  int unsealed = memfd_create ("picture", MFD_CLOEXEC), pipes[2];

  for (unsigned i = 0; i < G_N_ELEMENTS (sizes); i++)
    expect_refusal (f, surface_get_fd (f->surface), 0, sizes[i][0], sizes[i][1], sizes[i][2]);
  show (f, 64, 64);
  /* Files that end too early, could be cut off later, or may make who reads them wait. */
  expect_refusal (f, surface_get_fd (f->surface), 1, 64, 64, 256);
  expect_refusal (f, surface_get_fd (f->surface), 0, 64, 65, 256);
  g_assert_cmpint (ftruncate (unsealed, 64 * 256), ==, 0);
  expect_refusal (f, unsealed, 0, 64, 64, 256);
  g_assert_cmpint (pipe (pipes), ==, 0);
  expect_refusal (f, pipes[0], 0, 64, 64, 256);
  close (pipes[0]);
  close (pipes[1]);
  close (unsealed);
  show (f, 64, 64);
  tell (f, "UpdateMap", g_variant_new ("(iiii)", 0, 0, 64, 64), NULL);
  g_assert_cmphex (seen (f, 63, 63), ==, 0);
}

#define ADD(name, test) g_test_add ("/console-view/" name, Fixture, NULL, set_up, test, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_setenv ("GDK_BACKEND", "x11", FALSE);
  if (!gtk_init_check ())
    {
      g_print ("1..0 # SKIP no display\n");
      return 0;
    }
  ADD ("picture", test_picture);
  ADD ("whole-multiples-are-sharp", test_whole_multiples_are_sharp);
  ADD ("keys", test_keys);
  ADD ("focus-lost-releases-keys", test_focus_lost_releases_keys);
  ADD ("absolute-pointer", test_absolute_pointer);
  ADD ("grab-and-release-chord", test_grab_and_release_chord);
  ADD ("machine-gone", test_machine_gone);
  ADD ("hostile-machine", test_hostile_machine);
  return g_test_run ();
}
