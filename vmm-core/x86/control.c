/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Control registers: Intel SDM 3A, 2.5, and 9.8.5 for the way into and out of IA-32e mode. */
#include "control.h"

#include "mmu.h"
#include "segment.h"
#include "software.h"
#include "vendor.h"

#define CR0_BITS                                                                                   \
  (X86_CR0_PE | X86_CR0_MP | X86_CR0_EM | X86_CR0_TS | X86_CR0_ET | X86_CR0_NE | X86_CR0_WP        \
   | X86_CR0_AM | X86_CR0_NW | X86_CR0_CD | X86_CR0_PG)
#define CR3_NO_FLUSH (1ull << 63)
#define CR3_PCID 0xfff
#define EFER_AUTOIBRS (1ull << 21)

static _Noreturn void
refuse (X86Cpu *cpu)
{
  x86_raise_code (cpu, X86_GP, 0);
}

static bool
uses_pdptes (const X86State *state, uint64_t cr0, uint64_t cr4)
{
  return (cr0 & X86_CR0_PG) && (cr4 & X86_CR4_PAE) && !(state->efer & X86_EFER_LME);
}

/* Paging goes on or off with EFER.LME set: IA-32e mode begins or ends. */
static void
check_paging_switch (X86Cpu *cpu, uint64_t cr0)
{
  const X86State *state = &cpu->state;
  bool on = (cr0 & X86_CR0_PG) != 0;

  if (on && (state->efer & X86_EFER_LME)
      && (!(state->cr4 & X86_CR4_PAE) || (state->seg[X86_CS].attributes & X86_SEG_L)))
    refuse (cpu);
  if (!on && (x86_is_code64 (cpu) || (state->cr4 & X86_CR4_PCIDE)))
    refuse (cpu);
}

void
x86_control_set_cr0 (X86Cpu *cpu, uint64_t value)
{
  X86State *state = &cpu->state;
  uint64_t changed;

  if (value >> 32)
    refuse (cpu);
  value = (value & CR0_BITS) | X86_CR0_ET;
  changed = value ^ state->cr0;
  if ((value & (X86_CR0_PG | X86_CR0_PE)) == X86_CR0_PG
      || (value & (X86_CR0_NW | X86_CR0_CD)) == X86_CR0_NW)
    refuse (cpu);
  if (changed & X86_CR0_PG)
    check_paging_switch (cpu, value);
  if ((changed & (X86_CR0_PG | X86_CR0_CD | X86_CR0_NW)) && uses_pdptes (state, value, state->cr4)
      && !x86_mmu_load_pdptes (cpu, state->cr3))
    refuse (cpu);
  state->cr0 = value;
  if (changed & X86_CR0_PG)
    {
      bool active = (value & X86_CR0_PG) && (state->efer & X86_EFER_LME);

      state->efer = (state->efer & ~(uint64_t) X86_EFER_LMA) | (active ? X86_EFER_LMA : 0);
    }
  if (changed & (X86_CR0_PG | X86_CR0_WP | X86_CR0_PE))
    x86_mmu_flush (cpu, false);
  if (changed & (X86_CR0_PG | X86_CR0_PE | X86_CR0_AM))
    x86_mode_update (cpu);
}

void
x86_control_set_cr3 (X86Cpu *cpu, uint64_t value)
{
  X86State *state = &cpu->state;
  bool pcid = (state->cr4 & X86_CR4_PCIDE) != 0;
  bool keep = (value & CR3_NO_FLUSH) != 0;
  unsigned from = state->cr3 & CR3_PCID;

  if (pcid)
    value &= ~CR3_NO_FLUSH;
  if (value >> X86_PHYSICAL_BITS)
    refuse (cpu);
  if (uses_pdptes (state, state->cr0, state->cr4) && !x86_mmu_load_pdptes (cpu, value))
    refuse (cpu);
  state->cr3 = value;
  if (pcid && (state->cr4 & X86_CR4_PGE))
    x86_mmu_switch_space (cpu, from, value & CR3_PCID, keep);
  else
    x86_mmu_flush (cpu, (state->cr4 & X86_CR4_PGE) != 0);
}

void
x86_control_set_cr4 (X86Cpu *cpu, uint64_t value)
{
  X86State *state = &cpu->state;
  uint64_t changed = value ^ state->cr4;

  if (value & ~cpu->software->cr4_bits)
    refuse (cpu);
  if (x86_in_long_mode (cpu) && !(value & X86_CR4_PAE))
    refuse (cpu);
  if ((changed & value & X86_CR4_PCIDE) && (!x86_in_long_mode (cpu) || (state->cr3 & 0xfff)))
    refuse (cpu);
  if ((changed & (X86_CR4_PAE | X86_CR4_PGE | X86_CR4_PSE | X86_CR4_SMEP))
      && uses_pdptes (state, state->cr0, value) && !x86_mmu_load_pdptes (cpu, state->cr3))
    refuse (cpu);
  state->cr4 = value;
  if (changed
      & (X86_CR4_PAE | X86_CR4_PGE | X86_CR4_PSE | X86_CR4_PCIDE | X86_CR4_SMEP | X86_CR4_SMAP
         | X86_CR4_PKE | X86_CR4_PKS))
    x86_mmu_flush (cpu, false);
  x86_mode_update (cpu);
}

void
x86_control_set_efer (X86Cpu *cpu, uint64_t value)
{
  X86State *state = &cpu->state;
  uint64_t allowed = X86_EFER_SCE | X86_EFER_LME | X86_EFER_LMA | X86_EFER_NXE
                     | (x86_is_amd (cpu) ? EFER_AUTOIBRS : 0);
  uint64_t changed = value ^ state->efer;

  if ((value & ~allowed) || ((changed & X86_EFER_LME) && (state->cr0 & X86_CR0_PG)))
    refuse (cpu);
  state->efer = (value & ~(uint64_t) X86_EFER_LMA) | (state->efer & X86_EFER_LMA);
  if (changed & X86_EFER_NXE)
    x86_mmu_flush (cpu, false);
}

void
x86_control_set_keys (X86Cpu *cpu, uint64_t *rights, uint64_t value)
{
  if (*rights == value)
    return;
  *rights = value;
  x86_mmu_flush (cpu, false);
}
