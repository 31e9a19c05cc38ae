/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Intel SDM 2A, CPUID; AMD APM 3, appendix E. */
#include "cpu-feature.h"

#include <glib.h>
#include <string.h>

/* clang-format off */
static const CpuFeature features[] = {
  { "fpu", 1, 0, CPU_REGISTER_EDX, 0 },
  { "vme", 1, 0, CPU_REGISTER_EDX, 1 },
  { "de", 1, 0, CPU_REGISTER_EDX, 2 },
  { "pse", 1, 0, CPU_REGISTER_EDX, 3 },
  { "tsc", 1, 0, CPU_REGISTER_EDX, 4 },
  { "msr", 1, 0, CPU_REGISTER_EDX, 5 },
  { "pae", 1, 0, CPU_REGISTER_EDX, 6 },
  { "mce", 1, 0, CPU_REGISTER_EDX, 7 },
  { "cx8", 1, 0, CPU_REGISTER_EDX, 8 },
  { "apic", 1, 0, CPU_REGISTER_EDX, 9 },
  { "sep", 1, 0, CPU_REGISTER_EDX, 11 },
  { "mtrr", 1, 0, CPU_REGISTER_EDX, 12 },
  { "pge", 1, 0, CPU_REGISTER_EDX, 13 },
  { "mca", 1, 0, CPU_REGISTER_EDX, 14 },
  { "cmov", 1, 0, CPU_REGISTER_EDX, 15 },
  { "pat", 1, 0, CPU_REGISTER_EDX, 16 },
  { "pse36", 1, 0, CPU_REGISTER_EDX, 17 },
  { "clflush", 1, 0, CPU_REGISTER_EDX, 19 },
  { "ds", 1, 0, CPU_REGISTER_EDX, 21 },
  { "mmx", 1, 0, CPU_REGISTER_EDX, 23 },
  { "fxsr", 1, 0, CPU_REGISTER_EDX, 24 },
  { "sse", 1, 0, CPU_REGISTER_EDX, 25 },
  { "sse2", 1, 0, CPU_REGISTER_EDX, 26 },
  { "sse3", 1, 0, CPU_REGISTER_ECX, 0 },
  { "pclmul", 1, 0, CPU_REGISTER_ECX, 1 },
  { "dtes64", 1, 0, CPU_REGISTER_ECX, 2 },
  { "monitor", 1, 0, CPU_REGISTER_ECX, 3 },
  { "vmx", 1, 0, CPU_REGISTER_ECX, 5 },
  { "ssse3", 1, 0, CPU_REGISTER_ECX, 9 },
  { "fma", 1, 0, CPU_REGISTER_ECX, 12 },
  { "cx16", 1, 0, CPU_REGISTER_ECX, 13 },
  { "pdcm", 1, 0, CPU_REGISTER_ECX, 15 },
  { "pcid", 1, 0, CPU_REGISTER_ECX, 17 },
  { "sse4_1", 1, 0, CPU_REGISTER_ECX, 19 },
  { "sse4_2", 1, 0, CPU_REGISTER_ECX, 20 },
  { "x2apic", 1, 0, CPU_REGISTER_ECX, 21 },
  { "movbe", 1, 0, CPU_REGISTER_ECX, 22 },
  { "popcnt", 1, 0, CPU_REGISTER_ECX, 23 },
  { "tsc_deadline_timer", 1, 0, CPU_REGISTER_ECX, 24 },
  { "aes", 1, 0, CPU_REGISTER_ECX, 25 },
  { "xsave", 1, 0, CPU_REGISTER_ECX, 26 },
  { "avx", 1, 0, CPU_REGISTER_ECX, 28 },
  { "f16c", 1, 0, CPU_REGISTER_ECX, 29 },
  { "rdrand", 1, 0, CPU_REGISTER_ECX, 30 },
  { "hypervisor", 1, 0, CPU_REGISTER_ECX, 31 },
  { "fsgsbase", 7, 0, CPU_REGISTER_EBX, 0 },
  { "tsc_adjust", 7, 0, CPU_REGISTER_EBX, 1 },
  { "sgx", 7, 0, CPU_REGISTER_EBX, 2 },
  { "bmi1", 7, 0, CPU_REGISTER_EBX, 3 },
  { "avx2", 7, 0, CPU_REGISTER_EBX, 5 },
  { "smep", 7, 0, CPU_REGISTER_EBX, 7 },
  { "bmi2", 7, 0, CPU_REGISTER_EBX, 8 },
  { "erms", 7, 0, CPU_REGISTER_EBX, 9 },
  { "invpcid", 7, 0, CPU_REGISTER_EBX, 10 },
  { "mpx", 7, 0, CPU_REGISTER_EBX, 14 },
  { "avx512f", 7, 0, CPU_REGISTER_EBX, 16 },
  { "rdseed", 7, 0, CPU_REGISTER_EBX, 18 },
  { "adx", 7, 0, CPU_REGISTER_EBX, 19 },
  { "smap", 7, 0, CPU_REGISTER_EBX, 20 },
  { "clflushopt", 7, 0, CPU_REGISTER_EBX, 23 },
  { "clwb", 7, 0, CPU_REGISTER_EBX, 24 },
  { "sha", 7, 0, CPU_REGISTER_EBX, 29 },
  { "umip", 7, 0, CPU_REGISTER_ECX, 2 },
  { "pku", 7, 0, CPU_REGISTER_ECX, 3 },
  { "gfni", 7, 0, CPU_REGISTER_ECX, 8 },
  { "vaes", 7, 0, CPU_REGISTER_ECX, 9 },
  { "vpclmul", 7, 0, CPU_REGISTER_ECX, 10 },
  { "la57", 7, 0, CPU_REGISTER_ECX, 16 },
  { "rdpid", 7, 0, CPU_REGISTER_ECX, 22 },
  { "sgx_lc", 7, 0, CPU_REGISTER_ECX, 30 },
  { "pks", 7, 0, CPU_REGISTER_ECX, 31 },
  { "fsrm", 7, 0, CPU_REGISTER_EDX, 4 },
  { "amx_bf16", 7, 0, CPU_REGISTER_EDX, 22 },
  { "amx_tile", 7, 0, CPU_REGISTER_EDX, 24 },
  { "amx_int8", 7, 0, CPU_REGISTER_EDX, 25 },
  { "spec_ctrl", 7, 0, CPU_REGISTER_EDX, 26 },
  { "arch_capabilities", 7, 0, CPU_REGISTER_EDX, 29 },
  { "arch_perfmon_ext", 7, 1, CPU_REGISTER_EAX, 8 },
  { "amx_fp16", 7, 1, CPU_REGISTER_EAX, 21 },
  { "amx_complex", 7, 1, CPU_REGISTER_EDX, 8 },
  { "xsaveopt", 0xd, 1, CPU_REGISTER_EAX, 0 },
  { "xsavec", 0xd, 1, CPU_REGISTER_EAX, 1 },
  { "xgetbv1", 0xd, 1, CPU_REGISTER_EAX, 2 },
  { "xsaves", 0xd, 1, CPU_REGISTER_EAX, 3 },
  { "lahf_lm", 0x80000001, 0, CPU_REGISTER_ECX, 0 },
  { "svm", 0x80000001, 0, CPU_REGISTER_ECX, 2 },
  { "lzcnt", 0x80000001, 0, CPU_REGISTER_ECX, 5 },
  { "3dnowprefetch", 0x80000001, 0, CPU_REGISTER_ECX, 8 },
  { "topoext", 0x80000001, 0, CPU_REGISTER_ECX, 22 },
  { "perfctr_core", 0x80000001, 0, CPU_REGISTER_ECX, 23 },
  { "perfctr_nb", 0x80000001, 0, CPU_REGISTER_ECX, 24 },
  { "perfctr_llc", 0x80000001, 0, CPU_REGISTER_ECX, 28 },
  { "syscall", 0x80000001, 0, CPU_REGISTER_EDX, 11 },
  { "nx", 0x80000001, 0, CPU_REGISTER_EDX, 20 },
  { "pdpe1gb", 0x80000001, 0, CPU_REGISTER_EDX, 26 },
  { "rdtscp", 0x80000001, 0, CPU_REGISTER_EDX, 27 },
  { "lm", 0x80000001, 0, CPU_REGISTER_EDX, 29 },
  { "invtsc", 0x80000007, 0, CPU_REGISTER_EDX, 8 },
  { "xsaveerptr", 0x80000008, 0, CPU_REGISTER_EBX, 2 },
  { "ibpb", 0x80000008, 0, CPU_REGISTER_EBX, 12 },
  { "ssb_no", 0x80000008, 0, CPU_REGISTER_EBX, 26 },
  { "lfence_always_serializing", 0x80000021, 0, CPU_REGISTER_EAX, 2 },
  { "null_sel_clr_base", 0x80000021, 0, CPU_REGISTER_EAX, 6 },
  { "autoibrs", 0x80000021, 0, CPU_REGISTER_EAX, 8 },
};
/* clang-format on */

