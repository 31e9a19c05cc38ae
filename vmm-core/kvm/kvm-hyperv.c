/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The interface of Hyper-V, which the kernel speaks for Windows: time, timers, and what CPUs ask of
 * each other. Microsoft, Hypervisor Top Level Functional Specification, 2 (Feature and Interface
 * Discovery); Linux, Documentation/virt/kvm/api.rst, 4.118. */
#include "kvm-internal.h"

#include <asm/kvm_para.h>
#include <string.h>
#include <sys/ioctl.h>

#define BIT(n) (1u << (n))

/* Leaves */
#define HV_BASE 0x40000000
#define HV_FEATURES 0x40000003
#define HV_RECOMMENDED 0x40000004
#define HV_LAST 0x40000006
#define KVM_BASE 0x40000100 /* where systems look for a second interface */

/* 40000003h, EAX: run time of a CPU, reference counter, SynIC, its timers, APIC registers,
 * hypercalls, number of a CPU, page of the reference TSC, frequencies. */
#define HV_SYNTHETIC (BIT (2) | BIT (3))
#define HV_FEATURES_EAX                                                                            \
  (BIT (0) | BIT (1) | HV_SYNTHETIC | BIT (4) | BIT (5) | BIT (6) | BIT (9) | BIT (11))
/* EDX: hypercalls in XMM registers, frequencies, results there, timers without messages. */
#define HV_FEATURES_EDX (BIT (4) | BIT (8) | BIT (15) | BIT (19))
/* 40000004h, EAX: let other CPUs' TLBs be flushed, use the APIC's registers, let timers be late,
 * ask for interrupts, for many CPUs at once, and the least of threads side by side. */
#define HV_RECOMMENDED_EAX (BIT (2) | BIT (3) | BIT (5) | BIT (10) | BIT (11) | BIT (18))
#define HV_RELAXED BIT (5)
#define HV_NO_AUTO_EOI BIT (9) /* which would switch the processor's own APIC off */

#define HV_STATUS_INVALID_HYPERCALL_CODE 2

typedef struct
{
  struct kvm_cpuid2 header;
  struct kvm_cpuid_entry2 entries[64];
} HvCpuid;

static void
limit (X86Cpuid *answer, uint32_t leaf, bool synthetic)
{
  if (leaf == HV_BASE)
    {
      answer->eax = MIN (answer->eax, HV_LAST);
      memcpy (&answer->ebx, "Microsoft Hv", 12);
    }
  else if (leaf == HV_FEATURES)
    *answer = (X86Cpuid){ .eax = answer->eax & HV_FEATURES_EAX & ~(synthetic ? 0 : HV_SYNTHETIC),
                          .edx = answer->edx & HV_FEATURES_EDX };
  else if (leaf == HV_RECOMMENDED)
    answer->eax = (answer->eax & HV_RECOMMENDED_EAX) | HV_RELAXED | HV_NO_AUTO_EOI;
}

/* KVM's own leaves give way; systems that know both find them there. */
static void
move_kvm_leaves (CpuidTable *guest)
{
  const X86Cpuid features = cpuid_table_get (guest, KVM_CPUID_FEATURES, 0);
  X86Cpuid signature = cpuid_table_get (guest, KVM_CPUID_SIGNATURE, 0);

  for (uint32_t leaf = HV_BASE; leaf < KVM_BASE; leaf++)
    cpuid_table_remove (guest, leaf);
  signature.eax = KVM_BASE + 1;
  cpuid_table_put (guest, KVM_BASE, signature);
  cpuid_table_put (guest, KVM_BASE + 1, features);
}

void
kvm_hyperv_fill (AccelVcpu *vcpu, CpuidTable *guest)
{
  struct kvm_enable_cap synic = { .cap = KVM_CAP_HYPERV_SYNIC2 };
  HvCpuid offer = { .header.nent = G_N_ELEMENTS (offer.entries) };
  bool synthetic = ioctl (vcpu->fd, KVM_ENABLE_CAP, &synic) == 0;

  if (ioctl (vcpu->fd, KVM_GET_SUPPORTED_HV_CPUID, &offer) < 0)
    return;
  move_kvm_leaves (guest);
  for (unsigned i = 0; i < offer.header.nent; i++)
    {
      const struct kvm_cpuid_entry2 *entry = &offer.entries[i];
      X86Cpuid answer = { entry->eax, entry->ebx, entry->ecx, entry->edx };

      if (entry->function > HV_LAST)
        continue;
      limit (&answer, entry->function, synthetic);
      cpuid_table_put (guest, entry->function, answer);
    }
}

/* The kernel does it all but messages between partitions, of which there are no others. */
void
kvm_hyperv_exit (AccelVcpu *vcpu)
{
  if (vcpu->run->hyperv.type == KVM_EXIT_HYPERV_HCALL)
    vcpu->run->hyperv.u.hcall.result = HV_STATUS_INVALID_HYPERCALL_CODE;
}
