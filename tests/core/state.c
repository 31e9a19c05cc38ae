/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm-core/state.h"

#include <stdbool.h>
#include <string.h>

typedef struct
{
  uint16_t count;
  uint8_t mode;
} ChannelState;

typedef struct
{
  ChannelState channels[3];
  uint32_t registers[4];
  uint8_t fifo[5];
  uint64_t deadline;
  bool enabled;
} TestState;

static const StateField channel_fields[]
  = { STATE_INT (ChannelState, count), STATE_INT (ChannelState, mode) };
static const StateTable channel_table = STATE_TABLE (ChannelState, 1, channel_fields);
static const StateField fields[] = {
  STATE_NESTED_ARRAY (TestState, channels, &channel_table),
  STATE_INTS (TestState, registers),
  STATE_BLOB (TestState, fifo),
  STATE_INT (TestState, deadline),
  STATE_FLAG (TestState, enabled),
};
static const StateTable table = STATE_TABLE (TestState, 2, fields);
/* The same struct as an older version knew it. */
static const StateField old_fields[] = { STATE_INTS (TestState, registers) };
static const StateTable old_table = { "TestState", 1, old_fields, 1 };

/* The same with bounds. */
static const StateField bounded_fields[] = {
  STATE_INTS_IN (TestState, registers, 0, 9),
  STATE_INT_IN (TestState, deadline, -1, 100),
};
static const StateTable bounded_table = STATE_TABLE (TestState, 2, bounded_fields);

static const TestState sample = {
  .channels = { { 1, 2 }, { 0xffff, 3 }, { 5, 6 } },
  .registers = { 1, 2, 3, 0xdeadbeef },
  .fifo = "abcd",
  .deadline = 0x123456789abcdef,
  .enabled = true,
};

static GByteArray *
save (const StateTable *as, const TestState *state)
{
  GByteArray *stream = g_byte_array_new ();
  StateSection section = { .id = "test0", .table = as, .state = (void *) state };

  state_save (&section, stream);
  return stream;
}

static gboolean
load (const StateTable *as, TestState *state, GByteArray *stream, GError **error)
{
  StateSection section = { .id = "test0", .table = as, .state = state };
  const uint8_t *cursor = stream->data;

  return state_load (&section, &cursor, stream->data + stream->len, error)
         && cursor == stream->data + stream->len;
}

static void
test_what_was_saved_is_loaded (void)
{
  g_autoptr (GByteArray) stream = save (&table, &sample);
  g_autoptr (GByteArray) again = NULL;
  TestState state = { 0 };

  g_assert_true (load (&table, &state, stream, NULL));
  again = save (&table, &state);
  g_assert_cmpmem (stream->data, stream->len, again->data, again->len);
  g_assert_cmpuint (state.channels[1].count, ==, 0xffff);
  g_assert_cmphex (state.registers[3], ==, 0xdeadbeef);
  g_assert_true (state.enabled);
}

static void
test_versions (void)
{
  g_autoptr (GByteArray) old = save (&old_table, &sample);
  g_autoptr (GByteArray) new = save (&table, &sample);
  g_autoptr (GError) error = NULL;
  TestState state = { .deadline = 7 };

  /* Fields that an old stream lacks keep their value. */
  g_assert_true (load (&table, &state, old, NULL));
  g_assert_cmphex (state.registers[3], ==, 0xdeadbeef);
  g_assert_cmpuint (state.deadline, ==, 7);
  g_assert_false (load (&old_table, &state, new, &error));
  g_assert_error (error, STATE_ERROR, STATE_ERROR_BAD_STREAM);
}

static void
test_a_bad_stream_changes_nothing (void)
{
  g_autoptr (GByteArray) stream = save (&table, &sample);

  /* Cut off at every length, and with every byte turned over: an error or a load, never a crash. */
  for (unsigned length = 0; length < stream->len; length++)
    {
      g_autoptr (GError) error = NULL;
      TestState state = { .deadline = 7 };
      StateSection section = { .id = "test0", .table = &table, .state = &state };
      const uint8_t *cursor = stream->data;

      g_assert_false (state_load (&section, &cursor, stream->data + length, &error));
      g_assert_error (error, STATE_ERROR, STATE_ERROR_BAD_STREAM);
      g_assert_cmpuint (state.deadline, ==, 7);
      g_assert_cmpuint (state.registers[0], ==, 0);
      g_assert_true (cursor == stream->data);
    }
  for (unsigned at = 0; at < stream->len; at++)
    {
      TestState state = { 0 };

      stream->data[at] ^= 0xff;
      load (&table, &state, stream, NULL);
      stream->data[at] ^= 0xff;
    }
}

