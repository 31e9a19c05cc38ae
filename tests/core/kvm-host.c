/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a user reads where the host's KVM cannot be used, and what “auto” makes of it. Each case is
 * provoked on a /dev/kvm of our own. */
#include "vmm-core/kvm/kvm-accel.h"

#include <errno.h>

#include "tests/support/fake-kvm.h"
#include "vmm-core/kvm/kvm-host.h"
#include "vmm-core/kvm/kvm-probe.h"

static const CpuTopology one_cpu = { 1, 1, 1 };

static void
set_up (FakeKvm *before, gconstpointer data)
{
  *before = fake_kvm;
}

static void
tear_down (FakeKvm *before, gconstpointer data)
{
  fake_kvm = *before;
}

/* What “auto” says of this KVM with that many CPUs of a model; it passes if part is NULL. */
static void
assert_probe_of_model_says (const char *model, unsigned cpus, const char *part)
{
  const AccelCpu cpu = { .model = model };
  g_autofree char *reason = NULL;
  CpuTopology topology = { 1, cpus, 1 };
  double mips;

  g_assert_true (kvm_probe_measure (&topology, &cpu, &mips, &reason) == (part == NULL));
  if (part == NULL)
    return;
  g_test_message ("%s", reason);
  g_assert_nonnull (strstr (reason, part));
}

static void
assert_probe_says (unsigned cpus, const char *part)
{
  assert_probe_of_model_says (NULL, cpus, part);
}

static void
test_good (FakeKvm *before, gconstpointer data)
{
  assert_probe_says (1, NULL);
  assert_probe_says (FAKE_KVM_VCPUS, NULL);
}

static void
test_no_permission (FakeKvm *before, gconstpointer data)
{
  g_autofree char *command
    = g_strdup_printf ("sudo usermod -aG kvm %s” to join the group “kvm”", g_get_user_name ());

  fake_kvm.open_errno = EACCES;
  assert_probe_says (1, command);
}

/* Which of them it is depends on this host; test_absence tells them apart. */
static void
test_no_device (FakeKvm *before, gconstpointer data)
{
  fake_kvm.open_errno = ENOENT;
  assert_probe_says (1, ".");
  fake_kvm.open_errno = ENODEV;
  assert_probe_says (1, ".");
}

static void
test_absence (void)
{
  static const struct
  {
    KvmHostCpu cpu;
    const char *part;
  } cases[] = {
    { { .is_virtual = true }, "nested virtualization" },
    { { .amd = true }, "processor has no virtualization (AMD-V)" },
    { { .has = true }, "(VT-x) is switched off in this computer's firmware" },
    { { .has = true, .usable = true }, "sudo modprobe kvm_intel" },
    { { .amd = true, .has = true, .usable = true }, "sudo modprobe kvm_amd" },
    { { .has = true, .usable = true, .module_loaded = true }, "container" },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *sentence = kvm_host_explain_absence (&cases[i].cpu);

      g_assert_nonnull (strstr (sentence, cases[i].part));
    }
}

static void
test_busy (FakeKvm *before, gconstpointer data)
{
  fake_kvm.refused = KVM_CREATE_VM;
  fake_kvm.refused_errno = EBUSY;
  assert_probe_says (1, "VirtualBox");
}

static void
test_too_old (FakeKvm *before, gconstpointer data)
{
  fake_kvm.missing = KVM_CAP_IMMEDIATE_EXIT;
  assert_probe_says (1, "lacks KVM_CAP_IMMEDIATE_EXIT: update to Linux 5.10");
}

static void
test_too_many_cpus (FakeKvm *before, gconstpointer data)
{
  fake_kvm.max_vcpus = 4;
  assert_probe_says (4, NULL);
  assert_probe_says (6, "The machine has 6 CPUs");
  fake_kvm.max_vcpus = 0; /* 4, then */
  assert_probe_says (6, "takes 4");
}

static void
test_other_model (FakeKvm *before, gconstpointer data)
{
  assert_probe_of_model_says ("baseline", 1, NULL);
  fake_kvm.plain_cpu = true;
  assert_probe_says (1, NULL);
  assert_probe_of_model_says ("baseline", 1, "baseline");
}

/* All that a machine's CPU is given is tried. */
static void
test_state_refused (FakeKvm *before, gconstpointer data)
{
  static const unsigned long requests[]
    = { KVM_SET_XSAVE, KVM_SET_SREGS, KVM_SET_CPUID2, KVM_SET_LAPIC, KVM_CREATE_VCPU };

  for (unsigned i = 0; i < G_N_ELEMENTS (requests); i++)
    {
      fake_kvm.refused = requests[i];
      fake_kvm.refused_errno = EINVAL;
      assert_probe_says (1, "Invalid argument");
    }
}

static gpointer
probe_slow (gpointer data)
{
  assert_probe_says (1, "far below hardware speed");
  return NULL;
}

/* A KVM that runs on and on is cut short, whichever thread tries it while others could take its
 * signal. */
static void
test_slow (FakeKvm *before, gconstpointer data)
{
  fake_kvm.run = fake_kvm_wait;
  probe_slow (NULL);
  g_thread_join (g_thread_new ("probe", probe_slow, NULL));
}

/* The sentence is that of the start, too, where the settings ask for KVM. */
static void
test_start (FakeKvm *before, gconstpointer data)
{
  AccelMachine machine = { .memory = memory_new (), .topology = one_cpu };
  g_autoptr (GError) error = NULL;

  fake_kvm.open_errno = EACCES;
  g_assert_null (kvm_accel_ops.open (&machine, &error));
  g_assert_error (error, ACCEL_ERROR, ACCEL_ERROR_HOST);
  g_assert_nonnull (strstr (error->message, "usermod"));
  memory_free (machine.memory);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*test) (FakeKvm *before, gconstpointer data);
  } tests[] = {
    { "/kvm-host/good", test_good },
    { "/kvm-host/no-permission", test_no_permission },
    { "/kvm-host/no-device", test_no_device },
    { "/kvm-host/busy", test_busy },
    { "/kvm-host/too-old", test_too_old },
    { "/kvm-host/too-many-cpus", test_too_many_cpus },
    { "/kvm-host/other-model", test_other_model },
    { "/kvm-host/state-refused", test_state_refused },
    { "/kvm-host/slow", test_slow },
    { "/kvm-host/start", test_start },
  };

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/kvm-host/absence", test_absence);
  for (unsigned i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, FakeKvm, NULL, set_up, tests[i].test, tear_down);
  return g_test_run ();
}
