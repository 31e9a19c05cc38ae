/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a CPU is about to do or waits for, and its debug registers. Linux,
 * Documentation/virt/kvm/api.rst, KVM_GET_VCPU_EVENTS. */
#include "kvm-internal.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vmm-core/x86/cpu.h"

static void
pending_get (const struct kvm_vcpu_events *events, X86State *state)
{
  state->event_pending = 1;
  if (events->exception.injected)
    {
      state->event_type = X86_EVENT_EXCEPTION;
      state->event_vector = events->exception.nr;
      state->event_has_code = events->exception.has_error_code != 0;
      state->event_code = events->exception.error_code;
    }
  else if (events->nmi.injected)
    {
      state->event_type = X86_EVENT_NMI;
      state->event_vector = X86_NMI;
    }
  else if (events->interrupt.injected)
    {
      state->event_type = events->interrupt.soft ? X86_EVENT_SOFTWARE : X86_EVENT_INTERRUPT;
      state->event_vector = events->interrupt.nr;
    }
  else
    state->event_pending = 0;
}

static void
pending_set (struct kvm_vcpu_events *events, const X86State *state)
{
  if (!state->event_pending)
    return;
  switch (state->event_type)
    {
    case X86_EVENT_NMI:
      events->nmi.injected = 1;
      break;
    case X86_EVENT_INTERRUPT:
    case X86_EVENT_SOFTWARE:
      events->interrupt.injected = 1;
      events->interrupt.nr = state->event_vector;
      events->interrupt.soft = state->event_type == X86_EVENT_SOFTWARE;
      break;
    default:
      events->exception.injected = 1;
      events->exception.nr = state->event_vector;
      events->exception.has_error_code = state->event_has_code;
      events->exception.error_code = state->event_code;
    }
}

/* A CPU whose IF is clear cannot be in the shadow of STI: processors refuse to enter it. */
static uint8_t
shadow_to_kvm (const X86State *state)
{
  if (state->interrupt_shadow == X86_SHADOW_STI && (state->rflags & X86_FLAG_IF))
    return KVM_X86_SHADOW_INT_STI;
  return state->interrupt_shadow != 0 ? KVM_X86_SHADOW_INT_MOV_SS : 0;
}

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
  pending_get (&events, state);
  state->interrupt_shadow = events.interrupt.shadow & KVM_X86_SHADOW_INT_MOV_SS ? X86_SHADOW_MOV_SS
                            : events.interrupt.shadow                           ? X86_SHADOW_STI
                                                                                : 0;
  state->nmi_blocked = events.nmi.masked != 0;
  state->nmi_pending = events.nmi.pending != 0;
  state->smi_pending = events.smi.pending != 0;
  state->in_smm = events.smi.smm != 0;
  state->smm_inside_nmi = events.smi.smm_inside_nmi != 0;
  state->triple_fault
    = (events.flags & KVM_VCPUEVENT_VALID_TRIPLE_FAULT) != 0 && events.triple_fault.pending;
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
    .interrupt.shadow = shadow_to_kvm (state),
    .nmi = { .masked = state->nmi_blocked, .pending = state->nmi_pending },
    .smi = { .smm = state->in_smm,
             .pending = state->smi_pending,
             .smm_inside_nmi = state->smm_inside_nmi },
    .triple_fault.pending = state->triple_fault,
  };
  struct kvm_vcpu_events known = { 0 };
  struct kvm_debugregs debug = { .dr6 = state->dr[6], .dr7 = state->dr[7] };

  memcpy (debug.db, state->dr, 4 * sizeof (uint64_t));
  pending_set (&events, state);
  if (ioctl (vcpu->fd, KVM_SET_DEBUGREGS, &debug) < 0
      || ioctl (vcpu->fd, KVM_GET_VCPU_EVENTS, &known) < 0)
    return false;
  /* All parts that this kernel gives, or what was there before stays: a triple fault, SMM, the
   * vector of a SIPI. */
  events.flags = known.flags | KVM_VCPUEVENT_VALID_SIPI_VECTOR;
  errno = ENXIO;
  if (state->triple_fault && !(known.flags & KVM_VCPUEVENT_VALID_TRIPLE_FAULT))
    return false;
  return ioctl (vcpu->fd, KVM_SET_VCPU_EVENTS, &events) == 0
         && ioctl (vcpu->fd, KVM_SET_MP_STATE, &mp) == 0;
}

bool
kvm_events_inject (AccelVcpu *vcpu, uint8_t vector)
{
  struct kvm_mp_state mp = { KVM_MP_STATE_RUNNABLE };
  struct kvm_vcpu_events events = { 0 };

  if (ioctl (vcpu->fd, KVM_GET_VCPU_EVENTS, &events) < 0)
    return false;
  /* NMIs that come meanwhile are not among what is written. */
  events.flags = 0;
  events.interrupt.injected = 1;
  events.interrupt.nr = vector;
  events.interrupt.soft = 0;
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
