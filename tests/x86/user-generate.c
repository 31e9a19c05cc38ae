/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random user code. Pointers (RBX RSI RDI R12 R13 RSP) and indices (RBP R14) are set before the
 * code runs and written by string and stack instructions only, or moved a little, so that memory
 * operands mostly meet the case's pages; R11 and R15 begin as pointers; the other registers hold
 * anything. Half of the cases have most of their operands near one pointer. */
#include <string.h>

#include "generate.h"

static void
generate_insn (Generator *g)
{
  static void (*const kinds[]) (Generator *)
    = { generate_alu,    generate_alu,      generate_unary,         generate_multiply,
        generate_shift,  generate_bits,     generate_bmi,           generate_move,
        generate_move,   generate_exchange, generate_plain,         generate_string,
        generate_stack,  generate_branch,   generate_pointer,           generate_x87,
        generate_x87,    generate_vector,   generate_vector,        generate_vector,
        generate_vector, generate_vector,   generate_vector_special };
  UserCase *test = g->test;

  test->insn_at[test->n_insns++] = test->code_length;
  if (generator_chance (g, 2))
    {
      generate_self_modification (g);
      return;
    }
  if (!g->code32 && generator_chance (g, 2))
    generator_byte (g, 0x67);
  else if (generator_chance (g, 2))
    generator_byte (g, (const uint8_t[]) { 0x26, 0x2e, 0x36, 0x3e }[generator_below (g, 4)]);
  kinds[generator_below (g, G_N_ELEMENTS (kinds))] (g);
}

/* SUB dword [counter], 1; JNZ to the beginning. */
static void
generate_loop (Generator *g)
{
  g->test->insn_at[g->test->n_insns++] = g->test->code_length;
  g->test->n_runs = (uint8_t) (2 + generator_below (g, 4));
  generator_bytes (g, g->code32 ? 0x2d83 : 0x252c83, g->code32 ? 2 : 3);
  generator_bytes (g, USER_COUNTER, 4);
  generator_byte (g, 1);
  generator_bytes (g, 0x850f, 2);
  generator_bytes (g, -(g->test->code_length + 4u), 4);
}

void
user_generate (UserCase *test, uint64_t seed, bool code32)
{
  Generator g = { .test = test, .random = seed, .code32 = code32 };
  unsigned n = 1 + generator_below (&g, 20);

  memset (test, 0, sizeof *test);
  test->seed = seed;
  test->code32 = code32;
  if (generator_chance (&g, 50))
    g.favourite = generator_pointer (&g);
  generate_state (&g);
  for (unsigned i = 0; i < n; i++)
    generate_insn (&g);
  if (generator_chance (&g, 30))
    generate_loop (&g);
  generator_byte (&g, 0xcc);
}
