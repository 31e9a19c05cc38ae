/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shifts and rotates. The host masks the count and treats one of zero as the guest's CPU does. */
#include "insn-integer.h"

#define SUFFIX_8 "b"
#define SUFFIX_16 "w"
#define SUFFIX_32 "l"
#define SUFFIX_64 "q"

#define HOST_SHIFT(op, bits, x, count)                                                             \
  do                                                                                               \
    {                                                                                              \
      uint32_t ax = cpu->cc;                                                                       \
      asm volatile (X86_CC_LOAD op SUFFIX_##bits " %%cl, %[v]" X86_CC_SAVE                         \
                    : "+a"(ax), [v] "+r"(x)                                                        \
                    : "c"((uint8_t) (count))                                                       \
                    : "cc");                                                                       \
      cpu->cc = (uint16_t) ax;                                                                     \
    }                                                                                              \
  while (0)

/* Of a register by an immediate that is not 1: there some processors leave OF alone, which they do
 * not by CL or in memory. The last two of the rotation are done as the host does such a one. */
#define HOST_ROTATE(op, bits, x, count)                                                            \
  do                                                                                               \
    {                                                                                              \
      unsigned left = (count) & (bits == 64 ? 63 : 31);                                            \
      uint32_t cc = cpu->cc;                                                                       \
                                                                                                   \
      if (left < 2)                                                                                \
        {                                                                                          \
          HOST_SHIFT (op, bits, x, left);                                                          \
          break;                                                                                   \
        }                                                                                          \
      asm volatile (op SUFFIX_##bits " %%cl, %[v]"                                                 \
                    : [v] "+r"(x)                                                                  \
                    : "c"((uint8_t) (left - 2))                                                    \
                    : "cc");                                                                       \
      asm volatile (X86_CC_LOAD op SUFFIX_##bits " $2, %[v]" X86_CC_SAVE                           \
                    : "+a"(cc), [v] "+r"(x)                                                        \
                    :                                                                              \
                    : "cc");                                                                       \
      cpu->cc = (uint16_t) cc;                                                                     \
    }                                                                                              \
  while (0)

#define SHIFT_FORMS(name, op, form, how, bits, count)                                              \
  static void name##_##form##_r##bits (X86Cpu *cpu, const X86Insn *insn)                           \
  {                                                                                                \
    uint##bits##_t x = X86_AT (cpu, uint##bits##_t, insn->rm_at);                                  \
                                                                                                   \
    how (op, bits, x, count);                                                                      \
    x86_set##bits (cpu, insn->rm_at, x);                                                           \
  }                                                                                                \
                                                                                                   \
  static void name##_##form##_m##bits (X86Cpu *cpu, const X86Insn *insn)                           \
  {                                                                                                \
    X86Modify modify;                                                                              \
    uint##bits##_t *at                                                                             \
      = x86_modify_begin (cpu, insn->segment, x86_ea (cpu, insn), bits / 8, false, &modify);       \
    uint##bits##_t x = *at;                                                                        \
                                                                                                   \
    HOST_SHIFT (op, bits, x, count);                                                               \
    *at = x;                                                                                       \
    x86_modify_end (cpu, &modify);                                                                 \
  }

