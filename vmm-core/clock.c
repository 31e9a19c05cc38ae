/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "clock.h"

#include "clock-ticks.h"

#include <errno.h>
#include <glib-unix.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

struct Clock
{
  bool manual;
  bool catch_up;
  _Atomic bool running;
  _Atomic int64_t stopped_at;  /* guest ns while stopped; the manual clock's time always */
  _Atomic int64_t offset;      /* host monotonic ns at guest time 0, while running */
  _Atomic int64_t wall_offset; /* ns since 1970 at guest time 0, as it seems at the moment */
  int64_t slept;               /* ns that the host had slept when that was taken */
  void (*wall_jumped) (void *device, int64_t by); /* NULL: nobody asks */
  void *wall_device;
  MachineLock *lock;
  GSource *source;
  int timer_fd;      /* GMainContext rounds to milliseconds, a timerfd does not */
  int64_t served_at; /* host monotonic ns: the end of the last dispatch */
  Timer *first;      /* armed timers by deadline, equal ones in order of arming */
  ClockTicks *ticks;
};

struct Timer
{
  Clock *clock;
  void (*expired) (void *device);
  void *device;
  int64_t deadline;   /* -1: disarmed */
  int64_t expired_at; /* guest ns */
  Timer *next;
};

static int64_t
host_clock (clockid_t id)
{
  struct timespec now;

  clock_gettime (id, &now);
  return now.tv_sec * INT64_C (1000000000) + now.tv_nsec;
}

static int64_t
host_now (void)
{
  return host_clock (CLOCK_MONOTONIC);
}

/* CLOCK_MONOTONIC stands still then. */
int64_t
clock_get_host_slept (void)
{
  return host_clock (CLOCK_BOOTTIME) - host_now ();
}

int64_t
clock_get_ns (Clock *clock)
{
  return clock->running && !clock->manual ? host_now () - clock->offset : clock->stopped_at;
}

int64_t
clock_get_wall_ns (Clock *clock)
{
  return clock_get_ns (clock) + clock->wall_offset;
}

static void
clock_move_wall (Clock *clock, int64_t offset)
{
  int64_t by = offset - clock->wall_offset;

  clock->wall_offset = offset;
  if (by != 0 && clock->wall_jumped != NULL)
    clock->wall_jumped (clock->wall_device, by);
}

/* The wall clock of the host is asked at these moments only, so that steps of it do not reach a
 * guest that runs. */
static void
clock_sync_wall (Clock *clock)
{
  clock->slept = clock_get_host_slept ();
  clock_move_wall (clock, host_clock (CLOCK_REALTIME) - clock_get_ns (clock));
}

void
clock_set_wall_ns (Clock *clock, int64_t ns)
{
  g_assert (clock->manual);
  clock_move_wall (clock, ns - clock->stopped_at);
}

void
clock_set_wall_jumped (Clock *clock, void (*jumped) (void *device, int64_t by), void *device)
{
  clock->wall_jumped = jumped;
  clock->wall_device = device;
}

/* Sets the timerfd to the first deadline, but leaves the thread some time after the last dispatch:
 * many timers have no more of it than one. It may fire early (a clock that was stopped in between);
 * dispatch looks again. */
