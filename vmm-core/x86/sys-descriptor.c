/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Instructions on descriptors and descriptor tables, ARPL and BOUND. */
#include "operand.h"
#include "segment.h"
#include "sys-insn.h"

#define TYPE_SYSTEM_TSS_BUSY 2

static void
require_protected (X86Cpu *cpu)
{
  if (x86_in_real_mode (cpu) || x86_in_vm86 (cpu))
    x86_raise (cpu, X86_UD);
}

static void
require_ring0 (X86Cpu *cpu)
{
  if (cpu->cpl != 0)
    x86_raise_code (cpu, X86_GP, 0);
}

static void
check_umip (X86Cpu *cpu)
{
  if ((cpu->state.cr4 & X86_CR4_UMIP) && cpu->cpl != 0)
    x86_raise_code (cpu, X86_GP, 0);
}

static uint16_t
load_operand16 (X86Cpu *cpu, const X86Insn *insn)
{
  return x86_insn_is_memory (insn) ? x86_load16 (cpu, insn->segment, x86_ea (cpu, insn))
                                   : X86_AT (cpu, uint16_t, insn->rm_at);
}

static void
store_selector (X86Cpu *cpu, const X86Insn *insn, uint16_t selector)
{
  if (x86_insn_is_memory (insn))
    x86_store16 (cpu, insn->segment, x86_ea (cpu, insn), selector);
  else
    x86_set_sized (cpu, insn->rm_at, insn->op_size, selector);
}

static void
set_zf (X86Cpu *cpu, bool on)
{
  cpu->cc = (cpu->cc & ~(uint32_t) X86_CC_ZF) | (on ? X86_CC_ZF : 0);
}

void
x86_sys_sldt (X86Cpu *cpu, const X86Insn *insn)
{
  require_protected (cpu);
  check_umip (cpu);
  store_selector (cpu, insn, cpu->state.ldtr.selector);
}

void
x86_sys_str (X86Cpu *cpu, const X86Insn *insn)
{
  require_protected (cpu);
  check_umip (cpu);
  store_selector (cpu, insn, cpu->state.tr.selector);
}

/* The descriptor of an LDT or TSS that LLDT or LTR names. */
static X86Segment
load_system_segment (X86Cpu *cpu, uint16_t selector, bool tss, X86Descriptor *descriptor)
{
  X86Segment segment;
  unsigned type;

  if (selector & 4)
    x86_raise_code (cpu, X86_GP, selector & ~3u);
  x86_descriptor_read_or_raise (cpu, selector, X86_GP, descriptor);
  type = x86_descriptor_type (descriptor);
  if (tss ? type != 9 && (type != 1 || x86_in_long_mode (cpu)) : type != 2)
    x86_raise_code (cpu, X86_GP, selector & ~3u);
  if (!x86_descriptor_present (descriptor))
    x86_raise_code (cpu, X86_NP, selector & ~3u);
  segment = x86_descriptor_unpack (descriptor, selector, x86_in_long_mode (cpu));
  if (x86_in_long_mode (cpu) && !x86_is_canonical (segment.base))
    x86_raise_code (cpu, X86_GP, selector & ~3u);
  return segment;
}

void
x86_sys_lldt (X86Cpu *cpu, const X86Insn *insn)
{
  X86Descriptor descriptor;
  uint16_t selector;

  require_protected (cpu);
  require_ring0 (cpu);
  selector = load_operand16 (cpu, insn);
  if ((selector & ~3u) == 0)
    cpu->state.ldtr = (X86Segment){ .selector = selector, .attributes = X86_SEG_UNUSABLE };
  else
    cpu->state.ldtr = load_system_segment (cpu, selector, false, &descriptor);
}

void
x86_sys_ltr (X86Cpu *cpu, const X86Insn *insn)
{
  X86Descriptor descriptor;
  X86Segment tss;
  uint16_t selector;

  require_protected (cpu);
  require_ring0 (cpu);
  selector = load_operand16 (cpu, insn);
  if ((selector & ~3u) == 0)
    x86_raise_code (cpu, X86_GP, 0);
  tss = load_system_segment (cpu, selector, true, &descriptor);
  x86_store_system (cpu, x86_descriptor_address (cpu, selector) + 5, 1,
                    (descriptor.low >> 40 & 0xff) | TYPE_SYSTEM_TSS_BUSY);
  cpu->state.tr = tss;
  cpu->state.tr.attributes |= TYPE_SYSTEM_TSS_BUSY;
}

static void
store_table (X86Cpu *cpu, const X86Insn *insn, const X86DescriptorTable *table)
{
  uint64_t ea = x86_ea (cpu, insn);
  uint8_t bytes[10];
  unsigned length = x86_is_code64 (cpu) ? 10 : 6;

  check_umip (cpu);
  memcpy (bytes, &table->limit, 2);
  memcpy (bytes + 2, &table->base, 8);
  x86_store_bytes (cpu, insn->segment, ea, bytes, length);
}

static void
load_table (X86Cpu *cpu, const X86Insn *insn, X86DescriptorTable *table)
{
  uint64_t ea = x86_ea (cpu, insn);
  uint8_t bytes[10] = { 0 };
  bool wide = x86_is_code64 (cpu);
  uint64_t base;

  require_ring0 (cpu);
  x86_load_bytes (cpu, insn->segment, ea, bytes, wide ? 10 : 6);
  memcpy (&base, bytes + 2, 8);
  if (wide && !x86_is_canonical (base))
    x86_raise_code (cpu, X86_GP, 0);
  memcpy (&table->limit, bytes, 2);
  table->base = !wide && insn->op_size == 2 ? base & 0xffffff : base;
}

