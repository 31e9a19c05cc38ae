/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Made-up saved states of a CPU: it refuses them, or runs code with them; the process goes on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/state-mutation.h"
#include "x86-machine.h"

#define CODE 0x10000u
#define SEEDS 400
#define STEPS 60

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* The first byte chooses the mode, the next four the damage; code follows. */
int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static const unsigned bits[] = { 16, 32, 64, 64 };
  g_autoptr (X86Machine) machine = NULL;
  g_autoptr (GByteArray) stream = NULL;
  X86State state;
  StateSection section = { .id = "cpu0", .table = &x86_state_table, .state = &state };
  const uint8_t *cursor;
  uint32_t seed;
  uint64_t done;

  if (size < 6)
    return 0;
  machine = x86_machine_new (&software_accel_ops);
  x86_machine_init_state (&state, bits[data[0] & 3]);
  state.rip = bits[data[0] & 3] == 16 ? 0x8000 : CODE;
  if ((data[0] & 4) != 0 && bits[data[0] & 3] != 16)
    x86_machine_make_supervisor (&state);
  memcpy (&seed, data + 1, sizeof seed);
  x86_machine_write (machine, state.rip, data + 5, MIN (size - 5, 4096));
  stream = state_mutation_save (&section, 1, seed);
  cursor = stream->data;
  if (state_load (&section, &cursor, stream->data + stream->len, NULL)
      && x86_state_check_software (&state, NULL))
    x86_machine_step (machine, &state, STEPS, &done);
  return 0;
}

#ifndef FUZZ_WITH_LIBFUZZER
int
main (int argc, char **argv)
{
  unsigned first = argc > 1 ? (unsigned) atoi (argv[1]) : 0, count = argc > 1 ? 1 : SEEDS;
  uint8_t data[300];

  puts ("1..1");
  for (unsigned seed = first; seed < first + count; seed++)
    {
      GRand *random = g_rand_new_with_seed (seed);

      for (unsigned i = 0; i < sizeof data; i++)
        data[i] = (uint8_t) g_rand_int (random);
      g_rand_free (random);
      LLVMFuzzerTestOneInput (data, sizeof data);
    }
  puts ("ok 1 made-up states");
  return 0;
}
#endif
