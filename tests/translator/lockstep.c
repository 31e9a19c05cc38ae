/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The linker leads some functions of the software CPU here first (--wrap): those through which
 * pages become writable, and those whose answer is another one each time. */
#include "lockstep.h"

#include <asm/prctl.h>
#include <gio/gio.h>
#include <inttypes.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lockstep-compare.h"
#include "second-interpreter.h"
#include "vmm-core/translator/run.h"
#include "vmm-core/translator/translator.h"
#include "vmm-core/x86/block.h"
#include "vmm-core/x86/flags.h"
#include "vmm-core/x86/fpu-unit.h"
#include "vmm-core/x86/fpu.h"
#include "vmm-core/x86/interpreter.h"
#include "vmm-core/x86/kvmclock.h"
#include "vmm-core/x86/mmu.h"

#define MAX_PAGES 600
#define MAX_STEPS 200 /* more instructions than one block has */
#define SLICE 64      /* blocks between two looks at devices */
#define N_COUNTERS (1u << 18)
#define ALWAYS 4    /* times that each block is compared */
#define SELDOM 4096 /* runs between two comparisons after that */

typedef enum
{
  OUTSIDE,
  FIRST,
  REPLAY
} Phase;

/* A page that was stored to, or may have been. */
typedef struct
{
  MemoryBlock *block;
  uint64_t page;
  bool first; /* by the translator; or else by the interpreter only */
  uint8_t before[4096], after[4096];
} Page;

/* What a device wrote into such a page while it was accessed. */
typedef struct
{
  unsigned page;
  uint8_t old[4096], new[4096];
} Dma;

typedef struct
{
  bool write;
  const Bus *bus;
  uint64_t address, value;
  unsigned size;
  GArray *dma;
} Access;

typedef struct
{
  bool replay;
  Bus *bus, *real;
} Side;

typedef struct
{
  X86Software *first;
  X86Cpu *cpu;
  Accel *second;
  X86Cpu *other;
  Clock *clock; /* the interpreter's */
  Side io[2], mmio[2];

  Phase phase;
  Page *pages;
  unsigned n_pages;
  GArray *accesses;
  unsigned next_access;
  bool astray; /* the replay did what the first run did not */
  bool landed; /* an exception was delivered */
  uint64_t random;
  uint32_t random_cc;

  X86State before, after;
  uint64_t pdpte[4];
  uint64_t status; /* the status flags that the replay ended with */
  uint64_t status_rip;
  bool status_known;
  uint64_t compared;
  uint16_t counters[N_COUNTERS];
} Lockstep;

static Lockstep *lockstep;
static LockstepFlags lockstep_flags;

void __real_memory_block_mark_dirty (MemoryBlock *block, uint64_t first_page, uint64_t n_pages);
void __wrap_memory_block_mark_dirty (MemoryBlock *block, uint64_t first_page, uint64_t n_pages);
void __real_x86_mmu_translate (X86Cpu *cpu, uint64_t linear, unsigned access, X86Page *page);
void __wrap_x86_mmu_translate (X86Cpu *cpu, uint64_t linear, unsigned access, X86Page *page);
void __real_x86_sys_rdrand (X86Cpu *cpu, const X86Insn *insn);
void __wrap_x86_sys_rdrand (X86Cpu *cpu, const X86Insn *insn);
bool __real_x86_kvmclock_write_msr (X86Cpu *cpu, uint32_t msr, uint64_t value);
bool __wrap_x86_kvmclock_write_msr (X86Cpu *cpu, uint32_t msr, uint64_t value);

void
lockstep_set_flags (LockstepFlags flags)
{
  lockstep_flags = flags;
}

uint64_t
lockstep_get_compared (void)
{
  return lockstep->compared;
}

void
lockstep_set_time (int64_t ns)
{
  int64_t now = clock_get_ns (lockstep->clock);

  if (ns > now)
    clock_advance (lockstep->clock, ns - now);
}

/* Pages */

static uint8_t *
page_data (const Page *page)
{
  return memory_block_get_data (page->block) + (page->page << MEMORY_PAGE_SHIFT);
}

