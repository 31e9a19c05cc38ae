/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The way into the guest. While it is closed no vCPU is inside, so that what the kernel can only
 * change in several steps, as memory slots, changes at once for the guest. */
#include "kvm-internal.h"

/* Five seconds that this process had the chance to use. */
#define KICK_US 10000
#define MOST_KICKS 500

void
kvm_gate_enter (AccelVcpu *vcpu)
{
  KvmAccel *kvm = vcpu->kvm;

  for (;;)
    {
      /* In this order, and the other one below: of the two that meet, one sees the other. */
      vcpu->inside = true;
      if (!kvm->gate_closed)
        return;
      kvm_gate_leave (vcpu);
      g_mutex_lock (&kvm->gate_mutex);
      while (kvm->gate_closed)
        g_cond_wait (&kvm->gate_changed, &kvm->gate_mutex);
      g_mutex_unlock (&kvm->gate_mutex);
    }
}

void
kvm_gate_leave (AccelVcpu *vcpu)
{
  KvmAccel *kvm = vcpu->kvm;

  vcpu->inside = false;
  if (!kvm->gate_closed)
    return;
  g_mutex_lock (&kvm->gate_mutex);
  g_cond_broadcast (&kvm->gate_changed);
  g_mutex_unlock (&kvm->gate_mutex);
}

bool
kvm_gate_close (KvmAccel *kvm)
{
  unsigned kicks = 0;
  bool closed = true;

  g_mutex_lock (&kvm->gate_mutex);
  kvm->gate_closed = true;
  for (unsigned i = 0; i < KVM_MAX_VCPUS; i++)
    {
      while (kvm->vcpus[i] != NULL && kvm->vcpus[i]->inside && kicks++ < MOST_KICKS)
        {
          kvm_accel_ops.vcpu_kick (kvm->vcpus[i]);
          g_cond_wait_until (&kvm->gate_changed, &kvm->gate_mutex,
                             g_get_monotonic_time () + KICK_US);
        }
      closed = closed && (kvm->vcpus[i] == NULL || !kvm->vcpus[i]->inside);
    }
  g_mutex_unlock (&kvm->gate_mutex);
  return closed;
}

void
kvm_gate_open (KvmAccel *kvm)
{
  g_mutex_lock (&kvm->gate_mutex);
  kvm->gate_closed = false;
  g_cond_broadcast (&kvm->gate_changed);
  g_mutex_unlock (&kvm->gate_mutex);
}
