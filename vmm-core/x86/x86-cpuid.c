/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CPUID: Intel SDM 2A, CPUID; AMD APM 3, appendix E. */
#include "x86-cpuid.h"

#include "cpu-feature.h"
#include "cpu-policy.h"
#include "cpuid-topology.h"
#include "kvmclock.h"
#include "mmu.h"
#include "monitor.h"
#include "software.h"
#include "x86-features.h"
#include "xsave.h"

#include <cpuid.h>
#include <time.h>
#include <x86intrin.h>

#define BIT(n) (1u << (n))
#define HYPERVISOR_BASE 0x40000000u
#define EXTENDED_BASE 0x80000000u
#define LAST_BASIC 0x16
#define LAST_HYPERVISOR (HYPERVISOR_BASE + 0x10)

#define ECX1_OSXSAVE BIT (27)
#define EDX1_APIC BIT (9)
#define ECX7_OSPKE BIT (4)
#define EAXD1_COMPACT (BIT (1) | BIT (3)) /* XSAVEC, XSAVES */

/* Beside the instruction sets of the host. */
#define FEATURES                                                                                   \
  "fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse "  \
  "sse2 monitor cx16 pcid x2apic tsc_deadline_timer xsave hypervisor fsgsbase tsc_adjust smep "    \
  "smap erms invpcid clflushopt clwb umip pku rdpid pks fsrm xsaveopt xsavec xgetbv1 xsaves "      \
  "lahf_lm 3dnowprefetch syscall nx pdpe1gb rdtscp lm invtsc"
#define FEATURES_INTEL "spec_ctrl arch_capabilities"
#define FEATURES_AMD                                                                               \
  "topoext xsaveerptr ibpb ssb_no lfence_always_serializing null_sel_clr_base autoibrs"

/* What can be offered, and what comes with it. */
typedef struct
{
  uint64_t tsc_khz;
  CpuidTable table;
} Offer;

static X86Cpuid
host_vendor (void)
{
  X86Cpuid host = { 0 };

  __get_cpuid (0, &host.eax, &host.ebx, &host.ecx, &host.edx);
  return host;
}

static uint64_t
measure_tsc_khz (void)
{
  struct timespec from, to;
  uint64_t first, last, ns;

  clock_gettime (CLOCK_MONOTONIC, &from);
  first = __rdtsc ();
  do
    {
      clock_gettime (CLOCK_MONOTONIC, &to);
      last = __rdtsc ();
      ns = (to.tv_sec - from.tv_sec) * 1000000000ll + to.tv_nsec - from.tv_nsec;
    }
  while (ns < 2000000);
  return MAX ((last - first) * 1000 / ns, 1) * 1000;
}

static void
put_leaves (const Offer *offer, CpuidTable *table)
{
  uint32_t mhz = offer->tsc_khz / 1000;
  X86Cpuid vendor = host_vendor ();
  bool amd;

  vendor.eax = LAST_BASIC;
  cpuid_table_put (table, 0, vendor);
  amd = cpuid_table_is_amd (table);
  /* Recent enough for its own mitigations, old enough for every system to know it. */
  cpuid_table_put (table, 1, (X86Cpuid){ .eax = amd ? 0x00b20f21 : 0x000306c3, .ebx = 8 << 8 });
  /* MWAIT knows no C-state (EDX): with HLT and messages systems idle better. */
  cpuid_table_put (table, 5, (X86Cpuid){ X86_MONITOR_LINE, X86_MONITOR_LINE, BIT (0), 0 });
  cpuid_table_put (table, 6, (X86Cpuid){ .eax = BIT (2) }); /* the APIC timer always runs */
  cpuid_table_put_indexed (table, 7, 0, (X86Cpuid){ 0 });
  cpuid_table_put (table, 0xb, (X86Cpuid){ 0 });
  cpuid_table_put_indexed (table, 0xd, 1, (X86Cpuid){ 0 });
  /* The "crystal" is the APIC's 1 GHz clock. */
  cpuid_table_put (table, 0x15, (X86Cpuid){ 1000, mhz, 1000000000, 0 });
  cpuid_table_put (table, 0x16, (X86Cpuid){ mhz, mhz, 1000, 0 });
  cpuid_table_put (table, HYPERVISOR_BASE, x86_kvmclock_get_signature (LAST_HYPERVISOR));
  cpuid_table_put (table, HYPERVISOR_BASE + 1, (X86Cpuid){ .eax = X86_KVMCLOCK_FEATURES });
  cpuid_table_put (table, LAST_HYPERVISOR, (X86Cpuid){ offer->tsc_khz, 1000000, 0, 0 });
  vendor.eax = EXTENDED_BASE + (amd ? 0x21 : 8);
  cpuid_table_put (table, EXTENDED_BASE, amd ? vendor : (X86Cpuid){ .eax = vendor.eax });
  cpuid_table_put (table, EXTENDED_BASE + 1, (X86Cpuid){ 0 });
  cpuid_table_put (table, EXTENDED_BASE + 7, (X86Cpuid){ 0 });
  cpuid_table_put (table, EXTENDED_BASE + 8, (X86Cpuid){ .eax = X86_PHYSICAL_BITS | 48 << 8 });
  if (amd)
    {
      cpuid_table_put (table, 0x8000001e, (X86Cpuid){ 0 });
      cpuid_table_put (table, 0x80000021, (X86Cpuid){ 0 });
    }
}

