/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "devices/chipset/pit.h"

#include "tests/support/device-test.h"

typedef struct
{
  Bus *io;
  Clock *clock;
  TestLine irq0;
  Pit *pit;
} Rig;

static void
set_up (Rig *rig, gconstpointer data)
{
  rig->io = bus_new ("io", 0x10000, NULL);
  rig->clock = clock_new_manual ();
  rig->irq0 = (TestLine){ 0 };
  rig->pit = pit_new (rig->io, rig->clock, test_line_irq (&rig->irq0));
}

static void
tear_down (Rig *rig, gconstpointer data)
{
  pit_free (rig->pit);
  clock_free (rig->clock);
  bus_free (rig->io);
}

/* Guest time goes on to just after that tick of the timer's clock. */
static void
run_to_tick (Rig *rig, uint64_t tick)
{
  int64_t ns = clock_muldiv (tick, 1000000000, PIT_FREQUENCY) + 1;

  clock_advance (rig->clock, ns - clock_get_ns (rig->clock));
}

static void
program (Rig *rig, unsigned channel, uint8_t control, uint16_t count)
{
  bus_write (rig->io, 0x43, 1, channel << 6 | 0x30 | control);
  bus_write (rig->io, 0x40 + channel, 1, count & 0xff);
  bus_write (rig->io, 0x40 + channel, 1, count >> 8);
}

static unsigned
latched (Rig *rig, unsigned channel)
{
  unsigned low;

  bus_write (rig->io, 0x43, 1, channel << 6);
  low = bus_read (rig->io, 0x40 + channel, 1);
  return low | bus_read (rig->io, 0x40 + channel, 1) << 8;
}

static void
test_mode_0_interrupts_at_terminal_count (Rig *rig, gconstpointer data)
{
  program (rig, 0, 0 << 1, 100);
  g_assert_false (rig->irq0.level);
  run_to_tick (rig, 51);
  g_assert_cmpuint (latched (rig, 0), ==, 50);
  run_to_tick (rig, 100);
  g_assert_false (rig->irq0.level);
  run_to_tick (rig, 101);
  g_assert_true (rig->irq0.level);
  run_to_tick (rig, 200);
  g_assert_cmpuint (rig->irq0.rises, ==, 2); /* one from the reset state */
  g_assert_cmphex (latched (rig, 0), ==, (uint16_t) (100 - 199));
}

static void
test_mode_2_interrupts_each_period (Rig *rig, gconstpointer data)
{
  unsigned before;

  program (rig, 0, 2 << 1, 1000);
  before = rig->irq0.rises;
  run_to_tick (rig, 10001);
  g_assert_cmpuint (rig->irq0.rises - before, ==, 10);
  g_assert_cmpuint (latched (rig, 0), ==, 1000);
  run_to_tick (rig, 10101);
  g_assert_cmpuint (latched (rig, 0), ==, 900);
}

static void
test_mode_2_takes_a_new_count_at_the_period_s_end (Rig *rig, gconstpointer data)
{
  program (rig, 0, 2 << 1, 1000);
  run_to_tick (rig, 501);
  bus_write (rig->io, 0x40, 1, 100);
  bus_write (rig->io, 0x40, 1, 0);
  g_assert_cmpuint (latched (rig, 0), ==, 500);
  run_to_tick (rig, 1001 + 40);
  g_assert_cmpuint (latched (rig, 0), ==, 60);
}

static void
test_mode_3_is_a_square_wave (Rig *rig, gconstpointer data)
{
  bus_write (rig->io, 0x43, 1, 0x36);
  pit_set_gate2 (rig->pit, true);
  program (rig, 2, 3 << 1, 11);
  for (unsigned tick = 0; tick < 44; tick++)
    {
      run_to_tick (rig, 1 + tick);
      g_assert_cmpint (pit_get_out2 (rig->pit), ==, tick % 11 < 6);
    }
}

static void
test_gate_starts_and_holds (Rig *rig, gconstpointer data)
{
  /* Mode 1: a trigger starts the pulse; mode 0: GATE holds the count. */
  program (rig, 2, 1 << 1, 50);
  g_assert_true (pit_get_out2 (rig->pit));
  pit_set_gate2 (rig->pit, true);
  run_to_tick (rig, 10);
  g_assert_false (pit_get_out2 (rig->pit));
  run_to_tick (rig, 51);
  g_assert_true (pit_get_out2 (rig->pit));

  program (rig, 2, 0 << 1, 50);
  run_to_tick (rig, 62);
  pit_set_gate2 (rig->pit, false);
  run_to_tick (rig, 500);
  g_assert_cmpuint (latched (rig, 2), ==, 40);
  pit_set_gate2 (rig->pit, true);
  run_to_tick (rig, 539);
  g_assert_false (pit_get_out2 (rig->pit));
  run_to_tick (rig, 540);
  g_assert_true (pit_get_out2 (rig->pit));
}

