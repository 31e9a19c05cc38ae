/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host-fault.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <ucontext.h>

#include "fpu-unit.h"
#include "mmu.h"
#include "software.h"
#include "thunk.h"
#include "vmm-core/memory.h"

#define BYTES_SHOWN 16

static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP };

/* What the host raised, and where. */
typedef struct
{
  int number;
  uintptr_t code, stack, address;
} Fault;

/* A CPU that runs. */
typedef struct
{
  X86Cpu *cpu;
  sigjmp_buf escape;
  Fault fault;
} Guard;

static __thread Guard *current;
static struct sigaction before[G_N_ELEMENTS (signals)];

static bool
is_in_guest (const Guard *guard, const Fault *fault)
{
  const X86Software *software = guard->cpu->software;

  if (thunk_is_code (fault->code)
      || (software->engine->owns != NULL && software->engine->owns (software, fault->code)))
    return true;
  return (fault->number == SIGSEGV || fault->number == SIGBUS)
         && memory_find_host (software->machine.memory, fault->address) != NULL;
}

/* The instruction runs again, and what it raises is met as if this file were not there. */
static void
pass_on (int number, const siginfo_t *info)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (signals); i++)
    if (signals[i] == number)
      sigaction (number, &before[i], NULL);
  if (info->si_code <= 0)
    raise (number);
}

static void
meet (int number, siginfo_t *info, void *data)
{
  const ucontext_t *context = data;
  Guard *guard = current;

  if (number == SIGFPE && thunk_leave_by_exception (data))
    return;
  if (guard != NULL && info->si_code > 0)
    {
      const Fault fault = { .number = number,
                            .code = (uintptr_t) context->uc_mcontext.gregs[REG_RIP],
                            .stack = (uintptr_t) context->uc_mcontext.gregs[REG_RSP],
                            .address = (uintptr_t) info->si_addr };

      if (is_in_guest (guard, &fault))
        {
          guard->fault = fault;
          siglongjmp (guard->escape, 1);
        }
    }
  pass_on (number, info);
}

void
host_fault_catch (void)
{
  static gsize once;

  if (g_once_init_enter (&once))
    {
      /* Translated code's stack is its own. */
      struct sigaction action
        = { .sa_sigaction = meet, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };

      sigemptyset (&action.sa_mask);
      for (unsigned i = 0; i < G_N_ELEMENTS (signals); i++)
        sigaction (signals[i], &action, &before[i]);
      g_once_init_leave (&once, 1);
    }
}

/* What the CPU held when it was torn away from the guest. */
static void
release (X86Cpu *cpu)
{
  MachineLock *lock = cpu->software->machine.lock;

  fpu_unit_set_mxcsr (cpu, cpu->state.mxcsr);
  if (lock != NULL && machine_lock_is_held (lock))
    machine_lock_release (lock);
  x86_exclusive_give_up (cpu);
}

/* The guest's code at rip. Nothing can be read where the guest's memory is what is gone. */
static unsigned
read_code (Guard *guard, uint64_t rip, uint8_t bytes[BYTES_SHOWN])
{
  X86Cpu *cpu = guard->cpu;
  volatile unsigned n = 0;
  uint64_t physical;

  if (sigsetjmp (guard->escape, 1) == 0
      && x86_mmu_peek (cpu, (cpu->state.seg[X86_CS].base + rip) & cpu->linear_mask, &physical)
      && memory_read (cpu->software->machine.memory, physical, bytes,
                      MIN (BYTES_SHOWN, 4096 - (physical & 4095))))
    n = MIN (BYTES_SHOWN, 4096 - (physical & 4095));
  return n;
}

static char *
describe_code (Guard *guard, const Fault *fault)
{
  X86Cpu *cpu = guard->cpu;
  const X86Engine *engine = cpu->software->engine;
  GString *text = g_string_new (NULL);
  uint64_t rip = cpu->state.rip;
  uint8_t bytes[BYTES_SHOWN];
  unsigned n;

  if (cpu->insn != NULL)
    rip = x86_insn_rip (cpu, cpu->insn);
  else if (engine->locate != NULL)
    engine->locate (cpu, fault->code, fault->stack, &rip);
  n = read_code (guard, rip, bytes);
  g_string_append_printf (text, "%04x:%" PRIx64, cpu->state.seg[X86_CS].selector, rip);
  for (unsigned i = 0; i < n; i++)
    g_string_append_printf (text, "%s%02x", i == 0 ? " (" : " ", bytes[i]);
  if (n > 0)
    g_string_append_c (text, ')');
  return g_string_free (text, FALSE);
}

static void
set_error (Guard *guard, GError **error)
{
  X86Cpu *cpu = guard->cpu;
  const Fault fault = guard->fault;
  const MemoryBlock *block = memory_find_host (cpu->software->machine.memory, fault.address);
  const unsigned bits = x86_is_code64 (cpu) ? 64 : cpu->mode & X86_MODE_CODE32 ? 32 : 16;
  g_autofree char *code = describe_code (guard, &fault);

  if (block != NULL && (fault.number == SIGSEGV || fault.number == SIGBUS))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                 _ ("The host took memory “%s” of the machine away (SIG%s), which the guest's "
                    "%u-bit code at %s needs: start the machine anew, with less memory if the "
                    "host has too little."),
                 memory_block_get_name (block), sigabbrev_np (fault.number), bits, code);
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                 _ ("The software CPU failed (SIG%s) over the guest's %u-bit code at %s: start the "
                    "machine anew, if need be with the accelerator “interpreter”, and report "
                    "this sentence."),
                 sigabbrev_np (fault.number), bits, code);
  cpu->insn = NULL;
}

AccelExit
host_fault_run (X86Cpu *cpu, GError **error)
{
  const stack_t stack = { .ss_sp = cpu->signal_stack, .ss_size = sizeof cpu->signal_stack };
  Guard guard = { .cpu = cpu };
  AccelExit exit = ACCEL_EXIT_FAILED;
  stack_t stack_before;

  sigaltstack (&stack, &stack_before);
  current = &guard;
  if (sigsetjmp (guard.escape, 1) == 0)
    exit = cpu->software->engine->run (cpu, error);
  else
    {
      release (cpu);
      set_error (&guard, error);
    }
  current = NULL;
  sigaltstack (&stack_before, NULL);
  return exit;
}
