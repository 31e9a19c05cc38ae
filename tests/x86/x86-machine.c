/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "x86-machine.h"

#include <string.h>

#include "vmm-core/memory.h"
#include "vmm-core/x86/fpu.h"
#include "vmm-core/x86/interpreter.h"
#include "vmm-core/x86/software.h"

/* Addresses in the machine's own part of RAM. */
enum
{
  PML4_AT = X86_MACHINE_OWN,
  PDPT_AT = PML4_AT + 0x1000,
  PD_AT = PML4_AT + 0x2000,
  PT_AT = PML4_AT + 0x3000, /* one table each 2 MiB */
  GDT_AT = PML4_AT + 0x20000,
  TSS_AT = PML4_AT + 0x20100,
  IDT_AT = PML4_AT + 0x21000,
  HANDLERS_AT = PML4_AT + 0x22000, /* one HLT a vector */
  STACK_END = PML4_AT + 0x24000,
  REAL_HANDLERS_AT = 0xf0000
};

enum
{
  KERNEL_CODE = 0x08,
  USER_CODE32 = 0x23,
  USER_DATA = 0x2b,
  USER_CODE64 = 0x33,
  TSS_SELECTOR = 0x38
};

#define N_VECTORS 32
#define PTE_P 1u
#define PTE_W 2u
#define PTE_U 4u

struct X86Machine
{
  Memory *memory;
  MemoryBlock *ram;
  Bus *io, *mmio;
  Clock *clock;
  const AccelOps *ops;
  Accel *accel;
  AccelVcpu *vcpu;
  AccelMachine description;
  void (*step) (X86Cpu *cpu);
};

static void
x86_machine_write_u64 (X86Machine *machine, uint64_t address, uint64_t value)
{
  memory_write_u64 (machine->memory, address, value);
}

static void
x86_machine_build_tables (X86Machine *machine)
{
  x86_machine_write_u64 (machine, PML4_AT, PDPT_AT | PTE_P | PTE_W | PTE_U);
  x86_machine_write_u64 (machine, PDPT_AT, PD_AT | PTE_P | PTE_W | PTE_U);
  for (unsigned i = 0; i < X86_MACHINE_RAM >> 21; i++)
    x86_machine_write_u64 (machine, PD_AT + 8 * i, (PT_AT + 0x1000 * i) | PTE_P | PTE_W | PTE_U);
  for (unsigned i = 0; i < X86_MACHINE_RAM >> 12; i++)
    x86_machine_protect (machine, (uint64_t) i << 12, true, true);

  x86_machine_write_u64 (machine, GDT_AT + KERNEL_CODE, 0x00af9b000000ffff);
  x86_machine_write_u64 (machine, GDT_AT + 0x10, 0x00cf93000000ffff);
  x86_machine_write_u64 (machine, GDT_AT + (USER_CODE32 & ~7), 0x00cffb000000ffff);
  x86_machine_write_u64 (machine, GDT_AT + (USER_DATA & ~7), 0x00cff3000000ffff);
  x86_machine_write_u64 (machine, GDT_AT + (USER_CODE64 & ~7), 0x00affb000000ffff);
  x86_machine_write_u64 (machine, TSS_AT + 4, STACK_END);    /* RSP0 */
  x86_machine_write_u64 (machine, TSS_AT + 0x24, STACK_END); /* IST1 */
  for (unsigned v = 0; v < N_VECTORS; v++)
    {
      uint64_t handler = HANDLERS_AT + v;

      x86_machine_write_u64 (machine, IDT_AT + 16 * v,
                             (handler & 0xffff) | KERNEL_CODE << 16 | UINT64_C (1) << 32
                               | UINT64_C (0xee) << 40 | (handler >> 16 & 0xffff) << 48);
      x86_machine_write_u64 (machine, IDT_AT + 16 * v + 8, handler >> 32);
      x86_machine_write (machine, handler, "\xf4", 1);
      /* Real mode: an IDT elsewhere than at 0 leaves the low memory to the case. */
      memory_write_u32 (machine->memory, IDT_AT + 0x800 + 4 * v, 0xf0000000u | v);
      x86_machine_write (machine, REAL_HANDLERS_AT + v, "\xf4", 1);
    }
}

static void
x86_machine_interpret (X86Cpu *cpu)
{
  x86_interpret_one (cpu);
}

X86Machine *
x86_machine_new (const AccelOps *ops)
{
  X86Machine *machine = g_new0 (X86Machine, 1);
  g_autoptr (GError) error = NULL;

  machine->memory = memory_new ();
  machine->io = bus_new ("io", 0x10000, NULL);
  machine->mmio = bus_new ("mmio", UINT64_C (1) << 52, NULL);
  machine->clock = clock_new_manual ();
  machine->ram = memory_block_new (machine->memory, "ram", X86_MACHINE_RAM, false, &error);
  g_assert_no_error (error);
  memory_map (machine->memory, 0, X86_MACHINE_RAM, machine->ram, 0, MEMORY_RW, 0);
  machine->description = (AccelMachine){ .memory = machine->memory,
                                         .io = machine->io,
                                         .mmio = machine->mmio,
                                         .clock = machine->clock,
                                         .topology = { 1, 1, 1 } };
  machine->ops = ops;
  machine->step = x86_machine_interpret;
  machine->accel = ops->open (&machine->description, &error);
  g_assert_no_error (error);
  machine->vcpu = machine->ops->vcpu_new (machine->accel, 0, &error);
  g_assert_no_error (error);
  x86_machine_build_tables (machine);
  return machine;
}

