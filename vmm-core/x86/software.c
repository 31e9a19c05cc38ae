/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The accelerator "interpreter": life of the CPUs, requests between them, interrupt messages. */
#include "software.h"

#include "block.h"
#include "x86-cpuid.h"
#include "debug.h"
#include "exception.h"
#include "fpu.h"
#include "host-fault.h"
#include "hyperv.h"
#include "interpreter.h"
#include "kvmclock.h"
#include "lapic.h"
#include "mmu.h"
#include "monitor.h"
#include "rflags.h"
#include "segment.h"
#include "synic.h"
#include "thunk.h"
#include "x86-features.h"
#include "vmm-core/clock-ticks.h"
#include "vmm-core/trace.h"

#include <gio/gio.h>
#include <inttypes.h>
#include <sys/mman.h>

#define NS_PER_MS 1000000

static X86Software *
software_of (Accel *accel)
{
  return (X86Software *) accel;
}

X86Cpu *
x86_software_get_cpu (AccelVcpu *vcpu)
{
  return (X86Cpu *) vcpu;
}

void
x86_software_request (X86Cpu *cpu, uint32_t requests)
{
  const Accel *accel = &cpu->software->accel;

  atomic_fetch_or (&cpu->requests, requests);
  if (atomic_load (&cpu->sleeping) && accel->wake != NULL)
    accel->wake (accel->wake_data, cpu->index);
}

static void
request_all (X86Software *software, uint32_t requests)
{
  for (unsigned i = 0; i < X86_MAX_CPUS; i++)
    if (software->cpus[i] != NULL)
      x86_software_request (software->cpus[i], requests);
}

/* Time stamp counter: guest time at a fixed rate. */

static uint64_t
tsc_clock (X86Software *software)
{
  return clock_ticks_read (clock_get_ticks (software->machine.clock));
}

uint64_t
x86_tsc_read (X86Cpu *cpu)
{
  return tsc_clock (cpu->software) + cpu->state.tsc_offset;
}

void
x86_tsc_write (X86Cpu *cpu, uint64_t value)
{
  uint64_t old = cpu->state.tsc_offset;

  cpu->state.tsc_offset = value - tsc_clock (cpu->software);
  cpu->state.tsc_adjust += cpu->state.tsc_offset - old;
}

/* Not before the counter shows it. */
static uint64_t
software_tsc_to_ns (void *data, unsigned index, uint64_t tsc)
{
  X86Software *software = data;
  uint64_t left = tsc - software->cpus[index]->state.tsc_offset - tsc_clock (software);
  uint64_t ns = clock_get_ns (software->machine.clock);

  /* What seems to lie in the far past was meant for the past. */
  if ((int64_t) left <= 0)
    return ns;
  return MIN (ns + clock_muldiv (left, NS_PER_MS, software->tsc_khz) + 1, (uint64_t) INT64_MAX);
}

/* What a local APIC does to its CPU and to the others. Lock held. */

static void
software_interrupt (void *data, unsigned index)
{
  x86_software_request (((X86Software *) data)->cpus[index], X86_REQUEST_INTERRUPT);
}

static void
software_nmi (void *data, unsigned index)
{
  X86Cpu *cpu = ((X86Software *) data)->cpus[index];

  atomic_fetch_add (&cpu->nmis, 1);
  x86_software_request (cpu, X86_REQUEST_NMI);
}

static void
software_init (void *data, unsigned index)
{
  X86Cpu *cpu = ((X86Software *) data)->cpus[index];

  /* A start-up message that came before is void. */
  atomic_fetch_and (&cpu->requests, ~(uint32_t) X86_REQUEST_SIPI);
  x86_software_request (cpu, X86_REQUEST_INIT);
}

static void
software_sipi (void *data, unsigned index, uint8_t vector)
{
  X86Cpu *cpu = ((X86Software *) data)->cpus[index];

  atomic_store (&cpu->sipi_vector, vector);
  x86_software_request (cpu, X86_REQUEST_SIPI);
}

static void
software_eoi (void *data, uint8_t vector)
{
  const AccelMachine *machine = &((X86Software *) data)->machine;

  if (machine->eoi != NULL)
    machine->eoi (machine->ioapic, vector);
}

