/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a CPU is about to do or waits for, and its debug registers. */
#include "kvm-internal.h"

#include <glib/gi18n.h>
#include <string.h>
#include <sys/ioctl.h>

void
kvm_events_get (AccelVcpu *vcpu, X86State *state)
{
  struct kvm_mp_state mp = { KVM_MP_STATE_RUNNABLE };
  struct kvm_vcpu_events events = { 0 };
  struct kvm_debugregs debug = { 0 };

  ioctl (vcpu->fd, KVM_GET_MP_STATE, &mp);
  state->activity = mp.mp_state == KVM_MP_STATE_HALTED     ? X86_HALTED
                    : mp.mp_state == KVM_MP_STATE_RUNNABLE ? X86_RUNNING
                                                           : X86_WAIT_FOR_SIPI;
  ioctl (vcpu->fd, KVM_GET_VCPU_EVENTS, &events);
  state->interrupt_shadow = events.interrupt.shadow != 0;
  state->nmi_blocked = events.nmi.masked;
  state->nmi_pending = events.nmi.pending;
  ioctl (vcpu->fd, KVM_GET_DEBUGREGS, &debug);
  memcpy (state->dr, debug.db, 4 * sizeof (uint64_t));
  state->dr[6] = debug.dr6;
  state->dr[7] = debug.dr7;
}

bool
kvm_events_set (AccelVcpu *vcpu, const X86State *state)
{
  struct kvm_mp_state mp = {
    state->activity == X86_RUNNING  ? KVM_MP_STATE_RUNNABLE
    : state->activity == X86_HALTED ? KVM_MP_STATE_HALTED
                                    : KVM_MP_STATE_UNINITIALIZED,
  };
  struct kvm_vcpu_events events = {
    .interrupt.shadow = state->interrupt_shadow,
    .nmi = { .masked = state->nmi_blocked, .pending = state->nmi_pending },
    .flags = KVM_VCPUEVENT_VALID_NMI_PENDING | KVM_VCPUEVENT_VALID_SHADOW,
  };
  struct kvm_debugregs debug = { .dr6 = state->dr[6], .dr7 = state->dr[7] };

  memcpy (debug.db, state->dr, 4 * sizeof (uint64_t));
  ioctl (vcpu->fd, KVM_SET_DEBUGREGS, &debug);
  return ioctl (vcpu->fd, KVM_SET_VCPU_EVENTS, &events) == 0
         && ioctl (vcpu->fd, KVM_SET_MP_STATE, &mp) == 0;
}

bool
kvm_events_init (AccelVcpu *vcpu, GError **error)
{
  struct kvm_vcpu_events events = { 0 };

  if (ioctl (vcpu->fd, KVM_GET_VCPU_EVENTS, &events) == 0)
    {
      /* The kernel does the rest when it finds an INIT that SMM held back. */
      events.flags = KVM_VCPUEVENT_VALID_SMM;
      events.smi.latched_init = 1;
      if (ioctl (vcpu->fd, KVM_SET_VCPU_EVENTS, &events) == 0)
        return true;
    }
  kvm_set_error (error, _ ("KVM cannot reset a CPU by INIT."));
  return false;
}
