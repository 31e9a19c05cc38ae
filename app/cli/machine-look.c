/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-look.h"

#include <unistd.h>

#include "app/model/machine-peer.h"
#include "app/model/machine-process.h"
#include "vmm-core/control-names.h"

typedef struct
{
  GCancellable *cancellable;
  unsigned pending;
} Round;

typedef struct
{
  Round *round;
  MachineLook *look;
} Question;

static void
finish (Question *question, const GError *error)
{
  /* A socket where nobody listens is one that a killed process left; one whose queue is full is
   * that of a process which takes nothing any more. */
  question->look->silent = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)
                           || g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  question->round->pending--;
  g_free (question);
}

static void
proxy_ready (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  Question *question = data;
  GhMachine1 *proxy = gh_machine1_proxy_new_finish (result, &error);

  /* A proxy whose properties did not come is no use. */
  if (proxy != NULL && gh_machine1_get_state (proxy) == NULL)
    {
      g_clear_object (&proxy);
      g_set_error_literal (&error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
    }
  question->look->proxy = proxy;
  finish (question, error);
}

static void
connected (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  Question *question = data;
  g_autoptr (GDBusConnection) connection = machine_process_connect_finish (result, &error);

  if (connection == NULL)
    finish (question, error);
  else
    gh_machine1_proxy_new (connection, G_DBUS_PROXY_FLAGS_NONE, NULL, CONTROL_MACHINE_PATH,
                           question->round->cancellable, proxy_ready, question);
}

static gboolean
is_stopped (const char *socket)
{
  int peer = machine_peer_open_at (socket);
  gboolean stopped = peer >= 0 && machine_peer_is_stopped (peer);

  if (peer >= 0)
    close (peer);
  return stopped;
}

static gboolean
out_of_patience (gpointer data)
{
  g_cancellable_cancel (data);
  return G_SOURCE_REMOVE;
}

static gpointer
run_links (gpointer context)
{
  for (;;)
    g_main_context_iteration (context, TRUE);
  return NULL;
}

/* A thread of their own, for commands wait for answers. */
static GMainContext *
get_links (void)
{
  static GMainContext *links;

  if (links == NULL)
    {
      links = g_main_context_new ();
      g_thread_unref (g_thread_new ("links", run_links, links));
    }
  return links;
}

void
machine_look (MachineLook *looks, unsigned n, unsigned patience)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GSource) limit = g_timeout_source_new (patience);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GMainContext *links = get_links ();
  Round round = { cancellable, 0 };

  g_main_context_push_thread_default (context);
  for (unsigned i = 0; i < n; i++)
    {
      Question *question;

      looks[i].silent = looks[i].socket != NULL && is_stopped (looks[i].socket);
      if (looks[i].socket == NULL || looks[i].silent)
        continue;
      question = g_new (Question, 1);
      *question = (Question){ &round, &looks[i] };
      round.pending++;
      machine_process_connect_async (looks[i].socket, links, cancellable, connected, question);
    }
  g_source_set_callback (limit, out_of_patience, cancellable, NULL);
  g_source_attach (limit, context);
  while (round.pending > 0)
    g_main_context_iteration (context, TRUE);
  g_source_destroy (limit);
  g_main_context_pop_thread_default (context);
}
