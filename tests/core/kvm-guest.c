/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small guests on the host's own KVM: memory that changes under them, NMIs while they sleep, an
 * instruction that the kernel cannot emulate, and the pages that they write. Skipped where there is
 * no KVM. */
#include "vmm-core/bare-machine.h"
#include "vmm-core/kvm/kvm-accel.h"

#include <string.h>

#include "vmm-core/kvm/kvm-host.h"
#include "vmm-core/x86/x86-state.h"
#include "vmm-core/x86/x86.h"

#define RAM_SIZE (1u << 20)
#define DEVICE_ADDRESS 0xd0000000
#define WINDOW 0x200000 /* where memory comes and goes */
#define CODE 0x1000
#define NMI_HANDLER 0x3000
#define COUNTER 0x2000
#define CPUS 2
#define CHANGES 50

typedef struct
{
  AccelMachine machine;
  MemoryBlock *ram;
  Accel *accel;
  AccelVcpu *vcpus[CPUS];
  GThread *threads[CPUS];
  unsigned started;
  _Atomic bool stop;
  _Atomic uint64_t written; /* to the device */
} Rig;

static void
write_device (void *data, uint64_t offset, unsigned size, uint64_t value)
{
  ((Rig *) data)->written = value;
}

static const BusOps device_ops = { .write = write_device, .max_size = 8 };

/* Flat real mode, with segments of 4 GiB; every CPU runs. */
static void
set_state (Rig *rig, unsigned cpu)
{
  X86State state;

  x86_state_reset (&state, cpu);
  state.activity = X86_RUNNING;
  state.rip = CODE;
  state.seg[X86_CS].base = state.seg[X86_CS].selector = 0;
  state.seg[X86_DS].limit = UINT32_MAX;
  state.seg[X86_DS].attributes |= 1u << 15;
  state.gpr[X86_RSP] = 0x8000;
  state.gpr[X86_RSI] = DEVICE_ADDRESS;
  state.gpr[X86_RDI] = WINDOW;
  state.lapic.lvt_lint1 = 0x400;
  g_assert_true (kvm_accel_ops.set_state (rig->vcpus[cpu], &state, NULL));
}

static void
set_up (Rig *rig, gconstpointer code)
{
  g_autoptr (GError) error = NULL;

  rig->machine.topology = (CpuTopology){ 1, CPUS, 1 };
  rig->ram = bare_machine_init (&rig->machine, RAM_SIZE, NULL);
  bus_map (rig->machine.mmio, DEVICE_ADDRESS, 64, &device_ops, rig);
  memcpy (memory_block_get_data (rig->ram) + CODE, code, 64);
  rig->accel = kvm_accel_ops.open (&rig->machine, &error);
  g_assert_no_error (error);
  for (unsigned i = 0; i < CPUS; i++)
    {
      rig->vcpus[i] = kvm_accel_ops.vcpu_new (rig->accel, i, &error);
      g_assert_no_error (error);
      set_state (rig, i);
    }
}

static void
tear_down (Rig *rig, gconstpointer code)
{
  rig->stop = true;
  /* Which of the threads has which of the CPUs is open. */
  for (unsigned i = 0; i < rig->started; i++)
    kvm_accel_ops.vcpu_kick (rig->vcpus[i]);
  for (unsigned i = 0; i < rig->started; i++)
    g_thread_join (rig->threads[i]);
  for (unsigned i = 0; i < CPUS; i++)
    kvm_accel_ops.vcpu_free (rig->vcpus[i]);
  kvm_accel_ops.close (rig->accel);
  bare_machine_clear (&rig->machine);
}

static gpointer
run_vcpu (gpointer data)
{
  Rig *rig = data;
  unsigned cpu = g_atomic_int_add (&rig->started, 1);
  g_autoptr (GError) error = NULL;

  while (!rig->stop)
    {
      kvm_accel_ops.vcpu_run (rig->vcpus[cpu], &error);
      g_assert_no_error (error);
    }
  return NULL;
}

static void
start (Rig *rig, unsigned cpus)
{
  for (unsigned i = 0; i < cpus; i++)
    rig->threads[i] = g_thread_new ("vcpu", run_vcpu, rig);
  while (g_atomic_int_get (&rig->started) < (int) cpus)
    g_thread_yield ();
}

static uint32_t
read_counter (Rig *rig)
{
  return __atomic_load_n ((uint32_t *) (memory_block_get_data (rig->ram) + COUNTER),
                          __ATOMIC_ACQUIRE);
}

static void
wait_for_counter (Rig *rig, uint32_t beyond)
{
  while (read_counter (rig) <= beyond)
    g_thread_yield ();
}

/* lock inc dword [COUNTER]; mov eax, [edi]; jmp to the first */
static const uint8_t counting[64]
  = { 0xf0, 0x66, 0xff, 0x06, COUNTER & 0xff, COUNTER >> 8, 0x67, 0x66, 0x8b, 0x07, 0xeb, 0xf4 };

/* The memory that the CPUs run in is shown elsewhere, too, and is cut in two by that: with the slot
 * gone for a moment, they would run nowhere. */
