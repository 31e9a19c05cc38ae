/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the kernel can offer to guests, and the CPU that one sees. Linux,
 * Documentation/virt/kvm/api.rst and x86/cpuid.rst. */
#include "kvm-internal.h"

#include <asm/kvm_para.h>
#include <glib/gi18n.h>
#include <sys/ioctl.h>

#include "kvm-host.h"
#include "vmm-core/x86/cpu-feature.h"
#include "vmm-core/x86/cpu-policy.h"
#include "vmm-core/x86/cpuid-topology.h"

#define KVM_TIMING_LEAF 0x40000010
#define APIC_BUS_KHZ 1000000

typedef struct
{
  struct kvm_cpuid2 header;
  struct kvm_cpuid_entry2 entries[CPUID_TABLE_ENTRIES];
} KvmCpuid;

static void
table_from_kvm (CpuidTable *table, const KvmCpuid *cpuid)
{
  table->n = 0;
  for (unsigned i = 0; i < MIN (cpuid->header.nent, CPUID_TABLE_ENTRIES); i++)
    {
      const struct kvm_cpuid_entry2 *entry = &cpuid->entries[i];

      table->entries[table->n++] = (CpuidEntry){
        .leaf = entry->function,
        .subleaf = entry->index,
        .indexed = (entry->flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX) != 0,
        .answer = { entry->eax, entry->ebx, entry->ecx, entry->edx },
      };
    }
}

static void
table_to_kvm (const CpuidTable *table, KvmCpuid *cpuid)
{
  cpuid->header.nent = table->n;
  for (unsigned i = 0; i < table->n; i++)
    {
      const CpuidEntry *entry = &table->entries[i];

      cpuid->entries[i] = (struct kvm_cpuid_entry2){
        .function = entry->leaf,
        .index = entry->subleaf,
        .flags = entry->indexed ? KVM_CPUID_FLAG_SIGNIFCANT_INDEX : 0,
        .eax = entry->answer.eax,
        .ebx = entry->answer.ebx,
        .ecx = entry->answer.ecx,
        .edx = entry->answer.edx,
      };
    }
}

bool
kvm_cpuid_open (KvmAccel *kvm, GError **error)
{
  g_autofree KvmCpuid *cpuid = g_new0 (KvmCpuid, 1);

  cpuid->header.nent = CPUID_TABLE_ENTRIES;
  if (ioctl (kvm->kvm_fd, KVM_GET_SUPPORTED_CPUID, cpuid) < 0)
    {
      kvm_set_error (error, _ ("KVM cannot tell what CPUs it offers."));
      return false;
    }
  table_from_kvm (&kvm->offer, cpuid);
  /* What local APICs in the kernel can do is not among what it tells. */
  cpu_feature_add_all (&kvm->offer, "hypervisor x2apic");
  if (kvm_host_get (kvm->kvm_fd, KVM_CAP_TSC_DEADLINE_TIMER) > 0)
    cpu_feature_add_all (&kvm->offer, "tsc_deadline_timer");
  return true;
}

/* The rates of TSC and APIC timer, for guests that know no other way to learn them. */
static void
put_timing (AccelVcpu *vcpu, CpuidTable *offer)
{
  int khz = ioctl (vcpu->fd, KVM_GET_TSC_KHZ, 0);
  X86Cpuid *signature = cpuid_table_find (offer, KVM_CPUID_SIGNATURE, 0);

  if (khz <= 0 || signature == NULL)
    return;
  signature->eax = KVM_TIMING_LEAF;
  cpuid_table_put (offer, KVM_TIMING_LEAF, (X86Cpuid){ khz, APIC_BUS_KHZ, 0, 0 });
}

bool
kvm_cpuid_set (AccelVcpu *vcpu, GError **error)
{
  const AccelMachine *machine = &vcpu->kvm->machine;
  g_autofree KvmCpuid *cpuid = g_new0 (KvmCpuid, 1);
  g_autofree CpuidTable *offer = g_memdup2 (&vcpu->kvm->offer, sizeof *offer);
  g_autofree CpuidTable *guest = g_new (CpuidTable, 1);
  g_autoptr (GError) problem = NULL;
  CpuidHyperv hyperv = { 0 };

  if (machine->cpu.hyperv)
    hyperv = kvm_hyperv_open (vcpu);
  put_timing (vcpu, offer);
  if (!cpu_policy_make (machine, offer, &hyperv, guest, &problem))
    {
      /* Another accelerator may have that processor. */
      g_set_error_literal (error, ACCEL_ERROR, ACCEL_ERROR_HOST, problem->message);
      return false;
    }
  cpuid_topology_fill_table (
    &(CpuidTopology){ &machine->topology, vcpu->apic_id, cpuid_table_is_amd (guest) }, guest);
  table_to_kvm (guest, cpuid);
  if (ioctl (vcpu->fd, KVM_SET_CPUID2, cpuid) == 0)
    return true;
  kvm_set_error (error, _ ("KVM cannot offer a CPU to the guest."));
  return false;
}
