/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A running board's devices go on in another board as if nothing had happened, which is what
 * snapshots rest on. No CPU runs; the test is the guest, at the buses that the accelerator is
 * given. */
#include "board-rig.h"

#include <string.h>

#define FRAMEBUFFER 0xe0000000u
#define FIELD_HEAD (1 + 4 + 4 + 8) /* in a stream, between a field's name and its first element */

/* The registers of a guest in full flight: something pending at every device. */
static void
run_guest (BoardRig *rig)
{
  static const uint16_t ports[][2] = {
    { 0x20, 0x11 },  { 0x21, 0x08 },  { 0x21, 0x04 },  { 0x21, 0x01 },  { 0x21, 0x00 }, /* PIC */
    { 0xa0, 0x11 },  { 0xa1, 0x70 },  { 0xa1, 0x02 },  { 0xa1, 0x01 },  { 0xa1, 0x00 },
    { 0x43, 0x34 },  { 0x40, 0x00 },  { 0x40, 0x10 },                  /* PIT: mode 2 */
    { 0x43, 0xb6 },  { 0x42, 0x33 },  { 0x42, 0x05 },  { 0x61, 0x03 }, /* the speaker sounds */
    { 0x70, 0x0b },  { 0x71, 0x42 },                                   /* RTC: periodic */
    { 0x3fa, 0xc7 }, { 0x3f9, 0x0f }, { 0x3fc, 0x0b },                 /* COM1: every interrupt */
    { 0x64, 0x60 },  { 0x60, 0x03 },  { 0x60, 0xed },  { 0x60, 0x02 }, /* Num Lock lit */
    { 0x1f6, 0xe0 }, { 0x1f7, 0xec },                                  /* IDENTIFY */
    { 0x3c0, 0x20 }, { 0x3c2, 0x67 }, { 0x3c4, 0x02 }, { 0x3c5, 0x0f }, { 0x92, 0x00 },
    { 0x64, 0xdd }, /* A20 off at both gates */
    { 0xf1, 0x00 },  { 0x4d1, 0x0c },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (ports); i++)
    bus_write (board_machine.io, ports[i][0], 1, ports[i][1]);
  board_rig_write_config (0, 0x59, 1, 0x30);             /* F0000h: RAM */
  board_rig_write_config (0, 0x5a, 1, 0x01);             /* C0000h: RAM for reads */
  board_rig_write_config (2 << 3, 0x10, 4, FRAMEBUFFER); /* the VGA's framebuffer */
  board_rig_write_config (2 << 3, 0x04, 2, 0x03);
  board_rig_write_config (1 << 3 | 3, 0x40, 4, 0xb000); /* power management */
  board_rig_write_config (1 << 3 | 3, 0x80, 1, 0x01);
  board_rig_write_config (1 << 3 | 1, 0x20, 4, 0xc000); /* bus master */
  board_rig_write_config (1 << 3 | 1, 0x04, 2, 0x05);
  bus_write (board_machine.mmio, 0xfec00000, 4, 0x14);
  bus_write (board_machine.mmio, 0xfec00010, 4, 0x31);
  chardev_feed (rig->serial, "abc", 3);
  input_key (rig->input, 30, TRUE);
  board_machine.set_ferr (board_machine.ferr, true);
  clock_advance (rig->clock, 12345678);
}

static void
copy_block (BoardPc *from, BoardPc *to, uint64_t address)
{
  MemoryRange a = memory_find (board_pc_get_memory (from), address);
  MemoryRange b = memory_find (board_pc_get_memory (to), address);

  memcpy (memory_block_get_data (b.read_block), memory_block_get_data (a.read_block),
          memory_block_get_size (a.read_block));
}

static void
compare_maps (BoardPc *from, BoardPc *to)
{
  MemoryRange a[MEMORY_MAX_RANGES], b[MEMORY_MAX_RANGES];
  unsigned n = memory_get_ranges (board_pc_get_memory (from), a);

  g_assert_cmpuint (memory_get_ranges (board_pc_get_memory (to), b), ==, n);
  for (unsigned i = 0; i < n; i++)
    {
      g_assert_cmphex (a[i].first, ==, b[i].first);
      g_assert_cmphex (a[i].last, ==, b[i].last);
      g_assert_cmpint (a[i].read != NULL, ==, b[i].read != NULL);
      g_assert_cmpint (a[i].write != NULL, ==, b[i].write != NULL);
      if (a[i].read != NULL)
        g_assert_cmphex (a[i].read_page, ==, b[i].read_page);
    }
}

