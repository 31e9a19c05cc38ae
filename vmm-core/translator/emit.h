/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Host machine code, x86-64: bytes are written through one mapping of the code cache and run from
 * another (code-cache.h). Instruction formats: Intel SDM 2, chapter 2. */

enum
{
  HOST_RAX,
  HOST_RCX,
  HOST_RDX,
  HOST_RBX,
  HOST_RSP,
  HOST_RBP,
  HOST_RSI,
  HOST_RDI,
  HOST_R8,
  HOST_R9,
  HOST_R10,
  HOST_R11,
  HOST_R12,
  HOST_R13,
  HOST_R14,
  HOST_R15,
  HOST_NONE = 0xff
};

typedef struct
{
  uint8_t *at, *end; /* where bytes are written */
  ptrdiff_t shift;   /* from there to where they run */
  uint16_t changed;  /* registers that may have been written; the user clears it */
} Emitter;

static inline uint8_t *
emit_run_address (const Emitter *e, const uint8_t *at)
{
  return (uint8_t *) at + e->shift;
}

/* A register, or memory at [base + index << scale + disp], through GS where so said. */
typedef struct
{
  bool memory, gs;
  uint8_t reg;         /* of a register operand */
  uint8_t base, index; /* of memory; HOST_NONE where there is none */
  uint8_t scale;
  int32_t disp;
} HostOperand;

/* An instruction with a ModRM byte. */
typedef struct
{
  uint8_t map; /* X86Map */
  uint8_t opcode;
  uint8_t reg; /* ModRM.reg: register or opcode extension */
  uint8_t vvvv;
  uint8_t pp;     /* VEX.pp */
  uint8_t repeat; /* 0, F2h or F3h */
  bool vex, vex_l;
  bool wide;         /* REX.W or VEX.W */
  bool opsize, lock; /* prefixes 66h and F0h */
  bool rex;          /* a REX prefix even if it says nothing: SPL to DIL */
  uint8_t imm_size;  /* bytes of immediate after it */
  uint64_t imm;
  HostOperand rm;
} HostInsn;

static inline HostOperand
host_register (unsigned reg)
{
  return (HostOperand){ .reg = reg };
}

static inline HostOperand
host_memory (unsigned base, int32_t disp)
{
  return (HostOperand){ .memory = true, .base = base, .index = HOST_NONE, .disp = disp };
}

/* A field of the CPU's struct, which GS leads to. */
static inline HostOperand
host_cpu (size_t offset)
{
  return (HostOperand){
    .memory = true, .gs = true, .base = HOST_NONE, .index = HOST_NONE, .disp = (int32_t) offset
  };
}

void emit_u8 (Emitter *e, uint8_t value);
void emit_u32 (Emitter *e, uint32_t value);
void emit_u64 (Emitter *e, uint64_t value);
void emit_bytes (Emitter *e, const void *bytes, size_t n);

/* Whether the instruction needs a REX prefix, which AH to BH cannot live with. */
bool emit_needs_rex (const HostInsn *insn);
void emit_insn (Emitter *e, const HostInsn *insn);

/* 64-bit operations of the primary map: opcode with ModRM. */
void emit_op64 (Emitter *e, uint8_t opcode, unsigned reg, HostOperand rm);
void emit_op32 (Emitter *e, uint8_t opcode, unsigned reg, HostOperand rm);
void emit_load (Emitter *e, unsigned reg, HostOperand from); /* mov r64, m64 */
void emit_store (Emitter *e, HostOperand to, unsigned reg);  /* mov m64, r64 */
void emit_move (Emitter *e, unsigned to, unsigned from);
void emit_move_imm (Emitter *e, unsigned reg, uint64_t value); /* the shortest form; keeps flags */
/* Group 1 (80h to 83h) with a 32-bit immediate, sign-extended when wide. */
void emit_alu_imm (Emitter *e, unsigned extension, bool wide, HostOperand rm, int32_t value);
enum
{
  EMIT_ADD,
  EMIT_OR,
  EMIT_ADC,
  EMIT_SBB,
  EMIT_AND,
  EMIT_SUB,
  EMIT_XOR,
  EMIT_CMP
};

void emit_increment (Emitter *e, HostOperand counter); /* inc m64 */

/* Group 2 of a register by a constant. */
void emit_shift (Emitter *e, unsigned extension, bool wide, unsigned reg, unsigned count);
enum
{
  EMIT_SHL = 4,
  EMIT_SHR = 5,
  EMIT_SAR = 7
};

/* Jumps with a 32-bit displacement. They return where the displacement is, for emit_link. */
uint8_t *emit_jump (Emitter *e);
uint8_t *emit_jcc (Emitter *e, unsigned condition);
/* Before one that is to be linked while others run it: `opcode` bytes and the displacement. What
 * was emitted from `from` on moves, so that it stays right in front of the jump. */
void emit_align_displacement (Emitter *e, unsigned opcode, uint8_t *from);
uint8_t *emit_call (Emitter *e);
enum
{
  EMIT_B = 2,
  EMIT_AE = 3,
  EMIT_E = 4,
  EMIT_NE = 5,
  EMIT_BE = 6,
  EMIT_A = 7
};
/* Makes the displacement at `at` (a written address) lead to a target (an address of running). */
void emit_link (const Emitter *e, uint8_t *at, const uint8_t *target);
/* The same with the target here. */
void emit_link_here (const Emitter *e, uint8_t *at);
void emit_jump_to (Emitter *e, const uint8_t *target);
/* Where the jump at `code` leads, both as run. */
const uint8_t *emit_get_target (const uint8_t *code);
void emit_call_to (Emitter *e, const uint8_t *target);
