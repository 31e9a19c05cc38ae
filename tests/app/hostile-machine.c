/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A machine's process that its guest has taken over, and the application: it stays usable, takes no
 * more than a machine has to say, and does not believe an end that was none. The process is this
 * program again, with the word fake, what it does and where it listens. */
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#include "app/model/machine.h"
#include "machine-interface.h"
#include "vmm-core/control-names.h"
#include "vmm-core/run/machine-config.h"
#include "vmm-core/run/socket-folder.h"

#define DRAWING (G_PRIORITY_HIGH_IDLE + 20) /* of GDK */
#define MEGABYTE (1u << 20)

static const char *self_path;

/* The process */

static const char *deed;

static void
emit (GDBusConnection *connection, const char *interface, const char *signal, GVariant *arguments)
{
  g_dbus_connection_emit_signal (connection, NULL, CONTROL_MACHINE_PATH, interface, signal,
                                 arguments, NULL);
}

static gpointer
flood (gpointer connection)
{
  g_autofree char *long_name = g_strnfill (500, 'x');

  for (unsigned n = 0;; n++)
    {
      emit (connection, CONTROL_MACHINE, "Activity", g_variant_new ("(ss)", "disk0", long_name));
      if (n % 1000 == 0)
        g_dbus_connection_flush_sync (connection, NULL, NULL);
    }
  return NULL;
}

static GVariant *
make_drives (unsigned n, const char *id)
{
  GVariantBuilder drives = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(sssb)"));

  for (unsigned i = 0; i < n; i++)
    g_variant_builder_add (&drives, "(sssb)", id, "cd", "", FALSE);
  return g_variant_builder_end (&drives);
}

/* A property that nobody knows, with more in it than anybody wants; and one of the wrong type. */
static void
tell_lies (GDBusConnection *connection)
{
  g_autofree char *much = g_strnfill (100000, 'x');
  GVariantBuilder changed = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a{sv}"));

  g_variant_builder_add (&changed, "{sv}", "Unheard", g_variant_new_string (much));
  g_variant_builder_add (&changed, "{sv}", "AcceleratorReason", g_variant_new_string (much));
  g_variant_builder_add (&changed, "{sv}", "Accelerator", g_variant_new_uint32 (1));
  g_variant_builder_add (&changed, "{sv}", "Drives", make_drives (1, much));
  g_variant_builder_add (&changed, "{sv}", "State", g_variant_new_string ("paused"));
  emit (connection, "org.freedesktop.DBus.Properties", "PropertiesChanged",
        g_variant_new ("(sa{sv}as)", CONTROL_MACHINE, &changed, NULL));
}

static gboolean
hang_up (GhMachine1 *machine, GDBusMethodInvocation *invocation, gpointer data)
{
  g_dbus_connection_close (g_dbus_method_invocation_get_connection (invocation), NULL, NULL, NULL);
  return TRUE;
}

static gboolean
come (GDBusServer *server, GDBusConnection *connection, gpointer data)
{
  GhMachine1 *machine = gh_machine1_skeleton_new ();

  g_object_ref (connection);
  gh_machine1_set_state (machine, "running");
  gh_machine1_set_accelerator (machine, "none");
  if (g_str_equal (deed, "lie"))
    gh_machine1_set_drives (machine, make_drives (10000, "cd0"));
  g_signal_connect (machine, "handle-pause", G_CALLBACK (hang_up), NULL);
  g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (machine), connection,
                                    CONTROL_MACHINE_PATH, NULL);
  if (g_str_equal (deed, "flood"))
    g_thread_unref (g_thread_new (NULL, flood, connection));
  if (g_str_equal (deed, "lie"))
    g_signal_connect_swapped (machine, "handle-resume", G_CALLBACK (tell_lies), connection);
  return TRUE;
}

static int
be_fake (const char *what, const char *socket)
{
  g_autofree char *address = g_strdup_printf ("unix:path=%s", socket);
  g_autofree char *guid = g_dbus_generate_guid ();
  g_autoptr (GDBusServer) server
    = g_dbus_server_new_sync (address, G_DBUS_SERVER_FLAGS_NONE, guid, NULL, NULL, NULL);
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);

  deed = what;
  g_signal_connect (server, "new-connection", G_CALLBACK (come), NULL);
  g_dbus_server_start (server);
  g_main_loop_run (loop);
  return 0;
}

/* The application */

typedef struct
{
  Machine *machine;
  GSubprocess *process;
} Fixture;

