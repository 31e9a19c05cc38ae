/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What CPUID tells a guest under the /dev/kvm of this host: with every model but “host” the same as
 * under the software CPU, and Hyper-V's interface where it is asked for. */
#include "vmm-core/bare-machine.h"
#include "vmm-core/kvm/kvm-accel.h"
#include "vmm-core/x86/cpu-models.h"
#include "vmm-core/x86/cpuid-table.h"
#include "vmm-core/x86/software.h"
#include "vmm-core/x86/x86-state.h"

#include <gio/gio.h>
#include <string.h>
#include <unistd.h>

#define MEMORY_SIZE 0x100000
#define CODE_AT 0x1000
#define EXIT_PORT 0xf4
#define N_CPUS 8

#define MSR_HV_VP_INDEX 0x40000002
#define MSR_HV_REFERENCE_COUNT 0x40000020
#define MSR_HV_TSC_FREQUENCY 0x40000022
#define MSR_HV_SCONTROL 0x40000080

/* In real mode; each followed by OUT EXIT_PORT, AL. */
static const uint8_t code_cpuid[] = { 0x0f, 0xa2, 0xe6, EXIT_PORT };
static const uint8_t code_rdmsr[] = { 0x0f, 0x32, 0xe6, EXIT_PORT };
static const uint8_t code_wrmsr[] = { 0x0f, 0x30, 0xe6, EXIT_PORT };

/* A machine with one of its CPUs. */
typedef struct
{
  const AccelOps *ops;
  AccelMachine machine;
  Accel *accel;
  AccelVcpu *vcpu;
} Guest;

static void
leave (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  Guest *guest = device;

  guest->ops->vcpu_kick (guest->vcpu);
}

static const BusOps exit_port = { .write = leave };

static bool
guest_open (Guest *guest, const AccelOps *ops, AccelCpu cpu, unsigned index, GError **error)
{
  guest->ops = ops;
  guest->machine = (AccelMachine){ .topology = { 2, 2, 2 }, .cpu = cpu };
  bare_machine_init (&guest->machine, MEMORY_SIZE, NULL);
  bus_map (guest->machine.io, EXIT_PORT, 1, &exit_port, guest);
  guest->accel = ops->open (&guest->machine, error);
  guest->vcpu = guest->accel != NULL ? ops->vcpu_new (guest->accel, index, error) : NULL;
  return guest->vcpu != NULL;
}

static void
guest_close (Guest *guest)
{
  if (guest->vcpu != NULL)
    guest->ops->vcpu_free (guest->vcpu);
  if (guest->accel != NULL)
    guest->ops->close (guest->accel);
  bare_machine_clear (&guest->machine);
}

/* Runs the code with these registers, and takes them back. */
static void
run (Guest *guest, const uint8_t code[4], X86Cpuid *registers)
{
  g_autoptr (GError) error = NULL;
  X86State state;

  memory_write (guest->machine.memory, CODE_AT, code, 4);
  x86_state_reset (&state, 0);
  state.seg[X86_CS].base = state.seg[X86_CS].selector = 0;
  state.rip = CODE_AT;
  state.gpr[X86_RAX] = registers->eax;
  state.gpr[X86_RCX] = registers->ecx;
  state.gpr[X86_RDX] = registers->edx;
  guest->ops->set_state (guest->vcpu, &state, &error);
  g_assert_no_error (error);
  while (guest->ops->vcpu_run (guest->vcpu, &error) == ACCEL_EXIT_KICKED && error == NULL)
    {
      guest->ops->get_state (guest->vcpu, &state);
      if (state.rip == CODE_AT + 4)
        break;
    }
  g_assert_no_error (error);
  *registers
    = (X86Cpuid){ state.gpr[X86_RAX], state.gpr[X86_RBX], state.gpr[X86_RCX], state.gpr[X86_RDX] };
}

static X86Cpuid
ask (Guest *guest, uint32_t leaf, uint32_t subleaf)
{
  X86Cpuid registers = { .eax = leaf, .ecx = subleaf };

  run (guest, code_cpuid, &registers);
  return registers;
}

