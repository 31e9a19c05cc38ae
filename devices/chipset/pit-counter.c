/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Intel 8254 data sheet (231164), mode definitions. */
#include "pit-counter.h"

#define MAX_TICK (INT64_C (1) << 50) /* about STATE_MAX_TIME */

static const StateField pit_counter_fields[] = {
  STATE_INT_IN (PitCounterState, mode, 0, 5),
  STATE_FLAG (PitCounterState, bcd),
  STATE_FLAG (PitCounterState, gate),
  STATE_FLAG (PitCounterState, armed),
  STATE_FLAG (PitCounterState, running),
  STATE_FLAG (PitCounterState, changing),
  STATE_FLAG (PitCounterState, written),
  STATE_INT_IN (PitCounterState, cr, 1, 65536),
  STATE_INT_IN (PitCounterState, initial, 1, 65536),
  STATE_INT_IN (PitCounterState, origin, -MAX_TICK, MAX_TICK),
  STATE_INT_IN (PitCounterState, held, 0, MAX_TICK),
  STATE_INT_IN (PitCounterState, changes_at, -MAX_TICK, MAX_TICK),
};
const StateTable pit_counter_table = STATE_TABLE (PitCounterState, 1, pit_counter_fields);

static bool
is_periodic (const PitCounterState *counter)
{
  return counter->mode == 2 || counter->mode == 3;
}

static bool
is_triggered (const PitCounterState *counter)
{
  return counter->mode == 1 || counter->mode == 5;
}

/* How long OUT is high at the start of a period of mode 3. */
static int64_t
high_half (uint32_t count)
{
  return (count + 1) / 2;
}

static void
load (PitCounterState *counter, int64_t tick)
{
  counter->initial = counter->cr;
  counter->armed = true;
  counter->changing = false;
  counter->held = 0;
  counter->origin = tick;
  counter->running = counter->gate || is_triggered (counter);
}

/* Carries out the change of count that waited for the end of a period. */
static void
settle (PitCounterState *counter, int64_t now)
{
  int64_t at = counter->changes_at, phase;

  if (!counter->changing || now < at)
    return;
  phase = (at - counter->origin) % counter->initial;
  load (counter, at);
  /* Mode 3 changes in the middle of a period, too: go on with the low half of the new one. */
  if (counter->mode == 3 && phase != 0)
    counter->origin = at - high_half (counter->initial);
}

static int64_t
elapsed (const PitCounterState *counter, int64_t now)
{
  if (!counter->running)
    return counter->held;
  return now > counter->origin ? now - counter->origin : 0;
}

void
pit_counter_set_mode (PitCounterState *counter, uint8_t mode, bool bcd)
{
  counter->mode = mode;
  counter->bcd = bcd;
  counter->armed = false;
  counter->running = false;
  counter->changing = false;
  counter->written = false;
  counter->held = 0;
}

void
pit_counter_begin_count (PitCounterState *counter, int64_t now)
{
  settle (counter, now);
  if (counter->mode != 0)
    return;
  counter->held = 0;
  counter->running = false;
  counter->armed = false; /* OUT goes low at once */
}

static uint32_t
decode (const PitCounterState *counter, uint16_t count)
{
  uint32_t value = count;

  if (counter->bcd)
    value = (count >> 12) * 1000 + (count >> 8 & 15) * 100 + (count >> 4 & 15) * 10 + (count & 15);
  return value != 0 ? value : counter->bcd ? 10000 : 65536;
}

void
pit_counter_set_count (PitCounterState *counter, int64_t now, uint16_t count)
{
  int64_t phase;

  settle (counter, now);
  counter->cr = decode (counter, count);
  counter->written = true;
  if (is_triggered (counter))
    return;
  if (!is_periodic (counter) || !counter->armed || !counter->running || now < counter->origin)
    {
      load (counter, now + 1);
      return;
    }
  phase = elapsed (counter, now) % counter->initial;
  counter->changing = true;
  counter->changes_at = now - phase + counter->initial;
  if (counter->mode == 3 && phase < high_half (counter->initial) && counter->initial > 1)
    counter->changes_at = now - phase + high_half (counter->initial);
}

