/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* A decoded instruction: what the decoder finds out once, for interpreter and translator. */
typedef struct X86Cpu X86Cpu;
typedef struct X86Insn X86Insn;

/* Executes one instruction, whole or not at all: every access that may fault comes before the
 * first change of state. A fault does not return (x86_raise). A function that moves RIP sets
 * cpu->state.rip and is the last of its block; the others leave RIP alone. */
typedef void (*X86Exec) (X86Cpu *cpu, const X86Insn *insn);

enum
{
  X86_PREFIX_LOCK = 1 << 0,
  X86_PREFIX_REP = 1 << 1,   /* F3 */
  X86_PREFIX_REPNE = 1 << 2, /* F2 */
  X86_PREFIX_OPSIZE = 1 << 3,
  X86_PREFIX_ADDRSIZE = 1 << 4,
  X86_PREFIX_REX = 1 << 5,
  X86_PREFIX_REX_W = 1 << 6, /* also VEX.W */
  X86_PREFIX_VEX = 1 << 7
};

typedef enum
{
  X86_MAP_PRIMARY,
  X86_MAP_0F,
  X86_MAP_0F38,
  X86_MAP_0F3A
} X86Map;

struct X86Insn
{
  X86Exec exec;
  uint32_t attributes;  /* X86_OP_* of opcode.h, those of all tables on the way */
  const void *thunk;    /* host code of a vector or x87 instruction (fpu/), else NULL */
  uint64_t imm;         /* sign-extended as the operand size needs; address of a moffs operand */
  int64_t disp;         /* for RIP-relative operands already counted from the block's first byte */
  uint16_t offset;      /* of the instruction from the block's first byte */
  uint16_t base, index; /* byte offsets into X86Cpu of 64-bit values; a zero where there is none */
  uint16_t reg_at, rm_at; /* likewise of the registers of ModRM.reg and ModRM.rm (or opcode) */
  uint8_t length;         /* 1 to 15 */
  uint8_t map, opcode;    /* X86Map and the opcode byte */
  uint8_t prefixes;
  uint8_t op_size;   /* 2, 4 or 8: the effective operand size of non-byte operations */
  uint8_t addr_size; /* 2, 4 or 8 */
  uint8_t scale;     /* 0 to 3 */
  uint8_t segment;   /* effective segment of the memory operand */
  uint8_t modrm;     /* the byte itself */
  uint8_t reg, rm;   /* with REX or VEX extension, 0 to 15 */
  uint8_t vvvv;      /* VEX second source, 0 to 15 */
  uint8_t vex_l;     /* 0 or 1 */
  uint8_t vsib;      /* SIB.index with its extension bit: the vector of a gather */
  uint8_t pp;        /* mandatory prefix as VEX.pp: 0 none, 1 66, 2 F3, 3 F2 */
  bool has_modrm;
};

/* Whether the ModRM operand is memory. */
static inline bool
x86_insn_is_memory (const X86Insn *insn)
{
  return insn->has_modrm && insn->modrm < 0xc0;
}
