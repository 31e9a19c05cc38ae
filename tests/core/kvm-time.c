/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A TSC under KVM whose rate comes from another host, on a /dev/kvm of our own. */
#include "vmm-core/bare-machine.h"

#include <string.h>
#include <x86intrin.h>

#include "tests/support/fake-kvm.h"
#include "vmm-core/kvm/kvm-internal.h"
#include "vmm-core/x86/x86-cpuid.h"

#define MSR_TSC 0x10
#define SECONDS 5

typedef struct
{
  FakeKvm before;
  AccelMachine machine;
  Accel *accel;
  AccelVcpu *vcpu;
  uint64_t khz; /* the host's */
} Rig;

static void
set_up (Rig *rig, gconstpointer data)
{
  rig->before = fake_kvm;
  rig->khz = x86_cpuid_get_tsc_khz ();
  fake_kvm.tsc_khz = rig->khz;
  rig->machine.topology = (CpuTopology){ 1, 1, 1 };
  bare_machine_init (&rig->machine, MEMORY_PAGE_SIZE, NULL);
  clock_advance (rig->machine.clock, SECONDS * INT64_C (1000000000));
  rig->accel = kvm_accel_ops.open (&rig->machine, NULL);
  rig->vcpu = kvm_accel_ops.vcpu_new (rig->accel, 0, NULL);
}

static void
tear_down (Rig *rig, gconstpointer data)
{
  kvm_accel_ops.vcpu_free (rig->vcpu);
  kvm_accel_ops.close (rig->accel);
  bare_machine_clear (&rig->machine);
  fake_kvm = rig->before;
}

/* A state whose TSC has counted at that rate since guest time 0. */
static bool
set_rate (Rig *rig, uint64_t khz, GError **error)
{
  X86State state;

  x86_state_reset (&state, 0);
  state.tsc_khz = khz;
  return kvm_accel_ops.set_state (rig->vcpu, &state, error);
}

static void
assert_rate (Rig *rig, uint64_t khz)
{
  X86State state;

  g_assert_cmpuint (fake_kvm.vcpus[0].tsc_khz, ==, khz);
  kvm_accel_ops.get_state (rig->vcpu, &state);
  g_assert_cmpuint (state.tsc_khz, ==, khz);
}

/* The kernel has the TSC run at the rate that the guest knows, from where it was. */
static void
test_scaled (Rig *rig, gconstpointer data)
{
  const uint64_t khz = rig->khz * 3 / 2, counted = khz * 1000 * SECONDS;
  uint64_t host, tsc;
  X86State state;

  g_assert_true (set_rate (rig, khz, NULL));
  assert_rate (rig, khz);
  host = __rdtsc ();
  kvm_accel_ops.run_time (rig->accel, true);
  g_assert_true (kvm_msrs_read (rig->vcpu, MSR_TSC, &tsc));
  g_assert_cmpuint (tsc - counted, <=, __rdtsc () - host);
  kvm_accel_ops.run_time (rig->accel, false);
  kvm_accel_ops.get_state (rig->vcpu, &state);
  g_assert_cmpuint (state.tsc_offset - (tsc - counted), <=, __rdtsc () - host);
}

/* What the software CPU has measured of the same host is the same rate. */
static void
test_same (Rig *rig, gconstpointer data)
{
  fake_kvm.missing = KVM_CAP_TSC_CONTROL;
  g_assert_true (set_rate (rig, rig->khz + 1000, NULL));
  assert_rate (rig, rig->khz);
}

/* A reset leaves the rate as it is, and another state may bring the host's back. */
static void
test_back (Rig *rig, gconstpointer data)
{
  g_assert_true (set_rate (rig, rig->khz * 2, NULL));
  g_assert_true (set_rate (rig, 0, NULL));
  assert_rate (rig, rig->khz * 2);
  g_assert_true (set_rate (rig, rig->khz, NULL));
  assert_rate (rig, rig->khz);
}

/* A processor that cannot scale its TSC, and a kernel that will not have it run at that rate. */
static void
test_refused (Rig *rig, gconstpointer data)
{
  for (unsigned i = 0; i < 2; i++)
    {
      g_autoptr (GError) error = NULL;

      fake_kvm.missing = i == 0 ? KVM_CAP_TSC_CONTROL : 0;
      fake_kvm.refused = i == 1 ? KVM_SET_TSC_KHZ : 0;
      g_assert_false (set_rate (rig, rig->khz / 2, &error));
      g_assert_error (error, STATE_ERROR, STATE_ERROR_BAD_STREAM);
      g_assert_nonnull (strstr (error->message, "time stamp counter"));
      assert_rate (rig, rig->khz);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/kvm-time/scaled", Rig, NULL, set_up, test_scaled, tear_down);
  g_test_add ("/kvm-time/same", Rig, NULL, set_up, test_same, tear_down);
  g_test_add ("/kvm-time/back", Rig, NULL, set_up, test_back, tear_down);
  g_test_add ("/kvm-time/refused", Rig, NULL, set_up, test_refused, tear_down);
  return g_test_run ();
}
