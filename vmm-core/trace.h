/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* Trace events: "pit.write", "bus.unmapped". They cost one load and branch while switched off.
 *
 *   TRACE ("pit.write", "channel %u value %#x", channel, value);
 */
typedef struct TraceEvent
{
  const char *name;
  bool enabled;
  bool registered;
  struct TraceEvent *next;
} TraceEvent;

#define TRACE(event_name, ...)                                                                     \
  do                                                                                               \
    {                                                                                              \
      static TraceEvent trace_event_ = { event_name, true, false, NULL };                          \
      if (G_UNLIKELY (trace_event_.enabled))                                                       \
        trace_emit (&trace_event_, __VA_ARGS__);                                                   \
    }                                                                                              \
  while (0)

/* Enables the events that match one of the comma-separated glob patterns ("pit.*,ide.*") with their
 * name or with what follows its dot ("block" is "translator.block"); NULL or "" disables all.
 * Patterns apply to events not met yet, too. Safe from every thread. */
void trace_set_patterns (const char *patterns);

/* Whether the patterns ask for an event that prints nothing itself. */
bool trace_is_enabled (const char *name);

/* Where lines go; standard error by default. */
void trace_set_output (int fd);

void trace_emit (TraceEvent *event, const char *format, ...) G_GNUC_PRINTF (2, 3);
