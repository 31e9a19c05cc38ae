/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One instruction that KVM cannot emulate, as a vector store to a screen, or code before protected
 * mode on processors that cannot run that: the interpreter does it on the same memory, and the
 * guest goes on. */
#include "kvm-internal.h"

#include "vmm-core/x86/interpreter.h"
#include "vmm-core/x86/software.h"

#define NO_EXCEPTION 0xff

static AccelExit
run_one (X86Cpu *cpu, GError **error)
{
  cpu->exception.vector = NO_EXCEPTION;
  if (!x86_interpret_one (cpu))
    return ACCEL_EXIT_SHUTDOWN;
  /* What the interpreter does not know either is not #UD: the guest's CPU has it. */
  return cpu->exception.vector == X86_UD ? ACCEL_EXIT_FAILED : ACCEL_EXIT_KICKED;
}

static const X86Engine engine = { .cpu_size = sizeof (X86Cpu), .run = run_one };

bool
kvm_interpret_open (KvmAccel *kvm, GError **error)
{
  AccelMachine machine = kvm->machine;

  machine.shutdown = NULL; /* the vCPU sees to it */
  g_mutex_init (&kvm->interpreter_mutex);
  kvm->interpreter = x86_software_open (&machine, &software_accel_ops, &engine, error);
  return kvm->interpreter != NULL;
}

void
kvm_interpret_close (KvmAccel *kvm)
{
  if (kvm->interpreter_vcpu != NULL)
    x86_software_vcpu_free (kvm->interpreter_vcpu);
  x86_software_close (kvm->interpreter);
  g_mutex_clear (&kvm->interpreter_mutex);
}

/* Lends the interpreter the CPU without its APIC and clock, which stay where they are. Nothing was
 * being delivered, for that would be another error. */
static AccelExit
interpret (KvmAccel *kvm, X86State *state)
{
  const X86State lent = *state;
  AccelExit exit = ACCEL_EXIT_FAILED;

  if (kvm->interpreter_vcpu == NULL)
    kvm->interpreter_vcpu = x86_software_vcpu_new (kvm->interpreter, 0, NULL);
  state->event_pending = 0; /* #UD, which the guest would get from the kernel now */
  x86_lapic_state_reset (&state->lapic, 0);
  state->kvmclock = state->kvmclock_wall = 0;
  x86_hyperv_state_reset (&state->hyperv);
  state->xcr0 &= X86_XCR0_SOFTWARE; /* no instruction that it knows touches the others */
  if (kvm->interpreter_vcpu != NULL && x86_software_set_state (kvm->interpreter_vcpu, state, NULL))
    exit = x86_software_vcpu_run (kvm->interpreter_vcpu, NULL);
  if (exit == ACCEL_EXIT_KICKED)
    x86_software_get_state (kvm->interpreter_vcpu, state);
  state->lapic = lent.lapic;
  state->kvmclock = lent.kvmclock;
  state->kvmclock_wall = lent.kvmclock_wall;
  state->hyperv = lent.hyperv;
  state->xcr0 = lent.xcr0;
  state->cr8 = lent.cr8;
  return exit;
}

AccelExit
kvm_interpret (AccelVcpu *vcpu)
{
  KvmAccel *kvm = vcpu->kvm;
  X86State state;
  AccelExit exit;

  kvm_state_read (vcpu, &state);
  g_mutex_lock (&kvm->interpreter_mutex);
  exit = interpret (kvm, &state);
  g_mutex_unlock (&kvm->interpreter_mutex);
  if (exit != ACCEL_EXIT_KICKED)
    return exit;
  vcpu->interpreted++;
  return kvm_state_set_registers (vcpu, &state) ? ACCEL_EXIT_KICKED : ACCEL_EXIT_FAILED;
}
