/* SPDX-License-Identifier: GPL-3.0-or-later */
/* XCR0 and what XSAVE saves, in the standard form (Intel SDM volume 1, 13.4). Which components
 * there are, and where in the image, CPUID leaf 0Dh tells. AMX is none of them: nobody asks the
 * kernel for it, so it offers none. */
#include "kvm-internal.h"

#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>

#include "kvm-host.h"

#define LEAF_XSAVE 0x0d
#define XSTATE_X87 1
#define XSTATE_SSE 2
#define FCW_INITIAL 0x37f

enum
{
  IMAGE_FCW = 0,
  IMAGE_FSW = 2,
  IMAGE_FTW = 4,
  IMAGE_FOP = 6,
  IMAGE_FIP = 8,
  IMAGE_FDP = 16,
  IMAGE_MXCSR = 24,
  IMAGE_ST = 32,
  IMAGE_XMM = 160,
  IMAGE_XSTATE_BV = 512,
  IMAGE_AVX = 576
};

/* Components that X86State holds as they are in the image. */
static const struct
{
  unsigned component;
  size_t field, size;
} plain_components[] = {
  { 5, offsetof (X86State, opmask), sizeof ((X86State *) NULL)->opmask },
  { 6, offsetof (X86State, zmm_high), sizeof ((X86State *) NULL)->zmm_high },
  { 7, offsetof (X86State, zmm_upper), sizeof ((X86State *) NULL)->zmm_upper },
  { 9, offsetof (X86State, pkru), 4 },
};

void
kvm_xsave_open (KvmAccel *kvm)
{
  unsigned size = kvm_host_get (kvm->vm_fd, KVM_CAP_XSAVE2);
  KvmXsave *xsave = &kvm->xsave;

  xsave->get = size > 0 ? KVM_GET_XSAVE2 : KVM_GET_XSAVE;
  xsave->size = MAX (size, sizeof (struct kvm_xsave));
  xsave->features = cpuid_table_get (&kvm->offer, LEAF_XSAVE, 0).eax & KVM_XSAVE_FEATURES;
  xsave->features |= XSTATE_X87 | XSTATE_SSE; /* which FXSAVE has as well */
  for (unsigned i = 1; i < KVM_XSAVE_COMPONENTS; i++)
    {
      X86Cpuid leaf = cpuid_table_get (&kvm->offer, LEAF_XSAVE, i);

      if (leaf.ebx + leaf.eax <= xsave->size)
        xsave->offset[i] = leaf.ebx;
    }
}

static bool
has_component (const KvmXsave *xsave, unsigned component)
{
  return (xsave->features >> component & 1) != 0 && xsave->offset[component] != 0;
}

/* Where a component has its initial value, some kernels leave what was there before. */
static void
legacy_get (const uint8_t *image, uint64_t present, X86State *state)
{
  memcpy (&state->mxcsr, image + IMAGE_MXCSR, 4);
  if (present & XSTATE_SSE)
    for (unsigned i = 0; i < 16; i++)
      memcpy (state->ymm[i], image + IMAGE_XMM + 16 * i, 16);
  state->fpu.control = FCW_INITIAL;
  if (!(present & XSTATE_X87))
    return;
  memcpy (&state->fpu.control, image + IMAGE_FCW, 2);
  memcpy (&state->fpu.status, image + IMAGE_FSW, 2);
  state->fpu.tag = image[IMAGE_FTW];
  memcpy (&state->fpu.opcode, image + IMAGE_FOP, 2);
  memcpy (&state->fpu.ip, image + IMAGE_FIP, 8);
  memcpy (&state->fpu.dp, image + IMAGE_FDP, 8);
  memcpy (state->fpu.st, image + IMAGE_ST, sizeof state->fpu.st);
}

static void
legacy_set (uint8_t *image, const X86State *state)
{
  memcpy (image + IMAGE_FCW, &state->fpu.control, 2);
  memcpy (image + IMAGE_FSW, &state->fpu.status, 2);
  image[IMAGE_FTW] = state->fpu.tag;
  memcpy (image + IMAGE_FOP, &state->fpu.opcode, 2);
  memcpy (image + IMAGE_FIP, &state->fpu.ip, 8);
  memcpy (image + IMAGE_FDP, &state->fpu.dp, 8);
  memcpy (image + IMAGE_MXCSR, &state->mxcsr, 4);
  memcpy (image + IMAGE_ST, state->fpu.st, sizeof state->fpu.st);
  for (unsigned i = 0; i < 16; i++)
    memcpy (image + IMAGE_XMM + 16 * i, state->ymm[i], 16);
}

void
kvm_xsave_get (AccelVcpu *vcpu, X86State *state)
{
  const KvmXsave *xsave = &vcpu->kvm->xsave;
  g_autofree uint8_t *image = g_malloc0 (xsave->size);
  struct kvm_xcrs xcrs = { 0 };
  uint64_t present;

  ioctl (vcpu->fd, xsave->get, image);
  memcpy (&present, image + IMAGE_XSTATE_BV, 8);
  legacy_get (image, present, state);
  for (unsigned i = 0; i < 16 && has_component (xsave, 2); i++)
    memcpy (state->ymm[i] + 16, image + IMAGE_AVX + 16 * i, 16);
  for (unsigned i = 0; i < G_N_ELEMENTS (plain_components); i++)
    if (has_component (xsave, plain_components[i].component))
      memcpy ((uint8_t *) state + plain_components[i].field,
              image + xsave->offset[plain_components[i].component], plain_components[i].size);
  state->xcr0 = 1;
  if (ioctl (vcpu->fd, KVM_GET_XCRS, &xcrs) == 0 && xcrs.nr_xcrs > 0)
    state->xcr0 = xcrs.xcrs[0].value;
}

bool
kvm_xsave_set (AccelVcpu *vcpu, const X86State *state)
{
  const KvmXsave *xsave = &vcpu->kvm->xsave;
  g_autofree uint8_t *image = g_malloc0 (xsave->size);
  struct kvm_xcrs xcrs = { .nr_xcrs = 1, .xcrs = { { .xcr = 0, .value = state->xcr0 } } };

  /* What the image has besides stays: the mask of MXCSR. */
  if (ioctl (vcpu->fd, xsave->get, image) < 0)
    return false;
  legacy_set (image, state);
  for (unsigned i = 0; i < 16 && has_component (xsave, 2); i++)
    memcpy (image + IMAGE_AVX + 16 * i, state->ymm[i] + 16, 16);
  for (unsigned i = 0; i < G_N_ELEMENTS (plain_components); i++)
    if (has_component (xsave, plain_components[i].component))
      memcpy (image + xsave->offset[plain_components[i].component],
              (const uint8_t *) state + plain_components[i].field, plain_components[i].size);
  /* Those that are not ours get their initial values. */
  memcpy (image + IMAGE_XSTATE_BV, &xsave->features, 8);
  /* A host without XSAVE has no XCR0, either. */
  if (ioctl (vcpu->fd, KVM_SET_XCRS, &xcrs) < 0 && state->xcr0 != 1)
    return false;
  return ioctl (vcpu->fd, KVM_SET_XSAVE, image) == 0;
}
