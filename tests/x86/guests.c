/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs the self-checking guests of guests/: flat binaries that start in real mode at 8000h and
 * write 0, or the address of the check that failed, to port F4h; the listings are beside the
 * binaries. */
#include "vmm-core/memory.h"
#include "vmm-core/x86/software.h"

#define LOAD_AT 0x8000
#define RAM_SIZE (16u << 20)

typedef struct
{
  bool done;
  uint32_t result;
} Report;

static void
report_write (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  Report *report = device;

  report->done = true;
  report->result = value;
}

static const BusOps report_ops = { .write = report_write };

static void
load_guest (Memory *memory, const char *path)
{
  g_autofree char *bytes = NULL;
  g_autoptr (GError) error = NULL;
  gsize length;

  g_file_get_contents (path, &bytes, &length, &error);
  g_assert_no_error (error);
  memory_write (memory, LOAD_AT, bytes, length);
}

static void
start_at_guest (AccelVcpu *vcpu)
{
  g_autoptr (GError) error = NULL;
  X86State state;

  x86_state_reset (&state, 0);
  state.seg[X86_CS].selector = 0;
  state.seg[X86_CS].base = 0;
  state.rip = LOAD_AT;
  software_accel_ops.set_state (vcpu, &state, &error);
  g_assert_no_error (error);
}

static void
test_guest (gconstpointer data)
{
  const char *path = data;
  g_autoptr (Memory) memory = memory_new ();
  g_autoptr (Bus) io = bus_new ("io", 0x10000, NULL);
  g_autoptr (Bus) mmio = bus_new ("mmio", 0, NULL);
  g_autoptr (Clock) clock = clock_new_manual ();
  g_autoptr (GError) error = NULL;
  AccelMachine machine
    = { .memory = memory, .io = io, .mmio = mmio, .clock = clock, .topology = { 1, 1, 1 } };
  MemoryBlock *ram = memory_block_new (memory, "ram", RAM_SIZE, false, &error);
  Report report = { false, 0 };
  AccelExit exit = ACCEL_EXIT_KICKED;
  Accel *accel;
  AccelVcpu *vcpu;

  g_assert_no_error (error);
  memory_map (memory, 0, RAM_SIZE, ram, 0, MEMORY_RW, 0);
  bus_map (io, 0xf4, 4, &report_ops, &report);
  accel = software_accel_ops.open (&machine, &error);
  g_assert_no_error (error);
  vcpu = software_accel_ops.vcpu_new (accel, 0, &error);
  g_assert_no_error (error);
  load_guest (memory, path);
  start_at_guest (vcpu);
  while (exit == ACCEL_EXIT_KICKED)
    exit = software_accel_ops.vcpu_run (vcpu, &error);
  g_assert_cmpint (exit, ==, ACCEL_EXIT_HALTED);
  g_assert_true (report.done);
  if (report.result != 0)
    g_error ("%s: the check at %#x failed", path, report.result);
  software_accel_ops.vcpu_free (vcpu);
  software_accel_ops.close (accel);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (int i = 1; i < argc; i++)
    {
      g_autofree char *name = g_path_get_basename (argv[i]);
      g_autofree char *path = g_strdup_printf ("/x86/guest/%s", name);

      g_test_add_data_func (path, argv[i], test_guest);
    }
  return g_test_run ();
}