/* The one of several targets that runs at the lowest priority. */
static X86Cpu *
lowest_priority (X86Software *software, uint32_t destination, bool logical)
{
  X86Cpu *best = NULL;

  for (unsigned i = 0; i < X86_MAX_CPUS; i++)
    {
      X86Cpu *cpu = software->cpus[i];

      if (cpu != NULL && lapic_is_enabled (cpu->lapic)
          && lapic_matches (cpu->lapic, destination, logical)
          && (best == NULL || lapic_get_ppr (cpu->lapic) < lapic_get_ppr (best->lapic)))
        best = cpu;
    }
  return best;
}

static void
deliver_message (X86Software *software, uint32_t destination, bool logical, unsigned mode,
                 uint8_t vector, bool level)
{
  if (mode == 1)
    {
      X86Cpu *cpu = lowest_priority (software, destination, logical);

      if (cpu != NULL)
        lapic_deliver (cpu->lapic, mode, vector, level);
      return;
    }
  for (unsigned i = 0; i < X86_MAX_CPUS; i++)
    if (software->cpus[i] != NULL && lapic_matches (software->cpus[i]->lapic, destination, logical))
      lapic_deliver (software->cpus[i]->lapic, mode, vector, level);
}

static void
software_send (void *data, unsigned index, uint64_t icr)
{
  X86Software *software = data;
  X86Cpu *sender = software->cpus[index];
  bool x2apic = (sender->state.lapic.base_msr & 1 << 10) != 0;
  unsigned mode = icr >> 8 & 7;
  unsigned shorthand = icr >> 18 & 3;

  if (shorthand == 0)
    {
      deliver_message (software, x2apic ? icr >> 32 : icr >> 56, icr >> 11 & 1, mode, icr & 0xff,
                       false);
      return;
    }
  for (unsigned i = 0; i < X86_MAX_CPUS; i++)
    {
      bool self = i == index;

      if (software->cpus[i] != NULL && (shorthand == 1 ? self : shorthand == 2 || !self))
        lapic_deliver (software->cpus[i]->lapic, mode, icr & 0xff, false);
    }
}

void
x86_software_send_msi (Accel *accel, uint64_t address, uint32_t data)
{
  uint32_t destination = address >> 12 & 0xff;

  if (destination == 0xff)
    destination = UINT32_MAX;
  deliver_message (software_of (accel), destination, address >> 2 & 1, data >> 8 & 7, data & 0xff,
                   data >> 15 & 1);
}

void
x86_software_set_intr (Accel *accel, bool level)
{
  X86Software *software = software_of (accel);

  atomic_store (&software->intr, level);
  if (!level)
    return;
  for (unsigned i = 0; i < X86_MAX_CPUS; i++)
    if (software->cpus[i] != NULL && lapic_accepts_extint (software->cpus[i]->lapic))
      x86_software_request (software->cpus[i], X86_REQUEST_INTERRUPT);
}

void
x86_software_pulse_nmi (Accel *accel)
{
  X86Software *software = software_of (accel);

  if (software->cpus[0] != NULL)
    lapic_pulse_lint1 (software->cpus[0]->lapic);
}

void
x86_software_pulse_init (Accel *accel)
{
  X86Software *software = software_of (accel);

  for (unsigned i = 0; i < X86_MAX_CPUS; i++)
    if (software->cpus[i] != NULL)
      software_init (software, i);
}

/* State in and out */

void
x86_cpu_sync_in (X86Cpu *cpu)
{
  x86_flags_set_status (cpu, cpu->state.rflags);
  cpu->insn = NULL;
  cpu->delivering = X86_EVENT_NONE;
  cpu->interrupt_waiting = false;
  cpu->watching = false;
  x86_mode_update (cpu);
  if ((cpu->state.cr0 & X86_CR0_PG) && (cpu->state.cr4 & X86_CR4_PAE) && !x86_in_long_mode (cpu))
    x86_mmu_load_pdptes (cpu, cpu->state.cr3);
  x86_mmu_flush (cpu, false);
  x86_debug_update (cpu);
  atomic_fetch_or (&cpu->requests, X86_REQUEST_LOCAL | X86_REQUEST_INTERRUPT);
}

