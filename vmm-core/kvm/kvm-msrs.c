/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Model-specific registers. */
#include "kvm-internal.h"

#include <stddef.h>
#include <sys/ioctl.h>

typedef struct
{
  uint32_t index;
  uint32_t offset; /* of the 64-bit field in X86State */
} MsrField;

/* clang-format off */
static const MsrField msr_fields[] = {
  { 0x10, offsetof (X86State, tsc_offset) }, /* carries the TSC itself here */
  { 0x174, offsetof (X86State, sysenter_cs) },
  { 0x175, offsetof (X86State, sysenter_esp) },
  { 0x176, offsetof (X86State, sysenter_eip) },
  { 0x277, offsetof (X86State, pat) },
  { 0x1a0, offsetof (X86State, misc_enable) },
  { 0xc0000081, offsetof (X86State, star) },
  { 0xc0000082, offsetof (X86State, lstar) },
  { 0xc0000083, offsetof (X86State, cstar) },
  { 0xc0000084, offsetof (X86State, sfmask) },
  { 0xc0000102, offsetof (X86State, kernel_gs_base) },
  { 0xc0000103, offsetof (X86State, tsc_aux) },
  { 0x2ff, offsetof (X86State, mtrr_def_type) },
};
/* clang-format on */

typedef struct
{
  struct kvm_msrs header;
  struct kvm_msr_entry entries[G_N_ELEMENTS (msr_fields)];
} MsrList;

void
kvm_msrs_get (AccelVcpu *vcpu, X86State *state)
{
  MsrList list = { .header.nmsrs = G_N_ELEMENTS (msr_fields) };
  int n;

  for (unsigned i = 0; i < G_N_ELEMENTS (msr_fields); i++)
    list.entries[i].index = msr_fields[i].index;
  n = ioctl (vcpu->fd, KVM_GET_MSRS, &list);
  for (int i = 0; i < n; i++)
    *(uint64_t *) ((char *) state + msr_fields[i].offset) = list.entries[i].data;
}

void
kvm_msrs_set (AccelVcpu *vcpu, const X86State *state)
{
  /* One by one: a host that lacks one of them still takes the others. */
  for (unsigned i = 0; i < G_N_ELEMENTS (msr_fields); i++)
    {
      MsrList list = { .header.nmsrs = 1 };

      list.entries[0].index = msr_fields[i].index;
      list.entries[0].data = *(const uint64_t *) ((const char *) state + msr_fields[i].offset);
      ioctl (vcpu->fd, KVM_SET_MSRS, &list);
    }
}
