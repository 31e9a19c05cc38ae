/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The threads of vCPUs that shut down again and again, as those of a guest in a loop of triple
 * faults: what they report reaches the I/O thread once each, or never when they are gone. */
#include "vmm-core/vcpus.h"

#include "vmm-core/none-accel.h"
#include "vmm-core/x86/x86-state.h"

#define CYCLES 500

/* What a report is about. */
typedef struct
{
  GMainContext *context;
  Accel *accel;
  Vcpus *vcpus; /* NULL: freed */
  unsigned reports;
} Rig;

static int runs;
static AccelExit answer;

static AccelExit
run_vcpu (AccelVcpu *vcpu, GError **error)
{
  g_atomic_int_inc (&runs);
  if (answer == ACCEL_EXIT_FAILED)
    g_set_error (error, G_OPTION_ERROR, 0, "a failure");
  return answer;
}

static void
stopped (void *data, AccelExit reason, const GError *error)
{
  Rig *rig = data;

  g_assert_nonnull (rig->vcpus);
  g_assert_cmpint (reason, ==, answer);
  g_assert_true ((error != NULL) == (answer == ACCEL_EXIT_FAILED));
  rig->reports++;
}

static void
set_up (Rig *rig, gconstpointer data)
{
  static AccelOps ops;

  ops = none_accel_ops;
  ops.vcpu_run = run_vcpu;
  answer = GPOINTER_TO_INT (data);
  rig->context = g_main_context_new ();
  rig->accel = none_accel_ops.open (NULL, NULL);
  rig->accel->ops = &ops;
}

static void
tear_down (Rig *rig, gconstpointer data)
{
  none_accel_ops.close (rig->accel);
  g_main_context_unref (rig->context);
}

static void
make_vcpus (Rig *rig, unsigned n)
{
  rig->vcpus = vcpus_new (rig->accel, n, rig->context, stopped, rig, NULL);
  g_atomic_int_set (&runs, 0);
}

/* Starts them and waits until each has run, so that something is on its way to the I/O thread. */
static void
run_all (Rig *rig)
{
  g_atomic_int_set (&runs, 0);
  vcpus_start (rig->vcpus);
  while (g_atomic_int_get (&runs) == 0)
    g_thread_yield ();
  vcpus_stop (rig->vcpus);
}

static void
free_vcpus (Rig *rig)
{
  g_clear_pointer (&rig->vcpus, vcpus_free);
}

static void
test_told_once (Rig *rig, gconstpointer data)
{
  make_vcpus (rig, 4);
  for (unsigned i = 0; i < CYCLES; i++)
    {
      run_all (rig);
      while (g_main_context_iteration (rig->context, FALSE))
        ;
      g_assert_cmpuint (rig->reports, ==, i + 1);
    }
  free_vcpus (rig);
}

/* The power goes while a report is on its way. */
static void
test_freed_untold (Rig *rig, gconstpointer data)
{
  for (unsigned i = 0; i < CYCLES; i++)
    {
      make_vcpus (rig, 1 + i % 4);
      run_all (rig);
      free_vcpus (rig);
      while (g_main_context_iteration (rig->context, FALSE))
        ;
    }
  g_assert_cmpuint (rig->reports, ==, 0);
}

/* A reset that somebody else asked for has mended what was to be told. */
static void
test_replaced_state (Rig *rig, gconstpointer data)
{
  X86State state;

  make_vcpus (rig, 1);
  x86_state_reset (&state, 0);
  run_all (rig);
  g_assert_true (vcpus_set_state (rig->vcpus, 0, &state, NULL));
  while (g_main_context_iteration (rig->context, FALSE))
    ;
  g_assert_cmpuint (rig->reports, ==, 0);
  free_vcpus (rig);
}

int
main (int argc, char **argv)
{
  gconstpointer shutdown = GINT_TO_POINTER (ACCEL_EXIT_SHUTDOWN);
  gconstpointer failed = GINT_TO_POINTER (ACCEL_EXIT_FAILED);

  g_test_init (&argc, &argv, NULL);
  g_test_add ("/vcpus/told-once/shutdown", Rig, shutdown, set_up, test_told_once, tear_down);
  g_test_add ("/vcpus/told-once/failed", Rig, failed, set_up, test_told_once, tear_down);
  g_test_add ("/vcpus/freed-untold/shutdown", Rig, shutdown, set_up, test_freed_untold, tear_down);
  g_test_add ("/vcpus/freed-untold/failed", Rig, failed, set_up, test_freed_untold, tear_down);
  g_test_add ("/vcpus/replaced-state", Rig, shutdown, set_up, test_replaced_state, tear_down);
  return g_test_run ();
}
