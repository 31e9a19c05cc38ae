/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random user code. Pointers (RBX RSI RDI R12 R13 RSP) and indices (RBP R14) are set before the
 * code runs and written by string and stack instructions only, or moved a little, so that memory
 * operands mostly meet the case's pages; R11 and R15 begin as pointers; the other registers hold
 * anything. Half of the cases have most of their operands near one pointer. */
#include <string.h>

#include "generate.h"
#include "vmm-core/x86/decode.h"
#include "vmm-core/x86/x86-features.h"

/* Whether the code from there on is the same for a CPU that has every feature. */
static bool
is_offered (const Generator *g, unsigned at)
{
  static X86Cpu *cpu;

  if (cpu == NULL)
    cpu = g_new0 (X86Cpu, 1);
  cpu->mode = X86_MODE_PROTECTED | X86_MODE_USER | X86_MODE_FLAT
              | (g->code32 ? X86_MODE_CODE32 | X86_MODE_STACK32 : X86_MODE_CODE64 | X86_MODE_LONG);
  while (at < g->test->code_length)
    {
      uint8_t bytes[X86_MAX_LENGTH] = { 0 };
      X86Insn ours = { 0 }, theirs = { 0 };
      X86DecodeResult result;
      X86Flow flow;

      memcpy (bytes, g->test->code + at, MIN (X86_MAX_LENGTH, g->test->code_length - at));
      cpu->features = x86_features_of_host ();
      result = x86_decode (cpu, bytes, X86_MAX_LENGTH, &ours, &flow);
      cpu->features = X86_FEATURES_ALL;
      if (x86_decode (cpu, bytes, X86_MAX_LENGTH, &theirs, &flow) != result || ours.pp != theirs.pp)
        return false;
      if (result != X86_DECODE_OK)
        return true;
      at += ours.length;
    }
  return true;
}

static void
generate_any (Generator *g)
{
  static void (*const kinds[]) (Generator *)
    = { generate_alu,    generate_alu,      generate_unary,         generate_multiply,
        generate_shift,  generate_bits,     generate_bmi,           generate_move,
        generate_move,   generate_exchange, generate_plain,         generate_string,
        generate_stack,  generate_branch,   generate_pointer,       generate_x87,
        generate_x87,    generate_vector,   generate_vector,        generate_vector,
        generate_vector, generate_vector,   generate_vector_special };

  if (generator_chance (g, 2))
    {
      generate_self_modification (g);
      return;
    }
  if (!g->code32 && generator_chance (g, 2))
    generator_byte (g, 0x67);
  else if (generator_chance (g, 2))
    generator_byte (g, (const uint8_t[]){ 0x26, 0x2e, 0x36, 0x3e }[generator_below (g, 4)]);
  kinds[generator_below (g, G_N_ELEMENTS (kinds))](g);
}

/* The host's CPU has what GUESTHOUSE_HIDE hides from ours; there is nothing to compare then. */
static void
generate_insn (Generator *g)
{
  UserCase *test = g->test;
  unsigned at = test->code_length;

  test->insn_at[test->n_insns++] = (uint16_t) at;
  do
    {
      test->code_length = (uint16_t) at;
      generate_any (g);
    }
  while (!is_offered (g, at));
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
