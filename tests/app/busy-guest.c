/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A guest cannot starve its owner: whatever it programs to its fastest
 * (tests/guests/bare/busy.asm), control, Power Off and signals are served. No limit here is a short
 * one: who is starved waits until D-Bus gives up, or for good. */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <signal.h>

#include "machine-interface.h"

static const char *vm_program, *guest;

typedef struct
{
  char *folder, *socket;
  GSubprocess *process;
  GDBusConnection *connection;
  GhMachine1 *machine;
} Fixture;

static void
set_up (Fixture *f, gconstpointer what)
{
  g_autofree char *address = NULL;
  g_autoptr (GError) error = NULL;

  f->folder = g_dir_make_tmp ("guesthouse-XXXXXX", NULL);
  f->socket = g_build_filename (f->folder, "control", NULL);
  f->process = g_subprocess_new (G_SUBPROCESS_FLAGS_NONE, &error, vm_program, "--accel",
                                 "translator", "--memory", "64", "--kernel", guest, "--append",
                                 what, "--control", f->socket, NULL);
  g_assert_no_error (error);
  address = g_strdup_printf ("unix:path=%s", f->socket);
  for (int tries = 0; tries < 1000 && f->connection == NULL; tries++)
    {
      g_usleep (20000);
      f->connection = g_dbus_connection_new_for_address_sync (
        address, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, NULL, NULL, NULL);
    }
  g_assert_nonnull (f->connection);
  f->machine = gh_machine1_proxy_new_sync (f->connection, G_DBUS_PROXY_FLAGS_NONE, NULL,
                                           "/org/guesthouse/Machine1", NULL, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *f, gconstpointer what)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (g_subprocess_wait_check (f->process, NULL, &error));
  g_assert_no_error (error);
  g_object_unref (f->machine);
  g_object_unref (f->connection);
  g_object_unref (f->process);
  g_rmdir (f->folder);
  g_free (f->folder);
  g_free (f->socket);
}

static guint64
counter (Fixture *f, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) counters = NULL;
  guint64 value;

  g_assert_true (gh_machine1_call_statistics_sync (f->machine, &counters, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (g_variant_lookup (counters, name, "t", &value));
  return value;
}

/* The firmware takes less than half of that. */
#define STARTED_NS G_GUINT64_CONSTANT (2000000000)

static void
test_control_is_served (Fixture *f, gconstpointer what)
{
  g_autoptr (GError) error = NULL;
  gboolean by_signal = *(const char *) what % 2 == 0;

  while (counter (f, "guest-nanoseconds") < STARTED_NS)
    g_usleep (100000);
  for (int i = 0; i < 10; i++)
    {
      g_assert_true (gh_machine1_call_pause_sync (f->machine, NULL, &error));
      g_assert_true (gh_machine1_call_resume_sync (f->machine, NULL, &error));
      g_assert_no_error (error);
    }
  if (by_signal)
    g_subprocess_send_signal (f->process, SIGTERM);
  else
    {
      g_assert_true (gh_machine1_call_power_off_sync (f->machine, NULL, &error));
      g_assert_true (gh_machine1_call_quit_sync (f->machine, NULL, &error));
    }
}

int
main (int argc, char **argv)
{
  static const char *const guests[] = { "p", "r", "a", "o", "e", "l", "s", "v", "d", "b", "t" };

  g_test_init (&argc, &argv, NULL);
  if (argc != 3)
    return 1;
  vm_program = argv[1];
  guest = argv[2];
  for (unsigned i = 0; i < G_N_ELEMENTS (guests); i++)
    {
      g_autofree char *path = g_strdup_printf ("/busy-guest/%s", guests[i]);

      g_test_add (path, Fixture, guests[i], set_up, test_control_is_served, tear_down);
    }
  return g_test_run ();
}
