/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A guest boots while its CPU goes back and forth between translator and interpreter.
 *
 *   alternating-guests DISC PATTERN SECONDS: until PATTERN comes out of COM1, within so much
 * processor time */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alternating.h"
#include "guest-rig.h"
#include "vmm-core/vcpus.h"
#include "vmm-core/x86/x86-state.h"

static const char *disc, *pattern;
static int seconds;
static GError *failure;
static bool shut_down;

static void
vcpus_stopped (void *data, AccelExit reason, const GError *error)
{
  shut_down = true;
  if (error != NULL && failure == NULL)
    failure = g_error_copy (error);
}

static bool
has_come (GuestRig *rig)
{
  const GByteArray *output;
  bool found;

  machine_lock_acquire (rig->lock);
  output = chardev_get_output (rig->serial);
  found
    = output->len > 0 && g_strstr_len ((const char *) output->data, output->len, pattern) != NULL;
  machine_lock_release (rig->lock);
  return found;
}

static void
reset (GuestRig *rig, Vcpus *vcpus)
{
  X86State state;

  vcpus_stop (vcpus);
  shut_down = false;
  guest_rig_reset (rig);
  x86_state_reset (&state, 0);
  g_assert_true (vcpus_set_state (vcpus, 0, &state, NULL));
  vcpus_start (vcpus);
}

static gboolean
look_again (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

static void
test_boot (void)
{
  MachineLock *lock = machine_lock_new ();
  Clock *host_clock = clock_new_host (g_main_context_default (), lock);
  clock_t end = clock () + seconds * CLOCKS_PER_SEC;
  g_autoptr (GError) error = NULL;
  const GByteArray *output;
  uint64_t turns;
  GuestRig rig;
  Vcpus *vcpus;
  bool done;

  guest_rig_open (&rig, &alternating_accel_ops, host_clock, lock, disc);
  vcpus = vcpus_new (board_pc_get_accel (rig.board), 1, g_main_context_default (), vcpus_stopped,
                     NULL, &error);
  g_assert_no_error (error);
  clock_start (host_clock);
  reset (&rig, vcpus);
  g_timeout_add (200, look_again, NULL);
  while (!(done = has_come (&rig)) && clock () < end && failure == NULL)
    {
      g_main_context_iteration (NULL, TRUE);
      if (rig.wants_reset || shut_down)
        reset (&rig, vcpus);
    }
  vcpus_stop (vcpus);
  turns = alternating_get_turns (board_pc_get_accel (rig.board));
  vcpus_free (vcpus);
  g_assert_no_error (failure);
  output = chardev_get_output (rig.serial);
  g_test_message ("%" G_GUINT64_FORMAT " turns; %.*s", turns, (int) MIN (output->len, 1000),
                  output->data + output->len - MIN (output->len, 1000));
  g_assert_true (done);
  g_assert_cmpuint (turns, >, 100);
  guest_rig_close (&rig);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (argc != 4)
    return 1;
  disc = argv[1];
  pattern = argv[2];
  seconds = atoi (argv[3]);
  if (!g_file_test (disc, G_FILE_TEST_EXISTS))
    {
      g_print ("1..0 # SKIP %s is not there: the boot tests make it\n", disc);
      return 0;
    }
  g_test_add_func ("/translator/alternating/boot", test_boot);
  return g_test_run ();
}