Accel *
x86_machine_get_accel (X86Machine *machine)
{
  return machine->accel;
}

Memory *
x86_machine_get_memory (X86Machine *machine)
{
  return machine->memory;
}

X86Cpu *
x86_machine_get_cpu (X86Machine *machine)
{
  return x86_software_get_cpu (machine->vcpu);
}

void
x86_machine_set_vendor (X86Machine *machine, X86Vendor vendor)
{
  x86_software_get_cpu (machine->vcpu)->vendor = vendor;
}

uint64_t
x86_machine_count (X86Machine *machine, const char *name)
{
  g_autoptr (GVariant) counters = NULL;
  GVariantBuilder builder;
  guint64 value = 0;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{st}"));
  machine->accel->ops->get_statistics (machine->accel, &builder);
  counters = g_variant_ref_sink (g_variant_builder_end (&builder));
  if (!g_variant_lookup (counters, name, "t", &value))
    g_error ("no counter %s", name);
  return value;
}

void
x86_machine_free (X86Machine *machine)
{
  machine->ops->vcpu_free (machine->vcpu);
  machine->ops->close (machine->accel);
  clock_free (machine->clock);
  bus_free (machine->mmio);
  bus_free (machine->io);
  memory_free (machine->memory);
  g_free (machine);
}

static X86Segment
x86_machine_segment (uint16_t selector, uint32_t attributes)
{
  return (X86Segment){ .limit = 0xffffffff, .attributes = attributes, .selector = selector };
}

static void
x86_machine_init_user (X86State *state, bool code64)
{
  state->cr0 = X86_CR0_PE | X86_CR0_MP | X86_CR0_ET | X86_CR0_NE | X86_CR0_WP | X86_CR0_PG;
  state->cr4
    = X86_CR4_PAE | X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT | X86_CR4_OSXSAVE | X86_CR4_FSGSBASE;
  state->cr3 = PML4_AT;
  state->efer = X86_EFER_LME | X86_EFER_LMA | X86_EFER_SCE | X86_EFER_NXE;
  for (unsigned i = 0; i < 6; i++)
    state->seg[i] = x86_machine_segment (USER_DATA, 0xc0f3);
  state->seg[X86_CS] = code64 ? x86_machine_segment (USER_CODE64, 0xa0fb)
                              : x86_machine_segment (USER_CODE32, 0xc0fb);
  state->tr = (X86Segment){ TSS_AT, 0x67, 0x8b, TSS_SELECTOR };
  state->gdtr = (X86DescriptorTable){ GDT_AT, 0x3f };
  state->idtr = (X86DescriptorTable){ IDT_AT, 16 * N_VECTORS - 1 };
}

void
x86_machine_init_state (X86State *state, unsigned bits)
{
  x86_state_reset (state, 0);
  state->xcr0 = 7;
  state->rflags = 2;
  if (bits != 16)
    x86_machine_init_user (state, bits == 64);
  else
    {
      state->cr0 |= X86_CR0_NE;
      state->cr4 = X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT;
      for (unsigned i = 0; i < 6; i++)
        {
          state->seg[i].base = 0;
          state->seg[i].selector = 0;
        }
      state->idtr = (X86DescriptorTable){ IDT_AT + 0x800, 4 * N_VECTORS - 1 };
    }
}

void
x86_machine_make_supervisor (X86State *state)
{
  state->seg[X86_CS] = x86_machine_segment (KERNEL_CODE, 0xa09b);
  state->seg[X86_SS] = x86_machine_segment (0x10, 0xc093);
}

void
x86_machine_protect (X86Machine *machine, uint64_t address, bool present, bool writable)
{
  uint64_t page = address >> 12;
  bool own = address >= X86_MACHINE_OWN;

  x86_machine_write_u64 (machine, PT_AT + 8 * page,
                         page << 12 | (present ? PTE_P : 0) | (writable ? PTE_W : 0)
                           | (own ? 0 : PTE_U));
}

void
x86_machine_map (X86Machine *machine, uint64_t address, uint64_t physical)
{
  x86_machine_write_u64 (machine, PT_AT + 8 * (address >> 12), physical | PTE_P | PTE_W | PTE_U);
}

void
x86_machine_write (X86Machine *machine, uint64_t address, const void *bytes, size_t n)
{
  memory_write (machine->memory, address, bytes, n);
}

void
x86_machine_read (X86Machine *machine, uint64_t address, void *bytes, size_t n)
{
  memory_read (machine->memory, address, bytes, n);
}