void
x86_cpu_sync_out (X86Cpu *cpu)
{
  cpu->state.rflags = x86_flags_get (cpu);
  cpu->state.cr8 = lapic_get_cr8 (cpu->lapic);
}

/* State goes in and out with the machine lock held or not. */
static bool
lock_machine (X86Cpu *cpu)
{
  MachineLock *lock = cpu->software->machine.lock;
  bool held = machine_lock_is_held (lock);

  if (!held)
    machine_lock_acquire (lock);
  return !held;
}

static void
unlock_machine (X86Cpu *cpu, bool locked)
{
  if (locked)
    machine_lock_release (cpu->software->machine.lock);
}

static void
serve_init (X86Cpu *cpu)
{
  bool locked = lock_machine (cpu);

  x86_cpu_sync_out (cpu);
  x86_state_init (&cpu->state, cpu->index);
  lapic_init (cpu->lapic);
  unlock_machine (cpu, locked);
  x86_cpu_sync_in (cpu);
}

static void
serve_sipi (X86Cpu *cpu)
{
  uint8_t vector = atomic_load (&cpu->sipi_vector);

  if (cpu->state.activity != X86_WAIT_FOR_SIPI)
    return;
  cpu->state.seg[X86_CS].selector = vector << 8;
  cpu->state.seg[X86_CS].base = vector << 12;
  cpu->state.rip = 0;
  cpu->state.activity = X86_RUNNING;
  x86_mode_update (cpu);
}

/* One waits while another is served. Of two that came since the last block, a CPU that looks after
 * each instruction would have taken the first before the second. */
static void
count_nmis (X86Cpu *cpu)
{
  unsigned waiting = cpu->state.nmi_pending + atomic_exchange (&cpu->nmis, 0);

  cpu->state.nmi_pending = MIN (waiting, cpu->state.nmi_blocked ? 1 : 2);
}

/* What others asked of a CPU that was just leaving the guest is part of its state. */
static void
settle_requests (X86Cpu *cpu)
{
  const uint32_t settled = X86_REQUEST_INIT | X86_REQUEST_SIPI | X86_REQUEST_NMI;
  uint32_t requests = atomic_fetch_and (&cpu->requests, ~settled);

  if (requests & X86_REQUEST_INIT)
    serve_init (cpu);
  if (requests & X86_REQUEST_SIPI)
    serve_sipi (cpu);
  if (requests & X86_REQUEST_NMI)
    count_nmis (cpu);
}

void
x86_software_get_state (AccelVcpu *vcpu, X86State *state)
{
  X86Cpu *cpu = x86_software_get_cpu (vcpu);

  settle_requests (cpu);
  x86_cpu_sync_out (cpu);
  *state = cpu->state;
  state->tsc_khz = cpu->software->tsc_khz;
  /* Nobody else can tell when MWAIT is over; it may be at any time. */
  if (state->activity == X86_HALTED && cpu->monitor_waits)
    state->activity = X86_RUNNING;
}

/* Any will do: what a machine has learned of its TSC stays true. */
static void
set_tsc_rate (X86Software *software, uint64_t khz)
{
  if (khz == 0 || khz == software->tsc_khz)
    return;
  software->tsc_khz = khz;
  clock_ticks_set_rate (clock_get_ticks (software->machine.clock), khz);
}

bool
x86_software_set_state (AccelVcpu *vcpu, const X86State *state, GError **error)
{
  X86Cpu *cpu = x86_software_get_cpu (vcpu);
  bool locked;

  if (!x86_state_check_software (state, error))
    return false;
  cpu->state = *state;
  set_tsc_rate (cpu->software, state->tsc_khz);
  /* What the engine has to forget stays to be forgotten. */
  atomic_fetch_and (&cpu->requests, X86_REQUEST_CODE);
  atomic_store (&cpu->nmis, 0);
  cpu->monitor_waits = false;
  x86_cpu_sync_in (cpu);
  locked = lock_machine (cpu);
  lapic_restore (cpu->lapic);
  x86_kvmclock_update (cpu);
  if (cpu->synic != NULL)
    {
      x86_hyperv_update (cpu);
      x86_synic_restore (cpu);
    }
  unlock_machine (cpu, locked);
  return true;
}