static void
test_strobes_last_one_tick (Rig *rig, gconstpointer data)
{
  pit_set_gate2 (rig->pit, true);
  program (rig, 2, 4 << 1, 20);
  for (unsigned tick = 1; tick < 60; tick++)
    {
      run_to_tick (rig, tick);
      g_assert_cmpint (pit_get_out2 (rig->pit), ==, tick != 21);
    }
}

/* Mode 5: a trigger starts the count, and another one starts it over. */
static void
test_mode_5_is_triggered (Rig *rig, gconstpointer data)
{
  program (rig, 2, 5 << 1, 20);
  run_to_tick (rig, 100);
  g_assert_true (pit_get_out2 (rig->pit));
  pit_set_gate2 (rig->pit, true);
  run_to_tick (rig, 110);
  pit_set_gate2 (rig->pit, false);
  pit_set_gate2 (rig->pit, true);
  for (unsigned tick = 111; tick < 160; tick++)
    {
      run_to_tick (rig, tick);
      g_assert_cmpint (pit_get_out2 (rig->pit), ==, tick != 131);
    }
}

/* A count of one byte: the other is zero; reads give that byte alone. */
static void
test_single_bytes (Rig *rig, gconstpointer data)
{
  bus_write (rig->io, 0x43, 1, 0x10); /* LSB, mode 0 */
  bus_write (rig->io, 0x40, 1, 200);
  run_to_tick (rig, 51);
  g_assert_cmpuint (bus_read (rig->io, 0x40, 1), ==, 150);
  g_assert_cmpuint (bus_read (rig->io, 0x40, 1), ==, 150);
  bus_write (rig->io, 0x43, 1, 0x20); /* MSB, mode 0 */
  bus_write (rig->io, 0x40, 1, 2);
  run_to_tick (rig, 52 + 0x101);
  g_assert_cmpuint (bus_read (rig->io, 0x40, 1), ==, 0);
  g_assert_false (rig->irq0.level);
  run_to_tick (rig, 52 + 0x201);
  g_assert_true (rig->irq0.level);
}

/* The first latch holds until it is read; a control word forgets it. */
static void
test_latches (Rig *rig, gconstpointer data)
{
  program (rig, 0, 2 << 1, 1000);
  run_to_tick (rig, 101);
  bus_write (rig->io, 0x43, 1, 0x00);
  run_to_tick (rig, 201);
  bus_write (rig->io, 0x43, 1, 0x00);
  g_assert_cmpuint (bus_read (rig->io, 0x40, 1), ==, 900 & 0xff);
  g_assert_cmpuint (bus_read (rig->io, 0x40, 1), ==, 900 >> 8);
  g_assert_cmpuint (latched (rig, 0), ==, 800);
  bus_write (rig->io, 0x43, 1, 0x00);
  program (rig, 0, 2 << 1, 500);
  run_to_tick (rig, 202);
  g_assert_cmpuint (latched (rig, 0), ==, 500);
}

/* Mode 0: the first of two bytes stops the count and brings OUT low. */
static void
test_a_half_written_count_stops_mode_0 (Rig *rig, gconstpointer data)
{
  program (rig, 0, 0 << 1, 10);
  run_to_tick (rig, 20);
  g_assert_true (rig->irq0.level);
  bus_write (rig->io, 0x40, 1, 30);
  g_assert_false (rig->irq0.level);
  run_to_tick (rig, 200);
  g_assert_false (rig->irq0.level);
  bus_write (rig->io, 0x40, 1, 0);
  run_to_tick (rig, 231);
  g_assert_true (rig->irq0.level);
}

static void
test_bcd_counts_in_decimals (Rig *rig, gconstpointer data)
{
  program (rig, 0, 2 << 1 | 1, 0x1000);
  run_to_tick (rig, 2);
  g_assert_cmphex (latched (rig, 0), ==, 0x0999);
}

static void
test_read_back (Rig *rig, gconstpointer data)
{
  program (rig, 0, 2 << 1, 1000);
  bus_write (rig->io, 0x43, 1, 0xe2); /* status of channel 0: the count is not loaded yet */
  g_assert_cmphex (bus_read (rig->io, 0x40, 1), ==, 0x80 | 0x40 | 0x34);
  run_to_tick (rig, 101);
  bus_write (rig->io, 0x43, 1, 0xc2); /* status and count */
  run_to_tick (rig, 333);
  g_assert_cmphex (bus_read (rig->io, 0x40, 1), ==, 0x80 | 0x34);
  g_assert_cmpuint (bus_read (rig->io, 0x40, 1), ==, 900 & 0xff);
  g_assert_cmpuint (bus_read (rig->io, 0x40, 1), ==, 900 >> 8);
}

