/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CPUID: Intel SDM 2A, CPUID; AMD APM 3, appendix E. The one place that asks what the host has. */
#include "x86-features.h"

#include "cpu-feature.h"

#include <cpuid.h>
#include <glib.h>

#define SET(name) (1u << X86_FEATURE_##name)
#define NEED_AVX (SET (AVX2) | SET (FMA) | SET (F16C) | SET (VAES) | SET (VPCLMUL))

static const struct
{
  const char *name;
  uint32_t needed_by;
} features[X86_N_FEATURES] = {
  [X86_FEATURE_SSE2] = { "sse2", 0 },        [X86_FEATURE_SSE3] = { "sse3", 0 },
  [X86_FEATURE_SSSE3] = { "ssse3", 0 },      [X86_FEATURE_SSE41] = { "sse4_1", 0 },
  [X86_FEATURE_SSE42] = { "sse4_2", 0 },     [X86_FEATURE_POPCNT] = { "popcnt", 0 },
  [X86_FEATURE_AES] = { "aes", SET (VAES) }, [X86_FEATURE_PCLMUL] = { "pclmul", SET (VPCLMUL) },
  [X86_FEATURE_SHA] = { "sha", 0 },          [X86_FEATURE_GFNI] = { "gfni", 0 },
  [X86_FEATURE_AVX] = { "avx", NEED_AVX },   [X86_FEATURE_AVX2] = { "avx2", 0 },
  [X86_FEATURE_FMA] = { "fma", 0 },          [X86_FEATURE_F16C] = { "f16c", 0 },
  [X86_FEATURE_VAES] = { "vaes", 0 },        [X86_FEATURE_VPCLMUL] = { "vpclmul", 0 },
  [X86_FEATURE_MOVBE] = { "movbe", 0 },      [X86_FEATURE_LZCNT] = { "lzcnt", 0 },
  [X86_FEATURE_BMI1] = { "bmi1", 0 },        [X86_FEATURE_BMI2] = { "bmi2", 0 },
  [X86_FEATURE_ADX] = { "adx", 0 },          [X86_FEATURE_RDRAND] = { "rdrand", 0 },
  [X86_FEATURE_RDSEED] = { "rdseed", 0 },
};

const char *
x86_feature_get_name (X86Feature feature)
{
  return feature < X86_FEATURE_AES ? NULL : features[feature].name;
}

uint32_t
x86_features_without (uint32_t set, X86Feature feature)
{
  return set & ~(1u << feature | features[feature].needed_by);
}

static const CpuFeature *
get_bit (X86Feature feature)
{
  return cpu_feature_find (features[feature].name);
}

static X86Cpuid
host_cpuid (uint32_t leaf)
{
  X86Cpuid host = { 0 };

  __get_cpuid_count (leaf, 0, &host.eax, &host.ebx, &host.ecx, &host.edx);
  return host;
}

uint32_t
x86_features_of_table (const CpuidTable *table)
{
  uint32_t set = 0;

  for (unsigned i = 0; i < X86_N_FEATURES; i++)
    if (cpu_feature_is_in (get_bit (i), table))
      set |= 1u << i;
  return set;
}

void
x86_features_put (uint32_t set, CpuidTable *table)
{
  for (unsigned i = 0; i < X86_N_FEATURES; i++)
    if (x86_features_have (set, i))
      cpu_feature_add (get_bit (i), table);
}

static uint32_t
features_probe (void)
{
  static const uint32_t leaves[] = { 1, 7, 0x80000001 };
  CpuidTable table = { 0 };
  uint32_t xcr0 = 0, set;

  for (unsigned i = 0; i < G_N_ELEMENTS (leaves); i++)
    cpuid_table_put (&table, leaves[i], host_cpuid (leaves[i]));
  set = x86_features_of_table (&table);
  if (host_cpuid (1).ecx & bit_OSXSAVE)
    __asm__ volatile ("xgetbv" : "=a"(xcr0) : "c"(0) : "edx");
  return (xcr0 & 6) == 6 ? set : x86_features_without (set, X86_FEATURE_AVX);
}

uint32_t
x86_features_get_signature (void)
{
  return host_cpuid (1).eax;
}

unsigned
x86_features_get_physical_bits (void)
{
  return host_cpuid (0x80000008).eax & 0xff;
}

static uint32_t
features_hide (uint32_t set, const char *name)
{
  for (unsigned i = X86_FEATURE_AES; i < X86_N_FEATURES; i++)
    if (g_str_equal (features[i].name, name))
      return x86_features_without (set, i);
  g_warning ("GUESTHOUSE_HIDE: no feature is called “%s”.", name);
  return set;
}

uint32_t
x86_features_of_host (void)
{
  static gsize once;

  if (g_once_init_enter (&once))
    {
      const char *hidden = g_getenv ("GUESTHOUSE_HIDE");
      g_auto (GStrv) names = g_strsplit (hidden != NULL ? hidden : "", ",", -1);
      uint32_t set = features_probe ();

      for (unsigned i = 0; names[i] != NULL; i++)
        set = features_hide (set, names[i]);
      g_once_init_leave (&once, set);
    }
  return (uint32_t) once;
}
