/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The display interface of a running machine as a viewer sees it: shared memory, copied pixels,
 * input, and what happens to viewers that misbehave. */
#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "display-interfaces.h"
#include "vm-rig.h"
#include "vmm-core/control-names.h"

static const char *vm_program;

typedef struct
{
  VmRig vm;
  DisplayConsole *console;
  unsigned width, height, stride;
  size_t bytes; /* of pixels that came */
  gboolean mapped;
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  vm_rig_open (&f->vm);
  vm_rig_start (&f->vm, vm_program, "--accel", "none", "--memory", "16", NULL);
  f->console = display_console_proxy_new_sync (f->vm.connection, G_DBUS_PROXY_FLAGS_NONE, NULL,
                                               CONTROL_CONSOLE_PATH, NULL, NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_object_unref (f->console);
  g_assert_true (gh_machine1_call_quit_sync (f->vm.machine, NULL, NULL));
  vm_rig_close (&f->vm);
}

/* Offers fd as a listener's connection. */
static gboolean
offer (Fixture *f, int fd, GError **error)
{
  g_autoptr (GUnixFDList) fds = g_unix_fd_list_new ();

  g_assert_cmpint (g_unix_fd_list_append (fds, fd, NULL), ==, 0);
  return display_console_call_register_listener_sync (f->console, g_variant_new_handle (0), fds,
                                                      NULL, NULL, error);
}

static gboolean
scanout (DisplayListener *listener, GDBusMethodInvocation *invocation, guint width, guint height,
         guint stride, guint format, GVariant *pixels, gpointer data)
{
  Fixture *f = data;

  f->width = width;
  f->height = height;
  f->stride = stride;
  f->bytes = g_variant_get_size (pixels);
  display_listener_complete_scanout (listener, invocation);
  return TRUE;
}

static gboolean
scanout_map (DisplayListenerUnixMap *listener, GDBusMethodInvocation *invocation, GUnixFDList *fds,
             GVariant *handle, guint offset, guint width, guint height, guint stride, guint format,
             gpointer data)
{
  Fixture *f = data;
  int fd = g_unix_fd_list_get (fds, g_variant_get_handle (handle), NULL);
  void *pixels;

  f->width = width;
  f->height = height;
  f->stride = stride;
  f->bytes = (size_t) stride * height;
  pixels = mmap (NULL, f->bytes, PROT_READ, MAP_SHARED, fd, offset);
  g_assert_true (pixels != MAP_FAILED);
  munmap (pixels, f->bytes);
  close (fd);
  f->mapped = TRUE;
  display_listener_unix_map_complete_scanout_map (listener, invocation, NULL);
  return TRUE;
}

static GDBusConnection *
listen_to (Fixture *f, DisplayListener *listener, DisplayListenerUnixMap *map)
{
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GSocketConnection) stream = NULL;
  GDBusConnection *connection;
  int pair[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
  g_assert_true (offer (f, pair[1], NULL));
  close (pair[1]);
  socket = g_socket_new_from_fd (pair[0], NULL);
  stream = g_socket_connection_factory_create_connection (socket);
  connection = g_dbus_connection_new_sync (G_IO_STREAM (stream), NULL,
                                           G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT
                                             | G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING,
                                           NULL, NULL, NULL);
  g_assert_nonnull (connection);
  g_signal_connect (listener, "handle-scanout", G_CALLBACK (scanout), f);
  g_assert_true (g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (listener), connection,
                                                   CONTROL_LISTENER_PATH, NULL));
  if (map != NULL)
    {
      g_signal_connect (map, "handle-scanout-map", G_CALLBACK (scanout_map), f);
      g_assert_true (g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (map), connection,
                                                       CONTROL_LISTENER_PATH, NULL));
    }
  g_dbus_connection_start_message_processing (connection);
  return connection;
}

static void
expect_picture (Fixture *f)
{
  while (f->bytes == 0)
    {
      while (g_main_context_iteration (NULL, FALSE))
        ;
      g_usleep (10000);
    }
  g_assert_cmpuint (f->width, >, 0);
  g_assert_cmpuint (f->stride, >=, f->width * 4);
  g_assert_cmpuint (f->bytes, ==, (size_t) f->stride * f->height);
}