static void
test_state_goes_on_elsewhere (Rig *rig, gconstpointer data)
{
  g_autoptr (Bus) io = bus_new ("io", 0x10000, NULL);
  g_autoptr (Clock) clock = clock_new_manual ();
  TestLine line = { 0 };
  g_autoptr (Pit) other = pit_new (io, clock, test_line_irq (&line));
  StateSection from = pit_state (rig->pit), to = pit_state (other);

  program (rig, 0, 2 << 1, 1000);
  run_to_tick (rig, 1500);
  clock_set_ns (clock, clock_get_ns (rig->clock));
  test_state_round_trip (&from, &to);
  line.rises = 0;
  clock_advance (clock, 1000000); /* 1193 ticks: one edge */
  g_assert_cmpuint (line.rises, ==, 1);
  pit_reset (rig->pit);
  g_assert_cmpint (pit_get_gate2 (rig->pit), ==, false);
}

/* What stands for the interrupt controllers and a CPU. */
static bool
is_masked (void *data)
{
  return *(bool *) data;
}

static void
take_all (Rig *rig, unsigned at_most)
{
  for (unsigned i = 0; i < at_most; i++)
    pit_tick_taken (rig->pit);
}

static void
test_ticks_that_could_not_be_taken_come_later (Rig *rig, gconstpointer data)
{
  bool masked = false;
  unsigned rises;

  pit_set_masked (rig->pit, is_masked, &masked);
  program (rig, 0, 2 << 1, 1000);
  run_to_tick (rig, 1001);
  pit_tick_taken (rig->pit);
  rises = rig->irq0.rises;
  run_to_tick (rig, 11001); /* ten periods, each an edge that nobody takes */
  take_all (rig, 30);
  g_assert_cmpuint (rig->irq0.rises, ==, rises + 10 + 9);
  /* Nobody had to wait for the ticks of a time in which they were masked. */
  masked = true;
  run_to_tick (rig, 21001);
  masked = false;
  rises = rig->irq0.rises;
  take_all (rig, 30);
  g_assert_cmpuint (rig->irq0.rises, ==, rises);
  /* Nor for those of an old rate; and there is a limit. */
  run_to_tick (rig, 31001);
  program (rig, 0, 2 << 1, 1000);
  rises = rig->irq0.rises;
  take_all (rig, 30);
  g_assert_cmpuint (rig->irq0.rises, ==, rises);
  run_to_tick (rig, 31001 + 2000000);
  rises = rig->irq0.rises;
  take_all (rig, 3000);
  g_assert_cmpuint (rig->irq0.rises, ==, rises + 1000);
}

static void
test_late_ticks_merge_if_the_owner_wants_it (Rig *rig, gconstpointer data)
{
  unsigned rises;

  clock_set_catch_up (rig->clock, false);
  program (rig, 0, 2 << 1, 1000);
  run_to_tick (rig, 1001);
  pit_tick_taken (rig->pit);
  run_to_tick (rig, 11001);
  rises = rig->irq0.rises;
  take_all (rig, 30);
  g_assert_cmpuint (rig->irq0.rises, ==, rises);
}

#define ADD(path, function) g_test_add (path, Rig, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/pit/mode-0", test_mode_0_interrupts_at_terminal_count);
  ADD ("/pit/mode-2", test_mode_2_interrupts_each_period);
  ADD ("/pit/new-count", test_mode_2_takes_a_new_count_at_the_period_s_end);
  ADD ("/pit/mode-3", test_mode_3_is_a_square_wave);
  ADD ("/pit/gate", test_gate_starts_and_holds);
  ADD ("/pit/mode-4", test_strobes_last_one_tick);
  ADD ("/pit/mode-5", test_mode_5_is_triggered);
  ADD ("/pit/bytes", test_single_bytes);
  ADD ("/pit/latches", test_latches);
  ADD ("/pit/half-count", test_a_half_written_count_stops_mode_0);
  ADD ("/pit/bcd", test_bcd_counts_in_decimals);
  ADD ("/pit/read-back", test_read_back);
  ADD ("/pit/late", test_ticks_that_could_not_be_taken_come_later);
  ADD ("/pit/late/merge", test_late_ticks_merge_if_the_owner_wants_it);
  ADD ("/pit/state", test_state_goes_on_elsewhere);
  return g_test_run ();
}
