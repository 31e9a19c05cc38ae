/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The interface of Hyper-V, which the kernel speaks for Windows: time, timers, and what CPUs ask of
 * each other. Microsoft, Hypervisor Top Level Functional Specification, 2 (Feature and Interface
 * Discovery); Linux, Documentation/virt/kvm/api.rst, 4.118. */
#include "kvm-internal.h"

#include <sys/ioctl.h>

/* Leaves */
#define HV_FEATURES 0x40000003
#define HV_RECOMMENDED 0x40000004

/* Features, EAX: the SynIC and its timers, which want to be switched on. */
#define HV_SYNTHETIC (1u << 2 | 1u << 3)

#define HV_STATUS_INVALID_HYPERCALL_CODE 2

typedef struct
{
  struct kvm_cpuid2 header;
  struct kvm_cpuid_entry2 entries[64];
} HvCpuid;

CpuidHyperv
kvm_hyperv_open (AccelVcpu *vcpu)
{
  struct kvm_enable_cap synic = { .cap = KVM_CAP_HYPERV_SYNIC2 };
  HvCpuid offer = { .header.nent = G_N_ELEMENTS (offer.entries) };
  bool synthetic = ioctl (vcpu->fd, KVM_ENABLE_CAP, &synic) == 0;
  CpuidHyperv parts = { 0 };

  if (ioctl (vcpu->fd, KVM_GET_SUPPORTED_HV_CPUID, &offer) < 0)
    return parts;
  for (unsigned i = 0; i < offer.header.nent; i++)
    {
      const struct kvm_cpuid_entry2 *entry = &offer.entries[i];

      if (entry->function == HV_FEATURES)
        {
          parts.features_eax = entry->eax & ~(synthetic ? 0 : HV_SYNTHETIC);
          parts.features_edx = entry->edx;
        }
      else if (entry->function == HV_RECOMMENDED)
        parts.recommended = entry->eax;
    }
  return parts;
}

/* The kernel does it all but messages between partitions, of which there are no others. */
void
kvm_hyperv_exit (AccelVcpu *vcpu)
{
  if (vcpu->run->hyperv.type == KVM_EXIT_HYPERV_HCALL)
    vcpu->run->hyperv.u.hcall.result = HV_STATUS_INVALID_HYPERCALL_CODE;
}
