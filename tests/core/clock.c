/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm-core/clock.h"

typedef struct
{
  Clock *clock;
  Timer *timer;
  int64_t fired_at[8];
  unsigned n;
  int64_t period;
} Device;

static void
device_expired (void *data)
{
  Device *device = data;

  if (device->n < G_N_ELEMENTS (device->fired_at))
    device->fired_at[device->n++] = clock_get_ns (device->clock);
  if (device->period > 0)
    timer_arm (device->timer, clock_get_ns (device->clock) + device->period);
}

static void
test_timers_fire_in_order_at_their_deadlines (void)
{
  g_autoptr (Clock) clock = clock_new_manual ();
  Device a = { .clock = clock }, b = { .clock = clock, .period = 40 };

  a.timer = timer_new (clock, device_expired, &a);
  b.timer = timer_new (clock, device_expired, &b);
  timer_arm (a.timer, 100);
  timer_arm (b.timer, 40);
  clock_advance (clock, 99);
  g_assert_cmpuint (a.n, ==, 0);
  g_assert_cmpuint (b.n, ==, 2);
  g_assert_cmpint (b.fired_at[1], ==, 80);
  clock_advance (clock, 1);
  g_assert_cmpint (a.fired_at[0], ==, 100);
  g_assert_cmpint (timer_get_deadline (a.timer), ==, -1);
  g_assert_cmpint (timer_get_deadline (b.timer), ==, 120);
  timer_free (a.timer);
  timer_free (b.timer);
}

static void
test_a_disarmed_timer_stays_silent (void)
{
  g_autoptr (Clock) clock = clock_new_manual ();
  Device a = { .clock = clock };

  a.timer = timer_new (clock, device_expired, &a);
  timer_arm (a.timer, 10);
  timer_disarm (a.timer);
  clock_advance (clock, 20);
  g_assert_cmpuint (a.n, ==, 0);
  timer_restore (a.timer, 25);
  clock_advance (clock, 20);
  g_assert_cmpint (a.fired_at[0], ==, 25);
  timer_free (a.timer);
}

static void
test_the_host_clock_stands_while_stopped (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (Clock) clock = clock_new_host (context, NULL);
  Device a = { .clock = clock };
  int64_t stopped_at;

  a.timer = timer_new (clock, device_expired, &a);
  timer_arm (a.timer, 2000000);
  g_usleep (4000);
  while (g_main_context_iteration (context, FALSE))
    ;
  g_assert_cmpint (clock_get_ns (clock), ==, 0);
  g_assert_cmpuint (a.n, ==, 0);

  clock_start (clock);
  while (a.n == 0)
    g_main_context_iteration (context, TRUE);
  g_assert_cmpint (a.fired_at[0], >=, 2000000);
  clock_stop (clock);
  stopped_at = clock_get_ns (clock);
  g_usleep (2000);
  g_assert_cmpint (clock_get_ns (clock), ==, stopped_at);
  timer_free (a.timer);
}

static void
test_tick_arithmetic_does_not_overflow (void)
{
  g_assert_cmpuint (clock_muldiv (3600ull * 24 * 365 * 100 * 1000000000ull, 1193182, 1000000000), ==,
                    3600ull * 24 * 365 * 100 * 1193182);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/clock/order", test_timers_fire_in_order_at_their_deadlines);
  g_test_add_func ("/clock/disarm", test_a_disarmed_timer_stays_silent);
  g_test_add_func ("/clock/host", test_the_host_clock_stands_while_stopped);
  g_test_add_func ("/clock/muldiv", test_tick_arithmetic_does_not_overflow);
  return g_test_run ();
}
