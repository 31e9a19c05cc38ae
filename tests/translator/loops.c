/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random loops over memory, which share lookups between rounds, up to and over the ends of pages
 * that may be written, read, or neither: translated and interpreted, they must do the same.
 *
 *   loops [--start SEED] [--count N] */
#include <string.h>

#include "compared-cases.h"
#include "tests/x86/generator.h"

#define MAX_EXITS 8

enum
{
  OP_ADD = 0x01,
  OP_MOV = 0x89,
  OP_LOAD = 2 /* the same with the operands the other way round */
};

/* Registers by what they are for; 32-bit code has the first of each kind only. */
static const uint8_t bases[] = { X86_RSI, X86_RDI, X86_RBX, 15, 12 };
static const uint8_t indices[] = { X86_RDX, 10, 8 };
static const uint8_t values[] = { X86_RAX, X86_RBP, 9, 11, 14 };

typedef struct
{
  Generator generator;
  unsigned exits[MAX_EXITS], n_exits; /* where displacements are of jumps to the end */
} Loop;

static unsigned
pick (Loop *loop, const uint8_t *registers, unsigned n, unsigned n_in_32)
{
  return registers[generator_below (&loop->generator, loop->generator.code32 ? n_in_32 : n)];
}

static unsigned
pick_base (Loop *loop)
{
  return pick (loop, bases, G_N_ELEMENTS (bases), 3);
}

static unsigned
pick_index (Loop *loop)
{
  return pick (loop, indices, G_N_ELEMENTS (indices), 1);
}

static unsigned
pick_value (Loop *loop)
{
  return pick (loop, values, G_N_ELEMENTS (values), 2);
}

/* REX, the opcode and ModRM with registers. */
static void
add_registers (Loop *loop, bool wide, unsigned map, unsigned opcode, unsigned reg, unsigned rm)
{
  Generator *g = &loop->generator;

  if (!g->code32)
    generator_byte (g, 0x40 | wide << 3 | (reg >> 3) << 2 | rm >> 3);
  if (map != 0)
    generator_byte (g, map);
  generator_byte (g, opcode);
  generator_byte (g, 0xc0 | (reg & 7) << 3 | (rm & 7));
}

/* The same with memory: near a base, or through an index as well, or alone. */
static void
add_memory (Loop *loop, bool wide, unsigned map, unsigned opcode, unsigned reg)
{
  Generator *g = &loop->generator;
  const bool alone = !g->code32 && generator_chance (g, 10);
  const bool indexed = alone || generator_chance (g, 50);
  const unsigned base = alone ? 5 : pick_base (loop), index = indexed ? pick_index (loop) : 4;

  if (!g->code32)
    generator_byte (g, 0x40 | wide << 3 | (reg >> 3) << 2 | (index >> 3) << 1 | base >> 3);
  if (map != 0)
    generator_byte (g, map);
  generator_byte (g, opcode);
  generator_byte (g, (alone ? 0x04 : 0x44) | (reg & 7) << 3);
  generator_byte (g, generator_below (g, 4) << 6 | (index & 7) << 3 | (base & 7));
  if (alone)
    generator_bytes (g, USER_DATA + 4096 - 64 + generator_below (g, 128), 4);
  else
    generator_byte (g, generator_below (g, 128) - 64);
}

static void
add_exit (Loop *loop, unsigned condition)
{
  Generator *g = &loop->generator;

  generator_byte (g, 0x0f);
  generator_byte (g, 0x80 | condition);
  loop->exits[loop->n_exits++] = g->test->code_length;
  generator_bytes (g, 0, 4);
}

/* A register goes on by a constant. */
static void
add_move (Loop *loop, unsigned reg)
{
  Generator *g = &loop->generator;
  const unsigned way = generator_below (g, 4), amount = generator_below (g, 40) - 8;
  const bool wide = !g->code32;

  if (way == 0)
    add_registers (loop, wide, 0, 0xff, generator_below (g, 2), reg);
  else if (way == 1 && (reg & 7) != 4)
    {
      if (wide)
        generator_byte (g, 0x48 | (reg >> 3) * 5);
      generator_byte (g, 0x8d);
      generator_byte (g, 0x40 | (reg & 7) * 9);
      generator_byte (g, amount);
    }
  else
    {
      add_registers (loop, wide, 0, 0x83, way == 2 ? 0 : 5, reg);
      generator_byte (g, amount);
    }
}

