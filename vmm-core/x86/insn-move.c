/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MOV and its relatives, LEA, SETcc, CMOVcc, conversions, and flag instructions. */
#include "insn-integer.h"

#include "vendor.h"

#define RM_REGISTER(bits) X86_AT (cpu, uint##bits##_t, insn->rm_at)
#define RM_MEMORY(bits) x86_load##bits (cpu, insn->segment, x86_ea (cpu, insn))

#define FAMILY4(name)                                                                              \
  const X86Family x86_##name = {                                                                   \
    { name##_r8, name##_m8 },                                                                      \
    { name##_r16, name##_m16 },                                                                    \
    { name##_r32, name##_m32 },                                                                    \
    { name##_r64, name##_m64 },                                                                    \
  };
#define FAMILY3(name)                                                                              \
  const X86Family x86_##name = {                                                                   \
    { NULL, NULL },                                                                                \
    { name##_r16, name##_m16 },                                                                    \
    { name##_r32, name##_m32 },                                                                    \
    { name##_r64, name##_m64 },                                                                    \
  };

#define MOV(bits)                                                                                  \
  static void mov_rm_r_r##bits (X86Cpu *cpu, const X86Insn *insn)                                  \
  {                                                                                                \
    x86_set##bits (cpu, insn->rm_at, X86_AT (cpu, uint##bits##_t, insn->reg_at));                  \
  }                                                                                                \
  static void mov_rm_r_m##bits (X86Cpu *cpu, const X86Insn *insn)                                  \
  {                                                                                                \
    x86_store##bits (cpu, insn->segment, x86_ea (cpu, insn),                                       \
                     X86_AT (cpu, uint##bits##_t, insn->reg_at));                                  \
  }                                                                                                \
  static void mov_r_rm_r##bits (X86Cpu *cpu, const X86Insn *insn)                                  \
  {                                                                                                \
    x86_set##bits (cpu, insn->reg_at, RM_REGISTER (bits));                                         \
  }                                                                                                \
  static void mov_r_rm_m##bits (X86Cpu *cpu, const X86Insn *insn)                                  \
  {                                                                                                \
    x86_set##bits (cpu, insn->reg_at, RM_MEMORY (bits));                                           \
  }                                                                                                \
  static void mov_rm_imm_r##bits (X86Cpu *cpu, const X86Insn *insn)                                \
  {                                                                                                \
    x86_set##bits (cpu, insn->rm_at, insn->imm);                                                   \
  }                                                                                                \
  static void mov_rm_imm_m##bits (X86Cpu *cpu, const X86Insn *insn)                                \
  {                                                                                                \
    x86_store##bits (cpu, insn->segment, x86_ea (cpu, insn), insn->imm);                           \
  }                                                                                                \
  static void mov_a_moffs_r##bits (X86Cpu *cpu, const X86Insn *insn)                               \
  {                                                                                                \
    x86_set##bits (cpu, X86_RAX * 8, x86_load##bits (cpu, insn->segment, insn->imm));              \
  }                                                                                                \
  static void mov_moffs_a_r##bits (X86Cpu *cpu, const X86Insn *insn)                               \
  {                                                                                                \
    x86_store##bits (cpu, insn->segment, insn->imm, cpu->state.gpr[X86_RAX]);                      \
  }
MOV (8)
MOV (16)
MOV (32)
MOV (64)
FAMILY4 (mov_rm_r)
FAMILY4 (mov_r_rm)
FAMILY4 (mov_rm_imm)
const X86Family x86_mov_a_moffs
  = { { mov_a_moffs_r8 }, { mov_a_moffs_r16 }, { mov_a_moffs_r32 }, { mov_a_moffs_r64 } };
const X86Family x86_mov_moffs_a
  = { { mov_moffs_a_r8 }, { mov_moffs_a_r16 }, { mov_moffs_a_r32 }, { mov_moffs_a_r64 } };

/* MOVZX, MOVSX, MOVSXD: a narrower rm into reg. */
#define EXTEND(name, bits, type, narrow)                                                           \
  static void name##_r##bits (X86Cpu *cpu, const X86Insn *insn)                                    \
  {                                                                                                \
    x86_set##bits (cpu, insn->reg_at, (type) RM_REGISTER (narrow));                                \
  }                                                                                                \
  static void name##_m##bits (X86Cpu *cpu, const X86Insn *insn)                                    \
  {                                                                                                \
    x86_set##bits (cpu, insn->reg_at, (type) RM_MEMORY (narrow));                                  \
  }
#define EXTEND_FAMILY(name, type, narrow)                                                          \
  EXTEND (name, 16, type, narrow)                                                                  \
  EXTEND (name, 32, type, narrow)                                                                  \
  EXTEND (name, 64, type, narrow)                                                                  \
  FAMILY3 (name)
EXTEND_FAMILY (movzx_8, uint8_t, 8)
EXTEND_FAMILY (movzx_16, uint16_t, 16)
EXTEND_FAMILY (movsx_8, int8_t, 8)
EXTEND_FAMILY (movsx_16, int16_t, 16)
/* MOVSXD with a 16-bit operand loads 16 bits only. */
EXTEND (movsxd, 16, uint16_t, 16)
EXTEND (movsxd, 32, uint32_t, 32)
EXTEND (movsxd, 64, int32_t, 32)
FAMILY3 (movsxd)

#define LEA(bits)                                                                                  \
  static void lea_m##bits (X86Cpu *cpu, const X86Insn *insn)                                       \
  {                                                                                                \
    x86_set##bits (cpu, insn->reg_at, x86_ea (cpu, insn));                                         \
  }
LEA (16)
LEA (32)
LEA (64)
const X86Family x86_lea = { { NULL }, { NULL, lea_m16 }, { NULL, lea_m32 }, { NULL, lea_m64 } };

/* A 32-bit CMOVcc clears the upper half even when it does not move; memory is always read. */
#define CMOV(bits)                                                                                 \
  static void cmov_r##bits (X86Cpu *cpu, const X86Insn *insn)                                      \
  {                                                                                                \
    unsigned at = x86_condition (cpu->cc, insn->opcode & 15) ? insn->rm_at : insn->reg_at;         \
                                                                                                   \
    x86_set##bits (cpu, insn->reg_at, X86_AT (cpu, uint##bits##_t, at));                           \
  }                                                                                                \
  static void cmov_m##bits (X86Cpu *cpu, const X86Insn *insn)                                      \
  {                                                                                                \
    uint##bits##_t value = RM_MEMORY (bits);                                                       \
                                                                                                   \
    if (!x86_condition (cpu->cc, insn->opcode & 15))                                               \
      value = X86_AT (cpu, uint##bits##_t, insn->reg_at);                                          \
    x86_set##bits (cpu, insn->reg_at, value);                                                      \
  }
CMOV (16)
CMOV (32)
CMOV (64)
FAMILY3 (cmov)

void
x86_setcc (X86Cpu *cpu, const X86Insn *insn)
{
  uint8_t value = x86_condition (cpu->cc, insn->opcode & 15);

  if (x86_insn_is_memory (insn))
    x86_store8 (cpu, insn->segment, x86_ea (cpu, insn), value);
  else
    x86_set8 (cpu, insn->rm_at, value);
}

/* CBW, CWDE, CDQE */
void
x86_cbw (X86Cpu *cpu, const X86Insn *insn)
{
  uint64_t a = cpu->state.gpr[X86_RAX];

  x86_set_sized (cpu, X86_RAX * 8, insn->op_size,
                 insn->op_size == 8   ? (uint64_t) (int32_t) a
                 : insn->op_size == 4 ? (uint64_t) (int16_t) a
                                      : (uint64_t) (int8_t) a);
}

/* CWD, CDQ, CQO */
void
x86_cwd (X86Cpu *cpu, const X86Insn *insn)
{
  uint64_t a = cpu->state.gpr[X86_RAX];

  x86_set_sized (cpu, X86_RDX * 8, insn->op_size,
                 a >> (insn->op_size * 8 - 1) & 1 ? UINT64_MAX : 0);
}

void
x86_xlat (X86Cpu *cpu, const X86Insn *insn)
{
  uint64_t ea = x86_address_mask (cpu->state.gpr[X86_RBX] + (uint8_t) cpu->state.gpr[X86_RAX],
                                  insn->addr_size);

  x86_set8 (cpu, X86_RAX * 8, x86_load8 (cpu, insn->segment, ea));
}

void
x86_lahf (X86Cpu *cpu, const X86Insn *insn)
{
  X86_AT (cpu, uint8_t, X86_RAX * 8 + 1) = cpu->cc >> 8 | 2;
}

void
x86_sahf (X86Cpu *cpu, const X86Insn *insn)
{
  cpu->cc = (cpu->cc & X86_CC_OF) | (cpu->state.gpr[X86_RAX] & 0xd500);
}

void
x86_salc (X86Cpu *cpu, const X86Insn *insn)
{
  x86_set8 (cpu, X86_RAX * 8, cpu->cc & X86_CC_CF ? 0xff : 0);
}

void
x86_clc (X86Cpu *cpu, const X86Insn *insn)
{
  cpu->cc &= ~(uint32_t) X86_CC_CF;
}

void
x86_stc (X86Cpu *cpu, const X86Insn *insn)
{
  cpu->cc |= X86_CC_CF;
}

void
x86_cmc (X86Cpu *cpu, const X86Insn *insn)
{
  cpu->cc ^= X86_CC_CF;
}

void
x86_cld (X86Cpu *cpu, const X86Insn *insn)
{
  cpu->state.rflags &= ~(uint64_t) X86_FLAG_DF;
}

void
x86_std (X86Cpu *cpu, const X86Insn *insn)
{
  cpu->state.rflags |= X86_FLAG_DF;
}

void
x86_nop (X86Cpu *cpu, const X86Insn *insn)
{
}

void
x86_prefetchw (X86Cpu *cpu, const X86Insn *insn)
{
  if (!x86_insn_is_memory (insn) && x86_prefetchw_demands_memory (cpu))
    x86_raise (cpu, X86_UD);
}

void
x86_undefined (X86Cpu *cpu, const X86Insn *insn)
{
  x86_raise (cpu, X86_UD);
}
