/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "insn.h"

/* The opcode tables: one entry an opcode, found by map (SDM 2, appendix A). */

/* Functions by operand size (1, 2, 4, 8 bytes) and by whether ModRM.rm is memory. */
typedef X86Exec X86Family[4][2];

enum
{
  X86_OP_MODRM = 1 << 0,
  /* Immediates */
  X86_OP_IMM8 = 1 << 1,  /* sign-extended */
  X86_OP_IMM8U = 1 << 2, /* zero-extended */
  X86_OP_IMM16 = 1 << 3,
  X86_OP_IMMZ = 1 << 4,  /* 2 bytes, or 4 sign-extended */
  X86_OP_IMMV = 1 << 5,  /* 2, 4 or 8 bytes */
  X86_OP_MOFFS = 1 << 6, /* an address of the address size */
  X86_OP_FAR = 1 << 7,   /* offset of the operand size, selector in bits 32 to 47 of imm */
  X86_OP_RELZ = 1 << 8,  /* branch displacement: 2 bytes, or 4 */
  /* Operands */
  X86_OP_BYTE = 1 << 9,      /* the operation is on bytes */
  X86_OP_BYTE_RM = 1 << 10,  /* ModRM.rm is a byte, ModRM.reg is not */
  X86_OP_IN_CODE = 1 << 11,  /* the register is in the opcode's low three bits: rm_at */
  X86_OP_A = 1 << 12,        /* the accumulator is the operand: rm_at */
  X86_OP_MEMORY = 1 << 13,   /* a register as ModRM.rm is #UD */
  X86_OP_REGISTER = 1 << 14, /* memory as ModRM.rm is #UD */
  /* 64-bit mode */
  X86_OP_D64 = 1 << 15,    /* operand size is 64 unless 66 makes it 16 */
  X86_OP_F64 = 1 << 16,    /* operand size is 64 */
  X86_OP_NOT64 = 1 << 17,  /* #UD there */
  X86_OP_ONLY64 = 1 << 18, /* #UD elsewhere */
  /* The rest */
  X86_OP_LOCK = 1 << 19,      /* LOCK is allowed when ModRM.rm is memory */
  X86_OP_PROTECTED = 1 << 20, /* #UD in real and virtual-8086 mode */
  X86_OP_BRANCH = 1 << 21,    /* X86_FLOW_BRANCH */
  X86_OP_END = 1 << 22,       /* X86_FLOW_END */
  X86_OP_FPU = 1 << 23,       /* bound by fpu_bind */
  X86_OP_GROUP = 1 << 24,     /* `more` has 8 entries, by ModRM.reg */
  X86_OP_GROUP_MOD = 1 << 25, /* `more` has 16, by ModRM.reg: 8 for memory, 8 for registers */
  X86_OP_BY_PREFIX = 1 << 26, /* `more` has 4 entries, by mandatory prefix: none, 66, F3, F2 */
  X86_OP_BY_RM = 1 << 27,     /* `more` has 8 entries, by ModRM.rm */
  X86_OP_VALID = 1 << 28,
  X86_OP_MOD_IGNORED = 1 << 29, /* ModRM.rm is a register whatever ModRM.mod says */
  X86_OP_NP = 1 << 30,          /* 66, F2 or F3 is #UD */
  X86_OP_NO16 = 1u << 31        /* operand size is 32, or 64 with REX.W: 66 means something else */
};

typedef struct X86Opcode X86Opcode;
struct X86Opcode
{
  const X86Family *family; /* or */
  X86Exec exec;            /* one function for all sizes */
  const X86Opcode *more;
  uint32_t attributes;
};

/* By X86Map. Opcode 63 is another instruction in 64-bit mode. */
extern const X86Opcode *const x86_opcodes[4];
extern const X86Opcode x86_opcode_movsxd;
/* The general-purpose instructions with a VEX prefix, by X86Map (0F38 and 0F3A); everything else
 * with VEX is fpu_bind's. */
const X86Opcode *x86_opcode_vex (X86Map map, uint8_t opcode);
