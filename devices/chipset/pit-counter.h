/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vmm-core/state.h"

#include <stdbool.h>
#include <stdint.h>

/* One counter of an 8254, computed from the time instead of counted. Times are in ticks of its CLK
 * input and never go backwards. */

typedef struct
{
  uint8_t mode; /* 0 to 5 */
  bool bcd;
  bool gate;
  bool armed; /* CE holds a count: in modes 1 and 5 a trigger came, otherwise a count was written */
  bool running;     /* CE counts: origin is valid, otherwise held */
  bool changing;    /* modes 2 and 3: at changes_at, CR is loaded instead of the old count */
  bool written;     /* CR holds a count */
  uint32_t cr;      /* the count written, 1 to 65536 */
  uint32_t initial; /* what CE was loaded with */
  int64_t origin;   /* the tick at which CE was loaded */
  int64_t held;     /* ticks counted before GATE stopped it */
  int64_t changes_at;
} PitCounterState;

extern const StateTable pit_counter_table;

/* A control word was written; the counter waits for its count. */
void pit_counter_set_mode (PitCounterState *counter, uint8_t mode, bool bcd);
/* The first of two count bytes was written. */
void pit_counter_begin_count (PitCounterState *counter, int64_t now);
/* count as in the register: 0 is the largest. */
void pit_counter_set_count (PitCounterState *counter, int64_t now, uint16_t count);
void pit_counter_set_gate (PitCounterState *counter, int64_t now, bool gate);

uint16_t pit_counter_get_count (PitCounterState *counter, int64_t now);
bool pit_counter_get_out (PitCounterState *counter, int64_t now);
/* Whether a count that was written has not reached CE. */
bool pit_counter_is_null (PitCounterState *counter, int64_t now);
/* How often OUT rose in the ticks after `since`, up to and with now. */
int64_t pit_counter_count_rises (PitCounterState *counter, int64_t since, int64_t now);
/* The next tick after now at which OUT rises, or falls for longer than a tick, or the count
 * changes; -1: never without a write or GATE. */
int64_t pit_counter_next_event (PitCounterState *counter, int64_t now);

/* Whether a loaded state is one that the functions above cope with. */
bool pit_counter_is_sane (const PitCounterState *counter);