static void
clock_program (Clock *clock)
{
  struct itimerspec when = { 0 };

  if (clock->manual)
    return;
  if (clock->running && clock->first != NULL)
    {
      int64_t host;

      if (__builtin_add_overflow (clock->first->deadline, clock->offset, &host))
        host = INT64_MAX;
      host = MAX (host, clock->served_at + TIMER_LEAST_PERIOD); /* not zero, which would disarm */
      when.it_value.tv_sec = host / 1000000000;
      when.it_value.tv_nsec = host % 1000000000;
    }
  timerfd_settime (clock->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

/* Fires what is due at now: each timer once, for none can be armed for now again. */
static void
clock_fire (Clock *clock, int64_t now)
{
  while (clock->first != NULL && clock->first->deadline <= now)
    {
      Timer *timer = clock->first;

      clock->first = timer->next;
      timer->deadline = -1;
      timer->expired_at = now;
      timer->expired (timer->device);
    }
}

static gboolean
clock_dispatch (int fd, GIOCondition condition, gpointer data)
{
  Clock *clock = data;
  uint64_t expirations;

  if (read (fd, &expirations, sizeof expirations) < 0 && errno != EAGAIN)
    g_warning ("timerfd: %s", g_strerror (errno));
  machine_lock_acquire (clock->lock);
  if (clock->running)
    {
      if (clock_get_host_slept () - clock->slept > CLOCK_LEAST_SLEEP)
        clock_sync_wall (clock);
      clock_fire (clock, clock_get_ns (clock));
    }
  clock->served_at = host_now ();
  clock_program (clock);
  machine_lock_release (clock->lock);
  return G_SOURCE_CONTINUE;
}

Clock *
clock_new_host (GMainContext *context, MachineLock *lock)
{
  Clock *clock = g_new0 (Clock, 1);

  clock->lock = lock;
  clock->catch_up = true;
  clock->timer_fd = timerfd_create (CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  g_assert (clock->timer_fd >= 0);
  clock->source = g_unix_fd_source_new (clock->timer_fd, G_IO_IN);
  g_source_set_callback (clock->source, G_SOURCE_FUNC (clock_dispatch), clock, NULL);
  g_source_attach (clock->source, context);
  clock->ticks = clock_ticks_new (clock);
  clock_sync_wall (clock);
  return clock;
}

Clock *
clock_new_manual (void)
{
  Clock *clock = g_new0 (Clock, 1);

  clock->manual = true;
  clock->catch_up = true;
  clock->timer_fd = -1;
  clock->ticks = clock_ticks_new (clock);
  return clock;
}

void
clock_free (Clock *clock)
{
  if (clock == NULL)
    return;
  g_assert (clock->first == NULL);
  if (clock->source != NULL)
    {
      g_source_destroy (clock->source);
      g_source_unref (clock->source);
      close (clock->timer_fd);
    }
  clock_ticks_free (clock->ticks);
  g_free (clock);
}

void
clock_start (Clock *clock)
{
  if (clock->running)
    return;
  clock->offset = host_now () - clock->stopped_at;
  clock->running = true;
  if (!clock->manual)
    clock_sync_wall (clock);
  clock_program (clock);
}

void
clock_stop (Clock *clock)
{
  if (!clock->running)
    return;
  clock->stopped_at = clock_get_ns (clock);
  clock->running = false;
  clock_ticks_forget (clock->ticks);
  clock_program (clock);
}

ClockTicks *
clock_get_ticks (Clock *clock)
{
  return clock->ticks;
}

gboolean
clock_is_running (Clock *clock)
{
  return clock->running;
}

void
clock_set_ns (Clock *clock, int64_t ns)
{
  g_assert (clock->manual || !clock->running);
  clock->stopped_at = ns;
}

void
clock_advance (Clock *clock, int64_t ns)
{
  int64_t end = clock->stopped_at + ns;

  g_assert (clock->manual && ns >= 0);
  while (clock->first != NULL && clock->first->deadline <= end)
    {
      clock->stopped_at = MAX (clock->stopped_at, clock->first->deadline);
      clock_fire (clock, clock->stopped_at);
    }
  clock->stopped_at = end;
}

void
clock_set_catch_up (Clock *clock, bool catch_up)
{
  clock->catch_up = catch_up;
}

uint32_t
clock_owe_ticks (Clock *clock, uint32_t owed, int64_t lost, int64_t period)
{
  if (!clock->catch_up || period < TIMER_LEAST_PERIOD)
    return 0;
  return MIN (owed + lost, CLOCK_MOST_OWED_TICKS);
}

Timer *
timer_new (Clock *clock, void (*expired) (void *device), void *device)
{
  Timer *timer = g_new0 (Timer, 1);

  timer->clock = clock;
  timer->expired = expired;
  timer->device = device;
  timer->deadline = -1;
  timer->expired_at = -TIMER_LEAST_PERIOD;
  return timer;
}

void
timer_free (Timer *timer)
{
  if (timer == NULL)
    return;
  timer_disarm (timer);
  g_free (timer);
}

void
timer_disarm (Timer *timer)
{
  if (timer->deadline < 0)
    return;
  for (Timer **link = &timer->clock->first; *link != NULL; link = &(*link)->next)
    if (*link == timer)
      {
        *link = timer->next;
        break;
      }
  timer->deadline = -1;
}

void
timer_arm (Timer *timer, int64_t deadline)
{
  Clock *clock = timer->clock;
  int64_t earliest = timer->expired_at + TIMER_LEAST_PERIOD;
  Timer **link;

  timer_disarm (timer);
  /* A clock that was set back has not seen the last expiry yet. */
  if (deadline < earliest && timer->expired_at <= clock_get_ns (clock))
    deadline = earliest;
  timer->deadline = MAX (deadline, 0);
  for (link = &clock->first; *link != NULL && (*link)->deadline <= timer->deadline;)
    link = &(*link)->next;
  timer->next = *link;
  *link = timer;
  if (clock->first == timer)
    clock_program (clock);
}

int64_t
timer_get_deadline (const Timer *timer)
{
  return timer->deadline;
}

void
timer_restore (Timer *timer, int64_t deadline)
{
  if (deadline < 0)
    timer_disarm (timer);
  else
    timer_arm (timer, deadline);
}