static void
test_bounds (void)
{
  static const struct
  {
    uint32_t last;
    int64_t deadline;
    gboolean good;
  } cases[] = { { 9, 100, TRUE },        { 0, -1, TRUE },        { 10, 0, FALSE },
                { 0, 101, FALSE },       { 0, -2, FALSE },       { UINT32_MAX, 0, FALSE },
                { 0, INT64_MIN, FALSE }, { 0, INT64_MAX, FALSE } };

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      TestState from = { .registers = { 1, 2, 3, cases[i].last }, .deadline = cases[i].deadline };
      TestState to = { .registers = { 7 }, .deadline = 7 };
      g_autoptr (GByteArray) stream = save (&bounded_table, &from);

      g_assert_cmpint (load (&bounded_table, &to, stream, NULL), ==, cases[i].good);
      g_assert_cmpuint (to.registers[3], ==, cases[i].good ? cases[i].last : 0);
      g_assert_cmpint (to.deadline, ==, cases[i].good ? cases[i].deadline : 7);
    }
}

static void
test_dump_names_every_field (void)
{
  StateSection section = { .id = "test0", .table = &table, .state = (void *) &sample };
  g_autofree char *text = state_dump (&section);

  g_assert_nonnull (strstr (text, "test0.channels[1].count 0xffff\n"));
  g_assert_nonnull (strstr (text, "test0.registers[3] 0xdeadbeef\n"));
  g_assert_nonnull (strstr (text, "test0.fifo 6162636400\n"));
}

/* Sections are found by their ids; every one must be there, once, and no other. */
static void
test_sections_are_found_by_id (void)
{
  TestState states[3] = { sample, sample, sample }, loaded[3] = { { { { 0 } } } };
  static const char *const ids[] = { "a", "b", "c", "b" };
  static const struct
  {
    unsigned order[4], n; /* in the stream */
    const char *why;      /* NULL: it is loaded */
  } cases[] = {
    { { 0, 1, 2 }, 3, NULL },
    { { 2, 0, 1 }, 3, NULL },
    { { 0, 2 }, 2, "it has no part “b”" },
    { { 0, 1, 2, 3 }, 4, "it has two parts “b”" },
  };
  StateSection sections[4], in_stream[4];

  for (unsigned i = 0; i < 4; i++)
    sections[i] = (StateSection){ .id = ids[i], .table = &table, .state = &states[i % 3] };
  for (unsigned i = 0; i < 3; i++)
    states[i].deadline = i;
  for (unsigned c = 0; c < G_N_ELEMENTS (cases); c++)
    {
      g_autoptr (GByteArray) stream = g_byte_array_new ();
      g_autoptr (GError) error = NULL;
      const uint8_t *cursor, *end;

      for (unsigned i = 0; i < cases[c].n; i++)
        in_stream[i] = sections[cases[c].order[i]];
      state_save_all (in_stream, cases[c].n, stream);
      cursor = stream->data;
      end = cursor + stream->len;
      for (unsigned i = 0; i < 3; i++)
        in_stream[i] = (StateSection){ .id = ids[i], .table = &table, .state = &loaded[i] };
      g_assert_cmpint (state_load_all (in_stream, 3, &cursor, end, &error), ==,
                       cases[c].why == NULL);
      if (cases[c].why != NULL)
        g_assert_nonnull (strstr (error->message, cases[c].why));
      else
        {
          g_assert_true (cursor == end);
          for (unsigned i = 0; i < 3; i++)
            g_assert_cmpint (loaded[i].deadline, ==, states[i].deadline);
        }
      if (cases[c].why != NULL)
        continue;
      g_assert_false (
        state_load_all (in_stream, 2, &(const uint8_t *){ stream->data }, end, &error));
      g_assert_nonnull (strstr (error->message, "a part “c”, which the machine has not"));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/state/round-trip", test_what_was_saved_is_loaded);
  g_test_add_func ("/state/versions", test_versions);
  g_test_add_func ("/state/bad-stream", test_a_bad_stream_changes_nothing);
  g_test_add_func ("/state/bounds", test_bounds);
  g_test_add_func ("/state/sections", test_sections_are_found_by_id);
  g_test_add_func ("/state/dump", test_dump_names_every_field);
  return g_test_run ();
}
