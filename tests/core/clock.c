/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdatomic.h>
#include <stdbool.h>

#include "vmm-core/clock-ticks.h"

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
  Device a = { .clock = clock }, b = { .clock = clock, .period = 400000 };

  a.timer = timer_new (clock, device_expired, &a);
  b.timer = timer_new (clock, device_expired, &b);
  timer_arm (a.timer, 1000000);
  timer_arm (b.timer, 400000);
  clock_advance (clock, 999999);
  g_assert_cmpuint (a.n, ==, 0);
  g_assert_cmpuint (b.n, ==, 2);
  g_assert_cmpint (b.fired_at[1], ==, 800000);
  clock_advance (clock, 1);
  g_assert_cmpint (a.fired_at[0], ==, 1000000);
  g_assert_cmpint (timer_get_deadline (a.timer), ==, -1);
  g_assert_cmpint (timer_get_deadline (b.timer), ==, 1200000);
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
test_a_timer_has_a_least_period (void)
{
  g_autoptr (Clock) clock = clock_new_manual ();
  Device fast = { .clock = clock, .period = 1 };

  fast.timer = timer_new (clock, device_expired, &fast);
  timer_arm (fast.timer, 10);
  clock_advance (clock, 10 + 3 * TIMER_LEAST_PERIOD);
  g_assert_cmpuint (fast.n, ==, 4);
  g_assert_cmpint (fast.fired_at[3], ==, 10 + 3 * TIMER_LEAST_PERIOD);
  /* Not longer when the clock is set back. */
  clock_set_ns (clock, 0);
  timer_arm (fast.timer, 20);
  clock_advance (clock, 20);
  g_assert_cmpuint (fast.n, ==, 5);
  timer_free (fast.timer);
}

#define CROWD 40

typedef struct
{
  Clock *clock;
  Timer *timer;
  unsigned *served;
} Hasty;

static void
hasty_expired (void *data)
{
  Hasty *hasty = data;

  (*hasty->served)++;
  g_usleep (20); /* the guest's reaction takes its time, too */
  timer_arm (hasty->timer, 0);
}

static gboolean
count_calls (gpointer data)
{
  (*(unsigned *) data)++;
  return G_SOURCE_CONTINUE;
}

/* However many timers are always due, whoever else uses the thread gets his share of it. */
static void
test_timers_leave_the_thread_to_others (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (Clock) clock = clock_new_host (context, NULL);
  g_autoptr (GSource) other = g_timeout_source_new (0);
  Hasty crowd[CROWD];
  unsigned expiries = 0, calls = 0;

  g_source_set_callback (other, count_calls, &calls, NULL);
  g_source_attach (other, context);
  for (unsigned i = 0; i < CROWD; i++)
    {
      crowd[i] = (Hasty){ clock, NULL, &expiries };
      crowd[i].timer = timer_new (clock, hasty_expired, &crowd[i]);
      timer_arm (crowd[i].timer, 0);
    }
  clock_start (clock);
  while (expiries < 50 * CROWD)
    g_main_context_iteration (context, TRUE);
  g_assert_cmpuint (calls, >=, 50);
  clock_stop (clock);
  for (unsigned i = 0; i < CROWD; i++)
    timer_free (crowd[i].timer);
  g_source_destroy (other);
}

static void
note_jump (void *data, int64_t by)
{
  *(int64_t *) data += by;
}

static void
assert_wall_is_right (Clock *clock)
{
  const int64_t tolerance = 5000000;
  int64_t before = g_get_real_time () * 1000;
  int64_t wall = clock_get_wall_ns (clock);

  g_assert_cmpint (wall, >=, before - tolerance);
  g_assert_cmpint (wall, <=, g_get_real_time () * 1000 + tolerance);
}

static void
test_the_wall_clock_goes_on_while_stopped (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (Clock) clock = clock_new_host (context, NULL);
  int64_t jumped = 0, wall;

  assert_wall_is_right (clock);
  clock_start (clock);
  assert_wall_is_right (clock);
  clock_stop (clock);
  clock_set_wall_jumped (clock, note_jump, &jumped);
  wall = clock_get_wall_ns (clock);
  g_usleep (100000);
  g_assert_cmpint (clock_get_wall_ns (clock), ==, wall);
  clock_start (clock);
  g_assert_cmpint (jumped, >=, 99000000);
  assert_wall_is_right (clock);
  clock_stop (clock);
}

