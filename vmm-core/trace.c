/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "trace.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_MS 100

static GMutex trace_mutex;
static GPtrArray *trace_patterns; /* of GPatternSpec */
static TraceEvent *trace_events;  /* those met so far */
static int trace_fd = STDERR_FILENO;
static bool trace_reader_stopped;

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

/* A reader that is slow is waited for, so that nothing is lost; one that has stopped, once only,
 * for the machine stands still meanwhile. */
static void
trace_write (const char *text, size_t length)
{
  while (length > 0)
    {
      struct pollfd room = { trace_fd, POLLOUT, 0 };
      ssize_t n = write (trace_fd, text, length);

      if (n > 0)
        {
          text += n;
          length -= n;
          trace_reader_stopped = false;
        }
      else if (n < 0 && errno == EAGAIN && !trace_reader_stopped)
        trace_reader_stopped = poll (&room, 1, PATIENCE_MS) <= 0;
      else if (n == 0 || errno != EINTR)
        return;
    }
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
      g_autoptr (GString) line = g_string_new (event->name);
      va_list arguments;

      g_string_append_c (line, ' ');
      va_start (arguments, format);
      g_string_append_vprintf (line, format, arguments);
      va_end (arguments);
      g_string_append_c (line, '\n');
      trace_write (line->str, line->len);
    }
  g_mutex_unlock (&trace_mutex);
}
