/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "block-cache.h"

/* Code for one planned block. */

/* Upper bound of what one block may need of either kind. */
#define GENERATE_MAX_CODE (32u << 10)

/* Where in a block's guard the number is that what is mapped must have; aligned. */
#define GENERATE_GUARD_ID 8

/* What a block's code refers to: allocated by the caller, which keeps them as long as the code. */
typedef struct
{
  void *(*allocate) (void *data, size_t size); /* zeroed, aligned to 8 bytes */
  void *data;
} GenerateArena;

/* Where the code of an instruction lies. */
typedef struct
{
  const uint8_t *code, *end; /* as run */
  const PlanInsn *insn;      /* NULL: of the block as a whole */
  bool cold;                 /* seldom run, apart from the rest */
} GenerateMark;

#define GENERATE_MAX_COLD 256

typedef struct
{
  GenerateMark marks[PLAN_MAX_INSNS + 2 + GENERATE_MAX_COLD];
  unsigned n;
} GenerateMarks;

/* Emits the block, what is seldom run of it apart, each with room for GENERATE_MAX_CODE bytes. Sets
 * its entries and end; its address, key and page_id are set already. marks tells what lies where,
 * in the order of the code. */
void generate_block (Emitter *e, Emitter *cold, Stubs *stubs, const Plan *plan,
                     TranslatorBlock *block, const GenerateArena *arena, GenerateMarks *marks);
