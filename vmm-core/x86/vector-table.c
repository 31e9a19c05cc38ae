/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Intel SDM volume 2, appendix A (opcode maps), and the operand descriptions of volume 2A to 2C. */
#include "vector-table.h"

#include <glib.h>

#include "insn.h"

#define NP VECTOR_NP
#define P66 VECTOR_66
#define F3 VECTOR_F3
#define F2 VECTOR_F2
#define PS_PD (VECTOR_NP | VECTOR_66)
#define SS_SD (VECTOR_F3 | VECTOR_F2)
#define ALL_FP (PS_PD | SS_SD)
#define FP VECTOR_MXCSR
#define IMM VECTOR_IMM
#define UNALIGNED VECTOR_UNALIGNED
#define ALIGNED VECTOR_ALIGNED
#define L0 VECTOR_L0
#define L1 VECTOR_L1
#define SCALAR VECTOR_SCALAR
#define W0 VECTOR_W0
#define W1 VECTOR_W1
#define W VECTOR_W
#define GW VECTOR_GW
#define REG VECTOR_REG
#define MEM VECTOR_MEM
#define VEX VECTOR_VEX
#define LEGACY VECTOR_LEGACY
#define INT (VECTOR_66 | VECTOR_INTEGER)
#define MMX (VECTOR_NP | VECTOR_MMX)
/* An integer operation on MMX registers without prefix, on vectors with 66. */
#define INT_OR_MMX (VECTOR_66 | VECTOR_INTEGER | VECTOR_NP | VECTOR_MMX)

#define LINE(opcode, operands, memory, feature, flags)                                             \
  {                                                                                                \
    opcode, VECTOR_##operands, VECTOR_##memory, X86_FEATURE_##feature, 0, flags                    \
  }
#define BINARY(opcode, feature) LINE (opcode, RVM, FULL, feature, INT_OR_MMX)
#define GROUP(opcode, group)                                                                       \
  {                                                                                                \
    opcode, VECTOR_SHIFT, VECTOR_FULL, X86_FEATURE_SSE2, group, INT_OR_MMX | IMM | REG             \
  }
/* Packed and scalar forms of one floating-point operation. */
#define ARITHMETIC(opcode)                                                                         \
  LINE (opcode, RVM, FULL, SSE2, PS_PD | FP), LINE (opcode, RVM, 4, SSE2, F3 | FP | SCALAR),       \
    LINE (opcode, RVM, 8, SSE2, F2 | FP | SCALAR)

