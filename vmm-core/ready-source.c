/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ready-source.h"

static gboolean
ready_source_dispatch (GSource *source, GSourceFunc callback, gpointer data)
{
  return callback (data);
}

GSource *
ready_source_new (GSourceFunc callback, void *data)
{
  static GSourceFuncs funcs = { .dispatch = ready_source_dispatch };
  GSource *source = g_source_new (&funcs, sizeof (GSource));

  g_source_set_callback (source, callback, data, NULL);
  return source;
}
