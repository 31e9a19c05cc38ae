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
  clock_set_wall_ns (rig->clock, NOON * SECOND);
  rig->rtc = rtc_new (rig->io, rig->clock, test_line_irq (&rig->irq));
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

/* SET holds the bytes, not the divider: seconds go on at the same instants. */
static void
test_setting_keeps_the_phase (Rig *rig, gconstpointer data)
{
  clock_advance (rig->clock, 7 * SECOND / 10);
  set (rig, 0x0b, 0x82);
  set (rig, 0, 0x30);
  set (rig, 0x0b, 0x02);
  g_assert_cmphex (get (rig, 0), ==, 0x30);
  clock_advance (rig->clock, 2 * SECOND / 10);
  g_assert_cmphex (get (rig, 0), ==, 0x30);
  clock_advance (rig->clock, 1 * SECOND / 10);
  g_assert_cmphex (get (rig, 0), ==, 0x31);
}

/* As Linux sets the time: after the divider's reset the first second is half as long. */
static void
test_the_divider_is_reset (Rig *rig, gconstpointer data)
{
  clock_advance (rig->clock, SECOND / 3);
  set (rig, 0x0b, 0x82);
  set (rig, 0x0a, 0x76);
  set (rig, 0x32, 0x20);
  set (rig, 9, 0x38);
  set (rig, 0, 0x10);
  set (rig, 0x0b, 0x02);
  clock_advance (rig->clock, 5 * SECOND);
  g_assert_cmphex (get (rig, 0), ==, 0x10); /* it stands */
  g_assert_cmphex (get (rig, 0x0a), ==, 0x76);
  set (rig, 0x0a, 0x26);
  clock_advance (rig->clock, SECOND / 2 - 1000);
  g_assert_cmphex (get (rig, 0), ==, 0x10);
  g_assert_cmphex (get (rig, 0x0a), ==, 0xa6);
  clock_advance (rig->clock, 1000);
  g_assert_cmphex (get (rig, 0), ==, 0x11);
  g_assert_cmphex (get (rig, 9), ==, 0x38);
  g_assert_cmphex (get (rig, 0x32), ==, 0x20);
}

/* 3 to 15: 8192 Hz to 2 Hz; 1 and 2 are 256 and 128 Hz; 0 is silent. */
static void
test_every_periodic_rate (Rig *rig, gconstpointer data)
{
  set (rig, 0x0b, 0x42);
  for (unsigned rate = 0; rate < 16; rate++)
    {
      unsigned hz = rate == 0 ? 0 : rate <= 2 ? 512 >> rate : 65536 >> rate;

      set (rig, 0x0a, 0x20 | rate);
      get (rig, 0x0c);
      rig->irq.rises = 0;
      for (unsigned i = 0; i < 16384; i++)
        {
          clock_advance (rig->clock, 2 * SECOND / 16384);
          if (rig->irq.level)
            get (rig, 0x0c);
        }
      g_assert_cmpint (ABS ((int) rig->irq.rises - (int) (2 * hz)), <=, 1);
    }
}