void
pit_counter_set_gate (PitCounterState *counter, int64_t now, bool gate)
{
  bool rising = gate && !counter->gate;

  settle (counter, now);
  if (gate == counter->gate)
    return;
  counter->gate = gate;
  if (is_triggered (counter))
    {
      if (rising && counter->written)
        load (counter, now + 1);
    }
  else if (!counter->armed)
    return;
  else if (!gate)
    {
      counter->held = elapsed (counter, now);
      counter->running = false;
    }
  else if (is_periodic (counter))
    load (counter, now + 1); /* GATE synchronizes these modes */
  else
    {
      counter->origin = now - counter->held;
      counter->running = true;
    }
}

static uint16_t
encode (const PitCounterState *counter, int64_t value)
{
  unsigned digits;

  if (!counter->bcd)
    return value & 0xffff;
  digits = ((value % 10000) + 10000) % 10000;
  return (digits / 1000) << 12 | (digits / 100 % 10) << 8 | (digits / 10 % 10) << 4 | digits % 10;
}

uint16_t
pit_counter_get_count (PitCounterState *counter, int64_t now)
{
  int64_t ticks, phase;
  uint32_t count;

  settle (counter, now);
  count = counter->initial;
  ticks = elapsed (counter, now);
  if (!counter->armed)
    return encode (counter, counter->written ? counter->cr : count);
  phase = ticks % count;
  if (counter->mode == 2)
    return encode (counter, count - phase);
  if (counter->mode != 3)
    return encode (counter, count - ticks);
  /* Steps of two from the even part of the count in each half. */
  if (phase >= high_half (count))
    phase -= high_half (count);
  return encode (counter, (count & ~1u) - 2 * phase);
}

bool
pit_counter_get_out (PitCounterState *counter, int64_t now)
{
  int64_t ticks, count;

  settle (counter, now);
  if (!counter->armed)
    return counter->mode != 0;
  count = counter->initial;
  ticks = elapsed (counter, now);
  switch (counter->mode)
    {
    case 0:
    case 1:
      return ticks >= count;
    case 2:
      return !counter->running || count == 1 || ticks % count != count - 1;
    case 3:
      return !counter->running || ticks % count < high_half (count);
    default:
      return ticks != count;
    }
}

bool
pit_counter_is_null (PitCounterState *counter, int64_t now)
{
  settle (counter, now);
  return !counter->armed || counter->changing || counter->cr != counter->initial
         || (counter->running && now < counter->origin);
}

/* The same with the count that is in CE now. */
static int64_t
count_rises_within (const PitCounterState *counter, int64_t since, int64_t now)
{
  int64_t count = counter->initial, before, after;

  if (!counter->armed || !counter->running)
    return 0;
  before = elapsed (counter, since);
  after = elapsed (counter, now);
  switch (counter->mode)
    {
    case 0:
    case 1:
      return before < count && after >= count;
    case 2:
    case 3:
      return count > 1 ? after / count - before / count : 0;
    default:
      return before <= count && after > count;
    }
}

int64_t
pit_counter_count_rises (PitCounterState *counter, int64_t since, int64_t now)
{
  int64_t rises = 0;

  if (counter->changing && now >= counter->changes_at)
    {
      rises = count_rises_within (counter, since, counter->changes_at);
      since = counter->changes_at;
      settle (counter, now);
    }
  return rises + count_rises_within (counter, since, now);
}

int64_t
pit_counter_next_event (PitCounterState *counter, int64_t now)
{
  int64_t count, ticks, next;

  settle (counter, now);
  if (!counter->armed || !counter->running)
    return -1;
  count = counter->initial;
  ticks = elapsed (counter, now);
  switch (counter->mode)
    {
    case 0:
    case 1:
      next = ticks < count ? count : -1;
      break;
    case 2:
    case 3:
      next = count > 1 ? ticks - ticks % count + count : -1;
      if (counter->mode == 3 && count > 1 && ticks % count < high_half (count))
        next = ticks - ticks % count + high_half (count);
      break;
    default:
      next = ticks <= count ? count + 1 : -1;
      break;
    }
  if (next >= 0)
    next += counter->origin;
  if (counter->changing && (next < 0 || counter->changes_at < next))
    next = counter->changes_at;
  return next;
}

bool
pit_counter_is_sane (const PitCounterState *counter)
{
  return !counter->changing || counter->changes_at >= counter->origin;
}
