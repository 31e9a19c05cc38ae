/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The console widget under Wayland: a compositor in a window of the X server, whose pointer and
 * keyboard (xdotool) it hands on. */
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console-rig.h"

#define FOCUS "mousemove 320 200" /* keys go to the window below the pointer */

/* The pointer stays where it is, and its way is told all the same. */
static void
test_pointer_is_held (ConsoleRig *f, const void *data)
{
  console_rig_xdotool ("mousemove 320 200 click 1");
  wait_for (console_view_get_grabbed (f->view));
  gdk_display_sync (gdk_display_get_default ());
  g_assert_null (strstr (f->log->str, "button")); /* the click was for us */
  /* Each time as far from where it is held, which is where it was clicked. */
  for (unsigned i = 1; i <= 20; i++)
    {
      console_rig_xdotool (i % 2 ? "mousemove 420 200" : "mousemove 421 200");
      wait_for (console_rig_moved (f) > (int) i * 100 - 10);
    }
  console_rig_xdotool ("mousedown 1 mouseup 1");
  wait_for (strstr (f->log->str, "button-0") != NULL);
  console_rig_xdotool ("keydown Control_L keydown Alt_L keyup Alt_L keyup Control_L");
  wait_for (!console_view_get_grabbed (f->view));
  wait_for (strstr (f->log->str, "key+1d key+38 key-38 key-1d") != NULL);

  /* Let go: it moves, and is not the guest's. */
  console_rig_forget (f);
  console_rig_xdotool ("mousemove 300 200 mousemove 310 200 click 1");
  wait_for (console_view_get_grabbed (f->view));
  g_assert_cmpint (console_rig_moved (f), ==, 0);
}

static void
test_keys (ConsoleRig *f, const void *data)
{
  console_rig_xdotool ("key a");
  wait_for (strstr (f->log->str, "key-1e") != NULL);
  g_assert_cmpstr (f->log->str, ==, "key+1e key-1e ");
}

/* The compositor does not run as root: it gets a folder and a way to the X server as nobody. */
static void
prepare_folder (const char *folder)
{
  g_autofree char *authority = g_build_filename (folder, "xauthority", NULL);
  g_autofree char *config = g_build_filename (folder, "config", NULL);
  g_autofree char *cookie = NULL;
  gsize length = 0;

  g_file_get_contents (g_getenv ("XAUTHORITY"), &cookie, &length, NULL);
  g_assert_true (g_file_set_contents (authority, cookie, (gssize) length, NULL));
  g_assert_true (g_file_set_contents (config, "default_border none\nxwayland disable\n", -1, NULL));
  g_assert_cmpint (chmod (authority, 0644) | chmod (config, 0644) | chmod (folder, 0777), ==, 0);
}

static gboolean
answers (const char *path)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr (GSocketConnection) connection
    = g_socket_client_connect (client, G_SOCKET_CONNECTABLE (address), NULL, NULL);

  return connection != NULL;
}

static GSubprocess *
start_compositor (const char *folder)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (
    G_SUBPROCESS_FLAGS_STDOUT_SILENCE | G_SUBPROCESS_FLAGS_STDERR_SILENCE);
  g_autofree char *authority = g_build_filename (folder, "xauthority", NULL);
  g_autofree char *config = g_build_filename (folder, "config", NULL);
  g_autofree char *socket = g_build_filename (folder, "wayland-1", NULL);
  const char *words[]
    = { "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sway", "-c", config, NULL };
  GSubprocess *compositor;

  prepare_folder (folder);
  g_subprocess_launcher_setenv (launcher, "XAUTHORITY", authority, TRUE);
  g_subprocess_launcher_setenv (launcher, "XDG_RUNTIME_DIR", folder, TRUE);
  g_subprocess_launcher_setenv (launcher, "WLR_BACKENDS", "x11", TRUE);
  g_subprocess_launcher_setenv (launcher, "WLR_RENDERER", "pixman", TRUE);
  compositor = g_subprocess_launcher_spawnv (launcher, words + (geteuid () == 0 ? 0 : 4), NULL);
  while (compositor != NULL && !answers (socket))
    {
      g_assert_nonnull (g_subprocess_get_identifier (compositor)); /* it runs */
      g_main_context_iteration (NULL, FALSE);
      g_usleep (10000);
    }
  g_setenv ("XDG_RUNTIME_DIR", folder, TRUE);
  g_setenv ("WAYLAND_DISPLAY", socket, TRUE);
  g_setenv ("GDK_BACKEND", "wayland", TRUE);
  g_setenv ("GTK_A11Y", "none", TRUE);
  g_setenv ("GSETTINGS_BACKEND", "memory", TRUE);
  return compositor;
}

static void
remove_folder (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      g_remove (path);
    }
  g_rmdir (folder);
}

#define ADD(name, test)                                                                            \
  g_test_add ("/console-wayland/" name, ConsoleRig, FOCUS, console_rig_set_up, test,               \
              console_rig_tear_down)

int
main (int argc, char **argv)
{
  g_autofree char *folder = g_dir_make_tmp ("console-XXXXXX", NULL);
  g_autofree char *sway = g_find_program_in_path ("sway");
  g_autoptr (GSubprocess) compositor = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  if (sway == NULL)
    {
      g_print ("1..0 # SKIP no Wayland compositor\n");
      return 0;
    }
  compositor = start_compositor (folder);
  gtk_init ();
  ADD ("pointer-is-held", test_pointer_is_held);
  ADD ("keys", test_keys);
  status = g_test_run ();
  g_subprocess_send_signal (compositor, SIGTERM);
  g_subprocess_wait (compositor, NULL, NULL);
  remove_folder (folder);
  return status;
}