static const VectorOp map_0f[] = {
  LINE (0x10, RM, FULL, SSE2, PS_PD | UNALIGNED),
  LINE (0x10, RM, 4, SSE2, F3 | MEM | SCALAR),
  LINE (0x10, RM, 8, SSE2, F2 | MEM | SCALAR),
  LINE (0x10, RVM, 4, SSE2, SS_SD | REG | SCALAR),
  LINE (0x11, MR, FULL, SSE2, PS_PD | UNALIGNED),
  LINE (0x11, MR, 4, SSE2, F3 | MEM | SCALAR),
  LINE (0x11, MR, 8, SSE2, F2 | MEM | SCALAR),
  LINE (0x11, MVR, 4, SSE2, SS_SD | REG | SCALAR),
  LINE (0x12, RVM, 8, SSE2, NP | L0),
  LINE (0x12, RVM, 8, SSE2, P66 | L0 | MEM),
  LINE (0x12, RM, FULL, SSE3, F3),
  LINE (0x12, RM, DUP, SSE3, F2),
  LINE (0x13, MR, 8, SSE2, PS_PD | L0 | MEM),
  LINE (0x14, RVM, FULL, SSE2, PS_PD),
  LINE (0x15, RVM, FULL, SSE2, PS_PD),
  LINE (0x16, RVM, 8, SSE2, NP | L0),
  LINE (0x16, RVM, 8, SSE2, P66 | L0 | MEM),
  LINE (0x16, RM, FULL, SSE3, F3),
  LINE (0x17, MR, 8, SSE2, PS_PD | L0 | MEM),
  LINE (0x28, RM, FULL, SSE2, PS_PD | ALIGNED),
  LINE (0x29, MR, FULL, SSE2, PS_PD | ALIGNED),
  LINE (0x2a, XQ, 8, SSE2, PS_PD | FP | LEGACY),
  LINE (0x2a, VG, GPR, SSE2, SS_SD | FP | SCALAR | GW),
  LINE (0x2b, MR, FULL, SSE2, PS_PD | ALIGNED | MEM),
  LINE (0x2c, QX, 8, SSE2, NP | FP | LEGACY),
  LINE (0x2c, QX, 16, SSE2, P66 | FP | LEGACY),
  LINE (0x2c, GM, 4, SSE2, F3 | FP | SCALAR | GW),
  LINE (0x2c, GM, 8, SSE2, F2 | FP | SCALAR | GW),
  LINE (0x2d, QX, 8, SSE2, NP | FP | LEGACY),
  LINE (0x2d, QX, 16, SSE2, P66 | FP | LEGACY),
  LINE (0x2d, GM, 4, SSE2, F3 | FP | SCALAR | GW),
  LINE (0x2d, GM, 8, SSE2, F2 | FP | SCALAR | GW),
  LINE (0x2e, CMP, 4, SSE2, NP | FP | SCALAR),
  LINE (0x2e, CMP, 8, SSE2, P66 | FP | SCALAR),
  LINE (0x2f, CMP, 4, SSE2, NP | FP | SCALAR),
  LINE (0x2f, CMP, 8, SSE2, P66 | FP | SCALAR),
  LINE (0x50, GM, FULL, SSE2, PS_PD | REG),
  LINE (0x51, RM, FULL, SSE2, PS_PD | FP),
  LINE (0x51, RVM, 4, SSE2, F3 | FP | SCALAR),
  LINE (0x51, RVM, 8, SSE2, F2 | FP | SCALAR),
  LINE (0x52, RM, FULL, SSE2, NP),
  LINE (0x52, RVM, 4, SSE2, F3 | SCALAR),
  LINE (0x53, RM, FULL, SSE2, NP),
  LINE (0x53, RVM, 4, SSE2, F3 | SCALAR),
  LINE (0x54, RVM, FULL, SSE2, PS_PD),
  LINE (0x55, RVM, FULL, SSE2, PS_PD),
  LINE (0x56, RVM, FULL, SSE2, PS_PD),
  LINE (0x57, RVM, FULL, SSE2, PS_PD),
  ARITHMETIC (0x58),
  ARITHMETIC (0x59),
  LINE (0x5a, RM, HALF, SSE2, NP | FP),
  LINE (0x5a, RM, FULL, SSE2, P66 | FP),
  LINE (0x5a, RVM, 4, SSE2, F3 | FP | SCALAR),
  LINE (0x5a, RVM, 8, SSE2, F2 | FP | SCALAR),
  LINE (0x5b, RM, FULL, SSE2, NP | P66 | F3 | FP),
  ARITHMETIC (0x5c),
  ARITHMETIC (0x5d),
  ARITHMETIC (0x5e),
  ARITHMETIC (0x5f),
  LINE (0x60, RVM, FULL, SSE2, INT),
  LINE (0x60, RVM, 4, SSE2, MMX),
  LINE (0x61, RVM, FULL, SSE2, INT),
  LINE (0x61, RVM, 4, SSE2, MMX),
  LINE (0x62, RVM, FULL, SSE2, INT),
  LINE (0x62, RVM, 4, SSE2, MMX),
  BINARY (0x63, SSE2),
  BINARY (0x64, SSE2),
  BINARY (0x65, SSE2),
  BINARY (0x66, SSE2),
  BINARY (0x67, SSE2),
  BINARY (0x68, SSE2),
  BINARY (0x69, SSE2),
  BINARY (0x6a, SSE2),
  BINARY (0x6b, SSE2),
  LINE (0x6c, RVM, FULL, SSE2, INT),
  LINE (0x6d, RVM, FULL, SSE2, INT),
  LINE (0x6e, G, GPR, SSE2, MMX | P66 | L0 | GW),
  LINE (0x6f, RM, 8, SSE2, MMX),
  LINE (0x6f, RM, FULL, SSE2, P66 | ALIGNED),
  LINE (0x6f, RM, FULL, SSE2, F3 | UNALIGNED),
  LINE (0x70, RM, FULL, SSE2, INT_OR_MMX | SS_SD | IMM),
  GROUP (0x71, 1 << 2 | 1 << 4 | 1 << 6),
  GROUP (0x72, 1 << 2 | 1 << 4 | 1 << 6),
  { 0x73, VECTOR_SHIFT, VECTOR_FULL, X86_FEATURE_SSE2, 1 << 2 | 1 << 6, MMX | IMM | REG },
  { 0x73, VECTOR_SHIFT, VECTOR_FULL, X86_FEATURE_SSE2, 1 << 2 | 1 << 3 | 1 << 6 | 1 << 7,
    INT | IMM | REG },
  BINARY (0x74, SSE2),
  BINARY (0x75, SSE2),
  BINARY (0x76, SSE2),
  LINE (0x7c, RVM, FULL, SSE3, P66 | F2 | FP),
  LINE (0x7d, RVM, FULL, SSE3, P66 | F2 | FP),
  LINE (0x7e, MG, GPR, SSE2, MMX | P66 | L0 | GW),
  LINE (0x7e, RM, 8, SSE2, F3 | L0),
  LINE (0x7f, MR, 8, SSE2, MMX),
  LINE (0x7f, MR, FULL, SSE2, P66 | ALIGNED),
  LINE (0x7f, MR, FULL, SSE2, F3 | UNALIGNED),
  LINE (0xc2, RVM, FULL, SSE2, PS_PD | FP | IMM),
  LINE (0xc2, RVM, 4, SSE2, F3 | FP | IMM | SCALAR),
  LINE (0xc2, RVM, 8, SSE2, F2 | FP | IMM | SCALAR),
  LINE (0xc4, VG, 2, SSE2, MMX | P66 | L0 | IMM),
  LINE (0xc5, GM, 2, SSE2, MMX | P66 | L0 | IMM | REG),
  LINE (0xc6, RVM, FULL, SSE2, PS_PD | IMM),
  LINE (0xd0, RVM, FULL, SSE3, P66 | F2 | FP),
  LINE (0xd1, RVM, 8, SSE2, MMX),
  LINE (0xd1, RVM, 16, SSE2, INT),
  LINE (0xd2, RVM, 8, SSE2, MMX),
  LINE (0xd2, RVM, 16, SSE2, INT),
  LINE (0xd3, RVM, 8, SSE2, MMX),
  LINE (0xd3, RVM, 16, SSE2, INT),
  BINARY (0xd4, SSE2),
  BINARY (0xd5, SSE2),
  LINE (0xd6, MR, 8, SSE2, P66 | L0),
  LINE (0xd6, XQ, 8, SSE2, F3 | LEGACY | REG),
  LINE (0xd6, QX, 8, SSE2, F2 | LEGACY | REG),
  LINE (0xd7, GM, FULL, SSE2, INT_OR_MMX | REG),
  BINARY (0xd8, SSE2),
  BINARY (0xd9, SSE2),
  BINARY (0xda, SSE2),
  BINARY (0xdb, SSE2),
  BINARY (0xdc, SSE2),
  BINARY (0xdd, SSE2),
  BINARY (0xde, SSE2),
  BINARY (0xdf, SSE2),
  BINARY (0xe0, SSE2),
  LINE (0xe1, RVM, 8, SSE2, MMX),
  LINE (0xe1, RVM, 16, SSE2, INT),
  LINE (0xe2, RVM, 8, SSE2, MMX),
  LINE (0xe2, RVM, 16, SSE2, INT),
  BINARY (0xe3, SSE2),
  BINARY (0xe4, SSE2),
  BINARY (0xe5, SSE2),
  LINE (0xe6, RM, FULL, SSE2, P66 | F2 | FP),
  LINE (0xe6, RM, HALF, SSE2, F3 | FP),
  LINE (0xe7, MR, 8, SSE2, MMX | MEM),
  LINE (0xe7, MR, FULL, SSE2, P66 | ALIGNED | MEM),
  BINARY (0xe8, SSE2),
  BINARY (0xe9, SSE2),
  BINARY (0xea, SSE2),
  BINARY (0xeb, SSE2),
  BINARY (0xec, SSE2),
  BINARY (0xed, SSE2),
  BINARY (0xee, SSE2),
  BINARY (0xef, SSE2),
  LINE (0xf0, RM, FULL, SSE3, F2 | UNALIGNED | MEM),
  LINE (0xf1, RVM, 8, SSE2, MMX),
  LINE (0xf1, RVM, 16, SSE2, INT),
  LINE (0xf2, RVM, 8, SSE2, MMX),
  LINE (0xf2, RVM, 16, SSE2, INT),
  LINE (0xf3, RVM, 8, SSE2, MMX),
  LINE (0xf3, RVM, 16, SSE2, INT),
  BINARY (0xf4, SSE2),
  BINARY (0xf5, SSE2),
  BINARY (0xf6, SSE2),
  BINARY (0xf8, SSE2),
  BINARY (0xf9, SSE2),
  BINARY (0xfa, SSE2),
  BINARY (0xfb, SSE2),
  BINARY (0xfc, SSE2),
  BINARY (0xfd, SSE2),
  BINARY (0xfe, SSE2),
};

