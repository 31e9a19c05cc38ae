/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Arithmetic and logic on two operands, INC, DEC, NEG, NOT, TEST, XADD, CMPXCHG, XCHG. Each runs
 * the host's own instruction, whose flags are the guest's. */
#include "insn-integer.h"

#define SUFFIX_8 "b"
#define SUFFIX_16 "w"
#define SUFFIX_32 "l"
#define SUFFIX_64 "q"

/* A host instruction on a (memory or register operand) and b; LOCK is "" or "lock; ". */
#define HOST_BINARY(op, bits, lock, a, a_constraint, b)                                            \
  do                                                                                               \
    {                                                                                              \
      uint32_t ax;                                                                                 \
      asm volatile (lock op SUFFIX_##bits " %[y], %[x]" X86_CC_SAVE                                \
                    : "=&a"(ax), [x] a_constraint (a)                                              \
                    : [y] "r"((uint##bits##_t) (b))                                                \
                    : "memory", "cc");                                                             \
      cpu->cc = (uint16_t) ax;                                                                     \
    }                                                                                              \
  while (0)

/* The same with CF as input. */
#define HOST_CARRY(op, bits, lock, a, a_constraint, b)                                             \
  do                                                                                               \
    {                                                                                              \
      uint32_t ax;                                                                                 \
      asm volatile ("btl $8, %[cc]\n\t" lock op SUFFIX_##bits " %[y], %[x]" X86_CC_SAVE            \
                    : "=&a"(ax), [x] a_constraint (a)                                              \
                    : [y] "r"((uint##bits##_t) (b)), [cc] "r"(cpu->cc)                             \
                    : "memory", "cc");                                                             \
      cpu->cc = (uint16_t) ax;                                                                     \
    }                                                                                              \
  while (0)

#define HOST_UNARY(op, bits, lock, a, a_constraint, unused)                                        \
  do                                                                                               \
    {                                                                                              \
      uint32_t ax;                                                                                 \
      asm volatile ("btl $8, %[cc]\n\t" lock op SUFFIX_##bits " %[x]" X86_CC_SAVE                  \
                    : "=&a"(ax), [x] a_constraint (a)                                              \
                    : [cc] "r"(cpu->cc)                                                            \
                    : "memory", "cc");                                                             \
      cpu->cc = (uint16_t) ax;                                                                     \
    }                                                                                              \
  while (0)

#define REGISTER "+r"
#define IN_MEMORY "+m"

/* rm op= b, for a register and for memory (with and without LOCK). */
#define DESTINATION_FORMS(host, name, op, form, bits, b)                                           \
  static void name##_##form##_r##bits (X86Cpu *cpu, const X86Insn *insn)                           \
  {                                                                                                \
    uint##bits##_t x = X86_AT (cpu, uint##bits##_t, insn->rm_at);                                  \
                                                                                                   \
    host (op, bits, "", x, REGISTER, b);                                                           \
    x86_set##bits (cpu, insn->rm_at, x);                                                           \
  }                                                                                                \
                                                                                                   \
  static void name##_##form##_m##bits (X86Cpu *cpu, const X86Insn *insn)                           \
  {                                                                                                \
    bool locked = insn->prefixes & X86_PREFIX_LOCK;                                                \
    X86Modify modify;                                                                              \
    uint##bits##_t *x                                                                              \
      = x86_modify_begin (cpu, insn->segment, x86_ea (cpu, insn), bits / 8, locked, &modify);      \
                                                                                                   \
    if (locked)                                                                                    \
      host (op, bits, "lock; ", *x, IN_MEMORY, b);                                                 \
    else                                                                                           \
      host (op, bits, "", *x, IN_MEMORY, b);                                                       \
    x86_modify_end (cpu, &modify);                                                                 \
  }

#define FAMILY(name, form)                                                                         \
  const X86Family x86_##name##_##form = {                                                          \
    { name##_##form##_r8, name##_##form##_m8 },                                                    \
    { name##_##form##_r16, name##_##form##_m16 },                                                  \
    { name##_##form##_r32, name##_##form##_m32 },                                                  \
    { name##_##form##_r64, name##_##form##_m64 },                                                  \
  };

#define DESTINATION_FAMILY(host, name, op, form, b, ...)                                           \
  DESTINATION_FORMS (host, name, op, form, 8, b (8))                                               \
  DESTINATION_FORMS (host, name, op, form, 16, b (16))                                             \
  DESTINATION_FORMS (host, name, op, form, 32, b (32))                                             \
  DESTINATION_FORMS (host, name, op, form, 64, b (64))                                             \
  FAMILY (name, form)

#define FROM_REG(bits) X86_AT (cpu, uint##bits##_t, insn->reg_at)
#define FROM_IMM(bits) insn->imm
#define FROM_NOTHING(bits) 0

/* reg op= rm */
#define SOURCE_FORMS(host, name, op, bits)                                                         \
  static void name##_r_rm_r##bits (X86Cpu *cpu, const X86Insn *insn)                               \
  {                                                                                                \
    uint##bits##_t x = X86_AT (cpu, uint##bits##_t, insn->reg_at);                                 \
                                                                                                   \
    host (op, bits, "", x, REGISTER, X86_AT (cpu, uint##bits##_t, insn->rm_at));                   \
    x86_set##bits (cpu, insn->reg_at, x);                                                          \
  }                                                                                                \
                                                                                                   \
  static void name##_r_rm_m##bits (X86Cpu *cpu, const X86Insn *insn)                               \
  {                                                                                                \
    uint##bits##_t y = x86_load##bits (cpu, insn->segment, x86_ea (cpu, insn));                    \
    uint##bits##_t x = X86_AT (cpu, uint##bits##_t, insn->reg_at);                                 \
                                                                                                   \
    host (op, bits, "", x, REGISTER, y);                                                           \
    x86_set##bits (cpu, insn->reg_at, x);                                                          \
  }

#define SOURCE_FAMILY(host, name, op)                                                              \
  SOURCE_FORMS (host, name, op, 8)                                                                 \
  SOURCE_FORMS (host, name, op, 16)                                                                \
  SOURCE_FORMS (host, name, op, 32)                                                                \
  SOURCE_FORMS (host, name, op, 64)                                                                \
  FAMILY (name, r_rm)

#define BINARY_INSTRUCTION(host, name, op)                                                         \
  DESTINATION_FAMILY (host, name, op, rm_r, FROM_REG)                                              \
  DESTINATION_FAMILY (host, name, op, rm_imm, FROM_IMM)                                            \
  SOURCE_FAMILY (host, name, op)

BINARY_INSTRUCTION (HOST_BINARY, add, "add")
BINARY_INSTRUCTION (HOST_BINARY, or, "or")
BINARY_INSTRUCTION (HOST_CARRY, adc, "adc")
BINARY_INSTRUCTION (HOST_CARRY, sbb, "sbb")
BINARY_INSTRUCTION (HOST_BINARY, and, "and")
BINARY_INSTRUCTION (HOST_BINARY, sub, "sub")
BINARY_INSTRUCTION (HOST_BINARY, xor, "xor")

DESTINATION_FAMILY (HOST_UNARY, inc, "inc", rm, FROM_NOTHING)
DESTINATION_FAMILY (HOST_UNARY, dec, "dec", rm, FROM_NOTHING)
DESTINATION_FAMILY (HOST_UNARY, neg, "neg", rm, FROM_NOTHING)

/* NOT leaves the flags alone. */
#define HOST_NOT(op, bits, lock, a, a_constraint, unused)                                          \
  asm volatile (lock "not" SUFFIX_##bits " %0" : a_constraint (a) : : "memory")
DESTINATION_FAMILY (HOST_NOT, not, "not", rm, FROM_NOTHING)

/* CMP and TEST only look. */
#define LOOK(name, op, form, bits, a, b)                                                           \
  static void name##_##form##bits (X86Cpu *cpu, const X86Insn *insn)                               \
  {                                                                                                \
    uint##bits##_t x = a;                                                                          \
    uint32_t ax;                                                                                   \
                                                                                                   \
    asm volatile (op SUFFIX_##bits " %[y], %[x]" X86_CC_SAVE                                       \
                  : "=&a"(ax)                                                                      \
                  : [x] "r"(x), [y] "r"((uint##bits##_t) (b))                                      \
                  : "cc");                                                                         \
    cpu->cc = (uint16_t) ax;                                                                       \
  }

#define RM_REGISTER(bits) X86_AT (cpu, uint##bits##_t, insn->rm_at)
#define RM_MEMORY(bits) x86_load##bits (cpu, insn->segment, x86_ea (cpu, insn))

#define LOOK_SIZES(name, op, bits)                                                                 \
  LOOK (name, op, rm_r_r, bits, RM_REGISTER (bits), FROM_REG (bits))                               \
  LOOK (name, op, rm_r_m, bits, RM_MEMORY (bits), FROM_REG (bits))                                 \
  LOOK (name, op, rm_imm_r, bits, RM_REGISTER (bits), FROM_IMM (bits))                             \
  LOOK (name, op, rm_imm_m, bits, RM_MEMORY (bits), FROM_IMM (bits))

#define LOOK_FAMILY(name, op)                                                                      \
  LOOK_SIZES (name, op, 8)                                                                         \
  LOOK_SIZES (name, op, 16)                                                                        \
  LOOK_SIZES (name, op, 32)                                                                        \
  LOOK_SIZES (name, op, 64)                                                                        \
  FAMILY (name, rm_r)                                                                              \
  FAMILY (name, rm_imm)

LOOK_FAMILY (cmp, "cmp")
LOOK_FAMILY (test, "test")

#define CMP_SOURCE(bits)                                                                           \
  LOOK (cmp, "cmp", r_rm_r, bits, FROM_REG (bits), RM_REGISTER (bits))                             \
  LOOK (cmp, "cmp", r_rm_m, bits, FROM_REG (bits), RM_MEMORY (bits))
CMP_SOURCE (8)
CMP_SOURCE (16)
CMP_SOURCE (32)
CMP_SOURCE (64)
FAMILY (cmp, r_rm)

/* XCHG with memory locks by itself. */
#define XCHG(bits)                                                                                 \
  static void xchg_rm_r_r##bits (X86Cpu *cpu, const X86Insn *insn)                                 \
  {                                                                                                \
    uint##bits##_t x = X86_AT (cpu, uint##bits##_t, insn->rm_at);                                  \
                                                                                                   \
    x86_set##bits (cpu, insn->rm_at, X86_AT (cpu, uint##bits##_t, insn->reg_at));                  \
    x86_set##bits (cpu, insn->reg_at, x);                                                          \
  }                                                                                                \
                                                                                                   \
  static void xchg_rm_r_m##bits (X86Cpu *cpu, const X86Insn *insn)                                 \
  {                                                                                                \
    X86Modify modify;                                                                              \
    uint##bits##_t *x                                                                              \
      = x86_modify_begin (cpu, insn->segment, x86_ea (cpu, insn), bits / 8, true, &modify);        \
    uint##bits##_t old                                                                             \
      = __atomic_exchange_n (x, X86_AT (cpu, uint##bits##_t, insn->reg_at), __ATOMIC_SEQ_CST);     \
                                                                                                   \
    x86_modify_end (cpu, &modify);                                                                 \
    x86_set##bits (cpu, insn->reg_at, old);                                                        \
  }
XCHG (8)
XCHG (16)
XCHG (32)
XCHG (64)
FAMILY (xchg, rm_r)

/* XCHG of the accumulator with the register in the opcode; with itself it is NOP. */
#define XCHG_A(bits)                                                                               \
  static void xchg_a_r##bits (X86Cpu *cpu, const X86Insn *insn)                                    \
  {                                                                                                \
    uint##bits##_t x = X86_AT (cpu, uint##bits##_t, insn->rm_at);                                  \
                                                                                                   \
    if (insn->rm == X86_RAX)                                                                       \
      return;                                                                                      \
    x86_set##bits (cpu, insn->rm_at, (uint##bits##_t) cpu->state.gpr[X86_RAX]);                    \
    x86_set##bits (cpu, X86_RAX * 8, x);                                                           \
  }
XCHG_A (16)
XCHG_A (32)
XCHG_A (64)
const X86Family x86_xchg_a = { { NULL }, { xchg_a_r16 }, { xchg_a_r32 }, { xchg_a_r64 } };

#define XADD(bits)                                                                                 \
  static void xadd_rm_r_r##bits (X86Cpu *cpu, const X86Insn *insn)                                 \
  {                                                                                                \
    uint##bits##_t x = X86_AT (cpu, uint##bits##_t, insn->rm_at);                                  \
    uint##bits##_t old = x;                                                                        \
                                                                                                   \
    HOST_BINARY ("add", bits, "", x, REGISTER, X86_AT (cpu, uint##bits##_t, insn->reg_at));        \
    x86_set##bits (cpu, insn->reg_at, old);                                                        \
    x86_set##bits (cpu, insn->rm_at, x);                                                           \
  }                                                                                                \
                                                                                                   \
  static void xadd_rm_r_m##bits (X86Cpu *cpu, const X86Insn *insn)                                 \
  {                                                                                                \
    X86Modify modify;                                                                              \
    uint##bits##_t *x                                                                              \
      = x86_modify_begin (cpu, insn->segment, x86_ea (cpu, insn), bits / 8, true, &modify);        \
    uint##bits##_t y = X86_AT (cpu, uint##bits##_t, insn->reg_at);                                 \
    uint32_t ax;                                                                                   \
                                                                                                   \
    asm volatile ("lock; xadd" SUFFIX_##bits " %[y], %[x]" X86_CC_SAVE                             \
                  : "=&a"(ax), [x] "+m"(*x), [y] "+r"(y)                                           \
                  :                                                                                \
                  : "memory", "cc");                                                               \
    cpu->cc = (uint16_t) ax;                                                                       \
    x86_modify_end (cpu, &modify);                                                                 \
    x86_set##bits (cpu, insn->reg_at, y);                                                          \
  }
XADD (8)
XADD (16)
XADD (32)
XADD (64)
FAMILY (xadd, rm_r)

/* CMPXCHG writes a destination in memory in either case, but a register only on success: a 32-bit
 * failure leaves its upper half alone. The accumulator is written on failure only. */
#define CMPXCHG(bits)                                                                              \
  static void cmpxchg_finish##bits (X86Cpu *cpu, uint##bits##_t expected, uint##bits##_t found)    \
  {                                                                                                \
    uint##bits##_t x = expected;                                                                   \
    uint32_t ax;                                                                                   \
                                                                                                   \
    asm volatile ("cmp" SUFFIX_##bits " %[y], %[x]" X86_CC_SAVE                                    \
                  : "=&a"(ax)                                                                      \
                  : [x] "r"(x), [y] "r"(found)                                                     \
                  : "cc");                                                                         \
    cpu->cc = (uint16_t) ax;                                                                       \
    if (found != expected)                                                                         \
      x86_set##bits (cpu, X86_RAX * 8, found);                                                     \
  }                                                                                                \
                                                                                                   \
  static void cmpxchg_rm_r_r##bits (X86Cpu *cpu, const X86Insn *insn)                              \
  {                                                                                                \
    uint##bits##_t expected = cpu->state.gpr[X86_RAX];                                             \
    uint##bits##_t found = X86_AT (cpu, uint##bits##_t, insn->rm_at);                              \
                                                                                                   \
    if (found == expected)                                                                         \
      x86_set##bits (cpu, insn->rm_at, X86_AT (cpu, uint##bits##_t, insn->reg_at));                \
    cmpxchg_finish##bits (cpu, expected, found);                                                   \
  }                                                                                                \
                                                                                                   \
  static void cmpxchg_rm_r_m##bits (X86Cpu *cpu, const X86Insn *insn)                              \
  {                                                                                                \
    X86Modify modify;                                                                              \
    uint##bits##_t *x                                                                              \
      = x86_modify_begin (cpu, insn->segment, x86_ea (cpu, insn), bits / 8, true, &modify);        \
    uint##bits##_t expected = cpu->state.gpr[X86_RAX];                                             \
    uint##bits##_t found = expected;                                                               \
                                                                                                   \
    __atomic_compare_exchange_n (x, &found, X86_AT (cpu, uint##bits##_t, insn->reg_at), false,     \
                                 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                              \
    x86_modify_end (cpu, &modify);                                                                 \
    cmpxchg_finish##bits (cpu, expected, found);                                                   \
  }
CMPXCHG (8)
CMPXCHG (16)
CMPXCHG (32)
CMPXCHG (64)
FAMILY (cmpxchg, rm_r)

/* CMPXCHG8B, or CMPXCHG16B with REX.W. */
void
x86_cmpxchg_pair (X86Cpu *cpu, const X86Insn *insn)
{
  uint64_t ea = x86_ea (cpu, insn);
  uint64_t *gpr = cpu->state.gpr;
  X86Modify modify;
  bool equal;

  if (insn->prefixes & X86_PREFIX_REX_W)
    {
      unsigned __int128 *x;
      unsigned __int128 expected = (unsigned __int128) gpr[X86_RDX] << 64 | gpr[X86_RAX];
      unsigned __int128 desired = (unsigned __int128) gpr[X86_RCX] << 64 | gpr[X86_RBX];
      uint64_t low = expected, high = expected >> 64;

      if (((ea + cpu->window[insn->segment].base) & 15) != 0)
        x86_raise_code (cpu, X86_GP, 0);
      x = x86_modify_begin (cpu, insn->segment, ea, 16, true, &modify);
      asm volatile ("lock; cmpxchg16b %[x]\n\tsete %[equal]"
                    : [x] "+m"(*x), "+a"(low), "+d"(high), [equal] "=q"(equal)
                    : "b"((uint64_t) desired), "c"((uint64_t) (desired >> 64))
                    : "memory", "cc");
      x86_modify_end (cpu, &modify);
      if (!equal)
        {
          gpr[X86_RAX] = low;
          gpr[X86_RDX] = high;
        }
    }
  else
    {
      uint64_t *x = x86_modify_begin (cpu, insn->segment, ea, 8, true, &modify);
      uint64_t expected = gpr[X86_RDX] << 32 | (uint32_t) gpr[X86_RAX];
      uint64_t wanted = gpr[X86_RCX] << 32 | (uint32_t) gpr[X86_RBX];

      equal = __atomic_compare_exchange_n (x, &expected, wanted, false, __ATOMIC_SEQ_CST,
                                           __ATOMIC_SEQ_CST);
      x86_modify_end (cpu, &modify);
      if (!equal)
        {
          gpr[X86_RAX] = (uint32_t) expected;
          gpr[X86_RDX] = expected >> 32;
        }
    }
  cpu->cc = equal ? cpu->cc | X86_CC_ZF : cpu->cc & ~X86_CC_ZF;
}
