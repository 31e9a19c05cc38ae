/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A guest that runs guests of its own. Linux, Documentation/virt/kvm/api.rst, 4.114 and 4.115. */
#include "kvm-internal.h"

#include <sys/ioctl.h>

#include "kvm-host.h"

bool
kvm_nested_leave (AccelVcpu *vcpu)
{
  unsigned size = kvm_host_get (vcpu->kvm->kvm_fd, KVM_CAP_NESTED_STATE);
  g_autofree struct kvm_nested_state *state = NULL;

  if (size < sizeof *state)
    return true;
  state = g_malloc0 (size);
  state->size = size;
  if (ioctl (vcpu->fd, KVM_GET_NESTED_STATE, state) < 0)
    return false;
  state->size = sizeof *state;
  if (state->format == KVM_STATE_NESTED_FORMAT_VMX)
    {
      state->flags = 0;
      state->hdr.vmx = (struct kvm_vmx_nested_state_hdr){ .vmxon_pa = -1, .vmcs12_pa = -1 };
    }
  else
    state->flags = KVM_STATE_NESTED_GIF_SET;
  return ioctl (vcpu->fd, KVM_SET_NESTED_STATE, state) == 0;
}
