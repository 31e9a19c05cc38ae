/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The run loop: from block to block, and what translated code cannot do itself. */
#include "run.h"

#include <asm/prctl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "translator.h"
#include "vmm-core/x86/block.h"
#include "vmm-core/x86/fpu-unit.h"
#include "vmm-core/x86/interpreter.h"
#include "vmm-core/x86/mmu.h"
#include "vmm-core/x86/opcode.h"
#include "vmm-core/x86/segment.h"

/* For what is not translated: little of it runs again. */
#define INTERPRETER_CACHE_SIZE (512u << 10)
#define STACK_ADDRESS ((1ull << 48) - 1) /* of X86Cpu.leave_below */

static TranslatorCpu *
translator_cpu (X86Cpu *cpu)
{
  return (TranslatorCpu *) cpu;
}

static uint32_t
current_key (const X86Cpu *cpu)
{
  const X86State *state = &cpu->state;
  bool switched = (state->cr0 & X86_CR0_TS) != 0;
  bool emulated = (state->cr0 & X86_CR0_EM) != 0;
  unsigned view = (unsigned) ((cpu->view - cpu->tlb.view[0]) / X86_TLB_ENTRIES);
  uint32_t key = cpu->mode | TRANSLATOR_KEY_VALID | view << TRANSLATOR_VIEW_SHIFT;

  /* 64-bit code does not look at SS.B, which is another after an interrupt than after SYSCALL. */
  if (key & X86_MODE_CODE64)
    key &= ~(uint32_t) X86_MODE_STACK32;
  if (switched || emulated || (state->fpu.control & FPU_EXCEPTIONS) != FPU_EXCEPTIONS)
    key |= TRANSLATOR_NO_X87;
  if (switched || emulated || !(state->cr4 & X86_CR4_OSFXSR))
    key |= TRANSLATOR_NO_SSE;
  if (switched || !(state->cr4 & X86_CR4_OSXSAVE) || (state->xcr0 & 6) != 6)
    key |= TRANSLATOR_NO_AVX;
  if ((state->mxcsr & FPU_MXCSR_DEFAULT) != FPU_MXCSR_DEFAULT)
    key |= TRANSLATOR_SIMD_EXACT;
  if ((state->cr4 & X86_CR4_SMAP) && cpu->cpl != 3)
    key |= TRANSLATOR_SMAP;
  return key;
}

/* What blocks are not made for: alignment checks, and code segments shorter than RIP can reach. */
static bool
must_interpret (const X86Cpu *cpu)
{
  const X86State *state = &cpu->state;

  if (cpu->cpl == 3 && (state->rflags & X86_FLAG_AC) && (state->cr0 & X86_CR0_AM))
    return true;
  if (cpu->mode & X86_MODE_CODE64)
    return false;
  return state->seg[X86_CS].limit < (cpu->mode & X86_MODE_CODE32 ? UINT32_MAX : 0xffff);
}

/* The stack of pairs */

static void
set_empty_stack (TranslatorCpu *cpu, TranslatorSet *set)
{
  set->stack = set->stack_memory + TRANSLATOR_STACK_TOP;
  if (cpu->key != 0 && set == &cpu->sets[translator_view_of_key (cpu->key)])
    cpu->stack = set->stack;
}

static void
clear_jumps (TranslatorSet *set)
{
  memset (set->jumps, 0, sizeof set->jumps);
  /* No RIP with this index is 1. */
  set->jumps[0].rip = 1;
}

/* Jumps lead to guards, which look at pages. */
static void
clear_pages (TranslatorCpu *cpu, TranslatorSet *set)
{
  memset (set->pages, 0, sizeof set->pages);
  set->all_global = true;
  set_empty_stack (cpu, set);
}

static void
choose_set (TranslatorCpu *cpu, unsigned view)
{
  TranslatorSet *set = &cpu->sets[view];
  const uint64_t limit = (uintptr_t) set->stack_memory + TRANSLATOR_STACK_LIMIT;

  cpu->stack = set->stack;
  cpu->stack_top = set->stack_memory + TRANSLATOR_STACK_TOP;
  cpu->cpu.stack_limit_low = limit;
  cpu->cpu.stack_limit_high = limit >> 32;
}

