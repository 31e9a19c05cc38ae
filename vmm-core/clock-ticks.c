/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "clock-ticks.h"

#include <stdbool.h>
#include <x86intrin.h>

#define NS_PER_MS 1000000
#define LINE_NS (100 * NS_PER_MS)     /* how long one line is good for */
#define LEAST_SPAN_NS (5 * NS_PER_MS) /* before the host's rate is known well enough */
#define SAMPLE_CYCLES 2000            /* the clock was not read in one go if it took longer */
#define CORRECTION_LINES 4            /* an error is to be gone after so many lines */
#define MAX_BEND 2000                 /* no line differs from the rate by more than one in this */

struct ClockTicks
{
  Clock *clock;
  uint64_t khz;
  bool host_counts; /* the host's TSC is good for a clock */
  GMutex mutex;     /* of what follows; the line is read without it */
  ClockLine line;
  /* Where the host's rate is measured from. */
  bool started;
  uint64_t first_host, first_ticks;
  int64_t first_ns;
};

/* Whether the host's kernel keeps its own time by it. */
static bool
host_counts (void)
{
  g_autofree char *source = NULL;

  return g_file_get_contents ("/sys/devices/system/clocksource/clocksource0/current_clocksource",
                              &source, NULL, NULL)
         && g_str_equal (g_strstrip (source), "tsc");
}

ClockTicks *
clock_ticks_new (Clock *clock)
{
  ClockTicks *ticks = g_new0 (ClockTicks, 1);

  ticks->clock = clock;
  ticks->khz = NS_PER_MS;
  ticks->host_counts = host_counts ();
  g_mutex_init (&ticks->mutex);
  return ticks;
}

void
clock_ticks_free (ClockTicks *ticks)
{
  g_mutex_clear (&ticks->mutex);
  g_free (ticks);
}

void
clock_ticks_set_rate (ClockTicks *ticks, uint64_t khz)
{
  clock_ticks_forget (ticks);
  ticks->khz = khz;
}

const ClockLine *
clock_ticks_get_line (ClockTicks *ticks)
{
  return &ticks->line;
}

static void
line_set (ClockLine *line, ClockLine value)
{
  value.sequence = line->sequence + 2;
  __atomic_store_n (&line->sequence, line->sequence + 1, __ATOMIC_RELAXED);
  __atomic_thread_fence (__ATOMIC_SEQ_CST);
  line->host = value.host;
  line->ticks = value.ticks;
  line->factor = value.factor;
  line->valid = value.valid;
  __atomic_store_n (&line->sequence, value.sequence, __ATOMIC_RELEASE);
}

/* Not before what comes before (SDM 2B, RDTSC). */
static uint64_t
counter (void)
{
  _mm_lfence ();
  return __rdtsc ();
}

static bool
line_read (const ClockLine *line, uint64_t *ticks)
{
  uint64_t sequence = __atomic_load_n (&line->sequence, __ATOMIC_ACQUIRE);
  uint64_t since = counter () - __atomic_load_n (&line->host, __ATOMIC_RELAXED);
  bool valid = since < __atomic_load_n (&line->valid, __ATOMIC_RELAXED);

  *ticks = __atomic_load_n (&line->ticks, __ATOMIC_RELAXED)
           + (since * __atomic_load_n (&line->factor, __ATOMIC_RELAXED) >> 32);
  __atomic_thread_fence (__ATOMIC_ACQUIRE);
  return valid && !(sequence & 1)
         && __atomic_load_n (&line->sequence, __ATOMIC_RELAXED) == sequence;
}

void
clock_ticks_forget (ClockTicks *ticks)
{
  g_mutex_lock (&ticks->mutex);
  line_set (&ticks->line, (ClockLine){ 0 });
  ticks->started = false;
  g_mutex_unlock (&ticks->mutex);
}

/* Guest time, and the host's counter just before: so that a line that begins here is not below what
 * was read of the clock itself. */
static int64_t
sample (const ClockTicks *ticks, uint64_t *host)
{
  int64_t ns;

  for (unsigned n = 0; n < 32; n++)
    {
      *host = counter ();
      ns = clock_get_ns (ticks->clock);
      if (counter () - *host < SAMPLE_CYCLES)
        break;
    }
  return ns;
}

/* A line through where the last one is at this moment, or through the clock's time if there is
 * none, towards the clock's time. Gives the former. */
static uint64_t
draw_line (ClockTicks *ticks, uint64_t host, int64_t ns, uint64_t exact)
{
  const ClockLine *last = &ticks->line;
  uint64_t span = host - ticks->first_host, span_ns = (uint64_t) (ns - ticks->first_ns);
  uint64_t since = host - last->host;
  ClockLine line = { .host = host, .ticks = exact };
  int64_t rate, bend = 0;

  rate = (int64_t) (((unsigned __int128) (exact - ticks->first_ticks) << 32) / span);
  /* The host slept, and one of the two went on: start anew. */
  if (last->factor != 0 && ABS (rate - (int64_t) last->factor) > rate / MAX_BEND * 2)
    {
      line_set (&ticks->line, (ClockLine){ 0 });
      ticks->started = false;
      return exact;
    }
  line.valid = (uint64_t) ((unsigned __int128) span * LINE_NS / span_ns);
  if (last->valid != 0 && since < 4 * last->valid)
    {
      line.ticks = last->ticks + (since * last->factor >> 32);
      bend = (int64_t) ((__int128) (int64_t) (exact - line.ticks) * ((int64_t) 1 << 32)
                        / (int64_t) (CORRECTION_LINES * line.valid));
      bend = CLAMP (bend, -(rate / MAX_BEND), rate / MAX_BEND);
    }
  line.factor = (uint64_t) (rate + bend);
  line_set (&ticks->line, line);
  return line.ticks;
}

static uint64_t
renew (ClockTicks *ticks)
{
  uint64_t host, now;
  int64_t ns;

  g_mutex_lock (&ticks->mutex);
  /* Somebody else may have done so. */
  if (!line_read (&ticks->line, &now))
    {
      ns = sample (ticks, &host);
      now = clock_muldiv ((uint64_t) ns, ticks->khz, NS_PER_MS);
      if (!ticks->started)
        {
          ticks->first_host = host;
          ticks->first_ticks = now;
          ticks->first_ns = ns;
          ticks->started = true;
        }
      else if (host <= ticks->first_host)
        ticks->started = false;
      else if (ns - ticks->first_ns >= LEAST_SPAN_NS)
        now = draw_line (ticks, host, ns, now);
    }
  g_mutex_unlock (&ticks->mutex);
  return now;
}

uint64_t
clock_ticks_read (ClockTicks *ticks)
{
  uint64_t now;

  if (line_read (&ticks->line, &now))
    return now;
  if (ticks->host_counts && clock_is_running (ticks->clock))
    return renew (ticks);
  return clock_muldiv ((uint64_t) clock_get_ns (ticks->clock), ticks->khz, NS_PER_MS);
}