/* A name may be one of several. */
static const CpuFeature *
find (const char *name, size_t length)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (features); i++)
    if (strncmp (features[i].name, name, length) == 0 && features[i].name[length] == '\0')
      return &features[i];
  return NULL;
}

const CpuFeature *
cpu_feature_find (const char *name)
{
  return find (name, strlen (name));
}

static uint32_t *
word (const CpuFeature *feature, X86Cpuid *answer)
{
  uint32_t *const words[] = { &answer->eax, &answer->ebx, &answer->ecx, &answer->edx };

  return words[feature->reg];
}

bool
cpu_feature_is_in (const CpuFeature *feature, const CpuidTable *table)
{
  X86Cpuid answer = cpuid_table_get (table, feature->leaf, feature->subleaf);

  return (*word (feature, &answer) >> feature->bit & 1) != 0;
}

void
cpu_feature_add (const CpuFeature *feature, CpuidTable *table)
{
  X86Cpuid *answer = cpuid_table_find (table, feature->leaf, feature->subleaf);

  g_assert (answer != NULL);
  *word (feature, answer) |= 1u << feature->bit;
}

void
cpu_feature_remove (const CpuFeature *feature, CpuidTable *table)
{
  X86Cpuid *answer = cpuid_table_find (table, feature->leaf, feature->subleaf);

  if (answer != NULL)
    *word (feature, answer) &= ~(1u << feature->bit);
}

bool
cpu_feature_has (const CpuidTable *table, const char *name)
{
  const CpuFeature *feature = cpu_feature_find (name);

  g_assert (feature != NULL);
  return cpu_feature_is_in (feature, table);
}

static void
change_all (CpuidTable *table, const char *names,
            void (*change) (const CpuFeature *feature, CpuidTable *table))
{
  for (const char *name = names; *name != '\0';)
    {
      size_t length = strcspn (name, " ");
      const CpuFeature *feature = find (name, length);

      g_assert (feature != NULL);
      change (feature, table);
      name += length + strspn (name + length, " ");
    }
}

void
cpu_feature_add_all (CpuidTable *table, const char *names)
{
  change_all (table, names, cpu_feature_add);
}

void
cpu_feature_remove_all (CpuidTable *table, const char *names)
{
  change_all (table, names, cpu_feature_remove);
}