/* VFMADDSUB, VFMSUBADD, VFMADD, VFMSUB, VFNMADD, VFNMSUB in one of their three operand orders. */
#define FMA_ORDER(row)                                                                             \
  LINE (row + 6, RVM, FULL, FMA, P66 | VEX | FP | W),                                              \
    LINE (row + 7, RVM, FULL, FMA, P66 | VEX | FP | W),                                            \
    LINE (row + 8, RVM, FULL, FMA, P66 | VEX | FP | W),                                            \
    LINE (row + 9, RVM, ELEMENT, FMA, P66 | VEX | FP | W | SCALAR),                                \
    LINE (row + 10, RVM, FULL, FMA, P66 | VEX | FP | W),                                           \
    LINE (row + 11, RVM, ELEMENT, FMA, P66 | VEX | FP | W | SCALAR),                               \
    LINE (row + 12, RVM, FULL, FMA, P66 | VEX | FP | W),                                           \
    LINE (row + 13, RVM, ELEMENT, FMA, P66 | VEX | FP | W | SCALAR),                               \
    LINE (row + 14, RVM, FULL, FMA, P66 | VEX | FP | W),                                           \
    LINE (row + 15, RVM, ELEMENT, FMA, P66 | VEX | FP | W | SCALAR)

static const VectorOp map_0f38[] = {
  BINARY (0x00, SSSE3),
  BINARY (0x01, SSSE3),
  BINARY (0x02, SSSE3),
  BINARY (0x03, SSSE3),
  BINARY (0x04, SSSE3),
  BINARY (0x05, SSSE3),
  BINARY (0x06, SSSE3),
  BINARY (0x07, SSSE3),
  BINARY (0x08, SSSE3),
  BINARY (0x09, SSSE3),
  BINARY (0x0a, SSSE3),
  BINARY (0x0b, SSSE3),
  LINE (0x0c, RVM, FULL, AVX, P66 | VEX | W0),
  LINE (0x0d, RVM, FULL, AVX, P66 | VEX | W0),
  LINE (0x0e, CMP, FULL, AVX, P66 | VEX | W0),
  LINE (0x0f, CMP, FULL, AVX, P66 | VEX | W0),
  LINE (0x10, RM0, FULL, SSE41, P66 | LEGACY),
  LINE (0x13, RM, HALF, F16C, P66 | VEX | W0 | FP),
  LINE (0x14, RM0, FULL, SSE41, P66 | LEGACY),
  LINE (0x15, RM0, FULL, SSE41, P66 | LEGACY),
  LINE (0x16, RVM, FULL, AVX2, P66 | VEX | W0 | L1),
  LINE (0x17, CMP, FULL, SSE41, P66),
  LINE (0x18, RM, 4, AVX, P66 | VEX | W0 | MEM),
  LINE (0x18, RM, 4, AVX2, P66 | VEX | W0 | REG),
  LINE (0x19, RM, 8, AVX, P66 | VEX | W0 | L1 | MEM),
  LINE (0x19, RM, 8, AVX2, P66 | VEX | W0 | L1 | REG),
  LINE (0x1a, RM, 16, AVX, P66 | VEX | W0 | L1 | MEM),
  LINE (0x1c, RM, FULL, SSSE3, INT_OR_MMX),
  LINE (0x1d, RM, FULL, SSSE3, INT_OR_MMX),
  LINE (0x1e, RM, FULL, SSSE3, INT_OR_MMX),
  LINE (0x20, RM, HALF, SSE41, INT),
  LINE (0x21, RM, QUARTER, SSE41, INT),
  LINE (0x22, RM, EIGHTH, SSE41, INT),
  LINE (0x23, RM, HALF, SSE41, INT),
  LINE (0x24, RM, QUARTER, SSE41, INT),
  LINE (0x25, RM, HALF, SSE41, INT),
  LINE (0x28, RVM, FULL, SSE41, INT),
  LINE (0x29, RVM, FULL, SSE41, INT),
  LINE (0x2a, RM, FULL, SSE41, INT | ALIGNED | MEM),
  LINE (0x2b, RVM, FULL, SSE41, INT),
  LINE (0x30, RM, HALF, SSE41, INT),
  LINE (0x31, RM, QUARTER, SSE41, INT),
  LINE (0x32, RM, EIGHTH, SSE41, INT),
  LINE (0x33, RM, HALF, SSE41, INT),
  LINE (0x34, RM, QUARTER, SSE41, INT),
  LINE (0x35, RM, HALF, SSE41, INT),
  LINE (0x36, RVM, FULL, AVX2, P66 | VEX | W0 | L1),
  LINE (0x37, RVM, FULL, SSE42, INT),
  LINE (0x38, RVM, FULL, SSE41, INT),
  LINE (0x39, RVM, FULL, SSE41, INT),
  LINE (0x3a, RVM, FULL, SSE41, INT),
  LINE (0x3b, RVM, FULL, SSE41, INT),
  LINE (0x3c, RVM, FULL, SSE41, INT),
  LINE (0x3d, RVM, FULL, SSE41, INT),
  LINE (0x3e, RVM, FULL, SSE41, INT),
  LINE (0x3f, RVM, FULL, SSE41, INT),
  LINE (0x40, RVM, FULL, SSE41, INT),
  LINE (0x41, RM, FULL, SSE41, P66 | L0),
  LINE (0x45, RVM, FULL, AVX2, P66 | VEX | W),
  LINE (0x46, RVM, FULL, AVX2, P66 | VEX | W0),
  LINE (0x47, RVM, FULL, AVX2, P66 | VEX | W),
  LINE (0x58, RM, 4, AVX2, P66 | VEX | W0),
  LINE (0x59, RM, 8, AVX2, P66 | VEX | W0),
  LINE (0x5a, RM, 16, AVX2, P66 | VEX | W0 | L1 | MEM),
  LINE (0x78, RM, 1, AVX2, P66 | VEX | W0),
  LINE (0x79, RM, 2, AVX2, P66 | VEX | W0),
  FMA_ORDER (0x90),
  FMA_ORDER (0xa0),
  FMA_ORDER (0xb0),
  LINE (0xc8, RM, FULL, SHA, NP | LEGACY),
  LINE (0xc9, RM, FULL, SHA, NP | LEGACY),
  LINE (0xca, RM, FULL, SHA, NP | LEGACY),
  LINE (0xcb, RM0, FULL, SHA, NP | LEGACY),
  LINE (0xcc, RM, FULL, SHA, NP | LEGACY),
  LINE (0xcd, RM, FULL, SHA, NP | LEGACY),
  LINE (0xcf, RVM, FULL, GFNI, P66 | W0),
  LINE (0xdb, RM, FULL, AES, P66 | L0),
  LINE (0xdc, RVM, FULL, AES, P66),
  LINE (0xdd, RVM, FULL, AES, P66),
  LINE (0xde, RVM, FULL, AES, P66),
  LINE (0xdf, RVM, FULL, AES, P66),
};