static void
test_shared_memory (Fixture *f, gconstpointer data)
{
  const char *interfaces[] = { CONTROL_LISTENER_MAP, NULL };
  g_autoptr (DisplayListener) listener = display_listener_skeleton_new ();
  g_autoptr (DisplayListenerUnixMap) map = display_listener_unix_map_skeleton_new ();
  g_autoptr (GDBusConnection) connection = NULL;

  display_listener_set_interfaces (listener, interfaces);
  connection = listen_to (f, listener, map);
  expect_picture (f);
  g_assert_true (f->mapped);
  g_assert_cmpuint (display_console_get_width (f->console), >, 0);
}

/* A listener that takes no shared memory gets the pixels in the message. */
static void
test_copied_pixels (Fixture *f, gconstpointer data)
{
  g_autoptr (DisplayListener) listener = display_listener_skeleton_new ();
  g_autoptr (GDBusConnection) connection = listen_to (f, listener, NULL);

  expect_picture (f);
  g_assert_false (f->mapped);
}

static void
test_input (Fixture *f, gconstpointer data)
{
  g_autoptr (DisplayKeyboard) keyboard = display_keyboard_proxy_new_sync (
    f->vm.connection, G_DBUS_PROXY_FLAGS_NONE, NULL, CONTROL_CONSOLE_PATH, NULL, NULL);
  g_autoptr (DisplayMouse) mouse = display_mouse_proxy_new_sync (
    f->vm.connection, G_DBUS_PROXY_FLAGS_NONE, NULL, CONTROL_CONSOLE_PATH, NULL, NULL);
  static const guint codes[] = { 0, 1, 0x1e, 0x80, 0xff, 0x100, G_MAXUINT };

  for (unsigned i = 0; i < G_N_ELEMENTS (codes); i++)
    {
      g_assert_true (display_keyboard_call_press_sync (keyboard, codes[i], NULL, NULL));
      g_assert_true (display_keyboard_call_release_sync (keyboard, codes[i], NULL, NULL));
      g_assert_true (display_mouse_call_press_sync (mouse, codes[i], NULL, NULL));
      g_assert_true (display_mouse_call_release_sync (mouse, codes[i], NULL, NULL));
      g_assert_true (
        display_mouse_call_set_abs_position_sync (mouse, codes[i], codes[i], NULL, NULL));
      g_assert_true (display_mouse_call_rel_motion_sync (mouse, codes[i], G_MININT, NULL, NULL));
    }
  g_assert_true (display_console_call_set_uiinfo_sync (f->console, 0, 0, G_MININT, G_MAXINT, 0,
                                                       G_MAXUINT, NULL, NULL));
}

/* Viewers that are no sockets, leave at once or say nothing do not disturb the others. */
static void
test_bad_viewers (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  int silent[2], gone[2];

  g_assert_cmpint (pipe (gone), ==, 0);
  g_assert_false (offer (f, gone[0], &error));
  g_assert_nonnull (strstr (error->message, "not a socket"));
  close (gone[0]);
  close (gone[1]);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, gone), ==, 0);
  g_assert_true (offer (f, gone[1], NULL));
  close (gone[0]);
  close (gone[1]);
  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, silent), ==, 0);
  g_assert_true (offer (f, silent[1], NULL));
  g_assert_cmpint (write (silent[0], "\0nonsense\r\n", 11), ==, 11);
  test_copied_pixels (f, NULL);
  close (silent[0]);
  close (silent[1]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (argc != 2)
    return 1;
  vm_program = argv[1];
  g_test_add ("/display-service/shared-memory", Fixture, NULL, set_up, test_shared_memory,
              tear_down);
  g_test_add ("/display-service/copied-pixels", Fixture, NULL, set_up, test_copied_pixels,
              tear_down);
  g_test_add ("/display-service/input", Fixture, NULL, set_up, test_input, tear_down);
  g_test_add ("/display-service/bad-viewers", Fixture, NULL, set_up, test_bad_viewers, tear_down);
  return g_test_run ();
}
