/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cpu.h"

/* Components of the extended state, and where they lie in an XSAVE area (bytes). */
enum
{
  XSAVE_X87 = 1 << 0,
  XSAVE_SSE = 1 << 1,
  XSAVE_AVX = 1 << 2,
  XSAVE_PKRU = 1 << 9,
  XSAVE_ALL = XSAVE_X87 | XSAVE_SSE | XSAVE_AVX | XSAVE_PKRU
};
#define XSAVE_PKRU_NUMBER 9
#define XSAVE_AVX_AT 576
#define XSAVE_PKRU_AT 832
#define XSAVE_PKRU_SIZE 8

/* The compacted form leaves no room for AVX when it is not among the components. */
static inline unsigned
xsave_pkru_at (uint64_t components, bool compacted)
{
  return compacted && (components & XSAVE_AVX) == 0 ? XSAVE_AVX_AT : XSAVE_PKRU_AT;
}

/* Bytes of an area with these components. */
static inline unsigned
xsave_size (uint64_t components, bool compacted)
{
  if ((components & XSAVE_PKRU) != 0)
    return xsave_pkru_at (components, compacted) + XSAVE_PKRU_SIZE;
  return (components & XSAVE_AVX) != 0 ? XSAVE_PKRU_AT : XSAVE_AVX_AT;
}

/* As fpu_bind, for FXSAVE, FXRSTOR and the XSAVE family. */
bool xsave_bind (const X86Cpu *cpu, X86Insn *insn);
