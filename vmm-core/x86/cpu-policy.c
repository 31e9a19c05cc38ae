/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Intel SDM 2A, CPUID; AMD APM 3, appendix E. */
#include "cpu-policy.h"

#include "cpu-feature.h"
#include "cpu-models.h"
#include "kvmclock.h"
#include "mmu.h"
#include "x86-features.h"
#include "xsave.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <string.h>

#define HYPERVISOR_BASE 0x40000000u
#define EXTENDED_BASE 0x80000000u
#define CLFLUSH_64 (8 << 8)
#define ARAT 4 /* leaf 6: the APIC timer always runs */
#define XCR0_AMX (3ull << 17)
#define LINEAR_BITS 48
#define MIRRORED 0x0183f3ff
#define MOST_NAMES 8 /* in a sentence */

/* “host” */

/* Performance counters, which are switched off; enclaves and five-level paging, for which machines
 * have no memory; and AMX, which X86State does not hold. */
#define NEVER                                                                                      \
  "pdcm ds dtes64 arch_perfmon_ext perfctr_core perfctr_nb perfctr_llc sgx sgx_lc la57 amx_bf16 "  \
  "amx_tile amx_int8 amx_fp16 amx_complex"
static const uint32_t never_leaves[] = { 0x0a, 0x12, 0x1d, 0x1e, 0x23, 0x80000022, 0x80000026 };

#define VIRTUALIZATION "vmx svm"
#define LEAF_SVM 0x8000000a

static void
drop_amx_state (CpuidTable *table)
{
  X86Cpuid *sizes = cpuid_table_find (table, 0xd, 0);

  if (sizes == NULL || (sizes->eax & XCR0_AMX) == 0)
    return;
  sizes->eax &= ~XCR0_AMX;
  sizes->ecx = XSAVE_AVX_AT;
  for (unsigned i = 2; i < 32; i++)
    {
      X86Cpuid component = cpuid_table_get (table, 0xd, i);

      if (sizes->eax & 1u << i)
        sizes->ecx = MAX (sizes->ecx, component.eax + component.ebx);
      else if (XCR0_AMX & 1u << i)
        cpuid_table_put_indexed (table, 0xd, i, (X86Cpuid){ 0 });
    }
}

static void
make_host (bool nested, const CpuidTable *offered, CpuidTable *guest)
{
  *guest = *offered;
  cpu_feature_remove_all (guest, NEVER);
  for (unsigned i = 0; i < G_N_ELEMENTS (never_leaves); i++)
    cpuid_table_remove (guest, never_leaves[i]);
  drop_amx_state (guest);
  if (nested)
    return;
  cpu_feature_remove_all (guest, VIRTUALIZATION);
  cpuid_table_remove (guest, LEAF_SVM);
}

/* All others */

void
cpu_policy_put_caches (CpuidTable *table)
{
  static const X86Cpuid caches[] = {
    { 0x00000121, 0x01c0003f, 63, 0 },
    { 0x00000122, 0x01c0003f, 63, 0 },
    { 0x00000143, 0x03c0003f, 1023, 0 },
    { 0x00000163, 0x03c0003f, 8191, 0 },
    { 0 },
  };
  bool amd = cpuid_table_is_amd (table);

  for (unsigned i = 0; i < G_N_ELEMENTS (caches); i++)
    cpuid_table_put_indexed (table, amd ? 0x8000001d : 4, i, caches[i]);
  if (amd)
    {
      cpuid_table_put (table, 0x80000005,
                       (X86Cpuid){ 0xff48ff40, 0xff48ff40, 0x20080140, 0x20080140 });
      cpuid_table_put (table, 0x80000006,
                       (X86Cpuid){ 0x5c002200, 0x68004200, 0x04008140, 0x00408140 });
      return;
    }
  cpuid_table_put (table, 2, (X86Cpuid){ .eax = 0x00feff01 });
  cpuid_table_put (table, 0x80000006, (X86Cpuid){ .ecx = 0x04006040 });
}

void
cpu_policy_put_brand (CpuidTable *table, const char *brand)
{
  X86Cpuid leaves[3] = { 0 };

  g_assert (strlen (brand) < sizeof leaves);
  memcpy (leaves, brand, strlen (brand));
  for (unsigned i = 0; i < G_N_ELEMENTS (leaves); i++)
    cpuid_table_put (table, EXTENDED_BASE + 2 + i, leaves[i]);
}

