/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz-driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP_SIZE 12
#define STEPS 4000
#define SEEDS 40

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* Saves the state, damages one byte and loads it: the result must be usable or an error. */
static void
fuzz_state (void *device, uint32_t at, uint8_t flip)
{
  g_autoptr (GByteArray) stream = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  StateSection section = fuzz_target.state (device);
  const uint8_t *cursor;

  state_save (&section, stream);
  stream->data[at % stream->len] ^= flip;
  cursor = stream->data;
  if (!state_load (&section, &cursor, stream->data + stream->len, &error))
    g_assert_nonnull (error);
  else if (section.show_lines != NULL)
    section.show_lines (section.device);
}

static void
fuzz_access (FuzzBoard *board, const uint8_t step[STEP_SIZE])
{
  unsigned n_ranges = 0, size = 1u << (step[0] & 3);
  const FuzzRange *range;
  uint64_t address, value = 0;
  uint32_t where;
  Bus *bus;

  while (n_ranges < G_N_ELEMENTS (fuzz_target.ranges) && fuzz_target.ranges[n_ranges].length > 0)
    n_ranges++;
  if (n_ranges == 0)
    return;
  range = &fuzz_target.ranges[step[1] % n_ranges];
  memcpy (&where, step + 4, 4);
  memcpy (&value, step + 8, 4);
  value |= (uint64_t) where << 32;
  address = range->base + where % range->length;
  bus = range->mmio ? board->mmio : board->io;
  if (!range->mmio)
    size = MIN (size, 4);
  if (step[0] & 0x10)
    bus_read (bus, address, size);
  else
    bus_write (bus, address, size, step[0] & 0x20 ? value & 0xff : value);
}

static void
fuzz_step (FuzzBoard *board, void *device, const uint8_t step[STEP_SIZE])
{
  uint32_t value;

  memcpy (&value, step + 4, 4);
  if (step[2] < 16)
    clock_advance (board->clock, value & (step[2] & 1 ? 0xffff : 0xfffffff));
  else if (step[2] < 32 && fuzz_target.outside != NULL)
    fuzz_target.outside (device, step + 4);
  else if (step[2] == 32 && fuzz_target.state != NULL)
    fuzz_state (device, value, step[8]);
  else
    fuzz_access (board, step);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  FuzzBoard board = { bus_new ("io", 0x10000, NULL), bus_new ("mmio", 0, NULL), memory_new (),
                      clock_new_manual () };
  MemoryBlock *ram = memory_block_new (board.memory, "ram", 1 << 20, false, NULL);
  void *device;

  memory_map (board.memory, 0, 1 << 20, ram, 0, MEMORY_RW, 0);
  device = fuzz_target.open (&board);
  for (size_t at = 0; at + STEP_SIZE <= size; at += STEP_SIZE)
    fuzz_step (&board, device, data + at);
  fuzz_target.close (device);
  clock_free (board.clock);
  memory_free (board.memory);
  bus_free (board.mmio);
  bus_free (board.io);
  return 0;
}

#ifndef FUZZ_WITH_LIBFUZZER
int
main (int argc, char **argv)
{
  unsigned first = argc > 1 ? (unsigned) atoi (argv[1]) : 0;
  unsigned count = argc > 1 ? 1 : SEEDS;
  uint8_t *data = g_malloc (STEPS * STEP_SIZE);

  printf ("1..%u\n", count);
  for (unsigned seed = first; seed < first + count; seed++)
    {
      GRand *random = g_rand_new_with_seed (seed);

      for (unsigned i = 0; i < STEPS * STEP_SIZE; i++)
        data[i] = (uint8_t) g_rand_int (random);
      g_rand_free (random);
      LLVMFuzzerTestOneInput (data, STEPS * STEP_SIZE);
      printf ("ok %u %s seed %u\n", seed - first + 1, fuzz_target.name, seed);
      fflush (stdout);
    }
  g_free (data);
  return 0;
}
#endif