static void
note_page (MemoryBlock *block, uint64_t number)
{
  Page *page;

  if (lockstep == NULL || lockstep->phase == OUTSIDE)
    return;
  for (unsigned i = 0; i < lockstep->n_pages; i++)
    if (lockstep->pages[i].block == block && lockstep->pages[i].page == number)
      return;
  g_assert_cmpuint (lockstep->n_pages, <, MAX_PAGES);
  page = &lockstep->pages[lockstep->n_pages++];
  page->block = block;
  page->page = number;
  page->first = lockstep->phase == FIRST;
  memcpy (page->before, page_data (page), sizeof page->before);
}

void
__wrap_memory_block_mark_dirty (MemoryBlock *block, uint64_t first_page, uint64_t n_pages)
{
  if (n_pages == 1)
    note_page (block, first_page);
  __real_memory_block_mark_dirty (block, first_page, n_pages);
}

void
__wrap_x86_mmu_translate (X86Cpu *cpu, uint64_t linear, unsigned access, X86Page *page)
{
  __real_x86_mmu_translate (cpu, linear, access, page);
  if ((access & X86_PF_W) && page->host != NULL)
    note_page (page->block, page->block_page);
}

/* Answers */

void
__wrap_x86_sys_rdrand (X86Cpu *cpu, const X86Insn *insn)
{
  uint64_t *to = &cpu->state.gpr[insn->rm];

  if (lockstep != NULL && lockstep->phase == REPLAY)
    {
      *to = lockstep->random;
      cpu->cc = lockstep->random_cc;
      return;
    }
  __real_x86_sys_rdrand (cpu, insn);
  if (lockstep != NULL)
    {
      lockstep->random = *to;
      lockstep->random_cc = cpu->cc;
    }
}

bool
__wrap_x86_kvmclock_write_msr (X86Cpu *cpu, uint32_t msr, uint64_t value)
{
  uint64_t old;

  if (lockstep == NULL || lockstep->phase != REPLAY || !x86_kvmclock_read_msr (cpu, msr, &old))
    return __real_x86_kvmclock_write_msr (cpu, msr, value);
  cpu->state.kvmclock = lockstep->after.kvmclock;
  cpu->state.kvmclock_wall = lockstep->after.kvmclock_wall;
  return true;
}

static Access *
next_access (bool write, const Side *side, uint64_t address, unsigned size)
{
  Access *access;

  if (lockstep->next_access < lockstep->accesses->len)
    {
      access = &g_array_index (lockstep->accesses, Access, lockstep->next_access++);
      if (access->write == write && access->bus == side->real && access->address == address
          && access->size == size)
        return access;
    }
  lockstep->astray = true;
  return NULL;
}

static uint64_t
side_read (void *device, uint64_t address, unsigned size)
{
  Side *side = device;
  Access access = { .bus = side->real, .address = address, .size = size };
  Phase phase;

  if (side->replay)
    {
      const Access *known = next_access (false, side, address, size);

      return known != NULL ? known->value : 0;
    }
  phase = lockstep->phase;
  lockstep->phase = OUTSIDE;
  access.value = bus_dispatch_read (side->real, address, size);
  lockstep->phase = phase;
  if (phase == FIRST)
    g_array_append_val (lockstep->accesses, access);
  return access.value;
}

/* A device may answer a write by DMA at once. What it stores to other pages stays. */
static void
write_first (Side *side, Access *access)
{
  unsigned n = lockstep->n_pages;
  g_autofree uint8_t *copies = g_malloc (n * 4096 + 1);

  for (unsigned i = 0; i < n; i++)
    memcpy (copies + 4096 * i, page_data (&lockstep->pages[i]), 4096);
  lockstep->phase = OUTSIDE;
  bus_dispatch_write (side->real, access->address, access->size, access->value);
  lockstep->phase = FIRST;
  for (unsigned i = 0; i < n; i++)
    if (memcmp (copies + 4096 * i, page_data (&lockstep->pages[i]), 4096) != 0)
      {
        Dma dma = { .page = i };

        memcpy (dma.old, copies + 4096 * i, 4096);
        memcpy (dma.new, page_data (&lockstep->pages[i]), 4096);
        if (access->dma == NULL)
          access->dma = g_array_new (FALSE, FALSE, sizeof (Dma));
        g_array_append_val (access->dma, dma);
      }
  g_array_append_val (lockstep->accesses, *access);
}

