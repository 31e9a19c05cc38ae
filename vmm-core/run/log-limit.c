/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "log-limit.h"

#include <glib.h>
#include <glib/gi18n.h>
#include <stdio.h>

#define LINES_A_SECOND 20
#define MAX_TEXT 1000

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

/* The fields of a message, with a text that is too long cut off: GDBus shows all of what it could
 * not read, a mebibyte perhaps. */
static GLogField *
shorten (const GLogField *fields, gsize n_fields, char text[MAX_TEXT])
{
  GLogField *copy = g_memdup2 (fields, n_fields * sizeof *fields);

  for (gsize i = 0; i < n_fields; i++)
    if (g_str_equal (copy[i].key, "MESSAGE") && copy[i].length < 0
        && g_strlcpy (text, copy[i].value, MAX_TEXT) >= MAX_TEXT)
      copy[i].value = text;
  return copy;
}

static GLogWriterOutput
write_log (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
  g_autofree GLogField *shortened = NULL;
  char text[MAX_TEXT];

  if (level & G_LOG_FLAG_FATAL)
    return g_log_writer_default (level, fields, n_fields, data);
  if (g_log_writer_default_would_drop (level, NULL) || !may_speak ())
    return G_LOG_WRITER_HANDLED;
  shortened = shorten (fields, n_fields, text);
  return g_log_writer_default (level, shortened, n_fields, data);
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