/* Requests */

/* The vector of the interrupt to take now, or -1; *waiting when there is one. */
static int
take_interrupt (X86Cpu *cpu, bool allowed, bool *waiting)
{
  const AccelMachine *machine = &cpu->software->machine;
  int vector = -1;
  bool extint;

  machine_lock_acquire (machine->lock);
  extint = atomic_load (&cpu->software->intr) && lapic_accepts_extint (cpu->lapic);
  *waiting = extint || lapic_get_pending (cpu->lapic) >= 0;
  if (allowed && extint && machine->acknowledge_pic != NULL)
    vector = machine->acknowledge_pic (machine->pic);
  else if (allowed && *waiting)
    {
      vector = lapic_acknowledge (cpu->lapic);
      if (vector >= 0 && machine->taken != NULL)
        machine->taken (machine->isa_irq, vector);
    }
  machine_lock_release (machine->lock);
  return vector;
}

/* An event whose delivery was cut short under another accelerator. */
static void
serve_saved_event (X86Cpu *cpu)
{
  X86State *state = &cpu->state;

  state->event_pending = 0;
  if (state->event_type != X86_EVENT_EXCEPTION)
    x86_interrupt_deliver (cpu, state->event_vector, state->event_type);
  else if (state->event_vector == X86_PF)
    x86_raise_page_fault (cpu, state->cr2, state->event_code);
  else if (state->event_has_code)
    x86_raise_code (cpu, state->event_vector, state->event_code);
  else
    x86_raise (cpu, state->event_vector);
}

static void
serve_interrupts (X86Cpu *cpu, uint32_t requests)
{
  X86State *state = &cpu->state;

  if (requests & X86_REQUEST_NMI)
    count_nmis (cpu);
  if (state->nmi_pending && !state->nmi_blocked)
    {
      state->nmi_pending--;
      x86_software_request (cpu, X86_REQUEST_INTERRUPT);
      x86_interrupt_deliver (cpu, X86_NMI, X86_EVENT_NMI);
      return;
    }
  if (requests & X86_REQUEST_INTERRUPT)
    {
      int vector
        = take_interrupt (cpu, (state->rflags & X86_FLAG_IF) != 0, &cpu->interrupt_waiting);

      if (vector < 0)
        return;
      /* There may be another behind it. */
      atomic_fetch_or (&cpu->requests, X86_REQUEST_INTERRUPT);
      cpu->statistics[X86_STATISTIC_INTERRUPTS]++;
      x86_interrupt_deliver (cpu, vector, X86_EVENT_INTERRUPT);
    }
}

bool
x86_software_poll (X86Cpu *cpu, AccelExit *exit)
{
  const uint32_t events = X86_REQUEST_INTERRUPT | X86_REQUEST_NMI;
  bool shadow = cpu->state.interrupt_shadow != 0;
  /* X86_REQUEST_CODE is the engine's. */
  uint32_t requests = atomic_fetch_and (&cpu->requests, X86_REQUEST_CODE | (shadow ? events : 0));

  if (requests & X86_REQUEST_EXCLUSIVE)
    {
      x86_exclusive_wait (cpu);
      requests |= atomic_fetch_and (&cpu->requests, ~(uint32_t) X86_REQUEST_FLUSH_TLB)
                  & X86_REQUEST_FLUSH_TLB;
    }
  if (requests & X86_REQUEST_FLUSH_TLB)
    x86_mmu_flush (cpu, false);
  if (requests & X86_REQUEST_INIT)
    serve_init (cpu);
  if (requests & X86_REQUEST_SIPI)
    serve_sipi (cpu);
  if (requests & X86_REQUEST_KICK)
    {
      atomic_fetch_or (&cpu->requests, requests & events);
      *exit = ACCEL_EXIT_KICKED;
      return false;
    }
  if (cpu->state.activity == X86_WAIT_FOR_SIPI)
    {
      *exit = ACCEL_EXIT_HALTED;
      return false;
    }
  if (cpu->state.triple_fault)
    {
      cpu->state.triple_fault = 0;
      *exit = ACCEL_EXIT_SHUTDOWN;
      return false;
    }
  if (cpu->state.event_pending)
    serve_saved_event (cpu);
  else if (!shadow)
    serve_interrupts (cpu, requests);
  x86_monitor_poll (cpu);
  if (cpu->state.activity == X86_HALTED)
    {
      *exit = ACCEL_EXIT_HALTED;
      return false;
    }
  return true;
}