void
x86_sys_sgdt (X86Cpu *cpu, const X86Insn *insn)
{
  store_table (cpu, insn, &cpu->state.gdtr);
}

void
x86_sys_sidt (X86Cpu *cpu, const X86Insn *insn)
{
  store_table (cpu, insn, &cpu->state.idtr);
}

void
x86_sys_lgdt (X86Cpu *cpu, const X86Insn *insn)
{
  load_table (cpu, insn, &cpu->state.gdtr);
}

void
x86_sys_lidt (X86Cpu *cpu, const X86Insn *insn)
{
  load_table (cpu, insn, &cpu->state.idtr);
}

static bool
is_conforming (unsigned type)
{
  return (type & 0x1c) == 0x1c;
}

/* Reads the descriptor of selector if code at this privilege may look at it. */
static bool
may_examine (X86Cpu *cpu, uint16_t selector, X86Descriptor *descriptor)
{
  unsigned dpl, type;

  if ((selector & ~3u) == 0 || !x86_descriptor_read (cpu, selector, descriptor))
    return false;
  dpl = x86_descriptor_dpl (descriptor);
  type = x86_descriptor_type (descriptor);
  return is_conforming (type) || (dpl >= cpu->cpl && dpl >= (selector & 3u));
}

/* Which system descriptors LAR (and of them, LSL) accepts: one bit a type. */
static bool
accepts_system (X86Cpu *cpu, unsigned type, bool limit)
{
  uint32_t types = x86_in_long_mode (cpu) ? 1u << 2 | 1u << 9 | 1u << 11
                                          : 1u << 1 | 1u << 2 | 1u << 3 | 1u << 9 | 1u << 11;

  if (!limit)
    types |= x86_in_long_mode (cpu) ? 1u << 12 : 1u << 4 | 1u << 5 | 1u << 12;
  return (type & X86_SEG_S) || (types >> type & 1);
}

void
x86_sys_lar (X86Cpu *cpu, const X86Insn *insn)
{
  X86Descriptor descriptor;
  uint16_t selector;
  bool found;

  require_protected (cpu);
  selector = load_operand16 (cpu, insn);
  found = may_examine (cpu, selector, &descriptor)
          && accepts_system (cpu, x86_descriptor_type (&descriptor), false);
  if (found)
    x86_set_sized (cpu, insn->reg_at, insn->op_size, descriptor.low >> 32 & 0x00ffff00);
  set_zf (cpu, found);
}

void
x86_sys_lsl (X86Cpu *cpu, const X86Insn *insn)
{
  X86Descriptor descriptor;
  uint16_t selector;
  bool found;

  require_protected (cpu);
  selector = load_operand16 (cpu, insn);
  found = may_examine (cpu, selector, &descriptor)
          && accepts_system (cpu, x86_descriptor_type (&descriptor), true);
  if (found)
    x86_set_sized (cpu, insn->reg_at, insn->op_size,
                   x86_descriptor_unpack (&descriptor, selector, false).limit);
  set_zf (cpu, found);
}

static void
verify (X86Cpu *cpu, const X86Insn *insn, bool write)
{
  X86Descriptor descriptor;
  uint16_t selector;
  bool good;

  require_protected (cpu);
  selector = load_operand16 (cpu, insn);
  good = may_examine (cpu, selector, &descriptor);
  if (good)
    {
      unsigned type = x86_descriptor_type (&descriptor);
      bool code = (type & 8) != 0;
      bool bit1 = (type & 2) != 0;

      good = (type & X86_SEG_S) && (write ? !code && bit1 : !code || bit1);
    }
  set_zf (cpu, good);
}

void
x86_sys_verr (X86Cpu *cpu, const X86Insn *insn)
{
  verify (cpu, insn, false);
}

void
x86_sys_verw (X86Cpu *cpu, const X86Insn *insn)
{
  verify (cpu, insn, true);
}

void
x86_sys_arpl (X86Cpu *cpu, const X86Insn *insn)
{
  uint16_t selector, rpl;
  bool raise;

  require_protected (cpu);
  selector = load_operand16 (cpu, insn);
  rpl = X86_AT (cpu, uint16_t, insn->reg_at) & 3;
  raise = (selector & 3) < rpl;
  if (raise)
    {
      selector = (selector & ~3u) | rpl;
      if (x86_insn_is_memory (insn))
        x86_store16 (cpu, insn->segment, x86_ea (cpu, insn), selector);
      else
        x86_set16 (cpu, insn->rm_at, selector);
    }
  set_zf (cpu, raise);
}

void
x86_sys_bound (X86Cpu *cpu, const X86Insn *insn)
{
  unsigned size = insn->op_size == 2 ? 2 : 4;
  uint64_t ea = x86_ea (cpu, insn);
  uint64_t index = x86_get_sized (cpu, insn->reg_at, size);
  uint64_t low = x86_load_sized (cpu, insn->segment, ea, size);
  uint64_t high
    = x86_load_sized (cpu, insn->segment, x86_address_mask (ea + size, insn->addr_size), size);
  unsigned shift = 64 - size * 8;
  int64_t value = (int64_t) (index << shift);

  if (value < (int64_t) (low << shift) || value > (int64_t) (high << shift))
    x86_raise (cpu, X86_BR);
}
