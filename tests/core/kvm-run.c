/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How vCPUs go into the guest and come out under KVM, on a /dev/kvm of our own: memory that changes
 * meanwhile, NMIs, instructions that the kernel cannot emulate, and what ends a machine. */
#include "vmm-core/bare-machine.h"
#include "vmm-core/kvm/kvm-accel.h"

#include <errno.h>
#include <gio/gio.h>
#include <string.h>

#include "tests/support/fake-kvm.h"
#include "vmm-core/kvm/kvm-internal.h"
#include "vmm-core/memory.h"
#include "vmm-core/x86/x86-state.h"
#include "vmm-core/x86/x86.h"

#define RAM_SIZE (1u << 20)
#define DEVICE_PORT 0x90
#define DEVICE_ADDRESS 0x10000000
#define CODE 0x1000
#define CHANGES 200

typedef struct
{
  FakeKvm before;
  AccelMachine machine;
  MemoryBlock *ram;
  Accel *accel;
  AccelVcpu *vcpu;
  GThread *thread; /* runs the vCPU until stop is set */
  _Atomic bool stop;
  AccelExit exit; /* the last one, with its error */
  GError *error;
  uint64_t written; /* to the device in MMIO */
} Rig;

static void
change_map (Rig *rig)
{
  memory_map (rig->machine.memory, RAM_SIZE, MEMORY_PAGE_SIZE, rig->ram, 0, MEMORY_RW, 0);
  memory_unmap (rig->machine.memory, RAM_SIZE, rig->ram);
}

/* As a chipset does whose register moves memory. */
static void
write_port (void *data, uint64_t offset, unsigned size, uint64_t value)
{
  change_map (data);
}

static void
write_device (void *data, uint64_t offset, unsigned size, uint64_t value)
{
  ((Rig *) data)->written = value;
}

static const BusOps port_ops = { .write = write_port };
static const BusOps device_ops = { .write = write_device, .max_size = 8 };

static void
set_up (Rig *rig, gconstpointer data)
{
  X86State state;

  rig->before = fake_kvm;
  rig->machine.topology = (CpuTopology){ 1, 1, 1 };
  rig->ram = bare_machine_init (&rig->machine, RAM_SIZE, NULL);
  bus_map (rig->machine.io, DEVICE_PORT, 1, &port_ops, rig);
  bus_map (rig->machine.mmio, DEVICE_ADDRESS, 64, &device_ops, rig);
  bus_allow_late_writes (rig->machine.mmio, DEVICE_ADDRESS, 64);
  rig->accel = kvm_accel_ops.open (&rig->machine, NULL);
  rig->vcpu = kvm_accel_ops.vcpu_new (rig->accel, 0, NULL);
  x86_state_reset (&state, 0);
  state.rip = CODE;
  state.seg[X86_CS].base = state.seg[X86_CS].selector = 0;
  g_assert_true (kvm_accel_ops.set_state (rig->vcpu, &state, NULL));
}

static void
tear_down (Rig *rig, gconstpointer data)
{
  kvm_accel_ops.vcpu_free (rig->vcpu);
  kvm_accel_ops.close (rig->accel);
  bare_machine_clear (&rig->machine);
  g_clear_error (&rig->error);
  fake_kvm = rig->before;
}

static AccelExit
run_once (Rig *rig)
{
  g_clear_error (&rig->error);
  return rig->exit = kvm_accel_ops.vcpu_run (rig->vcpu, &rig->error);
}

static gpointer
run_until_stopped (gpointer data)
{
  Rig *rig = data;

  while (!rig->stop && run_once (rig) != ACCEL_EXIT_FAILED)
    ;
  return NULL;
}

static void
wait_inside (void)
{
  while (!fake_kvm.vcpus[0].inside)
    g_thread_yield ();
}

static void
start (Rig *rig)
{
  rig->thread = g_thread_new ("vcpu", run_until_stopped, rig);
}

