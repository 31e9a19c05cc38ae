/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static GMutex trace_mutex;
static GPtrArray *trace_patterns; /* of GPatternSpec */
static TraceEvent *trace_events;  /* those met so far */
static int trace_fd = STDERR_FILENO;

static bool
trace_matches (const char *name)
{
  const char *dot = strchr (name, '.');

  for (unsigned i = 0; trace_patterns != NULL && i < trace_patterns->len; i++)
    {
      GPatternSpec *pattern = g_ptr_array_index (trace_patterns, i);

      if (g_pattern_spec_match_string (pattern, name)
          || (dot != NULL && g_pattern_spec_match_string (pattern, dot + 1)))
        return true;
    }
  return false;
}

void
trace_set_patterns (const char *patterns)
{
  g_auto (GStrv) words = g_strsplit (patterns != NULL ? patterns : "", ",", -1);

  g_mutex_lock (&trace_mutex);
  g_clear_pointer (&trace_patterns, g_ptr_array_unref);
  trace_patterns = g_ptr_array_new_with_free_func ((GDestroyNotify) g_pattern_spec_free);
  for (char **word = words; *word != NULL; word++)
    if (**word != '\0')
      g_ptr_array_add (trace_patterns, g_pattern_spec_new (g_strstrip (*word)));
  for (TraceEvent *event = trace_events; event != NULL; event = event->next)
    event->enabled = trace_matches (event->name);
  g_mutex_unlock (&trace_mutex);
}

bool
trace_is_enabled (const char *name)
{
  bool enabled;

  g_mutex_lock (&trace_mutex);
  enabled = trace_matches (name);
  g_mutex_unlock (&trace_mutex);
  return enabled;
}

void
trace_set_output (int fd)
{
  g_mutex_lock (&trace_mutex);
  trace_fd = fd;
  g_mutex_unlock (&trace_mutex);
}

/* Events start out enabled, so that the first pass through each registers it here. */
void
trace_emit (TraceEvent *event, const char *format, ...)
{
  g_mutex_lock (&trace_mutex);
  if (!event->registered)
    {
      event->registered = true;
      event->next = trace_events;
      trace_events = event;
      event->enabled = trace_matches (event->name);
    }
  if (event->enabled)
    {
      va_list arguments;

      va_start (arguments, format);
      dprintf (trace_fd, "%s ", event->name);
      vdprintf (trace_fd, format, arguments);
      dprintf (trace_fd, "\n");
      va_end (arguments);
    }
  g_mutex_unlock (&trace_mutex);
}