static void
put_features (CpuidTable *table)
{
  bool amd = cpuid_table_is_amd (table);

  cpu_feature_add_all (table, FEATURES);
  cpu_feature_add_all (table, amd ? FEATURES_AMD : FEATURES_INTEL);
  x86_features_put (x86_features_of_host (), table);
  if (amd)
    cpu_policy_mirror_amd (table);
}

static const Offer *
offer_get (void)
{
  static gsize once;

  if (g_once_init_enter (&once))
    {
      Offer *offer = g_new0 (Offer, 1);

      offer->tsc_khz = measure_tsc_khz ();
      put_leaves (offer, &offer->table);
      put_features (&offer->table);
      cpu_policy_put_xsave (&offer->table);
      cpu_policy_put_caches (&offer->table);
      cpu_policy_put_brand (&offer->table, "Guesthouse Virtual CPU");
      g_once_init_leave (&once, (gsize) offer);
    }
  return (const Offer *) once;
}

const CpuidTable *
x86_cpuid_get_offer (void)
{
  return &offer_get ()->table;
}

bool
x86_cpuid_open (X86Software *software, GError **error)
{
  static const struct
  {
    const char *feature;
    uint64_t bit;
  } optional[] = {
    { "vme", X86_CR4_VME | X86_CR4_PVI },
    { "umip", X86_CR4_UMIP },
    { "fsgsbase", X86_CR4_FSGSBASE },
    { "pcid", X86_CR4_PCIDE },
    { "xsave", X86_CR4_OSXSAVE },
    { "smep", X86_CR4_SMEP },
    { "smap", X86_CR4_SMAP },
    { "pku", X86_CR4_PKE },
    { "pks", X86_CR4_PKS },
  };
  CpuidTable *table = &software->cpuid;

  if (!cpu_policy_make (&software->machine, x86_cpuid_get_offer (), &cpuid_hyperv_software, table,
                        error))
    return false;
  software->cr4_bits = x86_cpuid_get_cr4_bits ();
  for (unsigned i = 0; i < G_N_ELEMENTS (optional); i++)
    if (!cpu_feature_has (table, optional[i].feature))
      software->cr4_bits &= ~optional[i].bit;
  software->xcr0_bits = cpu_policy_get_xcr0 (table);
  return true;
}

/* What mirrors the CPU's registers. */
static void
fill_registers (const X86Cpu *cpu, uint32_t leaf, uint32_t subleaf, X86Cpuid *answer)
{
  const X86State *state = &cpu->state;

  if (leaf == 1 && (state->cr4 & X86_CR4_OSXSAVE))
    answer->ecx |= ECX1_OSXSAVE;
  if (leaf == 1 && !(state->lapic.base_msr & 1 << 11))
    answer->edx &= ~EDX1_APIC;
  if (leaf == 7 && subleaf == 0 && (state->cr4 & X86_CR4_PKE))
    answer->ecx |= ECX7_OSPKE;
  if (leaf == 0xd && (subleaf == 0 || (subleaf == 1 && (answer->eax & EAXD1_COMPACT))))
    answer->ebx = xsave_size (state->xcr0, subleaf == 1);
}

/* Which leaves count from one that tells the last. There may be several hypervisors' interfaces. */
static uint32_t
get_range (uint32_t leaf)
{
  return (leaf & 0xf0000000) == HYPERVISOR_BASE ? 0xffffff00 : 0xc0000000;
}

X86Cpuid
x86_cpuid_get (X86Cpu *cpu, uint32_t leaf, uint32_t subleaf)
{
  const CpuidTable *table = &cpu->software->cpuid;
  const CpuTopology *topology = &cpu->software->machine.topology;
  const uint32_t base = leaf & get_range (leaf);
  const bool amd = cpuid_table_is_amd (table);
  X86Cpuid answer;

  /* Beyond the last leaf, Intel answers with the last one, AMD with zeroes. */
  if (leaf > cpuid_table_get (table, base, 0).eax && amd)
    return (X86Cpuid){ 0 };
  if (leaf > cpuid_table_get (table, base, 0).eax)
    leaf = cpuid_table_get (table, 0, 0).eax;
  answer = cpuid_table_get (table, leaf, subleaf);
  fill_registers (cpu, leaf, subleaf, &answer);
  cpuid_topology_fill (
    &(CpuidTopology){ topology, cpu_topology_get_apic_id (topology, cpu->index), amd }, leaf,
    subleaf, &answer);
  return answer;
}

uint64_t
x86_cpuid_get_tsc_khz (void)
{
  return offer_get ()->tsc_khz;
}

X86Vendor
x86_cpuid_get_vendor (void)
{
  return cpuid_table_is_amd (x86_cpuid_get_offer ()) ? X86_AMD : X86_INTEL;
}

uint64_t
x86_cpuid_get_cr4_bits (void)
{
  return X86_CR4_VME | X86_CR4_PVI | X86_CR4_TSD | X86_CR4_DE | X86_CR4_PSE | X86_CR4_PAE
         | X86_CR4_MCE | X86_CR4_PGE | X86_CR4_PCE | X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT
         | X86_CR4_UMIP | X86_CR4_FSGSBASE | X86_CR4_PCIDE | X86_CR4_OSXSAVE | X86_CR4_SMEP
         | X86_CR4_SMAP | X86_CR4_PKE | X86_CR4_PKS;
}