#define FAMILY(name, form)                                                                         \
  const X86Family x86_##name##_##form = {                                                          \
    { name##_##form##_r8, name##_##form##_m8 },                                                    \
    { name##_##form##_r16, name##_##form##_m16 },                                                  \
    { name##_##form##_r32, name##_##form##_m32 },                                                  \
    { name##_##form##_r64, name##_##form##_m64 },                                                  \
  };

#define SHIFT_FAMILY(name, op, form, how, count)                                                   \
  SHIFT_FORMS (name, op, form, how, 8, count)                                                      \
  SHIFT_FORMS (name, op, form, how, 16, count)                                                     \
  SHIFT_FORMS (name, op, form, how, 32, count)                                                     \
  SHIFT_FORMS (name, op, form, how, 64, count)                                                     \
  FAMILY (name, form)

#define SHIFT_INSTRUCTION(name, op, how_by_imm)                                                    \
  SHIFT_FAMILY (name, op, rm_1, HOST_SHIFT, 1)                                                     \
  SHIFT_FAMILY (name, op, rm_cl, HOST_SHIFT, cpu->state.gpr[X86_RCX])                              \
  SHIFT_FAMILY (name, op, rm_imm, how_by_imm, insn->imm)

SHIFT_INSTRUCTION (rol, "rol", HOST_ROTATE)
SHIFT_INSTRUCTION (ror, "ror", HOST_ROTATE)
SHIFT_INSTRUCTION (rcl, "rcl", HOST_SHIFT)
SHIFT_INSTRUCTION (rcr, "rcr", HOST_SHIFT)
SHIFT_INSTRUCTION (shl, "shl", HOST_SHIFT)
SHIFT_INSTRUCTION (shr, "shr", HOST_SHIFT)
SHIFT_INSTRUCTION (sar, "sar", HOST_SHIFT)

/* SHLD and SHRD */
#define HOST_DOUBLE(op, bits, x, y, count)                                                         \
  do                                                                                               \
    {                                                                                              \
      uint32_t ax = cpu->cc;                                                                       \
      asm volatile (X86_CC_LOAD op SUFFIX_##bits " %%cl, %[w], %[v]" X86_CC_SAVE                   \
                    : "+a"(ax), [v] "+r"(x)                                                        \
                    : "c"((uint8_t) (count)), [w] "r"(y)                                           \
                    : "cc");                                                                       \
      cpu->cc = (uint16_t) ax;                                                                     \
    }                                                                                              \
  while (0)

#define DOUBLE_FORMS(name, op, form, bits, count)                                                  \
  static void name##_##form##_r##bits (X86Cpu *cpu, const X86Insn *insn)                           \
  {                                                                                                \
    uint##bits##_t x = X86_AT (cpu, uint##bits##_t, insn->rm_at);                                  \
                                                                                                   \
    HOST_DOUBLE (op, bits, x, X86_AT (cpu, uint##bits##_t, insn->reg_at), count);                  \
    x86_set##bits (cpu, insn->rm_at, x);                                                           \
  }                                                                                                \
                                                                                                   \
  static void name##_##form##_m##bits (X86Cpu *cpu, const X86Insn *insn)                           \
  {                                                                                                \
    X86Modify modify;                                                                              \
    uint##bits##_t *at                                                                             \
      = x86_modify_begin (cpu, insn->segment, x86_ea (cpu, insn), bits / 8, false, &modify);       \
    uint##bits##_t x = *at;                                                                        \
                                                                                                   \
    HOST_DOUBLE (op, bits, x, X86_AT (cpu, uint##bits##_t, insn->reg_at), count);                  \
    *at = x;                                                                                       \
    x86_modify_end (cpu, &modify);                                                                 \
  }

#define DOUBLE_FAMILY(name, op, form, count)                                                       \
  DOUBLE_FORMS (name, op, form, 16, count)                                                         \
  DOUBLE_FORMS (name, op, form, 32, count)                                                         \
  DOUBLE_FORMS (name, op, form, 64, count)                                                         \
  const X86Family x86_##name##_##form = {                                                          \
    { NULL, NULL },                                                                                \
    { name##_##form##_r16, name##_##form##_m16 },                                                  \
    { name##_##form##_r32, name##_##form##_m32 },                                                  \
    { name##_##form##_r64, name##_##form##_m64 },                                                  \
  };

DOUBLE_FAMILY (shld, "shld", rm_r_cl, cpu->state.gpr[X86_RCX])
DOUBLE_FAMILY (shld, "shld", rm_r_imm, insn->imm)
DOUBLE_FAMILY (shrd, "shrd", rm_r_cl, cpu->state.gpr[X86_RCX])
DOUBLE_FAMILY (shrd, "shrd", rm_r_imm, insn->imm)

/* SHLX, SHRX, SARX, RORX: no flags, the count in vvvv or an immediate. */
#define SHIFT_X(name, op, bits, mask, count)                                                       \
  static void name##_r##bits (X86Cpu *cpu, const X86Insn *insn)                                    \
  {                                                                                                \
    uint##bits##_t x = X86_AT (cpu, uint##bits##_t, insn->rm_at);                                  \
                                                                                                   \
    asm (op SUFFIX_##bits " %%cl, %0" : "+r"(x) : "c"((uint8_t) ((count) &mask)) : "cc");          \
    x86_set##bits (cpu, insn->reg_at, x);                                                          \
  }                                                                                                \
                                                                                                   \
  static void name##_m##bits (X86Cpu *cpu, const X86Insn *insn)                                    \
  {                                                                                                \
    uint##bits##_t x = x86_load##bits (cpu, insn->segment, x86_ea (cpu, insn));                    \
                                                                                                   \
    asm (op SUFFIX_##bits " %%cl, %0" : "+r"(x) : "c"((uint8_t) ((count) &mask)) : "cc");          \
    x86_set##bits (cpu, insn->reg_at, x);                                                          \
  }

#define SHIFT_X_FAMILY(name, op, count)                                                            \
  SHIFT_X (name, op, 32, 31, count)                                                                \
  SHIFT_X (name, op, 64, 63, count)                                                                \
  const X86Family x86_##name = {                                                                   \
    { NULL }, { name##_r32, name##_m32 }, { name##_r32, name##_m32 }, { name##_r64, name##_m64 }   \
  };

SHIFT_X_FAMILY (shlx, "shl", cpu->state.gpr[insn->vvvv])
SHIFT_X_FAMILY (shrx, "shr", cpu->state.gpr[insn->vvvv])
SHIFT_X_FAMILY (sarx, "sar", cpu->state.gpr[insn->vvvv])
SHIFT_X_FAMILY (rorx, "ror", insn->imm)
