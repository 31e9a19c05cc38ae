/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cpu.h"

/* The decoder: bytes to X86Insn. It has no side effects; what it needs to know of the CPU are its
 * mode word and its features. */

#define X86_MAX_LENGTH 15

typedef enum
{
  X86_DECODE_OK,
  X86_DECODE_SHORT,     /* the instruction goes on after the bytes given */
  X86_DECODE_UNDEFINED, /* #UD */
  X86_DECODE_TOO_LONG   /* more than 15 bytes: #GP(0) */
} X86DecodeResult;

/* Whether an instruction ends its block. */
typedef enum
{
  X86_FLOW_NEXT,   /* goes on with the next instruction */
  X86_FLOW_BRANCH, /* a near branch with a fixed target: only RIP changes */
  X86_FLOW_END     /* anything else may change: mode, mappings, interrupts */
} X86Flow;

/* Decodes the instruction at bytes. insn->offset is the caller's: it says where in its block the
 * instruction lies. On OK every field is set, exec included. */
X86DecodeResult x86_decode (const X86Cpu *cpu, const uint8_t *bytes, unsigned available,
                            X86Insn *insn, X86Flow *flow);