static void
test_an_alarm_in_12_hours (Rig *rig, gconstpointer data)
{
  set (rig, 0x0b, 0x80);
  set (rig, 4, 0x11); /* 11:59:59 in the morning */
  set (rig, 2, 0x59);
  set (rig, 0, 0x59);
  set (rig, 5, 0x92); /* noon */
  set (rig, 3, 0x00);
  set (rig, 1, 0x00);
  set (rig, 0x0b, 0x20);
  get (rig, 0x0c);
  clock_advance (rig->clock, 2 * SECOND);
  g_assert_true (rig->irq.level);
  g_assert_cmphex (get (rig, 0x0c) & 0xb0, ==, 0xb0);
  g_assert_cmphex (get (rig, 4), ==, 0x92);
  clock_advance (rig->clock, 60 * SECOND);
  g_assert_false (rig->irq.level);
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

/* Periods that pass before register C is read come one by one, each as an edge of its own. */
static void
test_late_periods_come_later (Rig *rig, gconstpointer data)
{
  unsigned rises;

  clock_advance (rig->clock, 10 * SECOND);
  set (rig, 0x0a, 0x26); /* 1024 Hz */
  set (rig, 0x0b, 0x42);
  get (rig, 0x0c);
  g_assert_cmphex (get (rig, 0x0c), ==, 0); /* nothing is owed from before */
  rises = rig->irq.rises;
  clock_advance (rig->clock, 10 * SECOND / 1024 + 1);
  for (unsigned i = 0; i < 10; i++)
    {
      g_assert_true (rig->irq.level);
      g_assert_cmphex (get (rig, 0x0c), ==, 0xc0);
    }
  g_assert_false (rig->irq.level);
  g_assert_cmpuint (rig->irq.rises, ==, rises + 10);
  /* What is owed goes with its interrupt, and with a reset. */
  clock_advance (rig->clock, SECOND / 4);
  set (rig, 0x0b, 0x02);
  get (rig, 0x0c);
  g_assert_cmphex (get (rig, 0x0c), ==, 0);
  set (rig, 0x0b, 0x42);
  clock_advance (rig->clock, SECOND / 4);
  rtc_reset (rig->rtc);
  g_assert_cmphex (get (rig, 0x0c), ==, 0);
  clock_set_catch_up (rig->clock, false);
  set (rig, 0x0b, 0x42);
  clock_advance (rig->clock, SECOND / 2);
  g_assert_cmphex (get (rig, 0x0c) & 0xc0, ==, 0xc0);
  g_assert_cmphex (get (rig, 0x0c), ==, 0);
}

static void
assert_time (Rig *rig, uint8_t hours, uint8_t minutes, uint8_t seconds)
{
  g_assert_cmphex (get (rig, 4), ==, hours);
  g_assert_cmphex (get (rig, 2), ==, minutes);
  g_assert_cmphex (get (rig, 0), ==, seconds);
}

/* The battery: while the machine stands still, the time of day does not. */
static void
test_the_time_goes_on_without_the_machine (Rig *rig, gconstpointer data)
{
  set (rig, 1, 0xff); /* an alarm at each full hour and half a minute */
  set (rig, 1, 0x30);
  set (rig, 3, 0x00);
  set (rig, 5, 0xff);
  set (rig, 0x0b, 0x22);
  clock_advance (rig->clock, 40 * SECOND); /* past that of noon */
  get (rig, 0x0c);
  clock_set_wall_ns (rig->clock, (NOON + 3600) * SECOND);
  assert_time (rig, 0x13, 0x00, 0x00);
  g_assert_cmphex (get (rig, 0x0c) & 0x30, ==, 0x10);
  clock_set_wall_ns (rig->clock, (NOON + 3600) * SECOND + SECOND * 3 / 4);
  g_assert_cmphex (get (rig, 0x0c) & 0x30, ==, 0);
  clock_advance (rig->clock, SECOND / 4); /* the next second comes with the clock on the wall */
  g_assert_cmphex (get (rig, 0x0c) & 0x30, ==, 0x10);
  assert_time (rig, 0x13, 0x00, 0x01);
  /* An alarm that came meanwhile is told. */
  clock_set_wall_ns (rig->clock, (NOON + 4000) * SECOND);
  g_assert_true (rig->irq.level);
  g_assert_cmphex (get (rig, 0x0c) & 0xb0, ==, 0xb0);
  assert_time (rig, 0x13, 0x06, 0x40);
  rtc_reset (rig->rtc);
  assert_time (rig, 0x13, 0x06, 0x40);
  /* Who sets the clock wrong on purpose keeps the difference, and who holds it holds it. */
  set (rig, 4, 0x15);
  clock_set_wall_ns (rig->clock, (NOON + 4010) * SECOND);
  assert_time (rig, 0x15, 0x06, 0x50);
  set (rig, 0x0b, 0x82);
  clock_set_wall_ns (rig->clock, (NOON + 5000) * SECOND);
  assert_time (rig, 0x15, 0x06, 0x50);
  set (rig, 0x0b, 0x02);
  assert_time (rig, 0x15, 0x06, 0x50);
  /* Backwards, as when the host's clock was wrong. */
  clock_set_wall_ns (rig->clock, (NOON - 86400) * SECOND);
  g_assert_cmphex (get (rig, 7), ==, 0x28);
  clock_advance (rig->clock, SECOND);
  g_assert_cmphex (get (rig, 0x0c) & 0x30, ==, 0x10);
}

#define ADD(path, function) g_test_add (path, Rig, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/rtc/time", test_the_time_goes_on);
  ADD ("/rtc/set", test_the_time_can_be_set);
  ADD ("/rtc/interrupts", test_interrupts);
  ADD ("/rtc/phase", test_setting_keeps_the_phase);
  ADD ("/rtc/divider", test_the_divider_is_reset);
  ADD ("/rtc/rates", test_every_periodic_rate);
  ADD ("/rtc/alarm-12", test_an_alarm_in_12_hours);
  ADD ("/rtc/periods", test_periods_without_their_interrupt);
  ADD ("/rtc/late", test_late_periods_come_later);
  ADD ("/rtc/wall", test_the_time_goes_on_without_the_machine);
  ADD ("/rtc/update", test_update_in_progress);
  ADD ("/rtc/state", test_ram_and_state);
  return g_test_run ();
}
