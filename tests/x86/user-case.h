/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "x86-machine.h"

/* A piece of user code with its registers and memory, to be run by the host and by the software
 * CPU. Memory is the same for both: a page of code, a read-only page, two pages of data, a hole. */

#define USER_CODE 0x1000000u
#define USER_CODE_SIZE 4096u
#define USER_READONLY 0x1100000u
#define USER_DATA 0x1101000u
#define USER_DATA_SIZE 8192u
#define USER_HOLE (USER_DATA + USER_DATA_SIZE)
/* How often the code still runs: in a page of its own, out of its pointers' reach. */
#define USER_COUNTER 0x1200000u

/* fx is an FXSAVE image: x87 and XMM registers, MXCSR. */
typedef struct
{
  uint64_t gpr[16], rip, rflags;
  uint8_t fx[512] __attribute__ ((aligned (16)));
  uint8_t upper[16][16];
} UserState;

typedef struct
{
  uint64_t seed;
  bool code32;
  bool loose_address; /* which byte of an operand a page fault names is open: FLDENV, VMASKMOV */
  uint16_t code_length, n_insns;
  uint8_t n_runs;       /* the code begins again until it has run so often */
  uint16_t insn_at[64]; /* where each instruction begins */
  uint8_t code[1024];   /* ends in INT3 */
  UserState state;
  uint8_t data[USER_DATA_SIZE];
} UserCase;

typedef struct
{
  UserState state;
  X86Outcome outcome;
  uint8_t data[USER_DATA_SIZE];
} UserResult;

/* What the read-only page holds. */
static inline uint8_t
user_readonly_byte (unsigned i)
{
  return (uint8_t) (i * 37 + (i >> 5));
}

/* Makes case seed, in 32-bit code if code32. avx: the host has it. */
void user_generate (UserCase *test, uint64_t seed, bool code32);

/* By the host's CPU. Takes over signals and low addresses of the process: for a child. */
void user_native_prepare (void);
void user_native_run (const UserCase *test, UserResult *result);

/* By the software CPU. */
void user_software_prepare (X86Machine *machine);
void user_software_run (X86Machine *machine, const UserCase *test, UserResult *result);

/* What differs, one line each; empty when all is equal. native is what is right. With lazy_flags,
 * status flags count only in cases that reach their end. */
GString *user_compare (const UserCase *test, const UserResult *native, const UserResult *software,
                       bool lazy_flags);
