/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the processor models tell of themselves under each accelerator: all but “host” the same. The
 * kernel's offer is made up here, with what kernels mix into it; the true one is compared where
 * there is a /dev/kvm. */
#include "vmm-core/x86/cpu-feature.h"
#include "vmm-core/x86/cpu-models.h"
#include "vmm-core/x86/cpu-policy.h"
#include "vmm-core/x86/cpuid-topology.h"
#include "vmm-core/x86/software.h"
#include "vmm-core/x86/x86-cpuid.h"
#include "vmm-core/x86/x86-features.h"
#include "vmm-core/x86/x86.h"

#include <string.h>

/* As a kernel that runs on the same computer might answer: more features, its own caches and
 * topology, another brand. */
static CpuidTable
made_up_kernel (bool amd)
{
  CpuidTable table = *x86_cpuid_get_offer ();
  X86Cpuid *vendor = cpuid_table_find (&table, 0, 0);

  memcpy (&vendor->ebx, amd ? "Auth" : "Genu", 4);
  cpuid_table_put_indexed (&table, 4, 0, (X86Cpuid){ 0xfc004121, 0x02c0003f, 63, 0 });
  cpuid_table_put_indexed (&table, 7, 1, (X86Cpuid){ 0 });
  cpuid_table_put (&table, 0xa, (X86Cpuid){ 0x07300404, 0, 0, 0x603 });
  cpuid_table_put_indexed (&table, 0xb, 0, (X86Cpuid){ 1, 2, 0x100, 77 });
  cpuid_table_put_indexed (&table, 0xb, 1, (X86Cpuid){ 7, 64, 0x201, 77 });
  cpuid_table_put_indexed (&table, 0x1f, 0, (X86Cpuid){ 1, 2, 0x100, 77 });
  cpuid_table_put_indexed (&table, 0xd, 0, (X86Cpuid){ 0x602e7, 0, 11008, 0 });
  cpuid_table_put_indexed (&table, 0xd, 7, (X86Cpuid){ 1024, 1664, 0, 0 });
  cpuid_table_put_indexed (&table, 0xd, 17, (X86Cpuid){ 64, 2752, 2, 0 });
  cpuid_table_put_indexed (&table, 0xd, 18, (X86Cpuid){ 8192, 2816, 6, 0 });
  cpuid_table_put (&table, 0x1d, (X86Cpuid){ 1, 0, 0, 0 });
  cpuid_table_put (&table, 0x8000000a, (X86Cpuid){ 1, 0x8000, 0, 0x4cb });
  cpuid_table_put (&table, 0x8000001e, (X86Cpuid){ 77, 0x113, 0x301, 0 });
  cpu_feature_add_all (&table, "vmx svm avx512f pdcm la57 amx_tile amx_int8 amx_complex sgx");
  cpu_policy_put_brand (&table, "The host's own");
  return table;
}

static bool
make (const char *model, const CpuidTable *offer, CpuidTable *guest, GError **error)
{
  memset (guest, 0, sizeof *guest);
  return cpu_policy_make (&(AccelMachine){ .cpu = { .model = model } }, offer,
                          &cpuid_hyperv_software, guest, error);
}

/* Without one in the software CPU's own offer; what depends on the maker is the host's. */
static void
assert_refusal (const char *model, CpuidTable offer, const char *maker, const char *without,
                const char *sentence)
{
  g_autoptr (GError) error = NULL;
  CpuidTable guest;

  memcpy (&cpuid_table_find (&offer, 0, 0)->ebx, maker, 4);
  cpu_feature_remove_all (&offer, without);
  g_assert_false (make (model, &offer, &guest, &error));
  g_assert_cmpstr (error->message, ==, sentence);
}

/* Every feature that some model has. */
static CpuidTable
rich_offer (void)
{
  CpuidTable table = *x86_cpuid_get_offer ();

  for (unsigned i = 1; cpu_models_get (i) != NULL; i++)
    cpu_feature_add_all (&table, cpu_models_get (i)->features);
  return table;
}