/* What a guest sees from now on: each interrupt with what its handler reads, for a while. */
static GByteArray *
watch (BoardRig *rig)
{
  static const uint16_t handlers[][2]
    = { { 0x71, 1 },   { 0x60, 1 },  { 0x64, 1 },  { 0x3fa, 1 }, { 0x3f8, 1 }, { 0x3fd, 1 },
        { 0x1f7, 1 },  { 0x1f0, 4 }, { 0x40, 1 },  { 0x42, 1 },  { 0x61, 1 },  { 0xb008, 4 },
        { 0xc002, 1 }, { 0x92, 1 },  { 0x3c5, 1 }, { 0x3da, 1 } };
  GByteArray *seen = g_byte_array_new ();

  for (unsigned step = 0; step < 200; step++)
    {
      uint8_t vector = board_intr ? board_machine.acknowledge_pic (board_machine.pic) : 0;

      g_byte_array_append (seen, &vector, 1);
      bus_write (board_machine.io, 0xa0, 1, 0x20);
      bus_write (board_machine.io, 0x20, 1, 0x20);
      if (vector == 0x75)
        bus_write (board_machine.io, 0xf0, 1, 0);
      bus_write (board_machine.io, 0x70, 1, 0x0c);
      for (unsigned i = 0; i < G_N_ELEMENTS (handlers); i++)
        {
          uint32_t value = bus_read (board_machine.io, handlers[i][0], handlers[i][1]);

          g_byte_array_append (seen, (uint8_t *) &value, handlers[i][1]);
        }
      clock_advance (rig->clock, 400000);
    }
  return seen;
}

static void
test_a_running_board_moves (void)
{
  BoardRig first, second;
  g_autoptr (Clock) clock = clock_new_manual ();
  g_autoptr (Clock) other_clock = clock_new_manual ();
  g_autoptr (GByteArray) saved = g_byte_array_new ();
  g_autoptr (GByteArray) again = g_byte_array_new ();
  g_autoptr (GByteArray) there = NULL;
  g_autoptr (GByteArray) here = NULL;
  g_autoptr (GError) error = NULL;
  AccelMachine first_machine;
  const uint8_t *cursor;

  board_rig_open (&first, clock);
  run_guest (&first);
  g_assert_true (board_intr);
  board_pc_save (first.board, saved);
  first_machine = board_machine;

  board_rig_open (&second, other_clock);
  g_assert_false (board_intr);
  copy_block (first.board, second.board, 0);
  clock_set_ns (second.clock, clock_get_ns (first.clock));
  cursor = saved->data;
  board_pc_load (second.board, &cursor, saved->data + saved->len, &error);
  g_assert_no_error (error);
  g_assert_true (cursor == saved->data + saved->len);
  g_assert_true (board_intr);
  g_assert_cmphex (input_get_leds (second.input), ==, INPUT_LED_NUM_LOCK);
  compare_maps (first.board, second.board);
  board_pc_save (second.board, again);
  g_assert_cmpmem (saved->data, saved->len, again->data, again->len);

  here = watch (&second);
  board_machine = first_machine;
  board_intr = true;
  there = watch (&first);
  g_assert_cmpmem (here->data, here->len, there->data, there->len);
  board_rig_close (&second);
  board_rig_close (&first);
}

/* Whatever is cut off, the answer is an error, and after a reset the board is as new. */
static void
test_a_broken_stream_is_an_error (void)
{
  BoardRig first, second;
  g_autoptr (Clock) clock = clock_new_manual ();
  g_autoptr (Clock) other_clock = clock_new_manual ();
  g_autoptr (GByteArray) saved = g_byte_array_new ();

  board_rig_open (&first, clock);
  run_guest (&first);
  board_pc_save (first.board, saved);
  board_rig_open (&second, other_clock);
  for (guint length = 0; length < saved->len; length += saved->len / 97 + 1)
    {
      g_autoptr (GError) error = NULL;
      const uint8_t *cursor = saved->data;

      g_assert_false (board_pc_load (second.board, &cursor, saved->data + length, &error));
      g_assert_error (error, STATE_ERROR, STATE_ERROR_BAD_STREAM);
    }
  board_pc_reset (second.board);
  g_assert_cmphex (bus_read (board_machine.io, 0x92, 1), ==, 0x02);
  g_assert_cmphex (bus_read (board_machine.io, 0x21, 1), ==, 0x00);
  board_rig_close (&second);
  board_rig_close (&first);
}

/* Where the first element of a field of a section lies in a stream (state.c says how it is made).
 */
static uint8_t *
find_in_stream (GByteArray *stream, const char *id, const char *field)
{
  const uint8_t *end = stream->data + stream->len;
  g_autofree char *head = g_strdup_printf ("%c%c%s", (int) strlen (id), 0, id);
  uint8_t *at = memmem (stream->data, stream->len, head, strlen (id) + 2);

  g_assert_nonnull (at);
  at = memmem (at, end - at, field, strlen (field));
  g_assert_nonnull (at);
  return at + strlen (field) + FIELD_HEAD;
}