/* Brings what translated code relies on up to date: tables, stacks, the key. */
static void
prepare (TranslatorCpu *cpu, BlockCache *cache)
{
  uint32_t generation = block_cache_get_generation (cache);
  uint32_t drops = block_cache_get_drops (cache);
  uint32_t key = current_key (&cpu->cpu);
  X86Tlb *tlb = &cpu->cpu.tlb;

  if (G_UNLIKELY (cpu->generation != generation))
    {
      for (unsigned view = 0; view < X86_N_VIEWS; view++)
        {
          clear_jumps (&cpu->sets[view]);
          clear_pages (cpu, &cpu->sets[view]);
        }
      memset (cpu->decoded_sites, 0, sizeof cpu->decoded_sites);
      cpu->generation = generation;
    }
  if (G_UNLIKELY (cpu->drops != drops))
    {
      /* Pairs of return addresses may lead into what is gone. */
      for (unsigned view = 0; view < X86_N_VIEWS; view++)
        set_empty_stack (cpu, &cpu->sets[view]);
      cpu->drops = drops;
    }
  if (G_UNLIKELY (cpu->flushes != tlb->flushes))
    {
      /* STAC and CLAC go from one of the supervisor's sets to the other without a guard. */
      bool all_global
        = cpu->sets[X86_VIEW_SUPERVISOR].all_global && cpu->sets[X86_VIEW_SUPERVISOR_AC].all_global;

      for (unsigned view = 0; view < X86_N_VIEWS; view++)
        if (cpu->full_flushes != tlb->full_flushes || !cpu->sets[view].all_global
            || (view != X86_VIEW_USER && !all_global))
          clear_pages (cpu, &cpu->sets[view]);
      cpu->flushes = tlb->flushes;
      cpu->full_flushes = tlb->full_flushes;
    }
  if (G_UNLIKELY (cpu->key != key))
    {
      unsigned view = translator_view_of_key (key);

      if (cpu->key != 0)
        cpu->sets[translator_view_of_key (cpu->key)].stack = cpu->stack;
      cpu->key = 0;
      if (cpu->sets[view].key != key)
        clear_pages (cpu, &cpu->sets[view]);
      cpu->sets[view].key = key;
      choose_set (cpu, view);
      cpu->key = key;
    }
  if (G_UNLIKELY ((uintptr_t) cpu->stack < (cpu->cpu.leave_below & STACK_ADDRESS)))
    set_empty_stack (cpu, &cpu->sets[translator_view_of_key (key)]);
}

/* The mode is that of the site's block, in which it could be decoded before. */
static const X86Insn *
find_decoded (TranslatorCpu *cpu, TranslatorSite site)
{
  const TranslatorBlock *block = translator_site_get_block (site);
  unsigned n = translator_decoded_index (site);
  X86Insn *insn = &cpu->decoded[n];
  X86Flow flow;

  if (cpu->decoded_sites[n] == site)
    return insn;
  insn->offset = translator_site_get_offset (site);
  cpu->decoded_sites[n] = 0;
  if (x86_decode (&cpu->cpu, block->bytes + insn->offset,
                  MIN (block->length - insn->offset, X86_MAX_LENGTH), insn, &flow)
      != X86_DECODE_OK)
    x86_raise (&cpu->cpu, X86_UD);
  cpu->decoded_sites[n] = site;
  return insn;
}

/* Returns the RIP behind the instruction. */
static uint64_t
interpret (TranslatorCpu *cpu, TranslatorSite site)
{
  X86Cpu *x86 = &cpu->cpu;
  const X86Insn *insn = find_decoded (cpu, site);
  uint64_t next;

  cpu->running = insn;
  x86->block_rip = translator_site_get_block (site)->rip;
  next = x86->state.rip = x86_next_rip (x86, insn);
  if (site >> 63)
    cpu->statistics.slow_accesses++;
  else
    cpu->statistics.opcodes[insn->map & (STATISTICS_MAPS - 1)][insn->opcode]++;
  x86->instructions++;
  x86->insn = insn;
  insn->exec (x86, insn);
  x86->insn = NULL;
  if (insn->attributes & X86_OP_FPU)
    fpu_unit_gather_mxcsr (x86);
  return next;
}

