/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>

#include "x86-features.h"

/* What is known of each MMX, SSE and AVX opcode: which operands it takes, how much memory it
 * touches and what it demands. The instruction itself is the host's. */

/* Operands: the destination first. V is VEX.vvvv, for legacy encodings the destination itself. */
typedef enum
{
  VECTOR_RM,    /* reg <- rm */
  VECTOR_RVM,   /* reg <- vvvv, rm */
  VECTOR_RVMR,  /* reg <- vvvv, rm, register in imm8[7:4]; legacy: XMM0 in its place */
  VECTOR_RM0,   /* reg <- reg, rm, XMM0; legacy only */
  VECTOR_MR,    /* rm <- reg */
  VECTOR_MVR,   /* rm <- vvvv, reg; registers only */
  VECTOR_CMP,   /* EFLAGS <- reg, rm */
  VECTOR_GM,    /* general reg <- rm */
  VECTOR_G,     /* reg <- general rm */
  VECTOR_VG,    /* reg <- vvvv, general rm */
  VECTOR_MG,    /* general rm <- reg */
  VECTOR_SHIFT, /* vvvv <- rm, imm8; ModRM.reg is in the mask of VectorOp.group */
  VECTOR_STRI,  /* ECX, EFLAGS <- reg, rm */
  VECTOR_STRM,  /* XMM0, EFLAGS <- reg, rm */
  VECTOR_XQ,    /* xmm reg <- mm rm */
  VECTOR_QX     /* mm reg <- xmm rm */
} VectorOperands;

/* Size of the memory operand in bytes; the first ones by vector length (MMX: 8, 128, 256 bits). */
typedef enum
{
  VECTOR_FULL,
  VECTOR_HALF,
  VECTOR_QUARTER,
  VECTOR_EIGHTH,
  VECTOR_DUP, /* MOVDDUP: 8, 32 */
  VECTOR_1,
  VECTOR_2,
  VECTOR_4,
  VECTOR_8,
  VECTOR_16,
  VECTOR_GPR,    /* 4 or 8 as W says, where 64-bit mode lets it */
  VECTOR_ELEMENT /* 4 or 8 as VEX.W says */
} VectorMemory;

enum
{
  VECTOR_NP = 1 << 0, /* mandatory prefixes the line stands for: 1 << X86Insn.pp */
  VECTOR_66 = 1 << 1,
  VECTOR_F3 = 1 << 2,
  VECTOR_F2 = 1 << 3,
  VECTOR_PREFIXES = 0xf,

  VECTOR_MMX = 1 << 4,       /* without prefix: on MMX registers, legacy only */
  VECTOR_MXCSR = 1 << 5,     /* obeys and sets MXCSR */
  VECTOR_IMM = 1 << 6,       /* has an imm8 */
  VECTOR_UNALIGNED = 1 << 7, /* no alignment demanded of a 16-byte operand */
  VECTOR_ALIGNED = 1 << 8,   /* alignment demanded in VEX form, too */
  VECTOR_LEGACY = 1 << 9,    /* no VEX form */
  VECTOR_VEX = 1 << 10,      /* only VEX form */
  VECTOR_L0 = 1 << 11,       /* VEX.L must be 0 */
  VECTOR_L1 = 1 << 12,       /* VEX.L must be 1 */
  VECTOR_SCALAR = 1 << 13,   /* VEX.L is ignored */
  VECTOR_W0 = 1 << 14,       /* VEX.W must be 0 */
  VECTOR_W1 = 1 << 15,       /* VEX.W must be 1 */
  VECTOR_W = 1 << 16,        /* VEX.W selects the element */
  VECTOR_GW = 1 << 17,       /* REX.W or VEX.W selects the general register's size in 64-bit mode */
  VECTOR_REG = 1 << 18,      /* ModRM.rm must be a register */
  VECTOR_MEM = 1 << 19,      /* ModRM.rm must be memory */
  VECTOR_INTEGER = 1 << 20   /* 256 bits need AVX2 */
};

typedef struct
{
  uint8_t opcode;
  uint8_t operands; /* VectorOperands */
  uint8_t memory;   /* VectorMemory */
  uint8_t feature;  /* X86Feature of the legacy form; the VEX form's where it needs more than AVX */
  uint8_t group;    /* VECTOR_SHIFT: allowed values of ModRM.reg, one bit each */
  uint32_t flags;
} VectorOp;

/* The lines of a map (X86Map, but never the primary one), in order of opcode. */
const VectorOp *vector_table_get (unsigned map, unsigned *n);
