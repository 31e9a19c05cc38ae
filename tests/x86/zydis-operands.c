/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The operands of one instruction: where X86Insn and Zydis both name them, they must be the
 * same. */
#include <stddef.h>

#include "vmm-core/x86/operand.h"
#include "vmm-core/x86/thunk.h"
#include "zydis-oracle.h"

/* Byte offset into X86Cpu of what an index or base register is, as X86Insn has it. */
static unsigned
address_register_at (ZydisRegister reg, const X86Insn *insn)
{
  switch (ZydisRegisterGetClass (reg))
    {
    case ZYDIS_REGCLASS_GPR16:
    case ZYDIS_REGCLASS_GPR32:
    case ZYDIS_REGCLASS_GPR64:
      return 8u * (unsigned) ZydisRegisterGetId (reg);
    case ZYDIS_REGCLASS_IP:
      return offsetof (X86Cpu, block_rip);
    case ZYDIS_REGCLASS_XMM:
    case ZYDIS_REGCLASS_YMM:
      /* Masked moves and gathers that bind the index themselves. */
      return insn->index;
    default:
      return offsetof (X86Cpu, zero);
    }
}

static const char *
memory_difference (const ZydisDecodedInstruction *zydis, const ZydisDecodedOperand *operand,
                   const X86Insn *insn)
{
  const ZydisDecodedOperandMem *mem = &operand->mem;
  unsigned base = address_register_at (mem->base, insn);
  unsigned index = address_register_at (mem->index, insn);
  int64_t disp = mem->disp.value;

  if (!x86_insn_is_memory (insn))
    return "no memory operand";
  /* Zydis 4.0 lets REX.B make R13D the base where there is none. */
  if (mem->base == ZYDIS_REGISTER_R13D && zydis->raw.modrm.mod == 0 && zydis->raw.sib.base == 5)
    return NULL;
  if (mem->base == ZYDIS_REGISTER_RIP || mem->base == ZYDIS_REGISTER_EIP)
    disp += zydis->length;
  if (insn->base != base || insn->index != index)
    return "other address registers";
  if (mem->index != ZYDIS_REGISTER_NONE && (1u << insn->scale) != MAX (mem->scale, 1))
    return "another scale";
  if (x86_address_mask (insn->disp, insn->addr_size)
      != x86_address_mask ((uint64_t) disp, insn->addr_size))
    return "another displacement";
  if (insn->addr_size * 8 != zydis->address_width)
    return "another address size";
  if (mem->type == ZYDIS_MEMOP_TYPE_MEM && insn->segment != ZydisRegisterGetId (mem->segment))
    return "another segment";
  if (insn->thunk != NULL && insn->map != X86_MAP_PRIMARY
      && ((const Thunk *) insn->thunk)->access * 8u != operand->size)
    return "another size of memory";
  return NULL;
}

/* Where a general register lies in X86Cpu. */
static unsigned
general_register_at (ZydisRegister reg)
{
  unsigned id = (unsigned) ZydisRegisterGetId (reg);

  if (reg >= ZYDIS_REGISTER_AH && reg <= ZYDIS_REGISTER_BH)
    return (reg - ZYDIS_REGISTER_AH) * 8 + 1;
  if (reg >= ZYDIS_REGISTER_SPL && reg <= ZYDIS_REGISTER_R15B)
    return (reg - ZYDIS_REGISTER_SPL + 4) * 8;
  return id * 8;
}

static const char *
register_difference (const ZydisDecodedOperand *operand, const X86Insn *insn)
{
  unsigned at = general_register_at (operand->reg.value);

  if (ZydisRegisterGetClass (operand->reg.value) < ZYDIS_REGCLASS_GPR8
      || ZydisRegisterGetClass (operand->reg.value) > ZYDIS_REGCLASS_GPR64)
    return NULL;
  switch (operand->encoding)
    {
    case ZYDIS_OPERAND_ENCODING_MODRM_REG:
      return insn->reg_at == at ? NULL : "another register";
    case ZYDIS_OPERAND_ENCODING_MODRM_RM:
      return insn->rm_at == at ? NULL : "another register or memory";
    case ZYDIS_OPERAND_ENCODING_OPCODE:
      return insn->rm_at == at ? NULL : "another register in the opcode";
    case ZYDIS_OPERAND_ENCODING_NDSNDD:
      return insn->vvvv * 8u == at ? NULL : "another register in VEX";
    default:
      return NULL;
    }
}

static const char *
immediate_difference (const ZydisDecodedOperand *operand, const X86Insn *insn)
{
  uint64_t mask = operand->size >= 64 ? UINT64_MAX : (UINT64_C (1) << operand->size) - 1;

  if (operand->imm.is_relative)
    return (int64_t) insn->imm == operand->imm.value.s ? NULL : "another distance";
  /* ENTER packs its nesting level above the size. */
  if (insn->map == X86_MAP_PRIMARY && insn->opcode == 0xc8 && operand->id == 1)
    return insn->imm >> 16 == operand->imm.value.u ? NULL : "another nesting level";
  return ((insn->imm ^ operand->imm.value.u) & mask) == 0 ? NULL : "another immediate";
}

const char *
zydis_operands_difference (const ZydisDecodedInstruction *zydis,
                           const ZydisDecodedOperand *operands, const X86Insn *insn)
{
  for (unsigned i = 0; i < zydis->operand_count; i++)
    {
      const ZydisDecodedOperand *operand = &operands[i];
      const char *difference = NULL;

      if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY
          && operand->encoding == ZYDIS_OPERAND_ENCODING_MODRM_RM)
        difference = memory_difference (zydis, operand, insn);
      else if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER)
        difference = register_difference (operand, insn);
      else if (operand->type == ZYDIS_OPERAND_TYPE_IMMEDIATE
               && operand->encoding != ZYDIS_OPERAND_ENCODING_NONE)
        difference = immediate_difference (operand, insn);
      else if (operand->type == ZYDIS_OPERAND_TYPE_POINTER
               && (insn->imm & 0xffffffff) != operand->ptr.offset
               && insn->imm >> 32 != operand->ptr.segment)
        difference = "another far pointer";
      if (difference != NULL)
        return difference;
    }
  return NULL;
}