static void
test_memory_changes (Rig *rig, gconstpointer code)
{
  start (rig, CPUS);
  for (unsigned i = 0; i < CHANGES; i++)
    {
      wait_for_counter (rig, read_counter (rig));
      machine_lock_acquire (rig->machine.lock);
      memory_map (rig->machine.memory, 0x4000, MEMORY_PAGE_SIZE, rig->ram, 0x10000, MEMORY_RW, 1);
      memory_map (rig->machine.memory, WINDOW, MEMORY_PAGE_SIZE, rig->ram, 0, MEMORY_RW, 0);
      machine_lock_release (rig->machine.lock);
      wait_for_counter (rig, read_counter (rig));
      machine_lock_acquire (rig->machine.lock);
      memory_unmap (rig->machine.memory, 0x4000, rig->ram);
      memory_unmap (rig->machine.memory, WINDOW, rig->ram);
      machine_lock_release (rig->machine.lock);
    }
}

/* hlt; jmp to it. The handler of NMI: lock inc dword [COUNTER]; iret */
static const uint8_t sleeping[64] = { 0xf4, 0xeb, 0xfd };
static const uint8_t nmi_handler[] = { 0xf0, 0x66, 0xff, 0x06, COUNTER & 0xff, COUNTER >> 8, 0xcf };

static void
test_nmi_wakes (Rig *rig, gconstpointer code)
{
  static const uint16_t vector[] = { NMI_HANDLER, 0 };

  memcpy (memory_block_get_data (rig->ram) + 4 * X86_NMI, vector, sizeof vector);
  memcpy (memory_block_get_data (rig->ram) + NMI_HANDLER, nmi_handler, sizeof nmi_handler);
  start (rig, 1);
  for (uint32_t i = 0; i < CHANGES; i++)
    {
      machine_lock_acquire (rig->machine.lock);
      kvm_accel_ops.pulse_nmi (rig->accel);
      machine_lock_release (rig->machine.lock);
      wait_for_counter (rig, i);
    }
  g_assert_cmpuint (read_counter (rig), ==, CHANGES);
}

/* fninit; fld1; fst qword [esi]; then lock inc dword [COUNTER]; jmp to itself */
static const uint8_t storing[64]
  = { 0xdb, 0xe3, 0xd9, 0xe8,           0x67,         0xdd, 0x16, 0xf0,
      0x66, 0xff, 0x06, COUNTER & 0xff, COUNTER >> 8, 0xeb, 0xfe };

static void
test_store_to_device (Rig *rig, gconstpointer code)
{
  double one = 1;
  uint64_t bits;

  start (rig, 1);
  wait_for_counter (rig, 0);
  bits = rig->written;
  g_assert_cmpmem (&bits, 8, &one, 8);
}

/* lock inc dword [COUNTER]; inc byte [edi]; jmp to the first */
static const uint8_t writing[64]
  = { 0xf0, 0x66, 0xff, 0x06, COUNTER & 0xff, COUNTER >> 8, 0x67, 0xfe, 0x07, 0xeb, 0xf5 };

static void
take_dirty (Rig *rig, uint64_t bits[RAM_SIZE / MEMORY_PAGE_SIZE / 64])
{
  wait_for_counter (rig, read_counter (rig) + 2);
  g_assert_true (
    memory_block_take_dirty (rig->machine.memory, rig->ram, 0, RAM_SIZE / MEMORY_PAGE_SIZE, bits));
}

/* The pages that were written, those that are shown elsewhere among them, and again each time. At
 * first those that were only read may be among them, as the kernel lets the guest write these,
 * too. */
static void
test_dirty_pages (Rig *rig, gconstpointer code)
{
  uint64_t bits[RAM_SIZE / MEMORY_PAGE_SIZE / 64];

  memory_block_set_logging (rig->ram, true);
  memory_map (rig->machine.memory, WINDOW, MEMORY_PAGE_SIZE, rig->ram, 69 * MEMORY_PAGE_SIZE,
              MEMORY_RW, 0);
  start (rig, 1);
  take_dirty (rig, bits);
  for (unsigned i = 0; i < CHANGES; i++)
    {
      take_dirty (rig, bits);
      g_assert_cmphex (bits[0], ==, 1ull << COUNTER / MEMORY_PAGE_SIZE);
      g_assert_cmphex (bits[1], ==, 1ull << (69 - 64));
      g_assert_cmphex (bits[2] | bits[3], ==, 0);
    }
}

int
main (int argc, char **argv)
{
  CpuTopology topology = { 1, CPUS, 1 };
  g_autoptr (GError) error = NULL;
  int kvm_fd;

  g_test_init (&argc, &argv, NULL);
  kvm_fd = kvm_host_open (&topology, &error);
  if (kvm_fd < 0)
    {
      g_print ("1..0 # SKIP %s\n", error->message);
      return 0;
    }
  g_test_add ("/kvm-guest/memory-changes", Rig, counting, set_up, test_memory_changes, tear_down);
  g_test_add ("/kvm-guest/nmi-wakes", Rig, sleeping, set_up, test_nmi_wakes, tear_down);
  g_test_add ("/kvm-guest/store-to-device", Rig, storing, set_up, test_store_to_device, tear_down);
  g_test_add ("/kvm-guest/dirty-pages", Rig, writing, set_up, test_dirty_pages, tear_down);
  return g_test_run ();
}
