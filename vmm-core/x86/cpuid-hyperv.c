/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Microsoft, Hypervisor Top Level Functional Specification, 2 (Feature and Interface Discovery). */
#include "cpuid-hyperv.h"

#include "kvmclock.h"

#include <string.h>

#define BIT(n) (1u << (n))

/* Leaves */
#define HV_BASE 0x40000000
#define HV_INTERFACE 0x40000001
#define HV_VERSION 0x40000002
#define HV_FEATURES 0x40000003
#define HV_RECOMMENDED 0x40000004
#define HV_LIMITS 0x40000005
#define HV_LAST 0x40000006
#define KVM_BASE 0x40000100 /* where systems look for a second interface */

/* Features, EAX: run time of a CPU, reference counter, SynIC, its timers, APIC registers,
 * hypercalls, number of a CPU, page of the reference TSC, frequencies. */
#define FEATURES_EAX                                                                               \
  (BIT (0) | BIT (1) | BIT (2) | BIT (3) | BIT (4) | BIT (5) | BIT (6) | BIT (9) | BIT (11))
/* EDX */
#define XMM_INPUT BIT (4) /* of hypercalls; younger than the oldest kernels */
#define FREQUENCIES BIT (8)
#define XMM_OUTPUT BIT (15)
#define DIRECT_TIMERS BIT (19) /* without messages */

/* Recommended: let other CPUs' TLBs be flushed, use the APIC's registers, ask for interrupts, for
 * many CPUs at once. */
#define HYPERCALLS (BIT (2) | BIT (3) | BIT (10) | BIT (11))
#define RELAXED BIT (5)          /* timers may be late */
#define NO_AUTO_EOI BIT (9)      /* which would switch the processor's own APIC off */
#define NO_CORE_SHARING BIT (18) /* but of the threads that CPUID tells of: the host's to say */
#define ALWAYS (RELAXED | NO_AUTO_EOI)

#define SPINS 0xfff /* at a lock, before the hypervisor should hear of it */
#define BUILD 14393
#define VERSION (10 << 16 | 0)
#define MOST_CPUS 64

const CpuidHyperv cpuid_hyperv_model
  = { FEATURES_EAX, FREQUENCIES | DIRECT_TIMERS, HYPERCALLS | ALWAYS };
const CpuidHyperv cpuid_hyperv_software
  = { FEATURES_EAX, FREQUENCIES | DIRECT_TIMERS | XMM_INPUT, HYPERCALLS | ALWAYS };

CpuidHyperv
cpuid_hyperv_limit (const CpuidHyperv *offered)
{
  return (CpuidHyperv){
    .features_eax = offered->features_eax & FEATURES_EAX,
    .features_edx = offered->features_edx & (XMM_INPUT | FREQUENCIES | XMM_OUTPUT | DIRECT_TIMERS),
    .recommended = (offered->recommended & (HYPERCALLS | NO_CORE_SHARING)) | ALWAYS,
  };
}

bool
cpuid_hyperv_is_within (const CpuidHyperv *part, const CpuidHyperv *whole)
{
  return (part->features_eax & ~whole->features_eax) == 0
         && (part->features_edx & ~whole->features_edx) == 0
         && (part->recommended & ~whole->recommended) == 0;
}

static void
move_kvm_leaves (CpuidTable *guest)
{
  const X86Cpuid features = cpuid_table_get (guest, HV_BASE + 1, 0);

  for (uint32_t leaf = HV_BASE; leaf < KVM_BASE; leaf++)
    cpuid_table_remove (guest, leaf);
  cpuid_table_put (guest, KVM_BASE, x86_kvmclock_get_signature (KVM_BASE + 1));
  cpuid_table_put (guest, KVM_BASE + 1, features);
}

void
cpuid_hyperv_put (CpuidTable *guest, const CpuidHyperv *parts)
{
  X86Cpuid base = { .eax = HV_LAST };
  X86Cpuid interface = { 0 };

  memcpy (&base.ebx, "Microsoft Hv", 12);
  memcpy (&interface.eax, "Hv#1", 4);
  move_kvm_leaves (guest);
  cpuid_table_put (guest, HV_BASE, base);
  cpuid_table_put (guest, HV_INTERFACE, interface);
  cpuid_table_put (guest, HV_VERSION, (X86Cpuid){ BUILD, VERSION, 0, 0 });
  cpuid_table_put (guest, HV_FEATURES,
                   (X86Cpuid){ .eax = parts->features_eax, .edx = parts->features_edx });
  cpuid_table_put (guest, HV_RECOMMENDED, (X86Cpuid){ parts->recommended, SPINS, 0, 0 });
  cpuid_table_put (guest, HV_LIMITS, (X86Cpuid){ MOST_CPUS, MOST_CPUS, 0, 0 });
}