static const VectorOp map_0f3a[] = {
  LINE (0x00, RM, FULL, AVX2, P66 | VEX | W1 | L1 | IMM),
  LINE (0x01, RM, FULL, AVX2, P66 | VEX | W1 | L1 | IMM),
  LINE (0x02, RVM, FULL, AVX2, P66 | VEX | W0 | IMM),
  LINE (0x04, RM, FULL, AVX, P66 | VEX | W0 | IMM),
  LINE (0x05, RM, FULL, AVX, P66 | VEX | W0 | IMM),
  LINE (0x06, RVM, FULL, AVX, P66 | VEX | W0 | L1 | IMM),
  LINE (0x08, RM, FULL, SSE41, P66 | FP | IMM),
  LINE (0x09, RM, FULL, SSE41, P66 | FP | IMM),
  LINE (0x0a, RVM, 4, SSE41, P66 | FP | IMM | SCALAR),
  LINE (0x0b, RVM, 8, SSE41, P66 | FP | IMM | SCALAR),
  LINE (0x0c, RVM, FULL, SSE41, P66 | IMM),
  LINE (0x0d, RVM, FULL, SSE41, P66 | IMM),
  LINE (0x0e, RVM, FULL, SSE41, INT | IMM),
  LINE (0x0f, RVM, FULL, SSSE3, INT_OR_MMX | IMM),
  LINE (0x14, MG, 1, SSE41, P66 | L0 | IMM),
  LINE (0x15, MG, 2, SSE41, P66 | L0 | IMM),
  LINE (0x16, MG, GPR, SSE41, P66 | L0 | IMM | GW),
  LINE (0x17, MG, 4, SSE41, P66 | L0 | IMM),
  LINE (0x18, RVM, 16, AVX, P66 | VEX | W0 | L1 | IMM),
  LINE (0x19, MR, 16, AVX, P66 | VEX | W0 | L1 | IMM),
  LINE (0x1d, MR, HALF, F16C, P66 | VEX | W0 | FP | IMM),
  LINE (0x20, VG, 1, SSE41, P66 | L0 | IMM),
  LINE (0x21, RVM, 4, SSE41, P66 | L0 | IMM),
  LINE (0x22, VG, GPR, SSE41, P66 | L0 | IMM | GW),
  LINE (0x38, RVM, 16, AVX2, P66 | VEX | W0 | L1 | IMM),
  LINE (0x39, MR, 16, AVX2, P66 | VEX | W0 | L1 | IMM),
  LINE (0x40, RVM, FULL, SSE41, P66 | FP | IMM),
  LINE (0x41, RVM, FULL, SSE41, P66 | FP | IMM | L0),
  LINE (0x42, RVM, FULL, SSE41, INT | IMM),
  LINE (0x44, RVM, FULL, PCLMUL, P66 | IMM),
  LINE (0x46, RVM, FULL, AVX2, P66 | VEX | W0 | L1 | IMM),
  LINE (0x4a, RVMR, FULL, AVX, P66 | VEX | W0 | IMM),
  LINE (0x4b, RVMR, FULL, AVX, P66 | VEX | W0 | IMM),
  LINE (0x4c, RVMR, FULL, AVX, INT | VEX | W0 | IMM),
  LINE (0x60, STRM, FULL, SSE42, P66 | UNALIGNED | L0 | IMM | GW),
  LINE (0x61, STRI, FULL, SSE42, P66 | UNALIGNED | L0 | IMM | GW),
  LINE (0x62, STRM, FULL, SSE42, P66 | UNALIGNED | L0 | IMM),
  LINE (0x63, STRI, FULL, SSE42, P66 | UNALIGNED | L0 | IMM),
  LINE (0xcc, RM, FULL, SHA, NP | LEGACY | IMM),
  LINE (0xce, RVM, FULL, GFNI, P66 | W1 | IMM),
  LINE (0xcf, RVM, FULL, GFNI, P66 | W1 | IMM),
  LINE (0xdf, RM, FULL, AES, P66 | L0 | IMM),
};

const VectorOp *
vector_table_get (unsigned map, unsigned *n)
{
  switch (map)
    {
    case X86_MAP_0F:
      *n = G_N_ELEMENTS (map_0f);
      return map_0f;
    case X86_MAP_0F38:
      *n = G_N_ELEMENTS (map_0f38);
      return map_0f38;
    case X86_MAP_0F3A:
      *n = G_N_ELEMENTS (map_0f3a);
      return map_0f3a;
    default:
      *n = 0;
      return NULL;
    }
}
