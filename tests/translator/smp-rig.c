/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "smp-rig.h"

#include <stdatomic.h>
#include <string.h>

#include "vmm-core/x86/x86-state.h"
#include "vmm-core/x86/x86.h"

#define RAM_SIZE (64u << 20)
#define MAX_CPUS 8

enum
{
  PML4_AT = 0x1000,
  PDPT_AT = 0x2000,
  PD_AT = 0x3000, /* four, for 4 GiB */
  GDT_AT = 0x8000,
  IDT_AT = 0x9000,
  STACKS_AT = 0x20000 /* 4 KiB each */
};

enum
{
  PTE = 3, /* present, writable */
  PTE_LARGE = 0x83
};

typedef struct
{
  SmpRig *rig;
  AccelVcpu *vcpu;
  GThread *thread;
  size_t entry;
} SmpCpu;

struct SmpRig
{
  Memory *memory;
  Bus *io, *mmio;
  Clock *clock;
  MachineLock *lock;
  const AccelOps *ops;
  Accel *accel;
  unsigned n;
  SmpCpu cpus[MAX_CPUS];
  atomic_bool stopping, failed;
  uint32_t finding;
};

static void
report_write (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  SmpRig *rig = device;

  if (!atomic_exchange (&rig->failed, true))
    rig->finding = value;
}

static const BusOps report_ops = { .write = report_write };

static void
build_tables (SmpRig *rig, uint64_t handler)
{
  memory_write_u64 (rig->memory, PML4_AT, PDPT_AT | PTE);
  for (uint64_t i = 0; i < 4; i++)
    memory_write_u64 (rig->memory, PDPT_AT + 8 * i, (PD_AT + 0x1000 * i) | PTE);
  for (uint64_t i = 0; i < 4 * 512; i++)
    memory_write_u64 (rig->memory, PD_AT + 8 * i, i << 21 | PTE_LARGE);
  memory_write_u64 (rig->memory, PD_AT + 8 * (SMP_SMALL >> 21), SMP_PTE | PTE);
  for (uint64_t i = 0; i < 512; i++)
    memory_write_u64 (rig->memory, SMP_PTE + 8 * i, (SMP_SMALL + (i << 12)) | PTE);
  memory_write_u64 (rig->memory, GDT_AT + 8, 0x00af9b000000ffff);
  memory_write_u64 (rig->memory, GDT_AT + 0x10, 0x00cf93000000ffff);
  memory_write_u64 (rig->memory, IDT_AT + 16 * SMP_IPI,
                    (handler & 0xffff) | 8u << 16 | UINT64_C (0x8e) << 40
                      | (handler >> 16 & 0xffff) << 48);
}

SmpRig *
smp_rig_new (const AccelOps *ops, unsigned n_cpus, size_t code_cache, const void *code,
             size_t length, size_t ipi_handler)
{
  SmpRig *rig = g_new0 (SmpRig, 1);
  g_autoptr (GError) error = NULL;
  AccelMachine machine;
  MemoryBlock *ram;

  g_assert_cmpuint (n_cpus, <=, MAX_CPUS);
  rig->n = n_cpus;
  rig->ops = ops;
  rig->memory = memory_new ();
  rig->lock = machine_lock_new ();
  rig->io = bus_new ("io", 0x10000, rig->lock);
  rig->mmio = bus_new ("mmio", UINT64_C (1) << 52, rig->lock);
  rig->clock = clock_new_manual ();
  bus_map (rig->io, 0xf4, 4, &report_ops, rig);
  ram = memory_block_new (rig->memory, "ram", RAM_SIZE, false, &error);
  g_assert_no_error (error);
  memory_map (rig->memory, 0, RAM_SIZE, ram, 0, MEMORY_RW, 0);
  build_tables (rig, SMP_CODE + ipi_handler);
  memory_write (rig->memory, SMP_CODE, code, length);
  machine = (AccelMachine){ .memory = rig->memory,
                            .io = rig->io,
                            .mmio = rig->mmio,
                            .clock = rig->clock,
                            .lock = rig->lock,
                            .topology = { 1, n_cpus, 1 },
                            .code_cache_size = code_cache };
  rig->accel = ops->open (&machine, &error);
  g_assert_no_error (error);
  for (unsigned i = 0; i < n_cpus; i++)
    {
      rig->cpus[i].rig = rig;
      rig->cpus[i].vcpu = ops->vcpu_new (rig->accel, i, &error);
      g_assert_no_error (error);
    }
  return rig;
}