/* What no device holds, no stream may bring: a guest would meet it. */
static void
test_values_that_cannot_be (void)
{
  static const struct
  {
    const char *id, *field;
    uint8_t value[8];
    unsigned size;
  } cases[] = {
    { "pit", "owed", { 0xe9, 0x03 }, 4 }, /* 1001 */
    { "rtc", "owed", { 0xe9, 0x03 }, 4 },
    { "pic", "asked", { 8 }, 1 },
    { "ide0", "raw_fields", { 0xf8 }, 1 }, /* of a disk */
    { "fw-cfg", "dma_deadline", { 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, 8 },
    { "fw-cfg", "dma_deadline", { 1 }, 8 }, /* of no transfer */
    { "fw-cfg", "dma_left", { 1 }, 4 },     /* that nothing goes on with */
  };
  BoardRig rig;
  g_autoptr (Clock) clock = clock_new_manual ();
  g_autoptr (GByteArray) saved = g_byte_array_new ();

  board_rig_open (&rig, clock);
  run_guest (&rig);
  board_pc_save (rig.board, saved);
  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      uint8_t *at = find_in_stream (saved, cases[i].id, cases[i].field);
      g_autofree uint8_t *good = g_memdup2 (at, cases[i].size);
      const uint8_t *cursor = saved->data;
      g_autoptr (GError) error = NULL;

      memcpy (at, cases[i].value, cases[i].size);
      if (board_pc_load (rig.board, &cursor, saved->data + saved->len, &error))
        g_error ("%s %s, case %u", cases[i].id, cases[i].field, i);
      g_assert_error (error, STATE_ERROR, STATE_ERROR_BAD_STREAM);
      g_assert_nonnull (strstr (error->message, cases[i].id));
      memcpy (at, good, cases[i].size);
    }
  board_rig_close (&rig);
}

/* A machine takes the state of one with the same devices, and says what is otherwise. */
static void
test_devices_must_match (void)
{
  static const struct
  {
    const char *field; /* of the list's entry “serial0” */
    const char *sentence;
  } cases[] = {
    { "id", "*device “xerial0”, which the machine has not*" },
    { "model", "*“serial0” has the model “x6550a” in the saved state*" },
  };
  BoardRig rig;
  g_autoptr (Clock) clock = clock_new_manual ();

  board_rig_open (&rig, clock);
  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GByteArray) saved = g_byte_array_new ();
      g_autoptr (GError) error = NULL;
      const uint8_t *cursor;
      uint8_t *id, *model;

      board_pc_save (rig.board, saved);
      cursor = saved->data;
      id = memmem (saved->data, saved->len, "serial0", 7);
      model = (uint8_t *) memmem (id, 100, "model", 5) + 5 + FIELD_HEAD;
      *(g_str_equal (cases[i].field, "id") ? id : model) = 'x';
      g_assert_false (board_pc_load (rig.board, &cursor, saved->data + saved->len, &error));
      g_assert_error (error, STATE_ERROR, STATE_ERROR_BAD_STREAM);
      if (!g_pattern_match_simple (cases[i].sentence, error->message))
        g_error ("%s", error->message);
    }
  board_rig_close (&rig);
}

/* DOS extenders know one way to close A20 and check that it worked. */
static void
test_either_gate_closes_a20 (void)
{
  BoardRig rig;
  g_autoptr (Clock) clock = clock_new_manual ();
  Memory *memory;

  board_rig_open (&rig, clock);
  memory = board_pc_get_memory (rig.board);
  memory_write_u32 (memory, 0x1000, 0x11111111);
  memory_write_u32 (memory, 0x101000, 0x22222222);
  bus_write (board_machine.io, 0x92, 1, 0x00);
  g_assert_cmphex (memory_read_u32 (memory, 0x101000), ==, 0x11111111);
  bus_write (board_machine.io, 0x92, 1, 0x02);
  g_assert_cmphex (memory_read_u32 (memory, 0x101000), ==, 0x22222222);
  bus_write (board_machine.io, 0x64, 1, 0xd1);
  bus_write (board_machine.io, 0x60, 1, 0xdd);
  g_assert_cmphex (memory_read_u32 (memory, 0x101000), ==, 0x11111111);
  memory_write_u32 (memory, 0x112344, 0x33333333);
  g_assert_cmphex (memory_read_u32 (memory, 0x12344), ==, 0x33333333);
  bus_write (board_machine.io, 0x64, 1, 0xd1);
  bus_write (board_machine.io, 0x60, 1, 0xdf);
  g_assert_cmphex (memory_read_u32 (memory, 0x112344), ==, 0);
  g_assert_cmphex (memory_read_u32 (memory, 0x101000), ==, 0x22222222);
  board_rig_close (&rig);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/board/moves", test_a_running_board_moves);
  g_test_add_func ("/board/a20", test_either_gate_closes_a20);
  g_test_add_func ("/board/broken-stream", test_a_broken_stream_is_an_error);
  g_test_add_func ("/board/devices", test_devices_must_match);
  g_test_add_func ("/board/values-that-cannot-be", test_values_that_cannot_be);
  return g_test_run ();
}