static void
add_one (Loop *loop)
{
  Generator *g = &loop->generator;
  const bool wide = !g->code32 && generator_chance (g, 70);
  const unsigned xmm = generator_below (g, 8);

  switch (generator_below (g, 14))
    {
    case 0:
      add_memory (loop, wide, 0, OP_MOV | OP_LOAD, pick_value (loop));
      break;
    case 1:
      add_memory (loop, wide, 0, OP_ADD | OP_LOAD, pick_value (loop));
      break;
    case 2:
    case 3:
      add_memory (loop, wide, 0, OP_MOV, pick_value (loop));
      break;
    case 4:
      add_memory (loop, wide, 0, OP_ADD, pick_value (loop));
      break;
    case 5:
      add_memory (loop, wide, 0x0f, 0xb6, pick_value (loop)); /* movzx */
      break;
    case 6:
      add_memory (loop, false, 0x0f, 0x10, xmm); /* movups */
      break;
    case 7:
      add_memory (loop, false, 0x0f, 0x11, xmm);
      break;
    case 8:
      add_registers (loop, false, 0x0f, 0x57, xmm, generator_below (g, 8)); /* xorps */
      break;
    case 9:
      add_registers (loop, wide, 0, 0x11, pick_value (loop), pick_value (loop)); /* adc */
      break;
    case 10:
      add_memory (loop, wide, 0, 0x39, pick_value (loop)); /* cmp */
      if (loop->n_exits < MAX_EXITS - 1)
        add_exit (loop, generator_below (g, 16));
      break;
    case 11:
      add_move (loop, pick_index (loop));
      break;
    default:
      add_move (loop, pick_base (loop));
      break;
    }
}

/* Back to the first instruction, as long as the counter is not 0. */
static void
add_end (Loop *loop)
{
  Generator *g = &loop->generator;
  const bool jump = generator_chance (g, 30);

  add_registers (loop, !g->code32, 0, 0xff, 1, X86_RCX); /* dec */
  if (jump)
    add_exit (loop, 4);
  else
    generator_byte (g, 0x0f);
  generator_byte (g, jump ? 0xe9 : 0x85);
  generator_bytes (g, (uint32_t) - (g->test->code_length + 4), 4);
  for (unsigned i = 0; i < loop->n_exits; i++)
    {
      const uint32_t displacement = g->test->code_length - loop->exits[i] - 4;

      memcpy (g->test->code + loop->exits[i], &displacement, sizeof displacement);
    }
  generator_byte (g, 0xcc);
}

static void
make_case (UserCase *test, uint64_t seed, bool code32)
{
  static const uint64_t edges[] = { USER_DATA, USER_DATA + 4096, USER_DATA + 4096, USER_HOLE };
  Loop loop = { { test, seed * 0x9e3779b97f4a7c15u | 1, code32, 0 } };
  Generator *g = &loop.generator;

  user_generate (test, seed, code32);
  test->n_runs = 1;
  test->code_length = 0;
  for (unsigned n = 1 + generator_below (g, 9); n-- > 0;)
    add_one (&loop);
  add_end (&loop);
  test->state.rip = USER_CODE;
  for (unsigned i = 0; i < G_N_ELEMENTS (bases); i++)
    test->state.gpr[bases[i]]
      = edges[generator_below (g, G_N_ELEMENTS (edges))] - 400 + generator_below (g, 600);
  for (unsigned i = 0; i < G_N_ELEMENTS (indices); i++)
    test->state.gpr[indices[i]] = generator_below (g, 32);
  test->state.gpr[X86_RCX] = 1 + generator_below (g, 60);
}

static void
test_loops (const Comparison *self, uint64_t first, uint64_t n)
{
  static UserCase test;
  unsigned n_faults = 0;

  for (uint64_t seed = first; seed < first + n && !g_test_failed (); seed++)
    {
      make_case (&test, seed, self->code32);
      n_faults += compared_cases_run (self, &test, "a loop");
    }
  if (g_test_failed ())
    return;
  g_test_message ("%u page faults", n_faults);
  g_assert_cmpuint (n_faults, >=, n / 10);
  g_assert_cmpuint (n_faults, <=, n - n / 10);
}

int
main (int argc, char **argv)
{
  return compared_cases_main (argc, argv, "/translator/loops", 1500, test_loops);
}
