/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bit tests and scans, counts, BMI1 and BMI2, ADX, byte order, CRC32. */
#include "insn-integer.h"

#define SUFFIX_16 "w"
#define SUFFIX_32 "l"
#define SUFFIX_64 "q"

#define RM_REGISTER(bits) X86_AT (cpu, uint##bits##_t, insn->rm_at)
#define RM_MEMORY(bits) x86_load##bits (cpu, insn->segment, x86_ea (cpu, insn))

#define THREE_SIZES(name)                                                                          \
  const X86Family x86_##name = {                                                                   \
    { NULL, NULL },                                                                                \
    { name##_r16, name##_m16 },                                                                    \
    { name##_r32, name##_m32 },                                                                    \
    { name##_r64, name##_m64 },                                                                    \
  };
/* 66 is a mandatory prefix here, and VEX has its own W: nothing has 16 bits. */
#define TWO_SIZES(name)                                                                            \
  const X86Family x86_##name = {                                                                   \
    { NULL }, { name##_r32, name##_m32 }, { name##_r32, name##_m32 }, { name##_r64, name##_m64 }   \
  };

/* BT, BTS, BTR, BTC. CF changes; with a memory operand and a register, the bit may lie anywhere. */
#define HOST_BIT(op, bits, lock, x, constraint, number)                                            \
  do                                                                                               \
    {                                                                                              \
      uint32_t ax = cpu->cc;                                                                       \
      asm volatile (X86_CC_LOAD lock op SUFFIX_##bits " %[n], %[v]" X86_CC_SAVE                    \
                    : "+a"(ax), [v] constraint (x)                                                 \
                    : [n] "r"((uint##bits##_t) ((number) & (bits - 1)))                            \
                    : "memory", "cc");                                                             \
      cpu->cc = (uint16_t) ax;                                                                     \
    }                                                                                              \
  while (0)

/* Address of the word that holds a bit of a bit string. */
#define BIT_EA(bits, number)                                                                       \
  x86_address_mask (x86_ea (cpu, insn)                                                             \
                      + ((int##bits##_t) (number) >> LOG_##bits) * (int64_t) (bits / 8),           \
                    insn->addr_size)
#define LOG_16 4
#define LOG_32 5
#define LOG_64 6
/* The immediate's bit number never leaves the operand. */
#define IMM_EA(bits, number) x86_ea (cpu, insn)

#define FROM_REG(bits) X86_AT (cpu, uint##bits##_t, insn->reg_at)
#define FROM_IMM(bits) insn->imm

#define BIT_CHANGE(name, op, form, bits, number, ea)                                               \
  static void name##_##form##_r##bits (X86Cpu *cpu, const X86Insn *insn)                           \
  {                                                                                                \
    uint##bits##_t x = X86_AT (cpu, uint##bits##_t, insn->rm_at);                                  \
                                                                                                   \
    HOST_BIT (op, bits, "", x, "+r", number (bits));                                               \
    x86_set##bits (cpu, insn->rm_at, x);                                                           \
  }                                                                                                \
                                                                                                   \
  static void name##_##form##_m##bits (X86Cpu *cpu, const X86Insn *insn)                           \
  {                                                                                                \
    bool locked = insn->prefixes & X86_PREFIX_LOCK;                                                \
    X86Modify modify;                                                                              \
    uint##bits##_t *x = x86_modify_begin (cpu, insn->segment, ea (bits, number (bits)), bits / 8,  \
                                          locked, &modify);                                        \
                                                                                                   \
    if (locked)                                                                                    \
      HOST_BIT (op, bits, "lock; ", *x, "+m", number (bits));                                      \
    else                                                                                           \
      HOST_BIT (op, bits, "", *x, "+m", number (bits));                                            \
    x86_modify_end (cpu, &modify);                                                                 \
  }

#define BIT_LOOK(name, op, form, bits, number, ea)                                                 \
  static void name##_##form##_r##bits (X86Cpu *cpu, const X86Insn *insn)                           \
  {                                                                                                \
    uint##bits##_t x = X86_AT (cpu, uint##bits##_t, insn->rm_at);                                  \
                                                                                                   \
    HOST_BIT (op, bits, "", x, "+r", number (bits));                                               \
  }                                                                                                \
                                                                                                   \
  static void name##_##form##_m##bits (X86Cpu *cpu, const X86Insn *insn)                           \
  {                                                                                                \
    uint##bits##_t x = x86_load##bits (cpu, insn->segment, ea (bits, number (bits)));              \
                                                                                                   \
    HOST_BIT (op, bits, "", x, "+r", number (bits));                                               \
  }

#define BIT_FAMILY(forms, name, op, form, number, ea)                                              \
  forms (name, op, form, 16, number, ea) forms (name, op, form, 32, number, ea)                    \
    forms (name, op, form, 64, number, ea) const X86Family x86_##name##_##form                     \
    = {                                                                                            \
        { NULL, NULL },                                                                            \
        { name##_##form##_r16, name##_##form##_m16 },                                              \
        { name##_##form##_r32, name##_##form##_m32 },                                              \
        { name##_##form##_r64, name##_##form##_m64 },                                              \
      };
#define BIT_INSTRUCTION(forms, name, op)                                                           \
  BIT_FAMILY (forms, name, op, rm_r, FROM_REG, BIT_EA)                                             \
  BIT_FAMILY (forms, name, op, rm_imm, FROM_IMM, IMM_EA)

BIT_INSTRUCTION (BIT_LOOK, bt, "bt")
BIT_INSTRUCTION (BIT_CHANGE, bts, "bts")
BIT_INSTRUCTION (BIT_CHANGE, btr, "btr")
BIT_INSTRUCTION (BIT_CHANGE, btc, "btc")

/* reg = op (rm). A scan of zero leaves its destination as it was, its upper half too. */
#define SCAN(name, op, form, bits, source)                                                         \
  static void name##_##form##bits (X86Cpu *cpu, const X86Insn *insn)                               \
  {                                                                                                \
    uint##bits##_t y = source (bits);                                                              \
    uint64_t x = X86_AT (cpu, uint64_t, insn->reg_at);                                             \
    uint32_t ax = cpu->cc;                                                                         \
                                                                                                   \
    asm (X86_CC_LOAD op SUFFIX_##bits " %[y], %" MODIFIER_##bits "[x]" X86_CC_SAVE                 \
         : "+a"(ax), [x] "+r"(x)                                                                   \
         : [y] "r"(y)                                                                              \
         : "cc");                                                                                  \
    cpu->cc = (uint16_t) ax;                                                                       \
    X86_AT (cpu, uint64_t, insn->reg_at) = x;                                                      \
  }
#define MODIFIER_16 "w"
#define MODIFIER_32 "k"
#define MODIFIER_64 "q"

#define SCAN_FAMILY(name, op)                                                                      \
  SCAN (name, op, r, 16, RM_REGISTER)                                                              \
  SCAN (name, op, m, 16, RM_MEMORY)                                                                \
  SCAN (name, op, r, 32, RM_REGISTER)                                                              \
  SCAN (name, op, m, 32, RM_MEMORY)                                                                \
  SCAN (name, op, r, 64, RM_REGISTER)                                                              \
  SCAN (name, op, m, 64, RM_MEMORY)                                                                \
  THREE_SIZES (name)

SCAN_FAMILY (bsf, "bsf")
SCAN_FAMILY (bsr, "bsr")
SCAN_FAMILY (popcnt, "popcnt")
SCAN_FAMILY (lzcnt, "lzcnt")
SCAN_FAMILY (tzcnt, "tzcnt")

/* ADCX and ADOX keep all flags but their own carry. */
#define ADX(name, op, form, bits, source)                                                          \
  static void name##_##form##bits (X86Cpu *cpu, const X86Insn *insn)                               \
  {                                                                                                \
    uint##bits##_t y = source (bits);                                                              \
    uint##bits##_t x = X86_AT (cpu, uint##bits##_t, insn->reg_at);                                 \
    uint32_t ax = cpu->cc;                                                                         \
                                                                                                   \
    asm (X86_CC_LOAD op SUFFIX_##bits " %[y], %[x]" X86_CC_SAVE                                    \
         : "+a"(ax), [x] "+r"(x)                                                                   \
         : [y] "r"(y)                                                                              \
         : "cc");                                                                                  \
    cpu->cc = (uint16_t) ax;                                                                       \
    x86_set##bits (cpu, insn->reg_at, x);                                                          \
  }
#define ADX_FAMILY(name, op)                                                                       \
  ADX (name, op, r, 32, RM_REGISTER)                                                               \
  ADX (name, op, m, 32, RM_MEMORY)                                                                 \
  ADX (name, op, r, 64, RM_REGISTER)                                                               \
  ADX (name, op, m, 64, RM_MEMORY)                                                                 \
  TWO_SIZES (name)
ADX_FAMILY (adcx, "adcx")
ADX_FAMILY (adox, "adox")

/* BMI with flags: destination = op (first, second), the operands' places given. */
#define BMI(name, op, form, bits, destination, first, second, order)                               \
  static void name##_##form##bits (X86Cpu *cpu, const X86Insn *insn)                               \
  {                                                                                                \
    uint##bits##_t a = first;                                                                      \
    uint##bits##_t b = second;                                                                     \
    uint##bits##_t x;                                                                              \
    uint32_t ax = cpu->cc;                                                                         \
                                                                                                   \
    asm (X86_CC_LOAD op SUFFIX_##bits order X86_CC_SAVE                                            \
         : "+a"(ax), [x] "=&r"(x)                                                                  \
         : [a] "r"(a), [b] "r"(b)                                                                  \
         : "cc");                                                                                  \
    cpu->cc = (uint16_t) ax;                                                                       \
    x86_set##bits (cpu, destination, x);                                                           \
  }
#define V(bits) X86_AT (cpu, uint##bits##_t, insn->vvvv * 8)
#define BMI_SIZES(name, op, bits, destination, m_first, order)                                     \
  BMI (name, op, r, bits, destination, m_first##_FIRST (RM_REGISTER, bits),                        \
       m_first##_SECOND (RM_REGISTER, bits), order)                                                \
  BMI (name, op, m, bits, destination, m_first##_FIRST (RM_MEMORY, bits),                          \
       m_first##_SECOND (RM_MEMORY, bits), order)
#define RM_V_FIRST(source, bits) source (bits)
#define RM_V_SECOND(source, bits) V (bits)
#define RM_ONLY_FIRST(source, bits) source (bits)
#define RM_ONLY_SECOND(source, bits) 0
#define BMI_FAMILY(name, op, destination, operands, order)                                         \
  BMI_SIZES (name, op, 32, destination, operands, order)                                           \
  BMI_SIZES (name, op, 64, destination, operands, order)                                           \
  TWO_SIZES (name)

/* AT&T order: last source first. a is rm, b is vvvv. */
BMI_FAMILY (andn, "andn", insn->reg_at, RM_V, " %[a], %[b], %[x]")
BMI_FAMILY (bextr, "bextr", insn->reg_at, RM_V, " %[b], %[a], %[x]")
BMI_FAMILY (bzhi, "bzhi", insn->reg_at, RM_V, " %[b], %[a], %[x]")
BMI_FAMILY (pdep, "pdep", insn->reg_at, RM_V, " %[a], %[b], %[x]")
BMI_FAMILY (pext, "pext", insn->reg_at, RM_V, " %[a], %[b], %[x]")
BMI_FAMILY (blsr, "blsr", insn->vvvv * 8, RM_ONLY, " %[a], %[x]")
BMI_FAMILY (blsmsk, "blsmsk", insn->vvvv * 8, RM_ONLY, " %[a], %[x]")
BMI_FAMILY (blsi, "blsi", insn->vvvv * 8, RM_ONLY, " %[a], %[x]")

/* BSWAP of 16 bits is undefined; processors clear the register's low word. */
static void
bswap_r16 (X86Cpu *cpu, const X86Insn *insn)
{
  x86_set16 (cpu, insn->rm_at, 0);
}

static void
bswap_r32 (X86Cpu *cpu, const X86Insn *insn)
{
  x86_set32 (cpu, insn->rm_at, __builtin_bswap32 (X86_AT (cpu, uint32_t, insn->rm_at)));
}

static void
bswap_r64 (X86Cpu *cpu, const X86Insn *insn)
{
  x86_set64 (cpu, insn->rm_at, __builtin_bswap64 (X86_AT (cpu, uint64_t, insn->rm_at)));
}

const X86Family x86_bswap = { { NULL }, { bswap_r16 }, { bswap_r32 }, { bswap_r64 } };

#define MOVBE(bits)                                                                                \
  static void movbe_load_m##bits (X86Cpu *cpu, const X86Insn *insn)                                \
  {                                                                                                \
    uint##bits##_t value = x86_load##bits (cpu, insn->segment, x86_ea (cpu, insn));                \
                                                                                                   \
    x86_set##bits (cpu, insn->reg_at, __builtin_bswap##bits (value));                              \
  }                                                                                                \
                                                                                                   \
  static void movbe_store_m##bits (X86Cpu *cpu, const X86Insn *insn)                               \
  {                                                                                                \
    x86_store##bits (cpu, insn->segment, x86_ea (cpu, insn),                                       \
                     __builtin_bswap##bits (X86_AT (cpu, uint##bits##_t, insn->reg_at)));          \
  }
MOVBE (16)
MOVBE (32)
MOVBE (64)
const X86Family x86_movbe_load
  = { { NULL }, { NULL, movbe_load_m16 }, { NULL, movbe_load_m32 }, { NULL, movbe_load_m64 } };
const X86Family x86_movbe_store
  = { { NULL }, { NULL, movbe_store_m16 }, { NULL, movbe_store_m32 }, { NULL, movbe_store_m64 } };

/* CRC32 of 8, 16, 32 or 64 bits: F2 0F38 F0 and F1. */
void
x86_crc32 (X86Cpu *cpu, const X86Insn *insn)
{
  unsigned size = insn->opcode == 0xf0 ? 1 : insn->op_size;
  uint64_t crc = X86_AT (cpu, uint32_t, insn->reg * 8);
  uint64_t value;

  if (size == 1)
    value = x86_insn_is_memory (insn) ? RM_MEMORY (8) : X86_AT (cpu, uint8_t, insn->rm_at);
  else
    value = x86_insn_is_memory (insn)
              ? x86_load_sized (cpu, insn->segment, x86_ea (cpu, insn), size)
              : x86_get_sized (cpu, insn->rm_at, size);
  if (size == 8)
    asm ("crc32q %1, %0" : "+r"(crc) : "r"(value));
  else
    for (unsigned i = 0; i < size; i++, value >>= 8)
      asm ("crc32b %b1, %k0" : "+r"(crc) : "r"(value));
  cpu->state.gpr[insn->reg] = (uint32_t) crc;
}