void
cpu_policy_mirror_amd (CpuidTable *table)
{
  const X86Cpuid one = cpuid_table_get (table, 1, 0);
  X86Cpuid *extended = cpuid_table_find (table, EXTENDED_BASE + 1, 0);

  extended->eax = one.eax;
  extended->edx |= one.edx & MIRRORED;
}

uint64_t
cpu_policy_get_xcr0 (const CpuidTable *table)
{
  if (!cpu_feature_has (table, "xsave"))
    return XSAVE_X87;
  return XSAVE_X87 | XSAVE_SSE | (cpu_feature_has (table, "avx") ? XSAVE_AVX : 0)
         | (cpu_feature_has (table, "pku") ? XSAVE_PKRU : 0);
}

/* The sizes for what is enabled (EBX of subleaves 0 and 1) follow XCR0. */
void
cpu_policy_put_xsave (CpuidTable *table)
{
  uint64_t components = cpu_policy_get_xcr0 (table);

  if (!cpu_feature_has (table, "xsave"))
    {
      cpuid_table_remove (table, 0xd);
      return;
    }
  cpuid_table_put_indexed (table, 0xd, 0,
                           (X86Cpuid){ .eax = components, .ecx = xsave_size (components, false) });
  if (components & XSAVE_AVX)
    cpuid_table_put_indexed (table, 0xd, 2,
                             (X86Cpuid){ XSAVE_PKRU_AT - XSAVE_AVX_AT, XSAVE_AVX_AT, 0, 0 });
  if (components & XSAVE_PKRU)
    cpuid_table_put_indexed (table, 0xd, XSAVE_PKRU_NUMBER,
                             (X86Cpuid){ XSAVE_PKRU_SIZE, XSAVE_PKRU_AT, 0, 0 });
}

static void
add_features (const CpuModel *model, CpuidTable *guest)
{
  if (model->base != NULL)
    add_features (cpu_models_find (model->base), guest);
  cpu_feature_add_all (guest, model->features);
}

static void
make_model (const CpuModel *model, const CpuidTable *offered, CpuidTable *guest)
{
  g_autofree char *brand = g_strdup_printf ("Guesthouse Virtual CPU (%s)", model->title);
  const uint32_t signature
    = model->signature != 0 ? model->signature : x86_features_get_signature ();
  const X86Cpuid vendor = cpuid_table_get (offered, 0, 0);
  bool amd = cpuid_table_is_amd (offered);
  X86Cpuid *extended;

  guest->n = 0;
  cpuid_table_put (guest, 0, vendor);
  cpuid_table_put (guest, 1, (X86Cpuid){ .eax = signature, .ebx = CLFLUSH_64 });
  cpuid_table_put (guest, 6, (X86Cpuid){ .eax = ARAT });
  cpuid_table_put_indexed (guest, 7, 0, (X86Cpuid){ 0 });
  cpuid_table_put (guest, 0xb, (X86Cpuid){ 0 });
  cpuid_table_put_indexed (guest, 0xd, 1, (X86Cpuid){ 0 });
  cpuid_table_put (guest, HYPERVISOR_BASE, x86_kvmclock_get_signature (HYPERVISOR_BASE + 1));
  cpuid_table_put (guest, HYPERVISOR_BASE + 1, (X86Cpuid){ .eax = X86_KVMCLOCK_FEATURES });
  cpuid_table_put (guest, EXTENDED_BASE, amd ? vendor : (X86Cpuid){ 0 });
  cpuid_table_put (guest, EXTENDED_BASE + 1, (X86Cpuid){ 0 });
  cpuid_table_put (guest, EXTENDED_BASE + 7, (X86Cpuid){ 0 });
  cpuid_table_put (guest, EXTENDED_BASE + 8,
                   (X86Cpuid){ .eax = MIN (X86_PHYSICAL_BITS, x86_features_get_physical_bits ())
                                      | LINEAR_BITS << 8 });
  cpu_policy_put_brand (guest, brand);
  cpu_policy_put_caches (guest);
  add_features (model, guest);
  if (amd)
    cpu_policy_mirror_amd (guest);
  cpu_policy_put_xsave (guest);
  cpuid_table_find (guest, 0, 0)->eax = cpu_feature_has (guest, "xsave") ? 0xd : 0xb;
  extended = cpuid_table_find (guest, EXTENDED_BASE, 0);
  extended->eax = EXTENDED_BASE + (cpu_feature_has (guest, "topoext") ? 0x1e : 8);
  if (cpu_feature_has (guest, "topoext"))
    cpuid_table_put (guest, 0x8000001e, (X86Cpuid){ 0 });
  else
    cpuid_table_remove (guest, 0x8000001d);
}