static void
write_again (const Access *known)
{
  for (unsigned i = 0; known->dma != NULL && i < known->dma->len; i++)
    {
      const Dma *dma = &g_array_index (known->dma, Dma, i);
      uint8_t *data = page_data (&lockstep->pages[dma->page]);

      for (unsigned at = 0; at < 4096; at++)
        if (dma->old[at] != dma->new[at])
          data[at] = dma->new[at];
    }
}

static void
side_write (void *device, uint64_t address, unsigned size, uint64_t value)
{
  Side *side = device;
  Access access
    = { .write = true, .bus = side->real, .address = address, .size = size, .value = value };

  if (side->replay)
    {
      const Access *known = next_access (true, side, address, size);

      if (known != NULL && known->value == value)
        write_again (known);
      else
        lockstep->astray = true;
    }
  else if (lockstep->phase == FIRST)
    write_first (side, &access);
  else
    bus_dispatch_write (side->real, address, size, value);
}

static const BusOps side_ops = { .read = side_read, .write = side_write, .max_size = 8 };

static Bus *
side_open (Side *side, Bus *real, uint64_t size, bool replay)
{
  side->replay = replay;
  side->real = real;
  side->bus = bus_new ("lockstep", size, NULL);
  bus_map (side->bus, 0, size, &side_ops, side);
  return side->bus;
}

static void
access_clear (gpointer data)
{
  g_clear_pointer (&((Access *) data)->dma, g_array_unref);
}

/* The first run */

static void
get_state (X86Cpu *cpu, X86State *state)
{
  fpu_leave (cpu);
  *state = cpu->state;
  state->rflags = x86_flags_get (cpu);
  fpu_enter (cpu);
}

static bool
is_due (X86Cpu *cpu)
{
  uint64_t at = cpu->state.seg[X86_CS].base + cpu->state.rip;
  uint16_t *count = &lockstep->counters[(at ^ at >> 18 ^ cpu->state.cr3 >> 12) & (N_COUNTERS - 1)];

  ++*count;
  return *count <= ALWAYS || *count % SELDOM == 0;
}

/* FALSE: a triple fault. *translated: a block was run by the translator. */
static bool
run_first (X86Cpu *cpu, bool *translated)
{
  *translated = true;
  if (sigsetjmp (cpu->escape, 0) != 0)
    {
      bool alive = x86_interpreter_land (cpu);

      x86_block_set_running (cpu, NULL);
      lockstep->landed = true;
      return alive;
    }
  if (!translator_run_block (cpu))
    {
      *translated = false;
      x86_interpreter_block (cpu);
      x86_block_set_running (cpu, NULL);
      fpu_unit_gather_mxcsr (cpu);
    }
  return true;
}

/* The second run */

static bool
pages_are_equal (const Lockstep *self)
{
  /* Stale flags are in the frame of an exception, too. */
  if (self->landed && lockstep_flags == LOCKSTEP_ALIVE)
    return true;
  for (unsigned i = 0; i < self->n_pages; i++)
    {
      const Page *page = &self->pages[i];

      if (memcmp (page->first ? page->after : page->before, page_data (page), 4096) != 0)
        return false;
    }
  return true;
}

static bool
states_are_equal (const Lockstep *self)
{
  uint64_t ignored = lockstep_flags == LOCKSTEP_ALIVE ? X86_FLAGS_STATUS : 0;
  X86State state;

  if (self->other->state.rip != self->after.rip
      || memcmp (self->other->state.gpr, self->after.gpr, sizeof self->after.gpr) != 0)
    return false;
  state = self->other->state;
  state.rflags = x86_flags_get (self->other);
  return lockstep_compare (&self->after, &state, ignored, NULL);
}

static void
enter_replay (Lockstep *self)
{
  X86Cpu *other = self->other;

  for (unsigned i = 0; i < self->n_pages; i++)
    {
      memcpy (self->pages[i].after, page_data (&self->pages[i]), 4096);
      memcpy (page_data (&self->pages[i]), self->pages[i].before, 4096);
    }
  other->state = self->before;
  if (lockstep_flags == LOCKSTEP_ALIVE && self->status_known
      && self->status_rip == self->before.rip)
    other->state.rflags = (other->state.rflags & ~(uint64_t) X86_FLAGS_STATUS) | self->status;
  x86_cpu_sync_in (other);
  memcpy (other->pdpte, self->pdpte, sizeof self->pdpte);
  atomic_store (&other->requests, 0);
  self->next_access = 0;
  self->astray = false;
}

