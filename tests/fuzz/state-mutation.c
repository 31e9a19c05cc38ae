/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "state-mutation.h"

#include <string.h>

typedef enum
{
  MUTATION_BITS,
  MUTATION_CUT,
  MUTATION_SWAP,
  MUTATION_FIELDS /* and all above it: most find something only behind a well-formed stream */
} Mutation;

/* Values at which arithmetic and comparisons go wrong, or any. */
static uint64_t
odd_value (GRand *random)
{
  uint64_t power = UINT64_C (1) << g_rand_int_range (random, 0, 64);

  switch (g_rand_int_range (random, 0, 6))
    {
    case 0:
      return g_rand_int_range (random, 0, 20);
    case 1:
      return UINT64_MAX - (unsigned) g_rand_int_range (random, 0, 3);
    case 2:
      return power;
    case 3:
      return power - 1;
    case 4:
      return INT64_MAX;
    default:
      return (uint64_t) g_rand_int (random) << 32 | g_rand_int (random);
    }
}

static void
mutate_field (const StateTable *table, uint8_t *base, GRand *random)
{
  const StateField *field = &table->fields[g_rand_int_range (random, 0, table->n_fields)];
  uint32_t element = g_rand_int_range (random, 0, field->count);
  uint8_t *at = base + field->offset + (size_t) field->size * element;
  uint64_t value = GUINT64_TO_LE (odd_value (random));

  if (field->kind == STATE_STRUCT)
    mutate_field (field->table, at, random);
  else if (field->kind == STATE_BYTES)
    at[g_rand_int_range (random, 0, field->size)] = value;
  else
    memcpy (at, &value, field->kind == STATE_BOOL ? 0 : field->size);
  if (field->kind == STATE_BOOL)
    *at ^= 1;
}

static size_t
extent_of (const StateTable *table)
{
  size_t extent = 0;

  for (unsigned i = 0; i < table->n_fields; i++)
    extent = MAX (extent, table->fields[i].offset
                            + (size_t) table->fields[i].size * table->fields[i].count);
  return extent;
}

/* The device itself keeps what it has. */
static void
save_mutated (const StateSection *section, GRand *random, GByteArray *stream)
{
  StateSection copy = *section;
  g_autofree uint8_t *state = NULL;

  if (section->before_save != NULL)
    section->before_save (section->device);
  state = g_memdup2 (section->state, extent_of (section->table));
  for (int n = g_rand_int_range (random, 0, 4); n > 0; n--)
    mutate_field (section->table, state, random);
  copy.state = state;
  copy.before_save = NULL;
  state_save (&copy, stream);
}

GByteArray *
state_mutation_save (const StateSection *sections, unsigned n, uint32_t seed)
{
  GRand *random = g_rand_new_with_seed (seed);
  GByteArray *stream = g_byte_array_new ();
  Mutation mutation = g_rand_int_range (random, 0, MUTATION_FIELDS + 5);
  unsigned first = g_rand_int_range (random, 0, n), second = g_rand_int_range (random, 0, n);

  for (unsigned i = 0; i < n; i++)
    if (mutation == MUTATION_SWAP)
      state_save (&sections[i == first ? second : i == second ? first : i], stream);
    else if (mutation >= MUTATION_FIELDS && (i == first || i == second))
      save_mutated (&sections[i], random, stream);
    else
      state_save (&sections[i], stream);
  if (mutation == MUTATION_CUT)
    g_byte_array_set_size (stream, g_rand_int_range (random, 0, stream->len));
  for (int bits = g_rand_int_range (random, 1, 9); mutation == MUTATION_BITS && bits > 0; bits--)
    stream->data[g_rand_int_range (random, 0, stream->len)] ^= 1 << g_rand_int_range (random, 0, 8);
  g_rand_free (random);
  return stream;
}