/* What the model has and the accelerator does not: some names with commas between; empty if
 * nothing. */
static char *
dup_missing (const CpuModel *model, const CpuidTable *offered)
{
  g_autoptr (GString) missing = g_string_new (NULL);
  unsigned n = 0;

  for (; model != NULL; model = model->base != NULL ? cpu_models_find (model->base) : NULL)
    {
      g_auto (GStrv) names = g_strsplit (model->features != NULL ? model->features : "", " ", -1);

      for (char **name = names; *name != NULL; name++)
        if (!cpu_feature_has (offered, *name) && n++ < MOST_NAMES)
          g_string_append_printf (missing, "%s%s", missing->len > 0 ? ", " : "", *name);
    }
  if (n > MOST_NAMES)
    g_string_append (missing, ", …");
  return g_string_free (g_steal_pointer (&missing), FALSE);
}

static bool
is_of_maker (const CpuModel *model, const CpuidTable *offered)
{
  return model->maker == CPU_MAKER_ANY
         || (model->maker == CPU_MAKER_AMD) == cpuid_table_is_amd (offered);
}

static char *
dup_possible (const CpuidTable *offered)
{
  g_autoptr (GString) possible = g_string_new (CPU_MODEL_HOST);
  const CpuModel *model;

  for (unsigned i = 1; (model = cpu_models_get (i)) != NULL; i++)
    {
      g_autofree char *missing = dup_missing (model, offered);

      if (*missing == '\0' && is_of_maker (model, offered))
        g_string_append_printf (possible, ", %s", model->name);
    }
  return g_string_free (g_steal_pointer (&possible), FALSE);
}

static bool
check_model (const CpuModel *model, const CpuidTable *offered, GError **error)
{
  g_autofree char *missing = dup_missing (model, offered);
  g_autofree char *possible = dup_possible (offered);

  if (!is_of_maker (model, offered))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                 _ ("The processor model “%s” comes from another maker than this computer's "
                    "processor: choose one that fits (%s)."),
                 model->name, possible);
  else if (*missing != '\0')
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                 _ ("The processor model “%s” has features that this computer cannot give the "
                    "machine (%s): choose one that fits (%s)."),
                 model->name, missing, possible);
  else
    return true;
  return false;
}

/* “host” has what there is of it, perhaps nothing. */
static bool
make_hyperv (const CpuModel *model, const CpuidHyperv *offered, CpuidTable *guest, GError **error)
{
  const CpuidHyperv limited = cpuid_hyperv_limit (offered);

  if (model->features == NULL && offered->features_eax != 0)
    cpuid_hyperv_put (guest, &limited);
  else if (model->features != NULL && cpuid_hyperv_is_within (&cpuid_hyperv_model, &limited))
    cpuid_hyperv_put (guest, &cpuid_hyperv_model);
  else if (model->features != NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   _ ("KVM of this computer's kernel lacks a part of Hyper-V's interface, which is "
                      "the same everywhere with the processor model “%s”: choose “%s”, or set "
                      "hyperv to off."),
                   model->name, CPU_MODEL_HOST);
      return false;
    }
  return true;
}

bool
cpu_policy_make (const AccelMachine *machine, const CpuidTable *offered, const CpuidHyperv *hyperv,
                 CpuidTable *guest, GError **error)
{
  const char *name = machine->cpu.model != NULL ? machine->cpu.model : CPU_MODEL_HOST;
  const CpuModel *model = cpu_models_find (name);

  g_assert (model != NULL);
  if (model->features == NULL)
    make_host (machine->cpu.nested, offered, guest);
  else if (check_model (model, offered, error))
    make_model (model, offered, guest);
  else
    return false;
  return !machine->cpu.hyperv || make_hyperv (model, hyperv, guest, error);
}