static void
describe (const Lockstep *self, GString *text)
{
  X86State state = self->other->state;

  state.rflags = x86_flags_get (self->other);
  g_string_append_printf (text, "code at %#" PRIx64 " (CS base %#" PRIx64 "):", self->before.rip,
                          self->before.seg[X86_CS].base);
  lockstep_append_code (text, self->cpu, &self->before);
  lockstep_compare (&self->after, &state, 0, text);
  for (unsigned i = 0; i < self->n_pages; i++)
    {
      const Page *page = &self->pages[i];

      lockstep_compare_pages (page->page, page->first ? page->after : page->before,
                              page_data (page), text);
    }
  if (self->astray)
    g_string_append (text, "  the interpreter accessed devices otherwise\n");
}

/* FALSE with error: they differ. */
static bool
replay (Lockstep *self, GError **error)
{
  g_autoptr (GString) text = NULL;
  bool met = false;

  self->phase = REPLAY;
  enter_replay (self);
  for (unsigned n = 0; n < MAX_STEPS && !self->astray; n++)
    {
      fpu_enter (self->other);
      x86_interpret_one (self->other);
      fpu_leave (self->other);
      if (self->other->state.rip != self->after.rip)
        continue;
      if (text == NULL && !(states_are_equal (self) && pages_are_equal (self)))
        {
          text = g_string_new (NULL);
          describe (self, text);
        }
      met = states_are_equal (self) && pages_are_equal (self)
            && self->next_access == self->accesses->len;
      if (met)
        break;
    }
  self->phase = OUTSIDE;
  self->compared++;
  self->status = x86_flags_get (self->other) & X86_FLAGS_STATUS;
  self->status_rip = self->after.rip;
  self->status_known = met;
  if (met)
    return true;
  if (text == NULL)
    {
      text = g_string_new ("it never came there;\n");
      describe (self, text);
    }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "translator and interpreter differ: %s",
               text->str);
  return false;
}

/* One block */

static bool
serve_requests (X86Cpu *cpu, AccelExit *exit)
{
  if (sigsetjmp (cpu->escape, 0) != 0)
    {
      *exit = ACCEL_EXIT_SHUTDOWN;
      return x86_interpreter_land (cpu);
    }
  if (atomic_load (&cpu->requests) & X86_REQUEST_CODE)
    {
      atomic_fetch_and (&cpu->requests, ~(uint32_t) X86_REQUEST_CODE);
      block_cache_drop_overwritten (cpu->software->engine_data, (TranslatorCpu *) cpu);
    }
  return x86_software_poll (cpu, exit);
}

static bool
step (X86Cpu *cpu)
{
  if (sigsetjmp (cpu->escape, 0) != 0)
    return x86_interpreter_land (cpu);
  x86_interpreter_step (cpu);
  fpu_unit_gather_mxcsr (cpu);
  return true;
}

static AccelExit
run_block (Lockstep *self, GError **error)
{
  X86Cpu *cpu = self->cpu;
  bool due = is_due (cpu);
  bool translated, alive;

  self->n_pages = 0;
  self->landed = false;
  g_array_set_size (self->accesses, 0);
  if (due)
    {
      get_state (cpu, &self->before);
      memcpy (self->pdpte, cpu->pdpte, sizeof self->pdpte);
      x86_mmu_flush (cpu, false);
      self->phase = FIRST;
    }
  else
    self->status_known = false;
  alive = run_first (cpu, &translated);
  self->phase = OUTSIDE;
  if (!alive)
    return ACCEL_EXIT_SHUTDOWN;
  if (due && translated)
    {
      bool same;

      get_state (cpu, &self->after);
      fpu_leave (cpu);
      same = replay (self, error);
      fpu_enter (cpu);
      if (!same)
        return ACCEL_EXIT_FAILED;
    }
  return ACCEL_EXIT_KICKED;
}

