/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The CPU that the guest sees: what the kernel offers, in the topology of the machine. */
#include "kvm-internal.h"

#include <glib/gi18n.h>
#include <string.h>
#include <sys/ioctl.h>

#include "vmm-core/x86/cpuid-topology.h"
#include "vmm-core/x86/x86.h"

#define KVM_CPUID_ENTRIES 256

static bool
has_leaf (const struct kvm_cpuid2 *cpuid, uint32_t leaf)
{
  for (unsigned i = 0; i < cpuid->nent; i++)
    if (cpuid->entries[i].function == leaf)
      return true;
  return false;
}

/* Leaves that tell of the host's own topology are made anew; those after them move up. */
static void
replace_topology_leaf (struct kvm_cpuid2 *cpuid, uint32_t leaf)
{
  unsigned kept = 0;

  if (!has_leaf (cpuid, leaf))
    return;
  for (unsigned i = 0; i < cpuid->nent; i++)
    if (cpuid->entries[i].function != leaf)
      cpuid->entries[kept++] = cpuid->entries[i];
  /* One more says that there is nothing more. */
  for (unsigned level = 0; level <= CPUID_TOPOLOGY_LEVELS && kept < KVM_CPUID_ENTRIES; level++)
    cpuid->entries[kept++] = (struct kvm_cpuid_entry2){
      .function = leaf,
      .index = level,
      .flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX,
    };
  cpuid->nent = kept;
}

static bool
is_amd (const struct kvm_cpuid2 *cpuid)
{
  for (unsigned i = 0; i < cpuid->nent; i++)
    if (cpuid->entries[i].function == 0)
      return memcmp (&cpuid->entries[i].ebx, "Auth", 4) == 0
             || memcmp (&cpuid->entries[i].ebx, "Hygo", 4) == 0;
  return false;
}

static void
fill_topology (struct kvm_cpuid2 *cpuid, const CpuTopology *topology, uint32_t apic_id)
{
  const CpuidTopology cpu = { topology, apic_id, is_amd (cpuid) };

  replace_topology_leaf (cpuid, 0x0b);
  replace_topology_leaf (cpuid, 0x1f);
  for (unsigned i = 0; i < cpuid->nent; i++)
    {
      struct kvm_cpuid_entry2 *entry = &cpuid->entries[i];
      X86Cpuid answer = { entry->eax, entry->ebx, entry->ecx, entry->edx };

      cpuid_topology_fill (&cpu, entry->function, entry->index, &answer);
      entry->eax = answer.eax;
      entry->ebx = answer.ebx;
      entry->ecx = answer.ecx;
      entry->edx = answer.edx;
    }
}

bool
kvm_cpuid_set (AccelVcpu *vcpu, GError **error)
{
  g_autofree struct kvm_cpuid2 *cpuid
    = g_malloc0 (sizeof (struct kvm_cpuid2) + KVM_CPUID_ENTRIES * sizeof (struct kvm_cpuid_entry2));

  cpuid->nent = KVM_CPUID_ENTRIES;
  if (ioctl (vcpu->kvm->kvm_fd, KVM_GET_SUPPORTED_CPUID, cpuid) < 0)
    {
      kvm_set_error (error, _ ("KVM cannot tell what CPUs it offers."));
      return false;
    }
  for (unsigned i = 0; i < cpuid->nent; i++)
    if (cpuid->entries[i].function == 1)
      cpuid->entries[i].ecx |= 1u << 31; /* a hypervisor is present */
  fill_topology (cpuid, &vcpu->kvm->machine.topology, vcpu->apic_id);
  if (ioctl (vcpu->fd, KVM_SET_CPUID2, cpuid) < 0)
    {
      kvm_set_error (error, _ ("KVM cannot offer a CPU to the guest."));
      return false;
    }
  return true;
}