static void
test_refusals (void)
{
  const CpuidTable offer = rich_offer ();

  assert_refusal (
    "v3", offer, "Genu", "bmi2 avx2",
    "The processor model “v3” has features that this computer cannot give the machine "
    "(avx2, bmi2): choose one that fits (host, baseline, nehalem).");
  assert_refusal ("zen4", offer, "Auth", "movbe gfni",
                  "The processor model “zen4” has features that this computer cannot give the "
                  "machine (gfni, movbe): choose one that fits (host, baseline).");
  assert_refusal ("haswell", offer, "Hygo", "gfni",
                  "The processor model “haswell” comes from another maker than this computer's "
                  "processor: choose one that fits (host, baseline, v3, zen2).");
  assert_refusal ("baseline", offer, "Genu", "sse3",
                  "The processor model “baseline” has features that this computer cannot give the "
                  "machine (sse3): choose one that fits (host).");
}

/* What the levels of the psABI have, and nothing beyond. */
static void
test_levels (void)
{
  const CpuidTable offer = rich_offer ();
  CpuidTable baseline, v3;

  g_assert_true (make ("baseline", &offer, &baseline, NULL));
  g_assert_true (make ("v3", &offer, &v3, NULL));
  g_assert_cmphex (cpuid_table_get (&baseline, 1, 0).ecx, ==, 0x81b82201);
  g_assert_cmphex (cpuid_table_get (&baseline, 7, 0).ebx, ==, 0);
  g_assert_cmphex (cpuid_table_get (&baseline, 0, 0).eax, ==, 0xb); /* no XSAVE */
  g_assert_cmphex (cpu_policy_get_xcr0 (&baseline), ==, 1);
  g_assert_cmphex (cpuid_table_get (&v3, 1, 0).ecx, ==, 0xf7f83203);
  g_assert_cmphex (cpuid_table_get (&v3, 7, 0).ebx, ==, 0x1a9);
  g_assert_cmphex (cpuid_table_get (&v3, 0xd, 0).eax, ==, 7);
  g_assert_cmphex (cpuid_table_get (&v3, 0xd, 0).ecx, ==, 832);
  g_assert_cmphex (cpuid_table_get (&v3, 0x80000007, 0).edx, ==, 0);
}

/* A model that can be had from both is the same from both; else the sentence is. */
static void
compare_models (const CpuidTable *software, const CpuidTable *kernel)
{
  for (unsigned i = 1; cpu_models_get (i) != NULL; i++)
    {
      g_autoptr (GError) error = NULL;
      CpuidTable one, other;

      if (!make (cpu_models_get (i)->name, software, &one, &error))
        g_test_message ("%s", error->message);
      else if (make (cpu_models_get (i)->name, kernel, &other, NULL))
        g_assert_cmpmem (&one, sizeof one, &other, sizeof other);
    }
}

static void
test_same_under_both (void)
{
  bool amd = cpuid_table_is_amd (x86_cpuid_get_offer ());
  CpuidTable kernel = made_up_kernel (amd), rich = rich_offer ();

  memcpy (&cpuid_table_find (&kernel, 0, 0)->ebx, &cpuid_table_find (&rich, 0, 0)->ebx, 4);
  compare_models (x86_cpuid_get_offer (), &kernel);
  compare_models (&rich, &kernel);
}

/* What state or hardware cannot follow is not there; virtual machines only where it is asked for.
 */
static void
test_host (void)
{
  const CpuidTable kernel = made_up_kernel (false);
  CpuidTable guest;

  g_assert_true (make (NULL, &kernel, &guest, NULL));
  g_assert_true (cpu_feature_has (&guest, "avx512f"));
  g_assert_false (cpu_feature_has (&guest, "vmx"));
  g_assert_false (cpu_feature_has (&guest, "svm"));
  g_assert_false (cpu_feature_has (&guest, "amx_tile"));
  g_assert_false (cpu_feature_has (&guest, "la57"));
  g_assert_cmphex (cpuid_table_get (&guest, 0xa, 0).eax, ==, 0);
  g_assert_cmphex (cpuid_table_get (&guest, 0x1d, 0).eax, ==, 0);
  g_assert_cmphex (cpuid_table_get (&guest, 0xd, 0).eax, ==, 0x2e7);
  g_assert_cmpuint (cpuid_table_get (&guest, 0xd, 0).ecx, ==, 2688);
  g_assert_cmphex (cpuid_table_get (&guest, 0xd, 18).eax, ==, 0);
  g_assert_cmphex (cpuid_table_get (&guest, 0x8000000a, 0).ebx, ==, 0);
  g_assert_true (cpu_policy_make (&(AccelMachine){ .cpu = { .nested = true } }, &kernel,
                                  &cpuid_hyperv_software, &guest, NULL));
  g_assert_true (cpu_feature_has (&guest, "vmx") && cpu_feature_has (&guest, "svm"));
  g_assert_cmphex (cpuid_table_get (&guest, 0x8000000a, 0).ebx, ==, 0x8000);
}

