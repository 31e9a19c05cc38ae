/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A guest cannot starve its owner: whatever it programs to its fastest
 * (tests/guests/bare/busy.asm), control, Power Off and signals are served. No limit here is a short
 * one: who is starved waits until D-Bus gives up, or for good. */
#include <signal.h>

#include "vm-rig.h"

static const char *vm_program, *guest;

static void
set_up (VmRig *rig, gconstpointer what)
{
  vm_rig_open (rig);
  vm_rig_start (rig, vm_program, "--accel", "translator", "--memory", "64", "--hyperv", "on",
                "--kernel", guest, "--append", what, NULL);
}

static void
tear_down (VmRig *rig, gconstpointer what)
{
  vm_rig_close (rig);
}

static guint64
counter (VmRig *rig, const char *name)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) counters = NULL;
  guint64 value;

  g_assert_true (gh_machine1_call_statistics_sync (rig->machine, &counters, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (g_variant_lookup (counters, name, "t", &value));
  return value;
}

/* The firmware takes less than half of that. */
#define STARTED_NS G_GUINT64_CONSTANT (2000000000)

static void
test_control_is_served (VmRig *rig, gconstpointer what)
{
  g_autoptr (GError) error = NULL;
  gboolean by_signal = *(const char *) what % 2 == 0;

  while (counter (rig, "guest-nanoseconds") < STARTED_NS)
    g_usleep (100000);
  for (int i = 0; i < 10; i++)
    {
      g_assert_true (gh_machine1_call_pause_sync (rig->machine, NULL, &error));
      g_assert_true (gh_machine1_call_resume_sync (rig->machine, NULL, &error));
      g_assert_no_error (error);
    }
  if (by_signal)
    g_subprocess_send_signal (rig->process, SIGTERM);
  else
    {
      g_assert_true (gh_machine1_call_power_off_sync (rig->machine, NULL, &error));
      g_assert_true (gh_machine1_call_quit_sync (rig->machine, NULL, &error));
    }
}

int
main (int argc, char **argv)
{
  static const char *const guests[]
    = { "p", "r", "a", "o", "h", "e", "l", "s", "v", "d", "b", "t" };

  g_test_init (&argc, &argv, NULL);
  if (argc != 3)
    return 1;
  vm_program = argv[1];
  guest = argv[2];
  for (unsigned i = 0; i < G_N_ELEMENTS (guests); i++)
    {
      g_autofree char *path = g_strdup_printf ("/busy-guest/%s", guests[i]);

      g_test_add (path, VmRig, guests[i], set_up, test_control_is_served, tear_down);
    }
  return g_test_run ();
}