static AccelExit
lockstep_run (X86Cpu *cpu, GError **error)
{
  AccelExit exit = ACCEL_EXIT_KICKED;

  syscall (SYS_arch_prctl, ARCH_SET_GS, cpu);
  x86_block_set_running (cpu, NULL);
  for (unsigned n = 0; n < SLICE && exit == ACCEL_EXIT_KICKED; n++)
    {
      if (atomic_load (&cpu->requests) != 0 && !serve_requests (cpu, &exit))
        return exit;
      exit = ACCEL_EXIT_KICKED;
      if (x86_interpreter_must_step (cpu))
        exit = step (cpu) ? ACCEL_EXIT_KICKED : ACCEL_EXIT_SHUTDOWN;
      else if (atomic_load (&cpu->requests) == 0)
        exit = run_block (lockstep, error);
    }
  return exit;
}

/* Life */

static void
lockstep_cpu_added (X86Cpu *cpu)
{
  lockstep->cpu = cpu;
}

static Accel *
lockstep_open (const AccelMachine *machine, GError **error)
{
  static X86Engine engine;
  AccelMachine first = *machine, second = *machine;
  const X86Engine *translator;
  Accel *accel;

  g_assert_null (lockstep);
  g_assert_cmpuint (cpu_topology_get_cpus (&machine->topology), ==, 1);
  lockstep = g_new0 (Lockstep, 1);
  lockstep->pages = g_new (Page, MAX_PAGES);
  lockstep->accesses = g_array_new (FALSE, FALSE, sizeof (Access));
  g_array_set_clear_func (lockstep->accesses, access_clear);
  lockstep->clock = clock_new_manual ();
  first.io = side_open (&lockstep->io[0], machine->io, 0x10000, false);
  first.mmio = side_open (&lockstep->mmio[0], machine->mmio, UINT64_C (1) << 52, false);
  second.io = side_open (&lockstep->io[1], machine->io, 0x10000, true);
  second.mmio = side_open (&lockstep->mmio[1], machine->mmio, UINT64_C (1) << 52, true);
  second.clock = lockstep->clock;
  second.acknowledge_pic = NULL;
  second.eoi = NULL;
  second.taken = NULL;
  second.set_ferr = NULL;
  accel = translator_accel_ops.open (&first, error);
  lockstep->first = (X86Software *) accel;
  translator = lockstep->first->engine;
  engine = *translator;
  engine.run = lockstep_run;
  lockstep->first->engine = &engine;
  translator_set_options (accel,
                          lockstep_flags == LOCKSTEP_EXACT ? TRANSLATOR_THOROUGH : TRANSLATOR_LAZY);
  lockstep->second = second_interpreter_open (&second, error);
  lockstep->other = x86_software_get_cpu (software_accel_ops.vcpu_new (lockstep->second, 0, error));
  x86_exclusive_enter (lockstep->other);
  return accel;
}

static void
lockstep_close (Accel *accel)
{
  x86_exclusive_leave (lockstep->other);
  software_accel_ops.vcpu_free ((AccelVcpu *) lockstep->other);
  software_accel_ops.close (lockstep->second);
  translator_accel_ops.close (accel);
  for (unsigned i = 0; i < 2; i++)
    {
      bus_free (lockstep->io[i].bus);
      bus_free (lockstep->mmio[i].bus);
    }
  clock_free (lockstep->clock);
  g_array_unref (lockstep->accesses);
  g_free (lockstep->pages);
  g_clear_pointer (&lockstep, g_free);
}

static AccelVcpu *
lockstep_vcpu_new (Accel *accel, unsigned index, GError **error)
{
  AccelVcpu *vcpu = translator_accel_ops.vcpu_new (accel, index, error);

  lockstep_cpu_added (x86_software_get_cpu (vcpu));
  return vcpu;
}

const AccelOps lockstep_accel_ops = {
  .name = "lockstep",
  .open = lockstep_open,
  .close = lockstep_close,
  .vcpu_new = lockstep_vcpu_new,
  .vcpu_free = x86_software_vcpu_free,
  .vcpu_run = x86_software_vcpu_run,
  .vcpu_kick = x86_software_vcpu_kick,
  .get_state = x86_software_get_state,
  .set_state = x86_software_set_state,
  .set_intr = x86_software_set_intr,
  .pulse_nmi = x86_software_pulse_nmi,
  .pulse_init = x86_software_pulse_init,
  .send_msi = x86_software_send_msi,
  .get_statistics = x86_software_get_statistics,
};