void
smp_rig_free (SmpRig *rig)
{
  for (unsigned i = 0; i < rig->n; i++)
    rig->ops->vcpu_free (rig->cpus[i].vcpu);
  rig->ops->close (rig->accel);
  clock_free (rig->clock);
  bus_free (rig->mmio);
  bus_free (rig->io);
  memory_free (rig->memory);
  machine_lock_free (rig->lock);
  g_free (rig);
}

Accel *
smp_rig_get_accel (SmpRig *rig)
{
  return rig->accel;
}

Memory *
smp_rig_get_memory (SmpRig *rig)
{
  return rig->memory;
}

void
smp_rig_set_entry (SmpRig *rig, unsigned cpu, size_t entry)
{
  rig->cpus[cpu].entry = entry;
}

static void
enter_state (SmpRig *rig, unsigned index)
{
  g_autoptr (GError) error = NULL;
  X86State state;

  x86_state_reset (&state, index);
  state.activity = X86_RUNNING;
  state.cr0 = X86_CR0_PE | X86_CR0_ET | X86_CR0_NE | X86_CR0_WP | X86_CR0_PG;
  state.cr3 = PML4_AT;
  state.cr4 = X86_CR4_PAE | X86_CR4_PGE | X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT;
  state.efer = X86_EFER_LME | X86_EFER_LMA;
  for (unsigned i = 0; i < 6; i++)
    state.seg[i] = (X86Segment){ .limit = UINT32_MAX, .attributes = 0xc093, .selector = 0x10 };
  state.seg[X86_CS] = (X86Segment){ .limit = UINT32_MAX, .attributes = 0xa09b, .selector = 8 };
  state.gdtr = (X86DescriptorTable){ GDT_AT, 0x17 };
  state.idtr = (X86DescriptorTable){ IDT_AT, 0xfff };
  state.lapic.id = index;
  state.lapic.svr = 0x1ff;
  state.rflags = 2;
  state.rip = SMP_CODE + rig->cpus[index].entry;
  state.gpr[X86_RSP] = STACKS_AT + 0x1000 * (index + 1);
  state.gpr[X86_RDI] = index;
  state.gpr[X86_RSI] = rig->n;
  rig->ops->set_state (rig->cpus[index].vcpu, &state, &error);
  g_assert_no_error (error);
}

static gpointer
cpu_run (gpointer data)
{
  SmpCpu *cpu = data;
  AccelExit exit;

  do
    {
      exit = cpu->rig->ops->vcpu_run (cpu->vcpu, NULL);
      if (exit == ACCEL_EXIT_SHUTDOWN)
        report_write (cpu->rig, 0, 4, 0xdead);
      if (exit == ACCEL_EXIT_HALTED)
        g_usleep (50);
    }
  while (exit != ACCEL_EXIT_SHUTDOWN
         && !(exit == ACCEL_EXIT_HALTED && atomic_load (&cpu->rig->stopping)));
  return NULL;
}

void
smp_rig_start (SmpRig *rig)
{
  atomic_store (&rig->stopping, false);
  memory_write_u64 (rig->memory, SMP_STOP, 0);
  for (unsigned i = 0; i < rig->n; i++)
    enter_state (rig, i);
  for (unsigned i = 0; i < rig->n; i++)
    rig->cpus[i].thread = g_thread_new ("vcpu", cpu_run, &rig->cpus[i]);
}

void
smp_rig_stop (SmpRig *rig)
{
  atomic_store (&rig->stopping, true);
  memory_write_u64 (rig->memory, SMP_STOP, 1);
  for (unsigned i = 0; i < rig->n; i++)
    g_thread_join (rig->cpus[i].thread);
  if (rig->failed)
    g_test_message ("the guest found %#x", rig->finding);
  g_assert_false (rig->failed);
  for (unsigned i = 0; i < rig->n; i++)
    {
      g_test_message ("cpu %u: %" G_GUINT64_FORMAT " rounds", i, smp_rig_get_progress (rig, i));
      g_assert_cmpuint (smp_rig_get_progress (rig, i), >, 0);
    }
}

bool
smp_rig_has_failed (SmpRig *rig)
{
  return rig->failed;
}

uint64_t
smp_rig_get_progress (SmpRig *rig, unsigned cpu)
{
  return memory_read_u64 (rig->memory, SMP_PROGRESS + 8 * cpu);
}

uint64_t
smp_rig_get_statistic (SmpRig *rig, const char *name)
{
  GVariantBuilder builder;
  g_autoptr (GVariant) figures = NULL;
  uint64_t value = 0;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{st}"));
  rig->ops->get_statistics (rig->accel, &builder);
  figures = g_variant_ref_sink (g_variant_builder_end (&builder));
  g_assert_true (g_variant_lookup (figures, name, "t", &value));
  return value;
}
