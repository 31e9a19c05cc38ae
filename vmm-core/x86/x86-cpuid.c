/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CPUID: Intel SDM 2A, CPUID; AMD APM 3, appendix E. */
#include "x86-cpuid.h"

#include "kvmclock.h"
#include "mmu.h"
#include "monitor.h"
#include "software.h"
#include "x86-features.h"
#include "xsave.h"

#include <cpuid.h>
#include <string.h>
#include <time.h>
#include <x86intrin.h>

#define BIT(n) (1u << (n))
#define HYPERVISOR_BASE 0x40000000u
#define EXTENDED_BASE 0x80000000u
#define N_BASIC 0x17
#define N_HYPERVISOR 0x11
#define N_EXTENDED 0x22

/* Leaf 1 */
#define EDX1_ALWAYS                                                                                \
  (BIT (0) | BIT (1) | BIT (2) | BIT (3) | BIT (4) | BIT (5) | BIT (6) | BIT (7) | BIT (8)         \
   | BIT (9) | BIT (11) | BIT (12) | BIT (13) | BIT (14) | BIT (15) | BIT (16) | BIT (17)          \
   | BIT (19) | BIT (23) | BIT (24) | BIT (25) | BIT (26))
#define ECX1_MONITOR BIT (3)
#define ECX1_CX16 BIT (13)
#define ECX1_PCID BIT (17)
#define ECX1_X2APIC BIT (21)
#define ECX1_TSC_DEADLINE BIT (24)
#define ECX1_XSAVE BIT (26)
#define ECX1_OSXSAVE BIT (27)
#define ECX1_HYPERVISOR BIT (31)
/* Leaf 7 */
#define EBX7_FSGSBASE BIT (0)
#define EBX7_TSC_ADJUST BIT (1)
#define EBX7_SMEP BIT (7)
#define EBX7_ERMS BIT (9)
#define EBX7_INVPCID BIT (10)
#define EBX7_SMAP BIT (20)
#define EBX7_CLFLUSHOPT BIT (23)
#define EBX7_CLWB BIT (24)
#define ECX7_UMIP BIT (2)
#define ECX7_PKU BIT (3)
#define ECX7_OSPKE BIT (4)
#define ECX7_RDPID BIT (22)
#define ECX7_PKS BIT (31)
#define EDX7_FSRM BIT (4)
#define EDX7_SPEC_CTRL BIT (26)
#define EDX7_ARCH_CAPABILITIES BIT (29)

/* The table, before a CPU's number and registers come into it. */
typedef struct
{
  bool amd, hygon;
  uint64_t tsc_khz;
  X86Cpuid basic[N_BASIC], hypervisor[N_HYPERVISOR], extended[N_EXTENDED];
  X86Cpuid leaf13[3];
} Table;