uint32_t
translator_interpret (TranslatorCpu *cpu, TranslatorSite site)
{
  BlockCache *cache = cpu->cpu.software->engine_data;
  uint64_t next;

  cpu->page_flushed = false;
  next = interpret (cpu, site);
  /* The slots that runs in the block rely on must be the same: flushes tells of this CPU's doing,
   * requests of those that it waited for. */
  return cpu->cpu.state.rip == next && !(cpu->running->attributes & X86_OP_BRANCH)
         && !cpu->page_flushed && cpu->flushes == cpu->cpu.tlb.flushes
         && atomic_load_explicit (&cpu->cpu.requests, memory_order_relaxed) == 0
         && cpu->generation == block_cache_get_generation (cache)
         && cpu->drops == block_cache_get_drops (cache) && cpu->key == current_key (&cpu->cpu)
         && !must_interpret (&cpu->cpu) && !x86_interpreter_must_step (&cpu->cpu);
}

void
translator_read_tsc (TranslatorCpu *cpu)
{
  uint64_t tsc = x86_tsc_read (&cpu->cpu);

  cpu->cpu.state.gpr[X86_RAX] = (uint32_t) tsc;
  cpu->cpu.state.gpr[X86_RDX] = tsc >> 32;
}

static SlowPath
slow_path_of (X86FillResult result)
{
  return result == X86_FILL_FAULT    ? SLOW_FAULT
         : result == X86_FILL_DEVICE ? SLOW_DEVICE
                                     : SLOW_WATCHED;
}

/* page: where linear's page is in the host. */
static uint32_t
fill_is_ready (TranslatorCpu *cpu, uint64_t linear, StubsLead lead, uintptr_t page)
{
  cpu->scratch = lead == STUBS_FAR ? linear & 4095 : linear;
  cpu->fill_look = lead == STUBS_FAR ? page : page - (linear & ~4095ull);
  return TRANSLATOR_FILL_READY;
}

uint32_t
translator_fill (TranslatorCpu *cpu, uint64_t linear, TranslatorFill fill)
{
  const X86TlbEntry *entry = &cpu->cpu.view[x86_tlb_index (linear)];
  const bool write = fill.what == X86_FILL_FOR_WRITE;
  const uint8_t *page = write ? x86_mmu_find_beside_code (&cpu->cpu, linear, fill.size) : NULL;
  X86FillResult result;

  if (page != NULL)
    {
      cpu->statistics.beside_code++;
      return fill_is_ready (cpu, linear, fill.lead, (uintptr_t) page);
    }
  cpu->statistics.fills++;
  result = fill.what > X86_FILL_FOR_WRITE && x86_mmu_is_shared (&cpu->cpu, linear)
             ? X86_FILL_WATCHED /* each store by itself may be none to code */
             : x86_mmu_try_fill (&cpu->cpu, linear, fill.what);
  if (result == X86_FILL_DONE)
    return fill.lead == STUBS_DIRECT
             ? fill_is_ready (cpu, linear, STUBS_DIRECT, (linear & ~4095ull) + entry->addend)
             : TRANSLATOR_FILL_DONE;
  if (write && result == X86_FILL_WATCHED)
    page = x86_mmu_find_beside_code (&cpu->cpu, linear, fill.size);
  if (page != NULL)
    return fill_is_ready (cpu, linear, fill.lead, (uintptr_t) page);
  cpu->statistics.slow[slow_path_of (result)]++;
  return TRANSLATOR_FILL_FAILED;
}

void
translator_sample (TranslatorCpu *cpu)
{
  TranslatorStatistics *statistics = &cpu->statistics;

  statistics->slot_refills += LOOKUPS_PERIOD;
  statistics->refills_left = LOOKUPS_PERIOD;
  /* The call's return address. */
  block_cache_note_miss (cpu->cpu.software->engine_data, cpu,
                         *(const uint8_t *const *) (uintptr_t) cpu->resume_rsp,
                         cpu->sampled_slot & 255, cpu->sampled_slot >> 8);
}