/* Life */

static void
software_map_changed (void *data)
{
  request_all (data, X86_REQUEST_FLUSH_TLB);
}

static void
software_dirty_taken (void *data, MemoryBlock *block)
{
  request_all (data, X86_REQUEST_FLUSH_TLB);
}

static void
software_code_overwritten (void *data, MemoryBlock *block, uint64_t page, unsigned offset,
                           unsigned length)
{
  static const MemoryCodeSet none;
  X86Software *software = data;

  if (software->engine->code_overwritten == NULL)
    memory_block_keep_code (block, page, &none);
  x86_monitor_wake (software, block, page);
  if (software->engine->code_overwritten == NULL)
    return;
  software->engine->code_overwritten (software, block, page, offset, length);
  request_all (software, X86_REQUEST_CODE);
}

static const MemoryListener software_listener = {
  .map_changed = software_map_changed,
  .dirty_taken = software_dirty_taken,
  .code_overwritten = software_code_overwritten,
};

Accel *
x86_software_open (const AccelMachine *machine, const AccelOps *ops, const X86Engine *engine,
                   GError **error)
{
  X86Software *software;

  if (!thunk_open (error))
    return NULL;
  software = g_new0 (X86Software, 1);
  software->accel.ops = ops;
  software->engine = engine;
  software->machine = *machine;
  if (!x86_cpuid_open (software, error))
    {
      g_free (software);
      return NULL;
    }
  software->n_cpus = cpu_topology_get_cpus (&machine->topology);
  software->tsc_khz = x86_cpuid_get_tsc_khz ();
  clock_ticks_set_rate (clock_get_ticks (machine->clock), software->tsc_khz);
  software->exclusive = x86_exclusive_new ();
  memory_add_listener (machine->memory, &software_listener, software);
  return &software->accel;
}

void
x86_software_close (Accel *accel)
{
  X86Software *software = software_of (accel);

  if (software == NULL)
    return;
  memory_remove_listener (software->machine.memory, software);
  if (software->engine->close != NULL)
    software->engine->close (software);
  x86_exclusive_free (software->exclusive);
  g_free (software);
}

AccelVcpu *
x86_software_vcpu_new (Accel *accel, unsigned index, GError **error)
{
  X86Software *software = software_of (accel);
  const LapicOps ops = { software_interrupt, software_nmi, software_init,      software_sipi,
                         software_send,      software_eoi, software_tsc_to_ns, software };
  X86Cpu *cpu;

  if (index >= X86_MAX_CPUS)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "The software CPU supports %u processors: give the machine fewer.",
                   X86_MAX_CPUS);
      return NULL;
    }
  /* Tables of an engine that are not used cost no memory. */
  cpu = mmap (NULL, software->engine->cpu_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
              -1, 0);
  g_assert (cpu != MAP_FAILED);
  cpu->software = software;
  cpu->index = index;
  cpu->vendor = x86_cpuid_get_vendor ();
  cpu->features = x86_features_of_table (&software->cpuid);
  x86_tlb_init (&cpu->tlb);
  cpu->clock_line = clock_ticks_get_line (clock_get_ticks (software->machine.clock));
  cpu->blocks = x86_block_cache_new ();
  cpu->lapic = lapic_new (index, &cpu->state.lapic, software->machine.clock, &ops);
  x86_state_reset (&cpu->state, index);
  cpu->state.lapic.id = cpu_topology_get_apic_id (&software->machine.topology, index);
  software->cpus[index] = cpu;
  if (software->machine.cpu.hyperv)
    cpu->synic = x86_synic_new (cpu);
  x86_cpu_sync_in (cpu);
  if (software->engine->cpu_added != NULL)
    software->engine->cpu_added (cpu);
  return (AccelVcpu *) cpu;
}