void
x86_machine_forget_changes (X86Machine *machine)
{
  uint64_t bits[X86_MACHINE_RAM >> 18];

  memory_block_set_logging (machine->ram, true);
  memory_block_take_dirty (machine->memory, machine->ram, 0, X86_MACHINE_RAM >> 12, bits);
}

GArray *
x86_machine_dup_changes (X86Machine *machine)
{
  GArray *pages = g_array_new (FALSE, FALSE, sizeof (uint64_t));
  uint64_t bits[X86_MACHINE_RAM >> 18];

  memory_block_take_dirty (machine->memory, machine->ram, 0, X86_MACHINE_RAM >> 12, bits);
  for (uint64_t page = 0; page < X86_MACHINE_OWN >> 12; page++)
    if ((bits[page >> 6] >> (page & 63) & 1) != 0)
      g_array_append_val (pages, page);
  return pages;
}

static bool
x86_vector_has_error (unsigned vector)
{
  return vector == X86_DF || (vector >= X86_TS && vector <= X86_PF) || vector == X86_AC;
}

/* Takes the CPU back from the handler of vector to what it interrupted. */
static void
x86_machine_unwind (X86Machine *machine, X86State *state, X86Outcome *outcome)
{
  bool real = (state->cr0 & X86_CR0_PE) == 0,
       has_error = !real && x86_vector_has_error ((unsigned) outcome->vector);

  if (real)
    {
      uint16_t frame[3];

      x86_machine_read (machine, state->seg[X86_SS].base + (state->gpr[X86_RSP] & 0xffff), frame,
                        sizeof frame);
      state->rip = frame[0];
      state->seg[X86_CS].selector = frame[1];
      state->seg[X86_CS].base = (uint32_t) frame[1] << 4;
      state->rflags = (state->rflags & ~UINT64_C (0xffff)) | frame[2];
      state->gpr[X86_RSP]
        = (state->gpr[X86_RSP] & ~UINT64_C (0xffff)) | (uint16_t) (state->gpr[X86_RSP] + 6);
    }
  else
    {
      uint64_t frame[6]; /* error, RIP, CS, RFLAGS, RSP, SS */

      x86_machine_read (machine, STACK_END - sizeof frame, frame, sizeof frame);
      outcome->error = has_error ? (uint32_t) frame[0] : 0;
      state->rip = frame[1];
      state->seg[X86_CS] = frame[2] == USER_CODE64 ? x86_machine_segment (USER_CODE64, 0xa0fb)
                                                   : x86_machine_segment (USER_CODE32, 0xc0fb);
      state->rflags = frame[3];
      state->gpr[X86_RSP] = frame[4];
      state->seg[X86_SS] = x86_machine_segment (USER_DATA, 0xc0f3);
    }
  if (outcome->vector == X86_PF)
    outcome->address = state->cr2;
}

/* Which handler the CPU is at, if at one; back 1 byte when its HLT is done. */
static int
x86_machine_find_handler (const X86State *state, unsigned back)
{
  bool real = (state->cr0 & X86_CR0_PE) == 0;
  uint64_t first = real ? REAL_HANDLERS_AT : HANDLERS_AT,
           at = state->seg[X86_CS].base + state->rip - back;

  return at - first < N_VECTORS ? (int) (at - first) : -1;
}

AccelExit
x86_machine_enter (X86Machine *machine, X86State *state, GError **error)
{
  AccelExit result = ACCEL_EXIT_FAILED;

  if (machine->ops->set_state (machine->vcpu, state, error))
    do
      result = machine->ops->vcpu_run (machine->vcpu, error);
    while (result == ACCEL_EXIT_KICKED);
  machine->ops->get_state (machine->vcpu, state);
  return result;
}

X86Outcome
x86_machine_run (X86Machine *machine, X86State *state)
{
  X86Outcome outcome = { .vector = -1 };
  g_autoptr (GError) error = NULL;
  AccelExit result = x86_machine_enter (machine, state, &error);

  g_assert_no_error (error);
  if (result == ACCEL_EXIT_HALTED)
    outcome.vector = x86_machine_find_handler (state, 1);
  state->activity = X86_RUNNING;
  if (outcome.vector >= 0)
    x86_machine_unwind (machine, state, &outcome);
  return outcome;
}

void
x86_machine_set_step (X86Machine *machine, void (*step) (X86Cpu *cpu))
{
  machine->step = step;
}

X86Outcome
x86_machine_step (X86Machine *machine, X86State *state, uint64_t n, uint64_t *done)
{
  X86Cpu *cpu = x86_software_get_cpu (machine->vcpu);
  X86Outcome outcome = { .vector = -1 };
  g_autoptr (GError) error = NULL;

  machine->ops->set_state (machine->vcpu, state, &error);
  g_assert_no_error (error);
  for (*done = 0; *done < n && outcome.vector < 0; ++*done)
    {
      fpu_enter (cpu);
      machine->step (cpu);
      fpu_leave (cpu);
      machine->ops->get_state (machine->vcpu, state);
      outcome.vector = x86_machine_find_handler (state, 0);
    }
  if (outcome.vector >= 0)
    {
      --*done;
      x86_machine_unwind (machine, state, &outcome);
    }
  return outcome;
}
