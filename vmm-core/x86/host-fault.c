/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host-fault.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "fpu-unit.h"
#include "mmu.h"
#include "software.h"
#include "thunk.h"
#include "vmm-core/host-guard.h"

#define BYTES_SHOWN 16

/* A CPU that runs. */
typedef struct
{
  HostGuard host; /* first */
  X86Cpu *cpu;
} Guard;

static bool
claims_code (const HostGuard *guard, const HostFault *fault)
{
  const X86Software *software = ((const Guard *) guard)->cpu->software;

  return thunk_is_code (fault->code)
         || (software->engine->owns != NULL && software->engine->owns (software, fault->code));
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

static unsigned
code_bits (const X86Cpu *cpu)
{
  return x86_is_code64 (cpu) ? 64 : cpu->mode & X86_MODE_CODE32 ? 32 : 16;
}

/* The guest's code at rip. Nothing can be read where the guest's memory is what is gone. */
static unsigned
read_code (X86Cpu *cpu, uint64_t rip, uint8_t bytes[BYTES_SHOWN])
{
  HostGuard guard = { .memory = cpu->software->machine.memory };
  volatile unsigned n = 0;
  uint64_t physical;

  if (!host_guard_enter (&guard))
    return 0;
  if (x86_mmu_peek (cpu, (cpu->state.seg[X86_CS].base + rip) & cpu->linear_mask, &physical)
      && memory_read (cpu->software->machine.memory, physical, bytes,
                      MIN (BYTES_SHOWN, 4096 - (physical & 4095))))
    n = MIN (BYTES_SHOWN, 4096 - (physical & 4095));
  host_guard_leave (&guard);
  return n;
}

/* The interpreter knows its instruction. What translated code was at is known by the block. */
static char *
describe_code (X86Cpu *cpu, const HostFault *fault)
{
  const X86Engine *engine = cpu->software->engine;
  GString *text = g_string_new (NULL);
  uint64_t rip = cpu->state.rip;
  uint8_t bytes[BYTES_SHOWN];
  unsigned n;

  if (cpu->insn != NULL)
    rip = x86_insn_rip (cpu, cpu->insn);
  else if (engine->locate != NULL)
    engine->locate (cpu, fault->code, fault->stack, &rip);
  n = read_code (cpu, rip, bytes);
  g_string_append_printf (text, "%04x:%" PRIx64, cpu->state.seg[X86_CS].selector, rip);
  for (unsigned i = 0; i < n; i++)
    g_string_append_printf (text, "%s%02x", i == 0 ? " (" : " ", bytes[i]);
  if (n > 0)
    g_string_append_c (text, ')');
  return g_string_free (text, FALSE);
}

static void
set_memory_error (X86Cpu *cpu, const HostFault *fault, const char *block, GError **error)
{
  g_autofree char *code = describe_code (cpu, fault);
  const char *signal = sigabbrev_np (fault->number);

  if (cpu->insn != NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                 _ ("The host took memory “%s” of the machine away (SIG%s), which the guest's "
                    "%u-bit instruction at %s needs: start the machine anew, with less memory if "
                    "the host has too little."),
                 block, signal, code_bits (cpu), code);
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                 _ ("The host took memory “%s” of the machine away (SIG%s), which the guest needs "
                    "in the %u-bit code at %s: start the machine anew, with less memory if the "
                    "host has too little."),
                 block, signal, code_bits (cpu), code);
}

static void
set_code_error (X86Cpu *cpu, const HostFault *fault, GError **error)
{
  g_autofree char *code = describe_code (cpu, fault);
  const char *signal = sigabbrev_np (fault->number);

  if (cpu->insn != NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                 _ ("The software CPU failed (SIG%s) over the guest's %u-bit instruction at %s: "
                    "start the machine anew, if need be with the accelerator “interpreter”, and "
                    "report this sentence."),
                 signal, code_bits (cpu), code);
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                 _ ("The software CPU failed (SIG%s) in the guest's %u-bit code at %s: start the "
                    "machine anew, if need be with the accelerator “interpreter”, and report this "
                    "sentence."),
                 signal, code_bits (cpu), code);
}

static void
set_error (X86Cpu *cpu, const HostFault *fault, GError **error)
{
  const MemoryBlock *block = memory_find_host (cpu->software->machine.memory, fault->address);

  if (block != NULL && (fault->number == SIGSEGV || fault->number == SIGBUS))
    set_memory_error (cpu, fault, memory_block_get_name (block), error);
  else
    set_code_error (cpu, fault, error);
  cpu->insn = NULL;
}

AccelExit
host_fault_run (X86Cpu *cpu, GError **error)
{
  const stack_t stack = { .ss_sp = cpu->signal_stack, .ss_size = sizeof cpu->signal_stack };
  Guard guard
    = { .host = { .memory = cpu->software->machine.memory, .claims = claims_code }, .cpu = cpu };
  AccelExit exit;
  stack_t stack_before;

  sigaltstack (&stack, &stack_before);
  if (host_guard_enter (&guard.host))
    {
      exit = cpu->software->engine->run (cpu, error);
      host_guard_leave (&guard.host);
    }
  else
    {
      release (cpu);
      set_error (cpu, &guard.host.fault, error);
      exit = ACCEL_EXIT_FAILED;
    }
  sigaltstack (&stack_before, NULL);
  return exit;
}