/* Nothing of the host's own topology is left. */
static void
test_topology (void)
{
  const CpuTopology topology = { 2, 2, 2 };

  for (int amd = 0; amd < 2; amd++)
    {
      CpuidTable table = made_up_kernel (amd);

      cpuid_topology_fill_table (&(CpuidTopology){ &topology, 6, amd }, &table);
      g_assert_cmphex (cpuid_table_get (&table, 1, 0).ebx >> 16, ==, 0x604);
      g_assert_cmphex (cpuid_table_get (&table, 1, 0).edx >> 28 & 1, ==, 1);
      for (uint32_t leaf = 0xb; leaf <= 0x1f; leaf += 0x1f - 0xb)
        {
          X86Cpuid threads = cpuid_table_get (&table, leaf, 0);
          X86Cpuid cores = cpuid_table_get (&table, leaf, 1);
          X86Cpuid end = cpuid_table_get (&table, leaf, 2);

          g_assert_cmpmem (&threads, 16, &((X86Cpuid){ 1, 2, 0x100, 6 }), 16);
          g_assert_cmpmem (&cores, 16, &((X86Cpuid){ 2, 4, 0x201, 6 }), 16);
          g_assert_cmpmem (&end, 16, &((X86Cpuid){ 0, 0, 2, 6 }), 16);
        }
      g_assert_cmphex (cpuid_table_get (&table, 4, 0).eax, ==, amd ? 0x4121 : 0x04004121);
      if (!amd)
        continue;
      g_assert_cmphex (cpuid_table_get (&table, 0x80000008, 0).ecx & 0xf0ff, ==, 0x2003);
      g_assert_cmphex (cpuid_table_get (&table, 0x8000001e, 0).eax, ==, 6);
      g_assert_cmphex (cpuid_table_get (&table, 0x8000001e, 0).ebx, ==, 0x101);
      g_assert_cmphex (cpuid_table_get (&table, 0x8000001e, 0).ecx, ==, 1);
    }
}

/* The software CPU is what it tells: registers and decoder go by the model, too. */
static void
test_software_cpu (void)
{
  AccelMachine machine = { .memory = memory_new (),
                           .clock = clock_new_manual (),
                           .topology = { 1, 1, 1 },
                           .cpu = { .model = "baseline" } };
  g_autoptr (GError) error = NULL;
  Accel *accel = software_accel_ops.open (&machine, &error);
  AccelVcpu *vcpu;
  X86Cpu *cpu;

  g_assert_no_error (error);
  vcpu = software_accel_ops.vcpu_new (accel, 0, &error);
  g_assert_no_error (error);
  cpu = x86_software_get_cpu (vcpu);
  g_assert_cmphex (cpu->features, ==, X86_FEATURES_ALL & ((1u << X86_FEATURE_AES) - 1));
  g_assert_cmphex (cpu->software->xcr0_bits, ==, 1);
  g_assert_cmphex (cpu->software->cr4_bits & (X86_CR4_OSXSAVE | X86_CR4_SMEP | X86_CR4_PKE), ==, 0);
  g_assert_cmphex (x86_cpuid_get (cpu, 7, 0).ebx, ==, 0);
  software_accel_ops.vcpu_free (vcpu);
  software_accel_ops.close (accel);
  clock_free (machine.clock);
  memory_free (machine.memory);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cpu-models/refusals", test_refusals);
  g_test_add_func ("/cpu-models/levels", test_levels);
  g_test_add_func ("/cpu-models/same-under-both", test_same_under_both);
  g_test_add_func ("/cpu-models/host", test_host);
  g_test_add_func ("/cpu-models/topology", test_topology);
  g_test_add_func ("/cpu-models/software-cpu", test_software_cpu);
  return g_test_run ();
}