static X86Cpuid
host_cpuid (uint32_t leaf, uint32_t subleaf)
{
  X86Cpuid host = { 0 };

  __get_cpuid_count (leaf, subleaf, &host.eax, &host.ebx, &host.ecx, &host.edx);
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

static uint32_t
feature_bit (uint32_t features, X86Feature feature, unsigned bit)
{
  return x86_features_have (features, feature) ? BIT (bit) : 0;
}

static void
fill_features (Table *table)
{
  const uint32_t features = x86_features_of_host ();
  X86Cpuid *one = &table->basic[1];
  X86Cpuid *seven = &table->basic[7];

  /* Recent enough for its own mitigations, old enough for every system to know it. */
  one->eax = table->amd ? 0x00b20f21 : 0x000306c3;
  one->ebx = 8 << 8; /* CLFLUSH: 64 bytes */
#define HAVE(feature, bit) feature_bit (features, X86_FEATURE_##feature, bit)
  one->ecx = ECX1_MONITOR | ECX1_CX16 | ECX1_PCID | ECX1_X2APIC | ECX1_TSC_DEADLINE | ECX1_XSAVE
             | ECX1_HYPERVISOR | HAVE (SSE3, 0) | HAVE (PCLMUL, 1) | HAVE (SSSE3, 9)
             | HAVE (FMA, 12) | HAVE (SSE41, 19) | HAVE (SSE42, 20) | HAVE (MOVBE, 22)
             | HAVE (POPCNT, 23) | HAVE (AES, 25) | HAVE (AVX, 28) | HAVE (F16C, 29)
             | HAVE (RDRAND, 30);
  one->edx = EDX1_ALWAYS;
  /* MWAIT knows no C-state (EDX): with HLT and messages systems idle better. */
  table->basic[5] = (X86Cpuid){ X86_MONITOR_LINE, X86_MONITOR_LINE, BIT (0), 0 };
  seven->ebx = EBX7_FSGSBASE | EBX7_TSC_ADJUST | EBX7_SMEP | EBX7_SMAP | EBX7_ERMS | EBX7_INVPCID
               | EBX7_CLFLUSHOPT | EBX7_CLWB | HAVE (BMI1, 3) | HAVE (AVX2, 5) | HAVE (BMI2, 8)
               | HAVE (RDSEED, 18) | HAVE (ADX, 19) | HAVE (SHA, 29);
  seven->ecx = ECX7_UMIP | ECX7_PKU | ECX7_RDPID | ECX7_PKS | HAVE (GFNI, 8) | HAVE (VAES, 9)
               | HAVE (VPCLMUL, 10);
#undef HAVE
  seven->edx = EDX7_FSRM;
  if (!table->amd)
    seven->edx |= EDX7_SPEC_CTRL | EDX7_ARCH_CAPABILITIES;
}

static void
fill_vendor (Table *table)
{
  X86Cpuid host = host_cpuid (0, 0);

  table->hygon = memcmp (&host.ebx, "Hygo", 4) == 0;
  table->amd = memcmp (&host.ebx, "Auth", 4) == 0 || table->hygon;
  table->basic[0] = host;
  table->basic[0].eax = N_BASIC - 1;
}

/* Deterministic cache parameters: 32 KiB L1, 1 MiB L2, 8 MiB L3. */
static X86Cpuid
cache_leaf (uint32_t subleaf)
{
  static const X86Cpuid caches[4] = {
    { 0x00000121, 0x01c0003f, 63, 0 },
    { 0x00000122, 0x01c0003f, 63, 0 },
    { 0x00000143, 0x03c0003f, 1023, 0 },
    { 0x00000163, 0x03c0003f, 8191, 0 },
  };

  return subleaf < G_N_ELEMENTS (caches) ? caches[subleaf] : (X86Cpuid){ 0 };
}

static void
fill_xsave (Table *table)
{
  bool avx = x86_features_have (x86_features_of_host (), X86_FEATURE_AVX);

  table->leaf13[0].eax = XSAVE_X87 | XSAVE_SSE | (avx ? XSAVE_AVX : 0) | XSAVE_PKRU;
  table->leaf13[0].ecx = xsave_size (table->leaf13[0].eax, false);
  table->leaf13[1].eax
    = BIT (0) | BIT (1) | BIT (2) | BIT (3); /* XSAVEOPT, XSAVEC, XGETBV 1, XSAVES */
  if (avx)
    table->leaf13[2] = (X86Cpuid){ 256, XSAVE_AVX_AT, 0, 0 };
}

static void
fill_hypervisor (Table *table)
{
  /* This signature promises the interface of leaf 1, not an implementation. */
  static const char signature[12] = "KVMKVMKVM";
  X86Cpuid *base = table->hypervisor;

  base[0].eax = HYPERVISOR_BASE + N_HYPERVISOR - 1;
  memcpy (&base[0].ebx, signature, 4);
  memcpy (&base[0].ecx, signature + 4, 4);
  memcpy (&base[0].edx, signature + 8, 4);
  base[1].eax = X86_KVMCLOCK_FEATURES;
  base[0x10] = (X86Cpuid){ table->tsc_khz, 1000000, 0, 0 };
}

static void
fill_extended (Table *table)
{
  static const char brand[48] = "Guesthouse Virtual CPU";
  X86Cpuid *base = table->extended;

  base[0] = table->basic[0];
  base[0].eax = EXTENDED_BASE + (table->amd ? 0x21 : 8);
  if (!table->amd)
    base[0].ebx = base[0].ecx = base[0].edx = 0;
  base[1].eax = table->amd ? table->basic[1].eax : 0;
  base[1].ecx = BIT (0) | feature_bit (x86_features_of_host (), X86_FEATURE_LZCNT, 5) | BIT (8);
  base[1].edx = BIT (11) | BIT (20) | BIT (26) | BIT (27) | BIT (29);
  if (table->amd)
    {
      base[1].ecx |= BIT (22); /* leaves 8000_001Dh and 8000_001Eh */
      base[1].edx |= table->basic[1].edx & 0x0183f3ff;
    }
  memcpy (&base[2], brand, sizeof brand);
  if (table->amd)
    {
      base[5] = (X86Cpuid){ 0xff48ff40, 0xff48ff40, 0x20080140, 0x20080140 };
      base[6] = (X86Cpuid){ 0x5c002200, 0x68004200, 0x04008140, 0x00408140 };
      base[0x21].eax
        = BIT (2) | BIT (6) | BIT (8); /* serialising LFENCE, null clears base, automatic IBRS */
      base[8].ebx
        = BIT (2) | BIT (26); /* XSAVE keeps error pointers; no speculative store bypass */
    }
  else
    base[6].ecx = 0x04006040;
  base[7].edx = BIT (8); /* invariant TSC */
  base[8].eax = X86_PHYSICAL_BITS | 48 << 8;
}

static void
table_make (Table *table)
{
  uint32_t mhz;

  table->tsc_khz = measure_tsc_khz ();
  mhz = table->tsc_khz / 1000;
  fill_vendor (table);
  fill_features (table);
  fill_xsave (table);
  fill_hypervisor (table);
  fill_extended (table);
  table->basic[2].eax = table->amd ? 0 : 0x00feff01;
  table->basic[6].eax = BIT (2); /* the APIC timer always runs */
  /* The "crystal" is the APIC's 1 GHz clock. */
  table->basic[0x15] = (X86Cpuid){ 1000, mhz, 1000000000, 0 };
  table->basic[0x16] = (X86Cpuid){ mhz, mhz, 1000, 0 };
}

static const Table *
table_get (void)
{
  static gsize once;

  if (g_once_init_enter (&once))
    {
      Table *table = g_new0 (Table, 1);

      table_make (table);
      g_once_init_leave (&once, (gsize) table);
    }
  return (const Table *) once;
}

static X86Cpuid
xsave_leaf (const Table *table, const X86Cpu *cpu, uint32_t subleaf)
{
  X86Cpuid leaf;

  if (subleaf == XSAVE_PKRU_NUMBER)
    return (X86Cpuid){ XSAVE_PKRU_SIZE, XSAVE_PKRU_AT, 0, 0 };
  if (subleaf >= G_N_ELEMENTS (table->leaf13))
    return (X86Cpuid){ 0 };
  leaf = table->leaf13[subleaf];
  if (subleaf < 2)
    leaf.ebx = xsave_size (cpu->state.xcr0, subleaf == 1);
  return leaf;
}

static X86Cpuid
basic_leaf (const Table *table, const X86Cpu *cpu, uint32_t leaf, uint32_t subleaf)
{
  X86Cpuid answer = table->basic[leaf];

  switch (leaf)
    {
    case 1:
      if (cpu->state.cr4 & X86_CR4_OSXSAVE)
        answer.ecx |= ECX1_OSXSAVE;
      if (!(cpu->state.lapic.base_msr & 1 << 11))
        answer.edx &= ~BIT (9);
      break;
    case 4:
      return table->amd ? answer : cache_leaf (subleaf);
    case 7:
      if (cpu->state.cr4 & X86_CR4_PKE)
        answer.ecx |= ECX7_OSPKE;
      return subleaf == 0 ? answer : (X86Cpuid){ 0 };
    case 0xd:
      return xsave_leaf (table, cpu, subleaf);
    default:
      break;
    }
  return answer;
}

static X86Cpuid
extended_leaf (const Table *table, uint32_t leaf, uint32_t subleaf)
{
  if (leaf == EXTENDED_BASE + 0x1d) /* AMD's only: Intel's table ends before it */
    return cache_leaf (subleaf);
  return table->extended[leaf - EXTENDED_BASE];
}

X86Cpuid
x86_cpuid_get (X86Cpu *cpu, uint32_t leaf, uint32_t subleaf)
{
  const Table *table = table_get ();
  const CpuTopology *topology = &cpu->software->machine.topology;
  X86Cpuid answer = { 0 };

  if (leaf - HYPERVISOR_BASE < N_HYPERVISOR)
    return table->hypervisor[leaf - HYPERVISOR_BASE];
  if (leaf < N_BASIC)
    answer = basic_leaf (table, cpu, leaf, subleaf);
  else if (leaf >= EXTENDED_BASE && leaf <= table->extended[0].eax)
    answer = extended_leaf (table, leaf, subleaf);
  else /* beyond the last leaf, Intel answers with the last one, AMD with zeroes */
    return table->amd ? answer : table->basic[N_BASIC - 1];
  cpuid_topology_fill (
    &(CpuidTopology){ topology, cpu_topology_get_apic_id (topology, cpu->index), table->amd }, leaf,
    subleaf, &answer);
  return answer;
}

uint64_t
x86_cpuid_get_tsc_khz (void)
{
  return table_get ()->tsc_khz;
}

X86Vendor
x86_cpuid_get_vendor (void)
{
  return table_get ()->amd ? X86_AMD : X86_INTEL;
}

uint64_t
x86_cpuid_get_cr4_bits (void)
{
  return X86_CR4_VME | X86_CR4_PVI | X86_CR4_TSD | X86_CR4_DE | X86_CR4_PSE | X86_CR4_PAE
         | X86_CR4_MCE | X86_CR4_PGE | X86_CR4_PCE | X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT
         | X86_CR4_UMIP | X86_CR4_FSGSBASE | X86_CR4_PCIDE | X86_CR4_OSXSAVE | X86_CR4_SMEP
         | X86_CR4_SMAP | X86_CR4_PKE | X86_CR4_PKS;
}

uint64_t
x86_cpuid_get_xcr0_bits (void)
{
  return table_get ()->leaf13[0].eax;
}
