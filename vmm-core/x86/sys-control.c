/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Instructions on control and debug registers, caches and the TLB. */
#include "control.h"
#include "debug.h"
#include "exception.h"
#include "lapic.h"
#include "mmu.h"
#include "operand.h"
#include "segment.h"
#include "software.h"
#include "sys-insn.h"

#define DR6_BD (1u << 13)
#define DR7_GD (1u << 13)

static void
require_ring0 (X86Cpu *cpu)
{
  if (cpu->cpl != 0)
    x86_raise_code (cpu, X86_GP, 0);
}

void
x86_sys_smsw (X86Cpu *cpu, const X86Insn *insn)
{
  if ((cpu->state.cr4 & X86_CR4_UMIP) && cpu->cpl != 0)
    x86_raise_code (cpu, X86_GP, 0);
  if (x86_insn_is_memory (insn))
    x86_store16 (cpu, insn->segment, x86_ea (cpu, insn), cpu->state.cr0);
  else
    x86_set_sized (cpu, insn->rm_at, insn->op_size, cpu->state.cr0);
}

void
x86_sys_lmsw (X86Cpu *cpu, const X86Insn *insn)
{
  const uint64_t bits = X86_CR0_PE | X86_CR0_MP | X86_CR0_EM | X86_CR0_TS;
  uint64_t value;

  require_ring0 (cpu);
  value = x86_insn_is_memory (insn) ? x86_load16 (cpu, insn->segment, x86_ea (cpu, insn))
                                    : X86_AT (cpu, uint16_t, insn->rm_at);
  /* It sets PE but never clears it. */
  value |= cpu->state.cr0 & X86_CR0_PE;
  x86_control_set_cr0 (cpu, (cpu->state.cr0 & ~bits) | (value & bits));
}

void
x86_sys_clts (X86Cpu *cpu, const X86Insn *insn)
{
  require_ring0 (cpu);
  cpu->state.cr0 &= ~(uint64_t) X86_CR0_TS;
}

static uint8_t
get_cr8 (X86Cpu *cpu)
{
  MachineLock *lock = cpu->software->machine.lock;
  uint8_t value;

  machine_lock_acquire (lock);
  value = lapic_get_cr8 (cpu->lapic);
  machine_lock_release (lock);
  return value;
}

static void
set_cr8 (X86Cpu *cpu, uint64_t value)
{
  MachineLock *lock = cpu->software->machine.lock;

  if (value > 15)
    x86_raise_code (cpu, X86_GP, 0);
  machine_lock_acquire (lock);
  lapic_set_cr8 (cpu->lapic, value);
  machine_lock_release (lock);
}

/* Moves to and from these registers are 64 bits wide in 64-bit mode, else 32. */
static unsigned
move_size (const X86Cpu *cpu)
{
  return x86_is_code64 (cpu) ? 8 : 4;
}

/* What is no register is undefined at every privilege. */
static void
check_control_register (X86Cpu *cpu, const X86Insn *insn)
{
  static const unsigned existing = 1 << 0 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 8;

  if (!(existing >> insn->reg & 1))
    x86_raise (cpu, X86_UD);
  require_ring0 (cpu);
}

void
x86_sys_mov_from_cr (X86Cpu *cpu, const X86Insn *insn)
{
  const X86State *state = &cpu->state;
  uint64_t value;

  check_control_register (cpu, insn);
  switch (insn->reg)
    {
    case 0:
      value = state->cr0;
      break;
    case 2:
      value = state->cr2;
      break;
    case 3:
      value = state->cr3;
      break;
    case 4:
      value = state->cr4;
      break;
    default:
      value = get_cr8 (cpu);
      break;
    }
  x86_set_sized (cpu, insn->rm_at, move_size (cpu), value);
}