/* Finds the block at state.rip and makes it known to indirect branches; one without runs is only
 * for the exit of a run. */
static TranslatorBlock *
find_block (TranslatorCpu *cpu, BlockCache *cache, const TranslatorExit *pending)
{
  X86Cpu *x86 = &cpu->cpu;
  uint64_t rip = x86->state.rip;
  TranslatorSet *set = &cpu->sets[translator_view_of_key (cpu->key)];
  TranslatorJump *jump = &set->jumps[translator_jump_index (rip)];
  uint64_t linear_page;
  uint32_t no_runs = pending != NULL ? pending->key & TRANSLATOR_NO_RUNS : 0;
  bool global = false;
  TranslatorBlock *block;

  block = block_cache_get (cache, cpu, cpu->key | no_runs, &global);
  /* Making it may have emptied the cache for others, too. */
  if (block == NULL || cpu->generation != block_cache_get_generation (cache)
      || cpu->drops != block_cache_get_drops (cache))
    return NULL;
  linear_page = (x86->state.seg[X86_CS].base + rip) >> 12;
  for (unsigned n = 0; n < 2 && block->page_id[n] != 0; n++)
    set->pages[translator_page_index (linear_page + n)] = block->page_id[n];
  set->all_global &= global;
  if ((cpu->key & X86_MODE_FLAT) && pending == NULL)
    {
      jump->rip = rip;
      jump->entry = block->guard;
    }
  return block;
}

/* The guarded entry of the block at state.rip, if indirect branches know it. Where the guard leaves
 * at once, find_block has to look. */
static const uint8_t *
find_entry (TranslatorCpu *cpu)
{
  uint64_t rip = cpu->cpu.state.rip;
  const TranslatorSet *set = &cpu->sets[translator_view_of_key (cpu->key)];
  const TranslatorJump *jump = &set->jumps[translator_jump_index (rip)];

  return jump->rip == rip && (cpu->key & X86_MODE_FLAT) ? jump->entry : NULL;
}

/* Runs translated code until it leaves, and what it left to be interpreted. Returns the exit that
 * is to be linked, if it left by one; *onward: RIP is behind an instruction that was run. */
static TranslatorExit *
enter_code (TranslatorCpu *cpu, const Stubs *stubs, const uint8_t *entry, bool *onward)
{
  uintptr_t result;
  TranslatorExit *exit;

  cpu->statistics.entries++;
  result = stubs->enter (entry);
  *onward = (result & TRANSLATOR_SITE_TAG) != 0;
  if (*onward)
    {
      interpret (cpu, result & ~(uint64_t) TRANSLATOR_SITE_TAG);
      return NULL;
    }
  exit = (TranslatorExit *) result;
  if (exit != NULL)
    cpu->cpu.state.rip = exit->rip;
  return exit;
}

static AccelExit
run_blocks (TranslatorCpu *cpu, BlockCache *cache)
{
  const Stubs *stubs = block_cache_get_stubs (cache);
  X86Cpu *x86 = &cpu->cpu;
  TranslatorExit *pending = NULL;
  bool onward = false;
  AccelExit exit;

  for (;;)
    {
      uint32_t generation;
      const uint8_t *entry;
      TranslatorBlock *block;

      if (G_UNLIKELY (atomic_load_explicit (&x86->requests, memory_order_relaxed) != 0))
        {
          if (atomic_load (&x86->requests) & X86_REQUEST_CODE)
            {
              atomic_fetch_and (&x86->requests, ~(uint32_t) X86_REQUEST_CODE);
              block_cache_drop_overwritten (cache, cpu);
            }
          if (!x86_software_poll (x86, &exit))
            return exit;
          pending = NULL;
        }
      if (G_UNLIKELY (x86_interpreter_must_step (x86)))
        {
          x86_interpreter_step (x86);
          fpu_unit_gather_mxcsr (x86);
          pending = NULL;
          continue;
        }
      prepare (cpu, cache);
      generation = cpu->generation;
      block = NULL;
      if (!must_interpret (x86))
        {
          entry = onward ? find_entry (cpu) : NULL;
          if (entry != NULL)
            {
              pending = enter_code (cpu, stubs, entry, &onward);
              continue;
            }
          block = find_block (cpu, cache, pending);
        }
      if (G_UNLIKELY (block == NULL))
        {
          if (generation == block_cache_get_generation (cache)
              && cpu->drops == block_cache_get_drops (cache))
            {
              cpu->statistics.untranslated++;
              x86_interpreter_block (x86);
              x86_block_set_running (x86, NULL);
              fpu_unit_gather_mxcsr (x86);
            }
          pending = NULL;
          continue;
        }
      if (pending != NULL)
        block_cache_link (cache, pending, block);
      pending = enter_code (cpu, stubs, translator_block_get_entry (block), &onward);
    }
}

