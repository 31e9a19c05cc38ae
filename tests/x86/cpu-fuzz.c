/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random bytes as code, in every mode, user's and supervisor's: whatever a guest executes, the
 * process goes on. The first byte of an input chooses the mode, the next 128 are the general
 * registers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "x86-machine.h"

#define CODE 0x10000u
#define SIZE 1200
#define SEEDS 1000
#define FLAGS 0x3f7fd5
#define FLAG_ALWAYS 2
#define STEPS 400

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const unsigned bits[] = { 16, 32, 64, 64 };
  g_autoptr (X86Machine) machine = NULL;
  X86State state;
  uint64_t done;

  if (size < 130)
    return 0;
  machine = x86_machine_new (&software_accel_ops);
  x86_machine_init_state (&state, bits[data[0] & 3]);
  memcpy (state.gpr, data + 1, sizeof state.gpr);
  state.rip = bits[data[0] & 3] == 16 ? 0x8000 : CODE;
  if ((data[0] & 4) != 0 && bits[data[0] & 3] != 16)
    x86_machine_make_supervisor (&state);
  if ((data[0] & 8) != 0) /* some registers point somewhere */
    for (unsigned i = 0; i < 16; i += 2)
      state.gpr[i] &= 0xffff8;
  x86_machine_write (machine, state.rip, data + 129, MIN (size - 129, 4096));
  /* After each exception the code goes on somewhere else, in the state that it left. */
  for (unsigned i = 129; i + 1 < size; i += 8)
    {
      uint64_t base = state.rip & ~UINT64_C (0xfff);

      x86_machine_step (machine, &state, STEPS, &done);
      state.rip = base + (data[i] | (data[i + 1] & 3) << 8);
      /* The frame that they come from may lie where there is no memory. */
      state.rflags = (state.rflags & FLAGS) | FLAG_ALWAYS;
    }
  return 0;
}

#ifndef FUZZ_WITH_LIBFUZZER
int
main (int argc, char **argv)
{
  /* Bytes that lead to more than their share of instructions. */
  static const uint8_t common[]
    = { 0x0f, 0x66, 0xf3, 0xf2, 0x48, 0xc4, 0xc5, 0xf0, 0xdb, 0xdd, 0x38, 0x3a, 0x00, 0xc0 };
  unsigned first = argc > 1 ? (unsigned) atoi (argv[1]) : 0, count = argc > 1 ? 1 : SEEDS;
  uint8_t data[SIZE];

  puts ("1..1");
  for (unsigned seed = first; seed < first + count; seed++)
    {
      GRand *random = g_rand_new_with_seed (seed);

      for (unsigned i = 0; i < SIZE; i++)
        data[i] = (uint8_t) (i > 128 && g_rand_int_range (random, 0, 4) == 0
                               ? common[g_rand_int_range (random, 0, sizeof common)]
                               : (uint32_t) g_rand_int (random));
      g_rand_free (random);
      LLVMFuzzerTestOneInput (data, SIZE);
    }
  puts ("ok 1 random code");
  return 0;
}
#endif