static void
test_tick_arithmetic_does_not_overflow (void)
{
  g_assert_cmpuint (clock_muldiv (3600ull * 24 * 365 * 100 * 1000000000ull, 1193182, 1000000000),
                    ==, 3600ull * 24 * 365 * 100 * 1193182);
}

#define KHZ 2712000
#define TOLERANCE_NS 200000

typedef struct
{
  ClockTicks *ticks;
  _Atomic uint64_t *latest;
  _Atomic bool *done;
} Watcher;

/* Whoever looks sees no less than what anybody saw before. */
static void *
watch_ticks (void *data)
{
  const Watcher *watcher = data;

  while (!*watcher->done)
    {
      uint64_t before = *watcher->latest, now = clock_ticks_read (watcher->ticks);

      g_assert_cmpuint (now, >=, before);
      while (before < now && !atomic_compare_exchange_weak (watcher->latest, &before, now))
        ;
    }
  return NULL;
}

static void
assert_ticks_are_near_the_clock (Clock *clock)
{
  int64_t before = clock_get_ns (clock);
  int64_t ns = (int64_t) clock_muldiv (clock_ticks_read (clock_get_ticks (clock)), 1000000, KHZ);

  g_assert_cmpint (ns, >=, before - TOLERANCE_NS);
  g_assert_cmpint (ns, <=, clock_get_ns (clock) + TOLERANCE_NS);
}

static void
test_ticks_go_up_with_the_clock (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (Clock) clock = clock_new_host (context, NULL);
  _Atomic uint64_t latest = 0;
  _Atomic bool done = false;
  Watcher watcher = { clock_get_ticks (clock), &latest, &done };
  GThread *threads[3];

  clock_ticks_set_rate (watcher.ticks, KHZ);
  for (unsigned round = 0; round < 2; round++)
    {
      uint64_t stopped_at;

      clock_start (clock);
      for (unsigned i = 0; i < G_N_ELEMENTS (threads); i++)
        threads[i] = g_thread_new ("watcher", watch_ticks, &watcher);
      for (unsigned i = 0; i < 50; i++)
        {
          g_usleep (10000);
          assert_ticks_are_near_the_clock (clock);
        }
      done = true;
      for (unsigned i = 0; i < G_N_ELEMENTS (threads); i++)
        g_thread_join (threads[i]);
      done = false;
      clock_stop (clock);
      stopped_at = clock_ticks_read (watcher.ticks);
      g_assert_cmpuint (stopped_at, ==, clock_muldiv (clock_get_ns (clock), KHZ, 1000000));
      g_usleep (20000);
      g_assert_cmpuint (clock_ticks_read (watcher.ticks), ==, stopped_at);
      latest = stopped_at;
    }
}

static void
test_a_manual_clock_ticks_exactly (void)
{
  g_autoptr (Clock) clock = clock_new_manual ();

  clock_ticks_set_rate (clock_get_ticks (clock), KHZ);
  clock_advance (clock, 1000001);
  g_assert_cmpuint (clock_ticks_read (clock_get_ticks (clock)), ==, KHZ + 2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/clock/order", test_timers_fire_in_order_at_their_deadlines);
  g_test_add_func ("/clock/disarm", test_a_disarmed_timer_stays_silent);
  g_test_add_func ("/clock/host", test_the_host_clock_stands_while_stopped);
  g_test_add_func ("/clock/least-period", test_a_timer_has_a_least_period);
  g_test_add_func ("/clock/share", test_timers_leave_the_thread_to_others);
  g_test_add_func ("/clock/wall", test_the_wall_clock_goes_on_while_stopped);
  g_test_add_func ("/clock/ticks", test_ticks_go_up_with_the_clock);
  g_test_add_func ("/clock/ticks/manual", test_a_manual_clock_ticks_exactly);
  g_test_add_func ("/clock/muldiv", test_tick_arithmetic_does_not_overflow);
  return g_test_run ();
}
