/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "notice.h"

#include "ready-source.h"

#define NOT_GIVEN -1

struct Notice
{
  GSource *source;
  GMutex mutex;
  gint64 due; /* monotonic µs, or NOT_GIVEN */
  void (*look) (void *data);
  void *data;
};

static gboolean
notice_look (gpointer data)
{
  Notice *notice = data;

  g_mutex_lock (&notice->mutex);
  notice->due = NOT_GIVEN;
  g_source_set_ready_time (notice->source, -1);
  g_mutex_unlock (&notice->mutex);
  notice->look (notice->data);
  return G_SOURCE_CONTINUE;
}

Notice *
notice_new (GMainContext *context, void (*look) (void *data), void *data)
{
  Notice *notice = g_new0 (Notice, 1);

  g_mutex_init (&notice->mutex);
  notice->due = NOT_GIVEN;
  notice->look = look;
  notice->data = data;
  notice->source = ready_source_new (notice_look, notice);
  g_source_attach (notice->source, context);
  return notice;
}

void
notice_free (Notice *notice)
{
  if (notice == NULL)
    return;
  g_source_destroy (notice->source);
  g_source_unref (notice->source);
  g_mutex_clear (&notice->mutex);
  g_free (notice);
}

void
notice_give (Notice *notice, gint64 delay_us)
{
  gint64 due = g_get_monotonic_time () + delay_us;

  g_mutex_lock (&notice->mutex);
  if (notice->due == NOT_GIVEN || due < notice->due)
    {
      notice->due = due;
      g_source_set_ready_time (notice->source, due);
    }
  g_mutex_unlock (&notice->mutex);
}
