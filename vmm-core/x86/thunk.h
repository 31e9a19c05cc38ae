/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cpu.h"

/* Thunks: small host functions, each around one host instruction, that the vector and x87 code
 * assembles at decode time and shares by content between all CPUs of the process. */

#define THUNK_MAX_CODE 240

/* What the caller of a thunk must know, in front of its code. */
typedef struct
{
  uint8_t length;    /* of code */
  uint8_t access;    /* bytes of the memory operand */
  uint8_t alignment; /* the memory operand's linear address must have these bits clear */
  uint8_t exact_at;  /* in code: the form that puts the guest's MXCSR in force; 0: none */
  uint8_t unused[4];
  uint8_t code[];
} Thunk;

/* Registers of the generated function, in the order of the host's calling convention: */
enum
{
  THUNK_REG = 7,  /* rdi: ModRM.reg's register */
  THUNK_RM = 6,   /* rsi: ModRM.rm's register, or the copy of the memory operand */
  THUNK_VVVV = 2, /* rdx: VEX.vvvv's register */
  THUNK_IS4 = 1,  /* rcx: the register in imm8[7:4] */
  THUNK_CPU = 8   /* r8 */
};
typedef uint32_t (*ThunkCode) (void *reg, void *rm, void *vvvv, void *is4, X86Cpu *cpu);

/* What a thunk gives: 0, or the host's exception that ended it. */
enum
{
  THUNK_SIMD_EXCEPTION = 1,
  THUNK_X87_EXCEPTION = 2
};

/* A thunk being assembled. */
typedef struct
{
  Thunk head;
  uint8_t code[THUNK_MAX_CODE];
} ThunkBuilder;

void thunk_byte (ThunkBuilder *builder, uint8_t byte);
void thunk_bytes (ThunkBuilder *builder, const uint8_t *bytes, unsigned n);
/* The opcode bytes given, then a ModRM byte for register reg and memory at r8 + offset in X86Cpu;
 * the caller has put a REX.B prefix in front. */
void thunk_cpu_operand (ThunkBuilder *builder, unsigned reg, uint32_t offset);

/* Maps the memory for all thunks that will ever be, once: before a guest runs, since nothing may
 * become executable afterwards. */
bool thunk_open (GError **error);

/* Out of a signal handler: whether the host was in a thunk; and the exception that an instruction
 * in one raised ends it. FALSE: it did not come from there. */
bool thunk_is_code (uintptr_t address);
bool thunk_leave_by_exception (void *context);

/* The executable thunk with this content, made or found; it lives as long as the process. NULL
 * when the memory for them is full. Any thread. */
const Thunk *thunk_finish (const ThunkBuilder *builder);

/* at is 0 or exact_at. */
static inline uint32_t
thunk_call (const Thunk *thunk, unsigned at, void *reg, void *rm, void *vvvv, void *is4,
            X86Cpu *cpu)
{
  return ((ThunkCode) (uintptr_t) (thunk->code + at)) (reg, rm, vvvv, is4, cpu);
}