void
x86_software_vcpu_free (AccelVcpu *vcpu)
{
  X86Cpu *cpu = x86_software_get_cpu (vcpu);

  if (cpu == NULL)
    return;
  cpu->software->cpus[cpu->index] = NULL;
  if (cpu->software->engine->cpu_removed != NULL)
    cpu->software->engine->cpu_removed (cpu);
  x86_synic_free (cpu->synic);
  lapic_free (cpu->lapic);
  x86_block_cache_free (cpu->blocks);
  munmap (cpu, cpu->software->engine->cpu_size);
}

/* Whether the board has answered the CPU's shutdown cycle: it can go on. */
static bool
answer_shutdown (X86Cpu *cpu)
{
  const AccelMachine *machine = &cpu->software->machine;

  if (machine->shutdown == NULL)
    return false;
  TRACE ("cpu.shutdown", "CPU %u: triple fault", cpu->index);
  machine_lock_acquire (machine->lock);
  machine->shutdown (machine->chipset);
  machine_lock_release (machine->lock);
  return true;
}

AccelExit
x86_software_vcpu_run (AccelVcpu *vcpu, GError **error)
{
  X86Cpu *cpu = x86_software_get_cpu (vcpu);
  AccelExit exit;

  do
    {
      atomic_store (&cpu->sleeping, false);
      atomic_fetch_or (&cpu->requests, X86_REQUEST_LOCAL);
      x86_exclusive_enter (cpu);
      fpu_enter (cpu);
      exit = host_fault_run (cpu, error);
      fpu_leave (cpu);
      x86_exclusive_leave (cpu);
      if (exit == ACCEL_EXIT_HALTED)
        atomic_store (&cpu->sleeping, true);
      /* A request that came before the line above woke nobody. */
    }
  while ((exit == ACCEL_EXIT_SHUTDOWN && answer_shutdown (cpu))
         || (exit == ACCEL_EXIT_HALTED
             && (atomic_load (&cpu->requests)
                 & ~(uint32_t) (X86_REQUEST_LOCAL | X86_REQUEST_EXCLUSIVE))));
  return exit;
}

void
x86_software_vcpu_kick (AccelVcpu *vcpu)
{
  atomic_fetch_or (&x86_software_get_cpu (vcpu)->requests, X86_REQUEST_KICK);
}

void
x86_software_get_statistics (Accel *accel, GVariantBuilder *builder)
{
  static const char *const names[X86_N_STATISTICS] = { "interrupts", "page-walks" };
  X86Software *software = software_of (accel);
  uint64_t instructions = 0;
  uint64_t totals[X86_N_STATISTICS] = { 0 };

  for (unsigned i = 0; i < X86_MAX_CPUS; i++)
    {
      if (software->cpus[i] == NULL)
        continue;
      instructions += software->cpus[i]->instructions;
      for (unsigned n = 0; n < X86_N_STATISTICS; n++)
        totals[n] += software->cpus[i]->statistics[n];
    }
  g_variant_builder_add (builder, "{st}", "instructions", instructions);
  for (unsigned n = 0; n < X86_N_STATISTICS; n++)
    g_variant_builder_add (builder, "{st}", names[n], totals[n]);
  if (software->engine->add_statistics != NULL)
    software->engine->add_statistics (software, builder);
}

/* What all CPUs keep of decoded code together. */
#define DECODED_DEFAULT_SIZE (64u << 20)
#define DECODED_LEAST_SIZE (512u << 10)

static void
interpreter_cpu_added (X86Cpu *cpu)
{
  const AccelMachine *machine = &cpu->software->machine;
  const size_t size
    = machine->code_cache_size != 0 ? machine->code_cache_size : DECODED_DEFAULT_SIZE;

  x86_block_cache_limit (cpu->blocks, MAX (size / cpu->software->n_cpus, DECODED_LEAST_SIZE));
}

static const X86Engine interpreter_engine = {
  .cpu_size = sizeof (X86Cpu),
  .run = x86_interpreter_run,
  .cpu_added = interpreter_cpu_added,
};

static Accel *
interpreter_open (const AccelMachine *machine, GError **error)
{
  return x86_software_open (machine, &software_accel_ops, &interpreter_engine, error);
}

const AccelOps software_accel_ops = {
  .name = "interpreter",
  .open = interpreter_open,
  X86_SOFTWARE_OPS,
};
