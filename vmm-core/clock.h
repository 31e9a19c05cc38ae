/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "machine-lock.h"

/* Guest time: nanoseconds since power on. It stands still while the machine is stopped, and is the
 * only time a device sees. */
typedef struct Clock Clock;

/* The same time in ticks of a fixed rate: clock-ticks.h. */
typedef struct ClockTicks ClockTicks;

/* A call into a device at an instant of guest time, under the machine lock. */
typedef struct Timer Timer;

/* A clock that follows the host's CLOCK_MONOTONIC while it runs; it is made stopped at 0. Timers
 * are dispatched by context's thread (the I/O thread) under lock, at the default priority: no timer
 * goes before signals and control. */
Clock *clock_new_host (GMainContext *context, MachineLock *lock);

/* A clock that moves only by clock_advance: for tests. */
Clock *clock_new_manual (void);
void clock_free (Clock *clock);

/* Safe from every thread. */
int64_t clock_get_ns (Clock *clock);

/* How long the host was suspended since it started, which is no guest time. From every thread. */
int64_t clock_get_host_slept (void);
/* Less is a difference of two clocks that were not read at once. */
#define CLOCK_LEAST_SLEEP INT64_C (10000000)

/* What a clock on the wall shows: ns since 1970, UTC. It goes on with guest time, and jumps forward
 * by what guest time missed when the clock starts again, and when the host has slept: a battery
 * keeps it. Safe from every thread. */
int64_t clock_get_wall_ns (Clock *clock);
/* Tells the one device that has such a clock of a jump, by so many ns; under the machine lock. */
void clock_set_wall_jumped (Clock *clock, void (*jumped) (void *device, int64_t by), void *device);

/* The clock's, and lives as long. */
ClockTicks *clock_get_ticks (Clock *clock);

/* Lock held, for the clock on the wall may jump. */
void clock_start (Clock *clock);
/* Not while a CPU runs. */
void clock_stop (Clock *clock);
gboolean clock_is_running (Clock *clock);

/* Sets guest time, as a restored snapshot does; only while stopped. */
void clock_set_ns (Clock *clock, int64_t ns);

/* Manual clock: what the clock on the wall shows now; 0 at guest time 0 without it. */
void clock_set_wall_ns (Clock *clock, int64_t ns);

/* Manual clock: goes forward by ns, firing the timers due on the way in order of their deadlines,
 * each seeing its own deadline as the time. */
void clock_advance (Clock *clock, int64_t ns);

/* The least time between two expiries of a timer, and between two dispatches of timers: whatever a
 * guest programs, the I/O thread has time for the machine's owner. A deadline that comes earlier is
 * put off; a device with a shorter period finds that several have passed. */
#define TIMER_LEAST_PERIOD INT64_C (50000)

/* What becomes of ticks of a periodic timer that the guest could not take when they were due,
 * because its CPU or the I/O thread had to wait for the host: it gets them later, one as soon as it
 * has taken the one before (the default), or they are as good as one. Before the clock runs. */
void clock_set_catch_up (Clock *clock, bool catch_up);

/* More than ten seconds at the rate of most systems, and ten milliseconds of their handlers. */
#define CLOCK_MOST_OWED_TICKS 1000

/* How many ticks the guest is to get later, after lost more than were owed. A stall of the host
 * must not become a storm in the guest: there is a limit. A period below the least is the guest's
 * own fault. */
uint32_t clock_owe_ticks (Clock *clock, uint32_t owed, int64_t lost, int64_t period);

/* expired runs once for each arming, at or after the deadline, and may arm its timer again. The
 * clock must outlive the timer. */
Timer *timer_new (Clock *clock, void (*expired) (void *device), void *device);
void timer_free (Timer *timer);

/* Arms, moves or disarms. deadline is guest time in ns and may lie in the past. Lock held. */
void timer_arm (Timer *timer, int64_t deadline);
void timer_disarm (Timer *timer);

/* The deadline, or -1 when disarmed: the form that states save; timer_restore takes it back. */
int64_t timer_get_deadline (const Timer *timer);
void timer_restore (Timer *timer, int64_t deadline);

/* value * mul / div, rounded down, without overflow of what lies between; mul * div must be less
 * than 2^64. Guests read clocks often: a 128-bit division would be half of the time. */
static inline uint64_t
clock_muldiv (uint64_t value, uint64_t mul, uint64_t div)
{
  return value / div * mul + value % div * mul / div;
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Clock, clock_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Timer, timer_free)