static void
stop (Rig *rig)
{
  rig->stop = true;
  kvm_accel_ops.vcpu_kick (rig->vcpu);
  g_thread_join (rig->thread);
}

static void
assert_failed (Rig *rig, const char *part)
{
  g_assert_cmpint (rig->exit, ==, ACCEL_EXIT_FAILED);
  g_assert_error (rig->error, ACCEL_ERROR, ACCEL_ERROR_HOST);
  g_test_message ("%s", rig->error->message);
  g_assert_nonnull (strstr (rig->error->message, part));
}

static guint64
get_statistic (Rig *rig, const char *name)
{
  GVariantBuilder builder;
  g_autoptr (GVariant) all = NULL;
  guint64 value = 0;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{st}"));
  kvm_accel_ops.get_statistics (rig->accel, &builder);
  all = g_variant_ref_sink (g_variant_builder_end (&builder));
  g_assert_true (g_variant_lookup (all, name, "t", &value));
  return value;
}

/* Memory */

static void
test_no_gap (Rig *rig, gconstpointer data)
{
  start (rig);
  for (unsigned i = 0; i < CHANGES; i++)
    {
      wait_inside ();
      machine_lock_acquire (rig->machine.lock);
      change_map (rig);
      machine_lock_release (rig->machine.lock);
    }
  stop (rig);
  g_assert_cmpuint (fake_kvm.gaps, ==, 0);
}

/* Leaves for the port that moves memory, and then waits. */
static int
run_port_write (FakeVcpu *vcpu)
{
  vcpu->run->exit_reason = KVM_EXIT_IO;
  vcpu->run->io.direction = KVM_EXIT_IO_OUT;
  vcpu->run->io.port = DEVICE_PORT;
  vcpu->run->io.size = vcpu->run->io.count = 1;
  vcpu->run->io.data_offset = 4096;
  fake_kvm.run = fake_kvm_wait;
  return 0;
}

static void
test_change_by_guest (Rig *rig, gconstpointer data)
{
  fake_kvm.run = run_port_write;
  start (rig);
  while (fake_kvm.run != fake_kvm_wait)
    g_thread_yield ();
  wait_inside ();
  stop (rig);
  g_assert_cmpuint (get_statistic (rig, "exits-io"), ==, 1);
}

static void
test_slot_refused (Rig *rig, gconstpointer data)
{
  start (rig);
  wait_inside ();
  fake_kvm.refused_errno = ENOMEM;
  fake_kvm.refused = KVM_SET_USER_MEMORY_REGION;
  machine_lock_acquire (rig->machine.lock);
  change_map (rig);
  machine_lock_release (rig->machine.lock);
  g_thread_join (rig->thread);
  assert_failed (rig, "KVM cannot show the guest a part of its memory.");
}

static _Atomic bool deaf;

static int
run_deaf (FakeVcpu *vcpu)
{
  while (deaf)
    g_usleep (1000);
  errno = EINTR;
  return -1;
}