bool
translator_run_block (X86Cpu *x86)
{
  TranslatorCpu *cpu = translator_cpu (x86);
  BlockCache *cache = x86->software->engine_data;
  const TranslatorExit *pending = NULL;
  TranslatorBlock *block;
  TranslatorSet *set;
  unsigned jump;
  bool onward;

  /* A run that is not in one page has done nothing yet. */
  do
    {
      prepare (cpu, cache);
      jump = translator_jump_index (x86->state.rip);
      block = must_interpret (x86) ? NULL : find_block (cpu, cache, pending);
      if (block == NULL)
        return false;
      set = &cpu->sets[translator_view_of_key (cpu->key)];
      set->jumps[jump].rip = jump == 0;
      set_empty_stack (cpu, set);
      pending = enter_code (cpu, block_cache_get_stubs (cache), translator_block_get_entry (block),
                            &onward);
    }
  while (pending != NULL && (pending->key & TRANSLATOR_NO_RUNS));
  return true;
}

/* Translated code has no room on its stack for signals; the process's other threads take them. What
 * a faulting instruction raises stays. */
static void
block_signals (sigset_t *before)
{
  static const int faults[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT };
  sigset_t blocked;

  sigfillset (&blocked);
  for (unsigned i = 0; i < G_N_ELEMENTS (faults); i++)
    sigdelset (&blocked, faults[i]);
  pthread_sigmask (SIG_SETMASK, &blocked, before);
}

static AccelExit
run_thread (X86Cpu *x86)
{
  TranslatorCpu *cpu = translator_cpu (x86);

  syscall (SYS_arch_prctl, ARCH_SET_GS, cpu);
  x86_block_set_running (x86, NULL);
  if (sigsetjmp (x86->escape, 0) != 0)
    {
      bool alive = x86_interpreter_land (x86);

      x86_block_set_running (x86, NULL);
      if (!alive)
        return ACCEL_EXIT_SHUTDOWN;
    }
  return run_blocks (cpu, x86->software->engine_data);
}

static AccelExit
translator_run (X86Cpu *x86, GError **error)
{
  sigset_t before;
  AccelExit exit;

  block_signals (&before);
  exit = run_thread (x86);
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  return exit;
}

/* Life */

static void
translator_cpu_added (X86Cpu *x86)
{
  TranslatorCpu *cpu = translator_cpu (x86);
  BlockCache *cache = x86->software->engine_data;

  x86_block_cache_limit (x86->blocks, INTERPRETER_CACHE_SIZE);
  cpu->self = cpu;
  cpu->host_mxcsr = FPU_MXCSR_DEFAULT;
  cpu->statistics.refills_left = LOOKUPS_PERIOD;
  for (unsigned view = 0; view < X86_N_VIEWS; view++)
    {
      uint8_t *memory = g_malloc0 (TRANSLATOR_STACK_SIZE);
      uint64_t *bottom = (uint64_t *) (memory + TRANSLATOR_STACK_TOP);

      bottom[0] = (uintptr_t) block_cache_get_stubs (cache)->bottom;
      bottom[1] = X86_TLB_NOWHERE;
      cpu->sets[view].stack_memory = memory;
      cpu->sets[view].jumps[0].rip = 1;
      clear_pages (cpu, &cpu->sets[view]);
    }
  cpu->generation = block_cache_get_generation (cache);
}

