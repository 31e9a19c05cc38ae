/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PUSHF, POPF, CLI, STI with their virtual-8086 and virtual-interrupt forms; HLT, PAUSE. */
#include "operand.h"
#include "rflags.h"
#include "segment.h"
#include "software.h"
#include "sys-insn.h"

#include <sched.h>

#define PAUSES_A_YIELD 64

static unsigned
iopl (const X86Cpu *cpu)
{
  return cpu->state.rflags >> 12 & 3;
}

/* CR4.VME or CR4.PVI puts VIF in the place of IF for this code. */
static bool
has_virtual_interrupts (const X86Cpu *cpu)
{
  if (x86_in_vm86 (cpu))
    return (cpu->state.cr4 & X86_CR4_VME) != 0;
  return cpu->cpl == 3 && (cpu->state.cr4 & X86_CR4_PVI);
}

void
x86_sys_pushf (X86Cpu *cpu, const X86Insn *insn)
{
  uint64_t flags = x86_flags_get (cpu) & ~(uint64_t) (X86_FLAG_VM | X86_FLAG_RF);

  if (x86_in_vm86 (cpu) && iopl (cpu) < 3)
    {
      if (!has_virtual_interrupts (cpu) || insn->op_size != 2)
        x86_raise_code (cpu, X86_GP, 0);
      flags = (flags & ~(uint64_t) X86_FLAG_IF) | X86_FLAG_IOPL
              | (flags & X86_FLAG_VIF ? X86_FLAG_IF : 0);
    }
  x86_push (cpu, insn->op_size, flags);
}

static void
pop_commit (X86Cpu *cpu, unsigned size)
{
  x86_stack_set (cpu, cpu->state.gpr[X86_RSP] + size);
}

static void
popf_virtual (X86Cpu *cpu, uint64_t flags)
{
  if ((flags & X86_FLAG_TF) || ((flags & X86_FLAG_IF) && (cpu->state.rflags & X86_FLAG_VIP)))
    x86_raise_code (cpu, X86_GP, 0);
  pop_commit (cpu, 2);
  flags = (flags & ~(uint64_t) X86_FLAG_VIF) | (flags & X86_FLAG_IF ? X86_FLAG_VIF : 0);
  x86_rflags_load (cpu, flags, X86_FLAGS_STATUS | X86_FLAG_DF | X86_FLAG_NT | X86_FLAG_VIF);
}

void
x86_sys_popf (X86Cpu *cpu, const X86Insn *insn)
{
  uint64_t mask = X86_FLAGS_STATUS | X86_FLAG_TF | X86_FLAG_DF | X86_FLAG_NT;
  bool virtual = x86_in_vm86 (cpu) && iopl (cpu) < 3;
  uint64_t flags;

  if (virtual && (!has_virtual_interrupts (cpu) || insn->op_size != 2))
    x86_raise_code (cpu, X86_GP, 0);
  flags = x86_top (cpu, insn->op_size);
  if (virtual)
    {
      popf_virtual (cpu, flags);
      return;
    }
  if (insn->op_size != 2)
    {
      mask |= X86_FLAG_AC | X86_FLAG_ID | X86_FLAG_RF;
      flags &= ~(uint64_t) X86_FLAG_RF;
    }
  if (cpu->cpl <= iopl (cpu))
    mask |= X86_FLAG_IF;
  if (cpu->cpl == 0)
    mask |= X86_FLAG_IOPL;
  pop_commit (cpu, insn->op_size);
  x86_rflags_load (cpu, flags, mask);
}

void
x86_sys_cli (X86Cpu *cpu, const X86Insn *insn)
{
  if (cpu->cpl <= iopl (cpu))
    cpu->state.rflags &= ~(uint64_t) X86_FLAG_IF;
  else if (has_virtual_interrupts (cpu))
    cpu->state.rflags &= ~(uint64_t) X86_FLAG_VIF;
  else
    x86_raise_code (cpu, X86_GP, 0);
}

void
x86_sys_sti (X86Cpu *cpu, const X86Insn *insn)
{
  if (cpu->cpl <= iopl (cpu))
    {
      if (!(cpu->state.rflags & X86_FLAG_IF))
        cpu->state.interrupt_shadow = X86_SHADOW_STI;
      x86_rflags_load (cpu, X86_FLAG_IF, X86_FLAG_IF);
    }
  else if (has_virtual_interrupts (cpu) && !(cpu->state.rflags & X86_FLAG_VIP))
    cpu->state.rflags |= X86_FLAG_VIF;
  else
    x86_raise_code (cpu, X86_GP, 0);
}

static void
set_ac (X86Cpu *cpu, bool on)
{
  if (cpu->cpl != 0)
    x86_raise (cpu, X86_UD);
  x86_rflags_load (cpu, on ? X86_FLAG_AC : 0, X86_FLAG_AC);
}

void
x86_sys_clac (X86Cpu *cpu, const X86Insn *insn)
{
  set_ac (cpu, false);
}

void
x86_sys_stac (X86Cpu *cpu, const X86Insn *insn)
{
  set_ac (cpu, true);
}

void
x86_sys_hlt (X86Cpu *cpu, const X86Insn *insn)
{
  if (cpu->cpl != 0)
    x86_raise_code (cpu, X86_GP, 0);
  cpu->monitor_waits = false;
  cpu->state.activity = X86_HALTED;
  atomic_fetch_or (&cpu->requests, X86_REQUEST_LOCAL);
}

/* A loop that pauses waits for another CPU, whose thread may be waiting for this host CPU. */
void
x86_sys_pause (X86Cpu *cpu, const X86Insn *insn)
{
  if (cpu->software->n_cpus > 1 && ++cpu->pauses % PAUSES_A_YIELD == 0)
    sched_yield ();
}
