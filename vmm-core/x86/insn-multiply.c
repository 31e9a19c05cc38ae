/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MUL, IMUL, DIV, IDIV and decimal arithmetic. Multiplication leaves undefined flags as the host
 * does, which sees the guest's. */
#include "insn-integer.h"

#define SUFFIX_8 "b"
#define SUFFIX_16 "w"
#define SUFFIX_32 "l"
#define SUFFIX_64 "q"

#define RM_REGISTER(bits) X86_AT (cpu, uint##bits##_t, insn->rm_at)
#define RM_MEMORY(bits) x86_load##bits (cpu, insn->segment, x86_ea (cpu, insn))

#define FOUR_SIZES(name)                                                                           \
  const X86Family x86_##name = {                                                                   \
    { name##_r8, name##_m8 },                                                                      \
    { name##_r16, name##_m16 },                                                                    \
    { name##_r32, name##_m32 },                                                                    \
    { name##_r64, name##_m64 },                                                                    \
  };
#define THREE_SIZES(name)                                                                          \
  const X86Family x86_##name = {                                                                   \
    { NULL, NULL },                                                                                \
    { name##_r16, name##_m16 },                                                                    \
    { name##_r32, name##_m32 },                                                                    \
    { name##_r64, name##_m64 },                                                                    \
  };

/* rDX:rAX = rAX * rm */
#define WIDE(name, op, form, bits, source)                                                         \
  static void name##_##form##bits (X86Cpu *cpu, const X86Insn *insn)                               \
  {                                                                                                \
    uint##bits##_t y = source (bits);                                                              \
    uint64_t a = cpu->cc;                                                                          \
    uint64_t d = 0;                                                                                \
    uint64_t low = cpu->state.gpr[X86_RAX];                                                        \
                                                                                                   \
    asm (X86_CC_LOAD "movq %[low], %%rax\n\t" op SUFFIX_##bits                                     \
         " %[y]\n\tmovq %%rax, %[low]" X86_CC_SAVE                                                 \
         : "+a"(a), "+d"(d), [low] "+&r"(low)                                                      \
         : [y] "r"(y)                                                                              \
         : "cc");                                                                                  \
    cpu->cc = (uint16_t) a;                                                                        \
    x86_set##bits (cpu, X86_RAX * 8, low);                                                         \
    x86_set##bits (cpu, X86_RDX * 8, d);                                                           \
  }

/* AX = AL * rm8 */
#define WIDE_8(name, op, form, source)                                                             \
  static void name##_##form##8(X86Cpu * cpu, const X86Insn *insn)                                  \
  {                                                                                                \
    uint8_t y = source (8);                                                                        \
    uint64_t a = cpu->cc;                                                                          \
    uint64_t low = cpu->state.gpr[X86_RAX];                                                        \
                                                                                                   \
    asm (X86_CC_LOAD "movq %[low], %%rax\n\t" op "b %[y]\n\tmovq %%rax, %[low]" X86_CC_SAVE        \
         : "+a"(a), [low] "+&r"(low)                                                               \
         : [y] "r"(y)                                                                              \
         : "cc");                                                                                  \
    cpu->cc = (uint16_t) a;                                                                        \
    x86_set16 (cpu, X86_RAX * 8, low);                                                             \
  }

#define WIDE_FAMILY(name, op)                                                                      \
  WIDE_8 (name, op, r, RM_REGISTER)                                                                \
  WIDE_8 (name, op, m, RM_MEMORY)                                                                  \
  WIDE (name, op, r, 16, RM_REGISTER)                                                              \
  WIDE (name, op, m, 16, RM_MEMORY)                                                                \
  WIDE (name, op, r, 32, RM_REGISTER)                                                              \
  WIDE (name, op, m, 32, RM_MEMORY)                                                                \
  WIDE (name, op, r, 64, RM_REGISTER)                                                              \
  WIDE (name, op, m, 64, RM_MEMORY)                                                                \
  FOUR_SIZES (name)

WIDE_FAMILY (mul, "mul")
WIDE_FAMILY (imul, "imul")

/* reg = x * y */
#define NARROW(name, form, bits, x_value, y_value)                                                 \
  static void name##_##form##bits (X86Cpu *cpu, const X86Insn *insn)                               \
  {                                                                                                \
    uint##bits##_t x = x_value;                                                                    \
    uint##bits##_t y = y_value;                                                                    \
    uint32_t ax = cpu->cc;                                                                         \
                                                                                                   \
    asm (X86_CC_LOAD "imul" SUFFIX_##bits " %[y], %[x]" X86_CC_SAVE                                \
         : "+&a"(ax), [x] "+r"(x)                                                                  \
         : [y] "r"(y)                                                                              \
         : "cc");                                                                                  \
    cpu->cc = (uint16_t) ax;                                                                       \
    x86_set##bits (cpu, insn->reg_at, x);                                                          \
  }

#define NARROW_SIZES(bits)                                                                         \
  NARROW (imul_r_rm, r, bits, X86_AT (cpu, uint##bits##_t, insn->reg_at), RM_REGISTER (bits))      \
  NARROW (imul_r_rm, m, bits, X86_AT (cpu, uint##bits##_t, insn->reg_at), RM_MEMORY (bits))        \
  NARROW (imul_r_rm_imm, r, bits, RM_REGISTER (bits), insn->imm)                                   \
  NARROW (imul_r_rm_imm, m, bits, RM_MEMORY (bits), insn->imm)
NARROW_SIZES (16)
NARROW_SIZES (32)
NARROW_SIZES (64)
THREE_SIZES (imul_r_rm)
THREE_SIZES (imul_r_rm_imm)

/* MULX: no flags; high half to reg, low half to vvvv. */
#define MULX(form, bits, wide, source)                                                             \
  static void mulx_##form##bits (X86Cpu *cpu, const X86Insn *insn)                                 \
  {                                                                                                \
    wide product = (wide) (source (bits)) * X86_AT (cpu, uint##bits##_t, X86_RDX * 8);             \
                                                                                                   \
    x86_set##bits (cpu, insn->vvvv * 8, product);                                                  \
    x86_set##bits (cpu, insn->reg_at, product >> bits);                                            \
  }
MULX (r, 32, uint64_t, RM_REGISTER)
MULX (m, 32, uint64_t, RM_MEMORY)
MULX (r, 64, unsigned __int128, RM_REGISTER)
MULX (m, 64, unsigned __int128, RM_MEMORY)
const X86Family x86_mulx
  = { { NULL }, { mulx_r32, mulx_m32 }, { mulx_r32, mulx_m32 }, { mulx_r64, mulx_m64 } };

/* Division: #DE when the quotient does not fit. The flags are undefined and stay. */
#define DIVIDE(form, bits, wide, swide, type, stype, source)                                       \
  static void div_##form##bits (X86Cpu *cpu, const X86Insn *insn)                                  \
  {                                                                                                \
    type divisor = source (bits);                                                                  \
    wide dividend                                                                                  \
      = (wide) X86_AT (cpu, type, X86_RDX * 8) << bits | X86_AT (cpu, type, X86_RAX * 8);          \
                                                                                                   \
    if (divisor == 0 || (type) (dividend >> bits) >= divisor)                                      \
      x86_raise (cpu, X86_DE);                                                                     \
    x86_set##bits (cpu, X86_RAX * 8, dividend / divisor);                                          \
    x86_set##bits (cpu, X86_RDX * 8, dividend % divisor);                                          \
  }                                                                                                \
                                                                                                   \
  static void idiv_##form##bits (X86Cpu *cpu, const X86Insn *insn)                                 \
  {                                                                                                \
    stype divisor = source (bits);                                                                 \
    swide dividend = (swide) ((wide) X86_AT (cpu, type, X86_RDX * 8) << bits                       \
                              | X86_AT (cpu, type, X86_RAX * 8));                                  \
    swide quotient;                                                                                \
                                                                                                   \
    /* The one dividend whose negation does not exist never has a quotient that fits. */           \
    if (divisor == 0 || dividend == (swide) ((wide) 1 << (2 * bits - 1)))                          \
      x86_raise (cpu, X86_DE);                                                                     \
    quotient = dividend / divisor;                                                                 \
    if (quotient != (stype) quotient)                                                              \
      x86_raise (cpu, X86_DE);                                                                     \
    x86_set##bits (cpu, X86_RAX * 8, (type) quotient);                                             \
    x86_set##bits (cpu, X86_RDX * 8, (type) (dividend % divisor));                                 \
  }

#define DIVIDE_8(form, source)                                                                     \
  static void div_##form##8(X86Cpu * cpu, const X86Insn *insn)                                     \
  {                                                                                                \
    uint8_t divisor = source (8);                                                                  \
    uint16_t dividend = cpu->state.gpr[X86_RAX];                                                   \
                                                                                                   \
    if (divisor == 0 || dividend >> 8 >= divisor)                                                  \
      x86_raise (cpu, X86_DE);                                                                     \
    x86_set16 (cpu, X86_RAX * 8, dividend / divisor | dividend % divisor << 8);                    \
  }                                                                                                \
                                                                                                   \
  static void idiv_##form##8(X86Cpu * cpu, const X86Insn *insn)                                    \
  {                                                                                                \
    int8_t divisor = source (8);                                                                   \
    int16_t dividend = cpu->state.gpr[X86_RAX];                                                    \
    int quotient;                                                                                  \
                                                                                                   \
    if (divisor == 0)                                                                              \
      x86_raise (cpu, X86_DE);                                                                     \
    quotient = dividend / divisor;                                                                 \
    if (quotient != (int8_t) quotient)                                                             \
      x86_raise (cpu, X86_DE);                                                                     \
    x86_set16 (cpu, X86_RAX * 8, (uint8_t) quotient | (uint8_t) (dividend % divisor) << 8);        \
  }

#define DIVIDE_SIZES(form, source)                                                                 \
  DIVIDE_8 (form, source)                                                                          \
  DIVIDE (form, 16, uint32_t, int32_t, uint16_t, int16_t, source)                                  \
  DIVIDE (form, 32, uint64_t, int64_t, uint32_t, int32_t, source)                                  \
  DIVIDE (form, 64, unsigned __int128, __int128, uint64_t, int64_t, source)
DIVIDE_SIZES (r, RM_REGISTER)
DIVIDE_SIZES (m, RM_MEMORY)
FOUR_SIZES (div)
FOUR_SIZES (idiv)

/* Decimal adjustments (SDM 2A). 64-bit mode has none, so the host cannot do them for us. */

static void
set_result_flags (X86Cpu *cpu, uint8_t value, uint32_t carries)
{
  uint32_t ax;

  asm ("testb %[x], %[x]" X86_CC_SAVE : "=&a"(ax) : [x] "r"(value) : "cc");
  cpu->cc = ((uint16_t) ax & ~(uint32_t) (X86_CC_CF | X86_CC_AF)) | carries;
}

static void
decimal_adjust (X86Cpu *cpu, int direction)
{
  uint8_t old = cpu->state.gpr[X86_RAX];
  uint8_t al = old;
  bool carry = cpu->cc & X86_CC_CF;
  uint32_t carries = 0;

  if ((old & 15) > 9 || (cpu->cc & X86_CC_AF))
    {
      if (direction < 0 && al < 6)
        carries |= X86_CC_CF;
      al += direction * 6;
      carries |= X86_CC_AF;
    }
  if (old > 0x99 || carry)
    {
      al += direction * 0x60;
      carries |= X86_CC_CF;
    }
  else if (direction > 0)
    carries &= ~(uint32_t) X86_CC_CF;
  x86_set8 (cpu, X86_RAX * 8, al);
  set_result_flags (cpu, al, carries);
}

void
x86_daa (X86Cpu *cpu, const X86Insn *insn)
{
  decimal_adjust (cpu, 1);
}

void
x86_das (X86Cpu *cpu, const X86Insn *insn)
{
  decimal_adjust (cpu, -1);
}

static void
ascii_adjust (X86Cpu *cpu, int direction)
{
  uint16_t ax = cpu->state.gpr[X86_RAX];
  uint32_t carries = 0;

  if ((ax & 15) > 9 || (cpu->cc & X86_CC_AF))
    {
      ax += direction * 0x106;
      carries = X86_CC_CF | X86_CC_AF;
    }
  ax &= 0xff0f;
  x86_set16 (cpu, X86_RAX * 8, ax);
  set_result_flags (cpu, ax, carries);
}

void
x86_aaa (X86Cpu *cpu, const X86Insn *insn)
{
  ascii_adjust (cpu, 1);
}

void
x86_aas (X86Cpu *cpu, const X86Insn *insn)
{
  ascii_adjust (cpu, -1);
}

void
x86_aam (X86Cpu *cpu, const X86Insn *insn)
{
  uint8_t base = insn->imm;
  uint8_t al = cpu->state.gpr[X86_RAX];

  if (base == 0)
    x86_raise (cpu, X86_DE);
  x86_set16 (cpu, X86_RAX * 8, al / base << 8 | al % base);
  set_result_flags (cpu, al % base, 0);
}

void
x86_aad (X86Cpu *cpu, const X86Insn *insn)
{
  uint16_t ax = cpu->state.gpr[X86_RAX];
  uint8_t al = ax + (ax >> 8) * insn->imm;

  x86_set16 (cpu, X86_RAX * 8, al);
  set_result_flags (cpu, al, 0);
}