static void
translator_cpu_removed (X86Cpu *x86)
{
  for (unsigned view = 0; view < X86_N_VIEWS; view++)
    g_free (translator_cpu (x86)->sets[view].stack_memory);
}

/* A page that has run may be among the pairs. */
static void
translator_page_flushed (X86Cpu *x86, uint64_t linear)
{
  TranslatorCpu *cpu = translator_cpu (x86);

  for (unsigned view = 0; view < X86_N_VIEWS; view++)
    {
      uint32_t *page = &cpu->sets[view].pages[translator_page_index (linear >> 12)];

      if (*page != 0)
        {
          set_empty_stack (cpu, &cpu->sets[view]);
          cpu->page_flushed = true;
        }
      *page = 0;
    }
}

static bool
translator_owns (const X86Software *software, uintptr_t code)
{
  return block_cache_owns (software->engine_data, code);
}

/* A block, or what it called: then it is named by return addresses. */
static void
translator_locate (X86Cpu *x86, uintptr_t code, uintptr_t stack, uint64_t *rip)
{
  TranslatorCpu *cpu = translator_cpu (x86);
  BlockCache *cache = x86->software->engine_data;
  const uintptr_t memory = (uintptr_t) cpu->sets[translator_view_of_key (cpu->key)].stack_memory;
  const uintptr_t top = block_cache_owns (cache, code) ? stack : cpu->resume_rsp;
  bool found = block_cache_locate (cache, code, rip);

  for (unsigned n = 0; n < 2 && !found && top - memory < TRANSLATOR_STACK_TOP; n++)
    found = block_cache_locate (cache, ((const uintptr_t *) top)[n], rip);
}

static void
translator_close (X86Software *software)
{
  block_cache_free (software->engine_data);
}

static void
translator_code_overwritten (X86Software *software, MemoryBlock *block, uint64_t page,
                             unsigned offset, unsigned length)
{
  block_cache_note_overwritten (software->engine_data, block, page, offset, length);
}

static void
translator_add_statistics (X86Software *software, GVariantBuilder *builder)
{
  TranslatorStatistics sum = { 0 };
  uint64_t flushes = 0;

  for (unsigned i = 0; i < X86_MAX_CPUS; i++)
    if (software->cpus[i] != NULL)
      {
        statistics_sum (&sum, &translator_cpu (software->cpus[i])->statistics);
        flushes += software->cpus[i]->tlb.flushes;
      }
  block_cache_add_statistics (software->engine_data, builder);
  g_variant_builder_add (builder, "{st}", "tlb-flushes", flushes);
  statistics_add_to (&sum, builder);
}

static const X86Engine translator_engine = {
  .cpu_size = sizeof (TranslatorCpu),
  .run = translator_run,
  .cpu_added = translator_cpu_added,
  .cpu_removed = translator_cpu_removed,
  .close = translator_close,
  .page_flushed = translator_page_flushed,
  .code_overwritten = translator_code_overwritten,
  .owns = translator_owns,
  .locate = translator_locate,
  .add_statistics = translator_add_statistics,
};

static Accel *
translator_open (const AccelMachine *machine, GError **error)
{
  Accel *accel = x86_software_open (machine, &translator_accel_ops, &translator_engine, error);
  X86Software *software = (X86Software *) accel;

  if (accel == NULL)
    return NULL;
  software->engine_data = block_cache_new (
    software, machine->code_cache_size != 0 ? machine->code_cache_size : CODE_CACHE_DEFAULT_SIZE,
    error);
  if (software->engine_data == NULL)
    {
      x86_software_close (accel);
      return NULL;
    }
  return accel;
}

void
translator_set_options (Accel *accel, unsigned options)
{
  block_cache_set_options (((X86Software *) accel)->engine_data, options);
}

const AccelOps translator_accel_ops = {
  .name = "translator",
  .open = translator_open,
  X86_SOFTWARE_OPS,
};
