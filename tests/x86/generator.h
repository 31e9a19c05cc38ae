/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "user-case.h"

/* The source of random user code: its numbers, and instructions by their fields. */

typedef struct
{
  UserCase *test;
  uint64_t random;
  bool code32;
  uint8_t favourite; /* base register of most memory operands; 0: none */
} Generator;

#define GENERATOR_MEMORY -1 /* in place of a ModRM.rm register */

enum /* prefixes */
{
  GENERATOR_66 = 1,
  GENERATOR_F3 = 2,
  GENERATOR_F2 = 4,
  GENERATOR_LOCK = 8,
  GENERATOR_W = 16
};

uint64_t generator_next (Generator *g);
/* 0 to n - 1 */
unsigned generator_below (Generator *g, unsigned n);
bool generator_chance (Generator *g, unsigned percent);
/* A register that leads to the case's data. */
unsigned generator_pointer (Generator *g);
/* A number that makes carries, signs and bounds likely. */
uint64_t generator_number (Generator *g);

/* Registers of which the case does not need the value. */
unsigned generator_free_register (Generator *g);
unsigned generator_byte_register (Generator *g);
int generator_register_or_memory (Generator *g);
unsigned generator_any_vector (Generator *g);

/* 66, REX.W or neither; 32-bit code has no REX.W. */
unsigned generator_size_flags (Generator *g);
/* Bytes of an immediate of that size. */
unsigned generator_full_immediate (unsigned flags);

/* Code */
void generator_byte (Generator *g, unsigned value);
void generator_bytes (Generator *g, uint64_t value, unsigned n);
void generator_prefixes (Generator *g, unsigned flags);
/* An instruction with ModRM and immediate bytes of immediate. */
void generator_insn (Generator *g, unsigned flags, unsigned map, unsigned opcode, unsigned reg,
                     int rm, unsigned immediate);
void generator_vex_insn (Generator *g, unsigned pp, bool w, bool l, unsigned map, unsigned opcode,
                         unsigned reg, unsigned vvvv, int rm, unsigned immediate);