static void
set_up (Fixture *f, const void *what)
{
  static int made;
  g_autofree char *folder = g_strdup_printf ("%s/machine %d", g_get_user_data_dir (), ++made);
  g_autofree char *path = g_build_filename (folder, MACHINE_CONFIG_FILE, NULL);
  g_autofree char *socket = NULL, *sockets = NULL;

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, "[machine]\nname=x\n", -1, NULL));
  f->machine = machine_new (folder, NULL);
  socket = socket_folder_dup_control (machine_get_uuid (f->machine));
  sockets = g_path_get_dirname (socket);
  g_mkdir_with_parents (sockets, 0700);
  f->process
    = g_subprocess_new (G_SUBPROCESS_FLAGS_NONE, NULL, self_path, "fake", what, socket, NULL);
  while (machine_get_state (f->machine) != MACHINE_RUNNING)
    {
      machine_poll (f->machine);
      g_main_context_iteration (NULL, FALSE);
      g_usleep (1000);
    }
}

static void
tear_down (Fixture *f, const void *what)
{
  g_object_unref (f->machine);
  g_subprocess_force_exit (f->process);
  g_subprocess_wait (f->process, NULL, NULL);
  g_object_unref (f->process);
}

static guint64
get_memory (void)
{
  g_autofree char *text = NULL;
  unsigned long pages = 0;

  g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
  g_assert_cmpint (sscanf (text, "%*u %lu", &pages), ==, 1);
  return (guint64) pages * 4096;
}

static void
see_activity (Machine *machine, const char *drive, const char *kind, unsigned *seen)
{
  ++*seen;
  g_usleep (1000); /* what a window does */
}

static gboolean
draw (gpointer drawn)
{
  ++*(unsigned *) drawn;
  return G_SOURCE_CONTINUE;
}

/* What it says without end waits with it: drawing goes on, and memory does not grow. */
static void
test_flood (Fixture *f, const void *what)
{
  unsigned seen = 0, drawn = 0;
  guint64 before = get_memory ();
  guint drawing = g_timeout_add_full (DRAWING, 5, draw, &drawn, NULL);

  g_signal_connect (f->machine, "activity", G_CALLBACK (see_activity), &seen);
  while (seen < 1000)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (drawn, >, seen / 50);
  g_assert_cmpuint (get_memory (), <, before + 16 * MEGABYTE);
  g_source_remove (drawing);
}

static void
test_lies (Fixture *f, const void *what)
{
  g_assert_null (machine_get_drives (f->machine));
  machine_call (f->machine, "Resume", NULL);
  while (machine_get_state (f->machine) != MACHINE_PAUSED)
    g_main_context_iteration (NULL, TRUE);
  g_assert_null (machine_get_drives (f->machine));
  g_assert_cmpstr (machine_get_accelerator (f->machine), ==, "none");
  g_assert_cmpuint (strlen (machine_get_accelerator_reason (f->machine)), <, 3000);
}

static void
await (Fixture *f, MachineState state)
{
  g_assert_cmpint (machine_get_state (f->machine), !=, MACHINE_CRASHED);
  while (machine_get_state (f->machine) != state)
    {
      if (machine_get_state (f->machine) == MACHINE_NOT_RESPONDING)
        machine_poll (f->machine);
      g_main_context_iteration (NULL, TRUE);
    }
}

/* Whoever hangs up and lives on does not respond, until he answers again; his end is an end. */
static void
test_hanging_up (Fixture *f, const void *what)
{
  machine_call (f->machine, "Pause", NULL);
  await (f, MACHINE_NOT_RESPONDING);
  await (f, MACHINE_RUNNING);
  machine_call (f->machine, "Pause", NULL);
  await (f, MACHINE_NOT_RESPONDING);
  g_subprocess_force_exit (f->process);
  await (f, MACHINE_CRASHED);
}

int
main (int argc, char **argv)
{
  g_autofree char *home = NULL, *remove = NULL;
  int status;

  if (argc == 4 && g_str_equal (argv[1], "fake"))
    return be_fake (argv[2], argv[3]);
  self_path = argv[0];
  home = g_dir_make_tmp ("guesthouse-XXXXXX", NULL);
  remove = g_strdup_printf ("rm -rf '%s'", home);
  g_setenv ("XDG_DATA_HOME", home, TRUE);
  g_setenv ("XDG_RUNTIME_DIR", home, TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/hostile-machine/flood", Fixture, "flood", set_up, test_flood, tear_down);
  g_test_add ("/hostile-machine/lies", Fixture, "lie", set_up, test_lies, tear_down);
  g_test_add ("/hostile-machine/hanging-up", Fixture, "hang", set_up, test_hanging_up, tear_down);
  status = g_test_run ();
  g_assert_true (g_spawn_command_line_sync (remove, NULL, NULL, NULL, NULL));
  return status;
}
