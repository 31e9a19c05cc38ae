/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CPUID: Intel SDM 2A, CPUID; AMD APM 3, appendix E. The one place that asks what the host has. */
#include "x86-features.h"

#include <cpuid.h>
#include <glib.h>

#define SET(name) (1u << X86_FEATURE_##name)
#define NEED_AVX (SET (AVX2) | SET (FMA) | SET (F16C) | SET (VAES) | SET (VPCLMUL))

static const struct
{
  const char *name;
  uint32_t needed_by;
} features[X86_N_FEATURES] = {
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
  return features[feature].name;
}

uint32_t
x86_features_without (uint32_t set, X86Feature feature)
{
  return set & ~(1u << feature | features[feature].needed_by);
}

static uint32_t
features_probe (void)
{
  uint32_t a, b, d, c1 = 0, b7 = 0, c7 = 0, c81 = 0, xcr0 = 0, set = SET (SSE2);

  __get_cpuid (1, &a, &b, &c1, &d);
  __get_cpuid_count (7, 0, &a, &b7, &c7, &d);
  __get_cpuid (0x80000001, &a, &b, &c81, &d);
  if (c1 & bit_OSXSAVE)
    __asm__ volatile ("xgetbv" : "=a"(xcr0) : "c"(0) : "edx");

#define FEATURE(word, bit, name) set |= ((word) & (bit)) != 0 ? SET (name) : 0
  FEATURE (c1, bit_SSE3, SSE3);
  FEATURE (c1, bit_SSSE3, SSSE3);
  FEATURE (c1, bit_SSE4_1, SSE41);
  FEATURE (c1, bit_SSE4_2, SSE42);
  FEATURE (c1, bit_POPCNT, POPCNT);
  FEATURE (c1, bit_AES, AES);
  FEATURE (c1, bit_PCLMUL, PCLMUL);
  FEATURE (c1, bit_MOVBE, MOVBE);
  FEATURE (c1, bit_RDRND, RDRAND);
  FEATURE (b7, bit_BMI, BMI1);
  FEATURE (b7, bit_BMI2, BMI2);
  FEATURE (b7, bit_ADX, ADX);
  FEATURE (b7, bit_RDSEED, RDSEED);
  FEATURE (b7, bit_SHA, SHA);
  FEATURE (c7, bit_GFNI, GFNI);
  FEATURE (c81, bit_ABM, LZCNT);
  if ((xcr0 & 6) == 6)
    {
      FEATURE (c1, bit_AVX, AVX);
      FEATURE (b7, bit_AVX2, AVX2);
      FEATURE (c1, bit_FMA, FMA);
      FEATURE (c1, bit_F16C, F16C);
      FEATURE (c7, bit_VAES, VAES);
      FEATURE (c7, bit_VPCLMULQDQ, VPCLMUL);
    }
#undef FEATURE
  return set;
}

static uint32_t
features_hide (uint32_t set, const char *name)
{
  for (unsigned i = 0; i < X86_N_FEATURES; i++)
    if (g_strcmp0 (features[i].name, name) == 0)
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
