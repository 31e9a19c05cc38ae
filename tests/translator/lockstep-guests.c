/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Guests in lockstep.
 *
 *   lockstep-guests [--seconds N] [--exact] GUEST
 *
 * GUEST is "firmware", or a disc image that boots. The test ends well when N seconds have passed,
 * or nothing is left to be done, without a difference between translator and interpreter. Time in
 * the guest is what code makes of it: the same number of nanoseconds for each block. */
#include <string.h>
#include <time.h>

#include "guest-rig.h"
#include "lockstep.h"
#include "vmm-core/x86/x86-state.h"

#define BLOCK_NS 64
#define BLOCKS 64       /* between two looks at devices */
#define HALTED_NS 50000 /* how far time goes while the guest waits */

static const char *guest;
static gint seconds = 20;
static gboolean exact;

static void
reset (GuestRig *rig, AccelVcpu *vcpu)
{
  X86State state;

  guest_rig_reset (rig);
  x86_state_reset (&state, 0);
  g_assert_true (lockstep_accel_ops.set_state (vcpu, &state, NULL));
}

static void
pass_time (GuestRig *rig, int64_t ns)
{
  machine_lock_acquire (rig->lock);
  clock_advance (rig->clock, ns);
  machine_lock_release (rig->lock);
  lockstep_set_time (clock_get_ns (rig->clock));
  g_main_context_iteration (NULL, FALSE);
}

static void
test_guest (void)
{
  clock_t end = clock () + seconds * CLOCKS_PER_SEC;
  g_autoptr (GError) error = NULL;
  const GByteArray *output;
  AccelVcpu *vcpu;
  GuestRig rig;

  lockstep_set_flags (exact ? LOCKSTEP_EXACT : LOCKSTEP_ALIVE);
  guest_rig_open (&rig, &lockstep_accel_ops, clock_new_manual (), machine_lock_new (), guest);
  vcpu = lockstep_accel_ops.vcpu_new (board_pc_get_accel (rig.board), 0, &error);
  reset (&rig, vcpu);
  while (clock () < end && !rig.off)
    {
      AccelExit exit = lockstep_accel_ops.vcpu_run (vcpu, &error);

      g_assert_no_error (error);
      if (exit == ACCEL_EXIT_SHUTDOWN || rig.wants_reset)
        reset (&rig, vcpu);
      pass_time (&rig, exit == ACCEL_EXIT_HALTED ? HALTED_NS : BLOCK_NS * BLOCKS);
    }
  output = chardev_get_output (rig.serial);
  g_test_message ("%" G_GUINT64_FORMAT " blocks compared, %" G_GINT64_FORMAT " ms in the guest; %s",
                  lockstep_get_compared (), clock_get_ns (rig.clock) / 1000000,
                  rig.off ? "it is off" : "it still runs");
  g_test_message ("serial line: %.*s", (int) MIN (output->len, 1000),
                  output->data + output->len - MIN (output->len, 1000));
  g_assert_cmpuint (lockstep_get_compared (), >, 1000);
  lockstep_accel_ops.vcpu_free (vcpu);
  guest_rig_close (&rig);
}

int
main (int argc, char **argv)
{
  const GOptionEntry options[]
    = { { "seconds", 0, 0, G_OPTION_ARG_INT, &seconds, "How much processor time", "N" },
        { "exact", 0, 0, G_OPTION_ARG_NONE, &exact, "Compare all status flags", NULL },
        { NULL } };
  g_autoptr (GOptionContext) context = g_option_context_new ("GUEST");
  g_autofree char *path = NULL;

  g_test_init (&argc, &argv, NULL);
  g_option_context_add_main_entries (context, options, NULL);
  if (!g_option_context_parse (context, &argc, &argv, NULL) || argc != 2)
    return 1;
  guest = argv[1];
  if (!g_str_equal (guest, "firmware") && !g_file_test (guest, G_FILE_TEST_EXISTS))
    {
      g_print ("1..0 # SKIP %s is not there: the boot tests make it\n", guest);
      return 0;
    }
  path = g_strdup_printf ("/translator/lockstep/%s", exact ? "exact" : "alive");
  g_test_add_func (path, test_guest);
  return g_test_run ();
}
