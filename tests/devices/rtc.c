/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "devices/chipset/rtc.h"

#include "tests/support/device-test.h"

#define SECOND INT64_C (1000000000)
#define NOON 951825600 /* 2000-02-29 12:00:00 UTC, a Tuesday */

typedef struct
{
  Bus *io;
  Clock *clock;
  TestLine irq;
  Rtc *rtc;
} Rig;

static void
set_up (Rig *rig, gconstpointer data)
{
  rig->io = bus_new ("io", 0x10000, NULL);
  rig->clock = clock_new_manual ();
  rig->irq = (TestLine){ 0 };
  rig->rtc = rtc_new (rig->io, rig->clock, NOON, test_line_irq (&rig->irq));
}

static void
tear_down (Rig *rig, gconstpointer data)
{
  rtc_free (rig->rtc);
  clock_free (rig->clock);
  bus_free (rig->io);
}

static uint8_t
get (Rig *rig, uint8_t index)
{
  bus_write (rig->io, 0x70, 1, index);
  return bus_read (rig->io, 0x71, 1);
}

static void
set (Rig *rig, uint8_t index, uint8_t value)
{
  bus_write (rig->io, 0x70, 1, index);
  bus_write (rig->io, 0x71, 1, value);
}

static void
test_the_time_goes_on (Rig *rig, gconstpointer data)
{
  static const uint8_t indices[] = { 0x32, 9, 8, 7, 6, 4, 2, 0 };
  static const uint8_t expected[] = { 0x20, 0x00, 0x03, 0x01, 0x04, 0x11, 0x59, 0x59 };

  clock_advance (rig->clock, (86400 - 1) * SECOND); /* past a leap day */
  for (unsigned i = 0; i < sizeof indices; i++)
    g_assert_cmphex (get (rig, indices[i]), ==, expected[i]);
  set (rig, 0x0b, 0x04); /* binary, 12 hours */
  clock_advance (rig->clock, SECOND);
  g_assert_cmphex (get (rig, 4), ==, 0x80 | 12);
  g_assert_cmphex (get (rig, 0x0d), ==, 0x80);
}

static void
test_the_time_can_be_set (Rig *rig, gconstpointer data)
{
  set (rig, 0x0b, 0x82); /* SET */
  set (rig, 4, 0x23);
  set (rig, 2, 0x59);
  set (rig, 0, 0x58);
  clock_advance (rig->clock, 10 * SECOND);
  g_assert_cmphex (get (rig, 0), ==, 0x58);
  set (rig, 0x0b, 0x02);
  clock_advance (rig->clock, 3 * SECOND);
  g_assert_cmphex (get (rig, 7), ==, 0x01); /* the day after the 29th */
  g_assert_cmphex (get (rig, 0), ==, 0x01);
}

static void
test_interrupts (Rig *rig, gconstpointer data)
{
  set (rig, 0x0b, 0x12); /* update ended */
  clock_advance (rig->clock, SECOND);
  g_assert_true (rig->irq.level);
  g_assert_cmphex (get (rig, 0x0c) & 0x90, ==, 0x90);
  g_assert_false (rig->irq.level);

  set (rig, 1, 0x05);
  set (rig, 3, 0xc0);
  set (rig, 5, 0xc0);
  set (rig, 0x0b, 0x22); /* alarm at second 5 of any minute */
  clock_advance (rig->clock, 3 * SECOND);
  g_assert_false (rig->irq.level);
  clock_advance (rig->clock, SECOND);
  g_assert_cmphex (get (rig, 0x0c) & 0xa0, ==, 0xa0);

  set (rig, 0x0b, 0x42); /* periodic, 1024 Hz */
  rig->irq.rises = 0;
  for (unsigned i = 0; i < 100; i++)
    {
      clock_advance (rig->clock, SECOND / 1024 + 1);
      get (rig, 0x0c);
    }
  g_assert_cmpuint (rig->irq.rises, ==, 100);
  rtc_reset (rig->rtc);
  clock_advance (rig->clock, SECOND);
  g_assert_cmpuint (rig->irq.rises, ==, 100);
}

static void
test_update_in_progress (Rig *rig, gconstpointer data)
{
  clock_advance (rig->clock, SECOND - 100000);
  g_assert_cmphex (get (rig, 0x0a), ==, 0xa6);
  clock_advance (rig->clock, 100000);
  g_assert_cmphex (get (rig, 0x0a), ==, 0x26);
}

static void
test_ram_and_state (Rig *rig, gconstpointer data)
{
  StateSection section = rtc_state (rig->rtc);

  rtc_set_ram (rig->rtc, 0x34, 0x5a);
  set (rig, 0x40, 0x77);
  set (rig, 0x0b, 0x42);
  clock_advance (rig->clock, 5 * SECOND / 3);
  test_state_same (&section);
  g_assert_cmphex (get (rig, 0x34), ==, 0x5a);
  rtc_reset (rig->rtc);
  g_assert_cmphex (get (rig, 0x40), ==, 0x77);
  g_assert_cmphex (get (rig, 0x00), ==, 0x01);
}

/* Software that polls sees periods pass, too. */
static void
test_periods_without_their_interrupt (Rig *rig, gconstpointer data)
{
  set (rig, 0x0a, 0x26); /* 1024 Hz */
  get (rig, 0x0c);
  g_assert_cmphex (get (rig, 0x0c) & 0x40, ==, 0);
  clock_advance (rig->clock, SECOND / 1000);
  g_assert_cmphex (get (rig, 0x0c) & 0x40, ==, 0x40);
  g_assert_cmphex (get (rig, 0x0c) & 0x40, ==, 0);
  g_assert_false (rig->irq.level);
}

#define ADD(path, function) g_test_add (path, Rig, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/rtc/time", test_the_time_goes_on);
  ADD ("/rtc/set", test_the_time_can_be_set);
  ADD ("/rtc/interrupts", test_interrupts);
  ADD ("/rtc/periods", test_periods_without_their_interrupt);
  ADD ("/rtc/update", test_update_in_progress);
  ADD ("/rtc/state", test_ram_and_state);
  return g_test_run ();
}
