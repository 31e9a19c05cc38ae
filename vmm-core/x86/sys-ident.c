/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RDMSR and WRMSR, counters, CPUID, random numbers, hypercalls, XCR0, PKRU. */
#include "x86-cpuid.h"
#include "control.h"
#include "hyperv.h"
#include "msr.h"
#include "operand.h"
#include "segment.h"
#include "software.h"
#include "sys-insn.h"
#include "vmm-core/trace.h"

#include <inttypes.h>

/* EDX:EAX, with the upper halves of both registers cleared. */
static void
set_edx_eax (X86Cpu *cpu, uint64_t value)
{
  cpu->state.gpr[X86_RAX] = (uint32_t) value;
  cpu->state.gpr[X86_RDX] = value >> 32;
}

static uint64_t
get_edx_eax (const X86Cpu *cpu)
{
  return cpu->state.gpr[X86_RDX] << 32 | (uint32_t) cpu->state.gpr[X86_RAX];
}

void
x86_sys_rdmsr (X86Cpu *cpu, const X86Insn *insn)
{
  uint32_t msr = cpu->state.gpr[X86_RCX];
  uint64_t value;

  if (cpu->cpl != 0)
    x86_raise_code (cpu, X86_GP, 0);
  if (!x86_msr_read (cpu, msr, &value))
    {
      TRACE ("cpu.msr-unknown", "read %#x", msr);
      x86_raise_code (cpu, X86_GP, 0);
    }
  set_edx_eax (cpu, value);
}

void
x86_sys_wrmsr (X86Cpu *cpu, const X86Insn *insn)
{
  uint32_t msr = cpu->state.gpr[X86_RCX];
  uint64_t value = get_edx_eax (cpu);

  if (cpu->cpl != 0)
    x86_raise_code (cpu, X86_GP, 0);
  if (!x86_msr_write (cpu, msr, value))
    {
      TRACE ("cpu.msr-unknown", "write %#x value %#" PRIx64, msr, value);
      x86_raise_code (cpu, X86_GP, 0);
    }
}

static void
check_tsc (X86Cpu *cpu)
{
  if ((cpu->state.cr4 & X86_CR4_TSD) && cpu->cpl != 0)
    x86_raise_code (cpu, X86_GP, 0);
}

void
x86_sys_rdtsc (X86Cpu *cpu, const X86Insn *insn)
{
  check_tsc (cpu);
  set_edx_eax (cpu, x86_tsc_read (cpu));
}

void
x86_sys_rdtscp (X86Cpu *cpu, const X86Insn *insn)
{
  check_tsc (cpu);
  set_edx_eax (cpu, x86_tsc_read (cpu));
  cpu->state.gpr[X86_RCX] = (uint32_t) cpu->state.tsc_aux;
}

void
x86_sys_rdpid (X86Cpu *cpu, const X86Insn *insn)
{
  x86_set_sized (cpu, insn->rm_at, x86_is_code64 (cpu) ? 8 : 4, cpu->state.tsc_aux);
}

/* There are no performance counters. */
void
x86_sys_rdpmc (X86Cpu *cpu, const X86Insn *insn)
{
  x86_raise_code (cpu, X86_GP, 0);
}

void
x86_sys_cpuid (X86Cpu *cpu, const X86Insn *insn)
{
  uint64_t *gpr = cpu->state.gpr;
  X86Cpuid answer = x86_cpuid_get (cpu, gpr[X86_RAX], gpr[X86_RCX]);

  gpr[X86_RAX] = answer.eax;
  gpr[X86_RBX] = answer.ebx;
  gpr[X86_RCX] = answer.ecx;
  gpr[X86_RDX] = answer.edx;
}

/* The host's generator; the host may have run dry, and the guest tries again then. */
void
x86_sys_rdrand (X86Cpu *cpu, const X86Insn *insn)
{
  uint64_t value;
  bool good;

  if ((insn->modrm >> 3 & 7) == 6)
    __asm__ volatile ("rdrand %0" : "=r"(value), "=@ccc"(good));
  else
    __asm__ volatile ("rdseed %0" : "=r"(value), "=@ccc"(good));
  x86_set_sized (cpu, insn->rm_at, insn->op_size, good ? value : 0);
  cpu->cc = good ? X86_CC_CF : 0;
}

/* Hyper-V's, as soon as the guest has told that it knows them. KVM's interface has hypercalls, but
 * no feature that would need one: each is refused as that demands (Linux,
 * Documentation/virt/kvm/x86/hypercalls.rst). */
void
x86_sys_hypercall (X86Cpu *cpu, const X86Insn *insn)
{
  static const int64_t eperm = -1, enosys = -1000;
  uint64_t result = (uint64_t) (cpu->cpl != 0 ? eperm : enosys);

  if (x86_hyperv_takes_calls (cpu))
    {
      x86_hyperv_call (cpu);
      return;
    }
  x86_set_sized (cpu, X86_RAX * 8, x86_is_code64 (cpu) ? 8 : 4, result);
}

void
x86_sys_xgetbv (X86Cpu *cpu, const X86Insn *insn)
{
  uint32_t index = cpu->state.gpr[X86_RCX];

  if (!(cpu->state.cr4 & X86_CR4_OSXSAVE))
    x86_raise (cpu, X86_UD);
  if (index > 1)
    x86_raise_code (cpu, X86_GP, 0);
  /* Register 1 is XINUSE: everything enabled may be in use. */
  set_edx_eax (cpu, cpu->state.xcr0);
}

void
x86_sys_xsetbv (X86Cpu *cpu, const X86Insn *insn)
{
  uint64_t value = get_edx_eax (cpu);

  if (!(cpu->state.cr4 & X86_CR4_OSXSAVE))
    x86_raise (cpu, X86_UD);
  if (cpu->cpl != 0 || (uint32_t) cpu->state.gpr[X86_RCX] != 0 || !(value & 1)
      || (value & ~cpu->software->xcr0_bits) || ((value & 4) && !(value & 2)))
    x86_raise_code (cpu, X86_GP, 0);
  cpu->state.xcr0 = value;
}

void
x86_sys_rdpkru (X86Cpu *cpu, const X86Insn *insn)
{
  if (!(cpu->state.cr4 & X86_CR4_PKE))
    x86_raise (cpu, X86_UD);
  if ((uint32_t) cpu->state.gpr[X86_RCX] != 0)
    x86_raise_code (cpu, X86_GP, 0);
  set_edx_eax (cpu, cpu->state.pkru);
}

void
x86_sys_wrpkru (X86Cpu *cpu, const X86Insn *insn)
{
  if (!(cpu->state.cr4 & X86_CR4_PKE))
    x86_raise (cpu, X86_UD);
  if ((uint32_t) cpu->state.gpr[X86_RCX] != 0 || (uint32_t) cpu->state.gpr[X86_RDX] != 0)
    x86_raise_code (cpu, X86_GP, 0);
  x86_control_set_keys (cpu, &cpu->state.pkru, (uint32_t) cpu->state.gpr[X86_RAX]);
}
