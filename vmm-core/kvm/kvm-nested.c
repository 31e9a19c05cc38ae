/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A guest that runs guests of its own. Linux, Documentation/virt/kvm/api.rst, 4.114 and 4.115. */
#include "kvm-internal.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "kvm-host.h"

typedef union
{
  uint8_t bytes[X86_STATE_NESTED]; /* first, so that all of them begin with 0 */
  struct kvm_nested_state state;
} Nested;

/* FALSE, with errno 0: this kernel keeps none. */
static bool
read_nested (AccelVcpu *vcpu, Nested *nested)
{
  unsigned size = kvm_host_get (vcpu->kvm->kvm_fd, KVM_CAP_NESTED_STATE);

  memset (nested, 0, sizeof *nested);
  errno = 0;
  if (size < sizeof nested->state)
    return false;
  nested->state.size = sizeof *nested;
  return ioctl (vcpu->fd, KVM_GET_NESTED_STATE, nested) == 0;
}

/* What a CPU has when it is made: VMX is off; with AMD's extensions interrupts come (GIF). */
static void
make_none (Nested *nested, uint16_t format)
{
  *nested = (Nested){ .state.format = format, .state.size = sizeof nested->state };
  if (format == KVM_STATE_NESTED_FORMAT_VMX)
    nested->state.hdr.vmx = (struct kvm_vmx_nested_state_hdr){ .vmxon_pa = -1, .vmcs12_pa = -1 };
  else
    nested->state.flags = KVM_STATE_NESTED_GIF_SET;
}

static bool
is_none (const Nested *nested)
{
  if (nested->state.format == KVM_STATE_NESTED_FORMAT_VMX)
    return nested->state.hdr.vmx.vmxon_pa == UINT64_MAX;
  return nested->state.flags == KVM_STATE_NESTED_GIF_SET;
}

bool
kvm_nested_leave (AccelVcpu *vcpu)
{
  Nested nested;

  if (!read_nested (vcpu, &nested))
    return errno == 0;
  make_none (&nested, nested.state.format);
  return ioctl (vcpu->fd, KVM_SET_NESTED_STATE, &nested) == 0;
}

void
kvm_nested_get (AccelVcpu *vcpu, X86State *state)
{
  Nested nested;

  if (!read_nested (vcpu, &nested) || is_none (&nested))
    return;
  state->nested_size = MIN (nested.state.size, sizeof nested);
  memcpy (state->nested, &nested, state->nested_size);
}

bool
kvm_nested_set (AccelVcpu *vcpu, const X86State *state)
{
  Nested nested = { { 0 } };

  if (state->nested_size == 0)
    return true;
  memcpy (&nested, state->nested, state->nested_size);
  nested.state.size = state->nested_size;
  return ioctl (vcpu->fd, KVM_SET_NESTED_STATE, &nested) == 0;
}
