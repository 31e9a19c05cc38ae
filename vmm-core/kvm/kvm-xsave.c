/* SPDX-License-Identifier: GPL-3.0-or-later */
/* XSAVE-managed state and XCR0. */
#include "kvm-internal.h"

#include <string.h>
#include <sys/ioctl.h>

/* The XSAVE image in standard format (SDM 1, 13.4). */
void
kvm_xsave_get (AccelVcpu *vcpu, X86State *state)
{
  struct kvm_xsave xsave;
  struct kvm_xcrs xcrs = { 0 };
  const uint8_t *image = (const uint8_t *) xsave.region;

  memset (&xsave, 0, sizeof xsave);
  ioctl (vcpu->fd, KVM_GET_XSAVE, &xsave);
  memcpy (&state->fpu.control, image, 2);
  memcpy (&state->fpu.status, image + 2, 2);
  state->fpu.tag = image[4];
  memcpy (&state->fpu.opcode, image + 6, 2);
  memcpy (&state->fpu.ip, image + 8, 8);
  memcpy (&state->fpu.dp, image + 16, 8);
  memcpy (&state->mxcsr, image + 24, 4);
  memcpy (state->fpu.st, image + 32, sizeof state->fpu.st);
  for (unsigned i = 0; i < 16; i++)
    {
      memcpy (state->ymm[i], image + 160 + 16 * i, 16);
      memcpy (state->ymm[i] + 16, image + 576 + 16 * i, 16);
    }
  state->xcr0 = 1;
  if (ioctl (vcpu->fd, KVM_GET_XCRS, &xcrs) == 0 && xcrs.nr_xcrs > 0)
    state->xcr0 = xcrs.xcrs[0].value;
}

bool
kvm_xsave_set (AccelVcpu *vcpu, const X86State *state)
{
  struct kvm_xsave xsave;
  struct kvm_xcrs xcrs = { .nr_xcrs = 1, .xcrs = { { .xcr = 0, .value = state->xcr0 } } };
  uint8_t *image = (uint8_t *) xsave.region;
  uint64_t features = 7; /* x87, SSE, AVX */

  memset (&xsave, 0, sizeof xsave);
  memcpy (image, &state->fpu.control, 2);
  memcpy (image + 2, &state->fpu.status, 2);
  image[4] = state->fpu.tag;
  memcpy (image + 6, &state->fpu.opcode, 2);
  memcpy (image + 8, &state->fpu.ip, 8);
  memcpy (image + 16, &state->fpu.dp, 8);
  memcpy (image + 24, &state->mxcsr, 4);
  memcpy (image + 32, state->fpu.st, sizeof state->fpu.st);
  memcpy (image + 512, &features, 8);
  for (unsigned i = 0; i < 16; i++)
    {
      memcpy (image + 160 + 16 * i, state->ymm[i], 16);
      memcpy (image + 576 + 16 * i, state->ymm[i] + 16, 16);
    }
  ioctl (vcpu->fd, KVM_SET_XCRS, &xcrs);
  return ioctl (vcpu->fd, KVM_SET_XSAVE, &xsave) == 0;
}