/* Whoever changes memory holds the machine lock, and must not hold it for good. */
static void
test_stuck_in_the_kernel (Rig *rig, gconstpointer data)
{
  deaf = true;
  fake_kvm.run = run_deaf;
  start (rig);
  wait_inside ();
  machine_lock_acquire (rig->machine.lock);
  change_map (rig);
  machine_lock_release (rig->machine.lock);
  deaf = false;
  g_thread_join (rig->thread);
  g_assert_error (rig->error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

/* Every second page, so that each is a range of its own. */
static void
map_parts (Rig *rig, unsigned n)
{
  for (unsigned i = 0; i < n; i++)
    memory_map (rig->machine.memory, RAM_SIZE + 2 * i * MEMORY_PAGE_SIZE, MEMORY_PAGE_SIZE,
                rig->ram, 0, MEMORY_RW, 0);
}

static unsigned
count_slots (void)
{
  unsigned n = 0;

  for (unsigned i = 0; i < FAKE_KVM_SLOTS; i++)
    n += fake_kvm.slots[i].memory_size != 0;
  return n;
}

static void
test_many_parts (Rig *rig, gconstpointer data)
{
  map_parts (rig, 100);
  g_assert_cmpuint (count_slots (), ==, 101);
}

static void
test_too_many_parts (Rig *rig, gconstpointer data)
{
  map_parts (rig, FAKE_KVM_SLOTS);
  run_once (rig);
  assert_failed (rig, "memory is in");
}

static bool
is_logged (void)
{
  return (fake_kvm.slots[0].flags & KVM_MEM_LOG_DIRTY_PAGES) != 0;
}

static void
test_logging_at_any_time (Rig *rig, gconstpointer data)
{
  g_assert_false (is_logged ());
  memory_block_set_logging (rig->ram, true);
  g_assert_true (is_logged ());
  g_assert_cmpuint (count_slots (), ==, 1);
  memory_block_set_logging (rig->ram, false);
  g_assert_false (is_logged ());
}

/* Where memory is shown in part, the kernel counts its pages from there. */
static void
test_dirty_page_of_a_part (Rig *rig, gconstpointer data)
{
  uint64_t bits[4];

  fake_kvm.dirty_page = 70;
  memory_unmap (rig->machine.memory, 0, rig->ram);
  memory_block_set_logging (rig->ram, true);
  memory_map (rig->machine.memory, 0, 100 * MEMORY_PAGE_SIZE, rig->ram, 3 * MEMORY_PAGE_SIZE,
              MEMORY_RW, 0);
  g_assert_true (memory_block_take_dirty (rig->machine.memory, rig->ram, 0, 256, bits));
  g_assert_cmphex (bits[0], ==, 0);
  g_assert_cmphex (bits[1], ==, 1ull << (73 - 64));
  g_assert_cmphex (bits[2] | bits[3], ==, 0);
}

/* The kernel forgets with the slot what was written there. */
static void
test_dirty_after_unmap (Rig *rig, gconstpointer data)
{
  uint64_t bits;

  memory_block_set_logging (rig->ram, true);
  g_assert_true (memory_block_take_dirty (rig->machine.memory, rig->ram, 0, 1, &bits));
  memory_unmap (rig->machine.memory, 0, rig->ram);
  g_assert_true (memory_block_take_dirty (rig->machine.memory, rig->ram, 0, 1, &bits));
  g_assert_false (memory_block_take_dirty (rig->machine.memory, rig->ram, 0, 1, &bits));
}

/* NMI */

static void
set_lint1 (uint32_t value)
{
  memcpy (fake_kvm_get_lapic (&fake_kvm.vcpus[0])->regs + 0x360, &value, sizeof value);
}

static int
run_counting_nmis (FakeVcpu *vcpu)
{
  /* An NMI of another thread would wait here for the vCPU to leave. */
  unsigned before = vcpu->nmis;
  int result = fake_kvm_wait (vcpu);

  g_assert_cmpuint (vcpu->nmis, ==, before);
  return result;
}

static void
test_nmi (Rig *rig, gconstpointer data)
{
  fake_kvm.run = run_counting_nmis;
  set_lint1 (0x400);
  start (rig);
  wait_inside ();
  kvm_accel_ops.pulse_nmi (rig->accel);
  while (fake_kvm.vcpus[0].nmis == 0)
    g_thread_yield ();
  stop (rig);
  set_lint1 (0x10400); /* masked */
  kvm_accel_ops.pulse_nmi (rig->accel);
  rig->stop = false;
  start (rig);
  wait_inside ();
  stop (rig);
  g_assert_cmpuint (fake_kvm.vcpus[0].nmis, ==, 1);
}

/* What others asked of a CPU that had just left the guest is part of its state. */
static void
test_asked (Rig *rig, gconstpointer data)
{
  X86State state;

  fake_kvm_get_regs (&fake_kvm.vcpus[0])->rax = 1;
  set_lint1 (0x400);
  kvm_accel_ops.pulse_nmi (rig->accel);
  kvm_accel_ops.get_state (rig->vcpu, &state);
  g_assert_cmpuint (state.nmi_pending, ==, 1);
  g_assert_cmphex (state.gpr[X86_RAX], ==, 1);
  kvm_accel_ops.pulse_init (rig->accel);
  kvm_accel_ops.get_state (rig->vcpu, &state);
  g_assert_cmpuint (state.nmi_pending, ==, 0);
  g_assert_cmphex (state.gpr[X86_RAX], ==, 0);
  g_assert_cmphex (state.rip, ==, 0xfff0);
}

/* What the kernel cannot do */

static int
run_internal_error (FakeVcpu *vcpu)
{
  vcpu->run->exit_reason = KVM_EXIT_INTERNAL_ERROR;
  vcpu->run->internal.suberror = KVM_INTERNAL_ERROR_EMULATION;
  vcpu->run->internal.ndata = 0;
  /* What the guest is to get if nobody sees to it. */
  fake_kvm_get_events (vcpu)->exception.injected = 1;
  fake_kvm_get_events (vcpu)->exception.nr = X86_UD;
  fake_kvm.run = fake_kvm_wait;
  return 0;
}

static void
set_code (Rig *rig, const uint8_t *code, size_t length)
{
  memcpy (memory_block_get_data (rig->ram) + CODE, code, length);
}

/* fst qword [esi]: a device's memory, and an x87 register. */
static void
test_interpreted (Rig *rig, gconstpointer data)
{
  static const uint8_t code[] = { 0x67, 0xdd, 0x16 };
  X86State state;
  double one = 1;

  set_code (rig, code, sizeof code);
  kvm_accel_ops.get_state (rig->vcpu, &state);
  state.gpr[X86_RSI] = DEVICE_ADDRESS;
  state.seg[X86_DS].limit = UINT32_MAX;
  state.fpu.control = 0x37f;
  state.fpu.tag = 0xff;
  memcpy (state.fpu.st[0], "\0\0\0\0\0\0\0\x80\xff\x3f", 10);
  state.lapic.svr = 0x1ff;
  /* With AVX-512 where the host has it: the interpreter has not. */
  state.xcr0 = ((KvmAccel *) rig->accel)->xsave.features & 0xe7;
  g_assert_true (kvm_accel_ops.set_state (rig->vcpu, &state, NULL));
  fake_kvm.run = run_internal_error;
  start (rig);
  while (fake_kvm.run != fake_kvm_wait)
    g_thread_yield ();
  wait_inside ();
  stop (rig);
  g_assert_cmpmem (&rig->written, 8, &one, 8);
  kvm_accel_ops.get_state (rig->vcpu, &state);
  g_assert_cmpuint (state.rip, ==, CODE + sizeof code);
  g_assert_cmpuint (state.lapic.svr, ==, 0x1ff);
  g_assert_false (fake_kvm_get_events (&fake_kvm.vcpus[0])->exception.injected);
  g_assert_cmpuint (get_statistic (rig, "interpreted"), ==, 1);
}

/* An interrupt came through the IOAPIC before the CPU was KVM's: that hears of its end. */
static void
test_level_in_service (Rig *rig, gconstpointer data)
{
  X86State state;

  kvm_accel_ops.get_state (rig->vcpu, &state);
  state.lapic.isr[2] = state.lapic.tmr[2] = 1 << 1;
  g_assert_true (kvm_accel_ops.set_state (rig->vcpu, &state, NULL));
  g_assert_cmphex (fake_kvm.last_route.u.msi.data, ==, 1 << 15 | 0x41);
  g_assert_cmphex (fake_kvm.last_route.u.msi.address_lo, ==, 0xfee00000);
}

static void
test_interpreted_by_nobody (Rig *rig, gconstpointer data)
{
  static const uint8_t code[] = { 0x0f, 0xff, 0xc0 };

  set_code (rig, code, sizeof code);
  fake_kvm.run = run_internal_error;
  run_once (rig);
  assert_failed (rig, "cannot go on with the guest (error 1)");
}

/* The log has what somebody else needs to find out why. */
static void
test_log (void)
{
  if (g_test_subprocess ())
    {
      Rig rig = { 0 };

      set_up (&rig, NULL);
      test_interpreted_by_nobody (&rig, NULL);
      tear_down (&rig, NULL);
      return;
    }
  g_test_trap_subprocess (NULL, 0, 0);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stderr ("*CPU 0 at 0000:1000, code 0f ff c0 00*RAX*CR3*");
}

static int
run_fail_entry (FakeVcpu *vcpu)
{
  vcpu->run->exit_reason = KVM_EXIT_FAIL_ENTRY;
  vcpu->run->fail_entry.hardware_entry_failure_reason = 0x80000021;
  return 0;
}

static void
test_entry_fails (Rig *rig, gconstpointer data)
{
  fake_kvm.run = run_fail_entry;
  run_once (rig);
  assert_failed (rig, "refuses to run the guest (reason 0x80000021)");
}

/* As the kernel does with a write to an address that it gathers. */
static void
gather_write (FakeVcpu *vcpu, uint32_t value)
{
  struct kvm_coalesced_mmio_ring *ring
    = (void *) ((uint8_t *) vcpu->run + FAKE_KVM_RING_PAGE * MEMORY_PAGE_SIZE);
  struct kvm_coalesced_mmio *entry = &ring->coalesced_mmio[ring->last];

  *entry = (struct kvm_coalesced_mmio){ .phys_addr = DEVICE_ADDRESS, .len = 4 };
  memcpy (entry->data, &value, 4);
  ring->last++;
}

static int
run_writing (FakeVcpu *vcpu)
{
  gather_write (vcpu, 1);
  gather_write (vcpu, 2);
  errno = EINTR;
  return -1;
}

/* In their order, and whatever brought the vCPU out. */
static void
test_late_writes_come_with_an_exit (Rig *rig, gconstpointer data)
{
  fake_kvm.run = run_writing;
  g_assert_cmpint (run_once (rig), ==, ACCEL_EXIT_KICKED);
  g_assert_cmpuint (rig->written, ==, 2);
}

/* Who looks at a screen need not wait for that. */
static void
test_late_writes_come_when_asked_for (Rig *rig, gconstpointer data)
{
  gather_write (&fake_kvm.vcpus[0], 3);
  memory_block_sync (rig->machine.memory, rig->ram);
  g_assert_cmpuint (rig->written, ==, 3);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*test) (Rig *rig, gconstpointer data);
  } tests[] = {
    { "/kvm-run/no-gap", test_no_gap },
    { "/kvm-run/change-by-guest", test_change_by_guest },
    { "/kvm-run/slot-refused", test_slot_refused },
    { "/kvm-run/stuck-in-the-kernel", test_stuck_in_the_kernel },
    { "/kvm-run/many-parts", test_many_parts },
    { "/kvm-run/too-many-parts", test_too_many_parts },
    { "/kvm-run/logging-at-any-time", test_logging_at_any_time },
    { "/kvm-run/dirty-page-of-a-part", test_dirty_page_of_a_part },
    { "/kvm-run/dirty-after-unmap", test_dirty_after_unmap },
    { "/kvm-run/late-writes", test_late_writes_come_with_an_exit },
    { "/kvm-run/late-writes-asked-for", test_late_writes_come_when_asked_for },
    { "/kvm-run/nmi", test_nmi },
    { "/kvm-run/asked", test_asked },
    { "/kvm-run/level-in-service", test_level_in_service },
    { "/kvm-run/interpreted", test_interpreted },
    { "/kvm-run/interpreted-by-nobody", test_interpreted_by_nobody },
    { "/kvm-run/entry-fails", test_entry_fails },
  };

  g_test_init (&argc, &argv, NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Rig, NULL, set_up, tests[i].test, tear_down);
  g_test_add_func ("/kvm-run/log", test_log);
  return g_test_run ();
}
