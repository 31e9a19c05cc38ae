/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "clock.h"

/* Guest time in ticks of a fixed rate, as a time stamp counter shows it. Guests read that often,
 * and the host's clock takes ten times as long to read as its own counter: so the ticks are drawn
 * on from the host's counter along a line, which is compared with the clock about ten times a
 * second and bent, never broken. Where the host's kernel does not trust its counter, there is no
 * line. */

/* Read without a lock: what was read counts if sequence was the same, even number before and after.
 * Translated code reads it, too. */
typedef struct ClockLine
{
  uint64_t sequence; /* odd while the rest changes */
  uint64_t host;     /* where the host's TSC was */
  uint64_t ticks;    /* at so many */
  uint64_t factor;   /* ticks in 2^32 of the host's */
  uint64_t valid;    /* for fewer of the host's than this; 0: there is no line */
} ClockLine;

ClockTicks *clock_ticks_new (Clock *clock);
void clock_ticks_free (ClockTicks *ticks);

/* Ticks in a millisecond. Not while somebody reads. */
void clock_ticks_set_rate (ClockTicks *ticks, uint64_t khz);

/* Ticks since guest time 0, from every thread; what one thread saw before another asks is never
 * more. A clock that does not run gives exactly its nanoseconds. */
uint64_t clock_ticks_read (ClockTicks *ticks);
const ClockLine *clock_ticks_get_line (ClockTicks *ticks);

/* The clock stopped, and nobody reads along the line meanwhile. */
void clock_ticks_forget (ClockTicks *ticks);
