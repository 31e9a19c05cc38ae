/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The levels are those of the x86-64 psABI, 3.1.1, with what systems use of the CPUs that have
 * them. Of the generations there is what the software CPU has, too: no AVX-512, no transactions,
 * and no protection keys, whose place in an XSAVE area differs from host to host. None has an
 * invariant TSC, so that systems take their time from the clock that follows them when a machine
 * goes to another accelerator. */
#include "cpu-models.h"

#include <glib.h>
#include <string.h>

static const CpuModel models[] = {
  { .name = CPU_MODEL_HOST, .title = "Host" },
  { .name = "baseline",
    .title = "x86-64-v2",
    .features = "fpu de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush "
                "mmx fxsr sse "
                "sse2 syscall nx lm rdtscp lahf_lm sse3 ssse3 cx16 sse4_1 sse4_2 popcnt x2apic "
                "tsc_deadline_timer hypervisor" },
  { .name = "v3",
    .title = "x86-64-v3",
    .base = "baseline",
    .features = "avx avx2 bmi1 bmi2 f16c fma lzcnt movbe xsave xsaveopt aes pclmul rdrand fsgsbase "
                "smep" },
  { .name = "nehalem",
    .title = "Nehalem",
    .base = "baseline",
    .features = "",
    .maker = CPU_MAKER_INTEL,
    .signature = 0x000106a5 },
  { .name = "haswell",
    .title = "Haswell",
    .base = "v3",
    .features = "pcid invpcid erms tsc_adjust spec_ctrl",
    .maker = CPU_MAKER_INTEL,
    .signature = 0x000306c3 },
  { .name = "skylake-server",
    .title = "Skylake Server",
    .base = "haswell",
    .features = "3dnowprefetch pdpe1gb smap adx rdseed clflushopt clwb xsavec xgetbv1",
    .maker = CPU_MAKER_INTEL,
    .signature = 0x00050654 },
  { .name = "zen2",
    .title = "Zen 2",
    .base = "v3",
    .features = "3dnowprefetch pdpe1gb topoext smap adx rdseed sha clflushopt clwb umip rdpid "
                "xsavec xgetbv1 xsaveerptr ibpb",
    .maker = CPU_MAKER_AMD,
    .signature = 0x00830f10 },
  { .name = "zen4",
    .title = "Zen 4",
    .base = "zen2",
    .features = "pcid invpcid erms fsrm gfni vaes vpclmul",
    .maker = CPU_MAKER_AMD,
    .signature = 0x00a10f11 },
};

const CpuModel *
cpu_models_find (const char *name)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (models); i++)
    if (strcmp (models[i].name, name) == 0)
      return &models[i];
  return NULL;
}

const CpuModel *
cpu_models_get (unsigned i)
{
  return i < G_N_ELEMENTS (models) ? &models[i] : NULL;
}