static void
compare_leaves (Guest *kvm, Guest *software)
{
  static const uint32_t bases[] = { 0, 0x40000000, 0x40000100, 0x80000000 };

  for (unsigned i = 0; i < G_N_ELEMENTS (bases); i++)
    for (uint32_t leaf = bases[i]; leaf < bases[i] + 0x22; leaf++)
      for (uint32_t subleaf = 0; subleaf < 4; subleaf++)
        {
          const X86Cpuid one = ask (kvm, leaf, subleaf), other = ask (software, leaf, subleaf);

          if (memcmp (&one, &other, sizeof one) == 0)
            continue;
          g_test_message ("leaf %xh, subleaf %u: %08x %08x %08x %08x under KVM", leaf, subleaf,
                          one.eax, one.ebx, one.ecx, one.edx);
          g_assert_cmpmem (&one, sizeof one, &other, sizeof other);
        }
}

static void
compare_model (const AccelCpu *cpu, unsigned index)
{
  g_autoptr (GError) error = NULL;
  Guest kvm = { NULL }, software = { NULL };

  if (guest_open (&kvm, &kvm_accel_ops, *cpu, index, &error)
      && guest_open (&software, &software_accel_ops, *cpu, index, &error))
    compare_leaves (&kvm, &software);
  else if (kvm.accel != NULL && kvm.vcpu == NULL) /* which the software CPU may have */
    g_assert_error (error, ACCEL_ERROR, ACCEL_ERROR_HOST);
  else
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_test_message ("%s%s: %s", cpu->model, cpu->hyperv ? " with Hyper-V" : "",
                  error != NULL ? error->message : "the same");
  guest_close (&kvm);
  if (software.ops != NULL)
    guest_close (&software);
}

static void
test_models (void)
{
  for (unsigned i = 1; cpu_models_get (i) != NULL; i++)
    for (unsigned hyperv = 0; hyperv < 2; hyperv++)
      compare_model (&(AccelCpu){ .model = cpu_models_get (i)->name, .hyperv = hyperv },
                     N_CPUS - 1 - i % 2);
}

/* Its leaves come first, KVM's own behind them; its registers are there. */
static void
test_hyperv (void)
{
  g_autoptr (GError) error = NULL;
  Guest guest = { NULL };
  X86Cpuid answer, msr;

  g_assert_true (guest_open (&guest, &kvm_accel_ops, (AccelCpu){ .hyperv = true }, 0, &error));
  answer = ask (&guest, 0x40000000, 0);
  if (memcmp (&answer.ebx, "Microsoft Hv", 12) != 0)
    {
      g_test_skip ("this host's KVM has no interface of Hyper-V");
      guest_close (&guest);
      return;
    }
  answer = ask (&guest, 0x40000001, 0);
  g_assert_cmpmem (&answer.eax, 4, "Hv#1", 4);
  answer = ask (&guest, 0x40000100, 0);
  g_assert_cmpmem (&answer.ebx, 12, "KVMKVMKVM\0\0", 12);
  g_assert_cmphex (ask (&guest, 0x40000101, 0).eax & 8, ==, 8); /* kvmclock */
  answer = ask (&guest, 0x40000003, 0);
  g_assert_cmphex (answer.eax & 0xa7f, ==, 0xa7f);
  g_assert_cmphex (answer.ebx | (answer.edx & 1 << 10), ==, 0); /* nothing that ends the machine */
  g_assert_cmphex (ask (&guest, 0x40000004, 0).eax & 0x62c, ==, 0x62c);
  msr = (X86Cpuid){ .ecx = MSR_HV_VP_INDEX };
  run (&guest, code_rdmsr, &msr);
  g_assert_cmphex (msr.eax, ==, 0);
  msr = (X86Cpuid){ .ecx = MSR_HV_TSC_FREQUENCY };
  run (&guest, code_rdmsr, &msr);
  g_assert_cmphex (msr.eax, >, 1000000);
  msr = (X86Cpuid){ .eax = 1, .ecx = MSR_HV_SCONTROL };
  run (&guest, code_wrmsr, &msr);
  msr = (X86Cpuid){ .ecx = MSR_HV_REFERENCE_COUNT };
  run (&guest, code_rdmsr, &msr);
  guest_close (&guest);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (access ("/dev/kvm", R_OK | W_OK) != 0)
    {
      g_print ("1..0 # SKIP this host offers no /dev/kvm\n");
      return 0;
    }
  g_test_add_func ("/kvm-cpuid/models", test_models);
  g_test_add_func ("/kvm-cpuid/hyperv", test_hyperv);
  return g_test_run ();
}