void
x86_sys_mov_to_cr (X86Cpu *cpu, const X86Insn *insn)
{
  uint64_t value = x86_get_sized (cpu, insn->rm_at, move_size (cpu));

  check_control_register (cpu, insn);
  switch (insn->reg)
    {
    case 0:
      x86_control_set_cr0 (cpu, value);
      break;
    case 2:
      cpu->state.cr2 = value;
      break;
    case 3:
      x86_control_set_cr3 (cpu, value);
      break;
    case 4:
      x86_control_set_cr4 (cpu, value);
      break;
    default:
      set_cr8 (cpu, value);
      break;
    }
}

/* The register an instruction names; DR4 and DR5 are old names of DR6 and DR7. */
static unsigned
debug_register (X86Cpu *cpu, const X86Insn *insn)
{
  unsigned n = insn->reg;

  if (n > 7 || ((n == 4 || n == 5) && (cpu->state.cr4 & X86_CR4_DE)))
    x86_raise (cpu, X86_UD);
  require_ring0 (cpu);
  if (cpu->state.dr[7] & DR7_GD)
    x86_raise_debug_fault (cpu, DR6_BD);
  return n == 4 || n == 5 ? n + 2 : n;
}

void
x86_sys_mov_from_dr (X86Cpu *cpu, const X86Insn *insn)
{
  unsigned n = debug_register (cpu, insn);

  x86_set_sized (cpu, insn->rm_at, move_size (cpu), cpu->state.dr[n]);
}

void
x86_sys_mov_to_dr (X86Cpu *cpu, const X86Insn *insn)
{
  unsigned n = debug_register (cpu, insn);
  uint64_t value = x86_get_sized (cpu, insn->rm_at, move_size (cpu));

  if (n >= 6 && value >> 32)
    x86_raise_code (cpu, X86_GP, 0);
  if (n == 6)
    value = (value & 0xe00f) | 0xffff0ff0;
  else if (n == 7)
    value = (value & 0xffff23ff) | 0x400;
  cpu->state.dr[n] = value;
  x86_debug_update (cpu);
}

void
x86_sys_invlpg (X86Cpu *cpu, const X86Insn *insn)
{
  require_ring0 (cpu);
  if (!x86_insn_is_memory (insn))
    x86_raise (cpu, X86_UD);
  x86_mmu_flush_page (cpu,
                      (cpu->window[insn->segment].base + x86_ea (cpu, insn)) & cpu->linear_mask);
}

void
x86_sys_invpcid (X86Cpu *cpu, const X86Insn *insn)
{
  uint64_t descriptor[2];
  uint64_t type;

  if (!x86_insn_is_memory (insn) || x86_in_real_mode (cpu))
    x86_raise (cpu, X86_UD);
  require_ring0 (cpu);
  type = x86_get_sized (cpu, insn->reg_at, move_size (cpu));
  x86_load_bytes (cpu, insn->segment, x86_ea (cpu, insn), descriptor, sizeof descriptor);
  if (type > 3 || (type < 2 && descriptor[0] >> 12)
      || (type < 2 && !(cpu->state.cr4 & X86_CR4_PCIDE) && descriptor[0] != 0)
      || (type == 0 && !x86_is_canonical (descriptor[1])))
    x86_raise_code (cpu, X86_GP, 0);
  if (type >= 2)
    x86_mmu_flush (cpu, type == 3);
  else if ((cpu->state.cr4 & X86_CR4_PCIDE) && descriptor[0] != (cpu->state.cr3 & 0xfff))
    x86_tlb_flush_space (&cpu->tlb, descriptor[0]);
  else if (type == 0)
    x86_mmu_flush_page (cpu, descriptor[1]);
  else
    x86_mmu_flush (cpu, true);
}

/* Caches are the host's, and coherent. */
void
x86_sys_invd (X86Cpu *cpu, const X86Insn *insn)
{
  require_ring0 (cpu);
}

void
x86_sys_clflush (X86Cpu *cpu, const X86Insn *insn)
{
  if (!x86_insn_is_memory (insn))
    x86_raise (cpu, X86_UD);
  x86_probe_load (cpu, insn->segment, x86_ea (cpu, insn), 1);
}
