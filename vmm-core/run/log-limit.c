/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "log-limit.h"

#include <glib.h>
#include <glib/gi18n.h>
#include <stdio.h>

#define LINES_A_SECOND 20

static GMutex mutex;
static gint64 second_ends; /* what follows is of the time before */
static unsigned said, left_out;

static gboolean
may_speak (void)
{
  gint64 now = g_get_monotonic_time ();
  unsigned missing = 0;
  gboolean may;

  g_mutex_lock (&mutex);
  if (now >= second_ends)
    {
      second_ends = now + G_USEC_PER_SEC;
      said = 0;
      missing = left_out;
      left_out = 0;
    }
  may = said < LINES_A_SECOND;
  if (may)
    said++;
  else
    left_out++;
  g_mutex_unlock (&mutex);
  if (missing > 0)
    fprintf (stderr, _ ("guesthouse-vm: %u lines were left out here.\n"), missing);
  return may;
}

static GLogWriterOutput
write_log (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
  if (!(level & G_LOG_FLAG_FATAL) && g_log_writer_default_would_drop (level, NULL))
    return G_LOG_WRITER_HANDLED;
  if (!(level & G_LOG_FLAG_FATAL) && !may_speak ())
    return G_LOG_WRITER_HANDLED;
  return g_log_writer_default (level, fields, n_fields, data);
}

static void
print_error (const char *text)
{
  if (may_speak ())
    fputs (text, stderr);
}

void
log_limit_init (void)
{
  g_log_set_writer_func (write_log, NULL, NULL);
  g_set_printerr_handler (print_error);
}
