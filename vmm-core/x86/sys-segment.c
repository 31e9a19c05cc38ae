/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Instructions on segment registers and their bases. */
#include "operand.h"
#include "segment.h"
#include "sys-insn.h"
#include "vendor.h"

/* Which register an opcode with its number in bits 3 to 5 means. */
static unsigned
segment_of_opcode (const X86Insn *insn)
{
  return insn->opcode >> 3 & 7;
}

static void
load_segment (X86Cpu *cpu, unsigned segment, uint16_t selector)
{
  x86_segment_load (cpu, segment, selector);
  if (segment == X86_SS)
    cpu->state.interrupt_shadow = X86_SHADOW_MOV_SS;
}

/* REX.R does not count. */
static unsigned
segment_of_modrm (const X86Insn *insn)
{
  return insn->modrm >> 3 & 7;
}

void
x86_sys_mov_from_segment (X86Cpu *cpu, const X86Insn *insn)
{
  unsigned segment = segment_of_modrm (insn);
  uint16_t selector;

  if (segment > X86_GS)
    x86_raise (cpu, X86_UD);
  selector = cpu->state.seg[segment].selector;
  if (x86_insn_is_memory (insn))
    x86_store16 (cpu, insn->segment, x86_ea (cpu, insn), selector);
  else
    x86_set_sized (cpu, insn->rm_at, insn->op_size, selector);
}

void
x86_sys_mov_to_segment (X86Cpu *cpu, const X86Insn *insn)
{
  unsigned segment = segment_of_modrm (insn);
  uint16_t selector;

  if (segment > X86_GS || segment == X86_CS)
    x86_raise (cpu, X86_UD);
  selector = x86_insn_is_memory (insn) ? x86_load16 (cpu, insn->segment, x86_ea (cpu, insn))
                                       : X86_AT (cpu, uint16_t, insn->rm_at);
  load_segment (cpu, segment, selector);
}

void
x86_sys_push_segment (X86Cpu *cpu, const X86Insn *insn)
{
  x86_push (cpu, insn->op_size, cpu->state.seg[segment_of_opcode (insn)].selector);
}

void
x86_sys_pop_segment (X86Cpu *cpu, const X86Insn *insn)
{
  unsigned segment = segment_of_opcode (insn);
  uint64_t rsp = cpu->state.gpr[X86_RSP];
  unsigned stack_size = x86_stack_size (cpu);

  load_segment (cpu, segment, x86_top (cpu, insn->op_size));
  /* The pointer's width is that of the stack it was popped from. */
  x86_set_sized (cpu, X86_RSP * 8, stack_size, rsp + insn->op_size);
}

uint16_t
x86_load_far_pointer (X86Cpu *cpu, const X86Insn *insn, uint64_t *offset)
{
  uint64_t ea = x86_ea (cpu, insn);
  unsigned size = insn->op_size == 8 && !x86_far_pointers_have_64 (cpu) ? 4 : insn->op_size;

  *offset = x86_load_sized (cpu, insn->segment, ea, size);
  return x86_load16 (cpu, insn->segment, x86_address_mask (ea + size, insn->addr_size));
}

void
x86_sys_load_far_pointer (X86Cpu *cpu, const X86Insn *insn)
{
  unsigned segment = insn->map == X86_MAP_0F ? insn->opcode & 7
                     : insn->opcode == 0xc4  ? X86_ES
                                             : X86_DS;
  uint64_t offset;
  uint16_t selector = x86_load_far_pointer (cpu, insn, &offset);

  x86_segment_load (cpu, segment, selector);
  x86_set_sized (cpu, insn->reg_at, insn->op_size, offset);
}

/* RDFSBASE, RDGSBASE, WRFSBASE and WRGSBASE. */
void
x86_sys_rdfsbase (X86Cpu *cpu, const X86Insn *insn)
{
  unsigned segment = insn->reg & 1 ? X86_GS : X86_FS;
  uint64_t base;

  if (!x86_is_code64 (cpu) || !(cpu->state.cr4 & X86_CR4_FSGSBASE))
    x86_raise (cpu, X86_UD);
  if (!(insn->reg & 2))
    {
      x86_set_sized (cpu, insn->rm_at, insn->op_size == 8 ? 8 : 4, cpu->state.seg[segment].base);
      return;
    }
  base = x86_get_sized (cpu, insn->rm_at, insn->op_size == 8 ? 8 : 4);
  if (!x86_is_canonical (base))
    x86_raise_code (cpu, X86_GP, 0);
  x86_segment_set_base (cpu, segment, base);
}

void
x86_sys_swapgs (X86Cpu *cpu, const X86Insn *insn)
{
  uint64_t base = cpu->state.seg[X86_GS].base;

  if (!x86_is_code64 (cpu))
    x86_raise (cpu, X86_UD);
  if (cpu->cpl != 0)
    x86_raise_code (cpu, X86_GP, 0);
  x86_segment_set_base (cpu, X86_GS, cpu->state.kernel_gs_base);
  cpu->state.kernel_gs_base = base;
}
