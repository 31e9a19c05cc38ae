/* SPDX-License-Identifier: GPL-3.0-or-later */
/* D-Bus Specification, “Message Protocol” and “Authentication Protocol”. */
#include "dbus-link.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dbus-flow.h"
#include "ready-source.h"

#define MAX_CALLS 4
#define MAX_UNSENT (256u << 10) /* beyond that, no call of this client's is begun */
#define MAX_AHEAD (1u << 20)    /* unsent; the rest stays where GDBus has it */
#define MAX_MESSAGE (1u << 20)
#define MAX_ANSWER (17u << 20) /* of a machine: a picture */
#define MIN_COST (64u << 10)   /* of a machine's message, however small */
#define TURN (1u << 20)        /* of a machine's messages that one turn takes */
#define TURN_MS 20
#define LOGIN_US (5 * G_USEC_PER_SEC)
#define STALL_US (20 * G_USEC_PER_SEC)

/* A call is answered in any case, so that it is known when it is done. */
typedef struct
{
  uint32_t serial;
  gboolean wanted; /* the client waits for the answer */
} Call;

struct DbusLink
{
  DbusLinkKind kind;
  DbusFlow in, out; /* as seen from GDBus */
  Call calls[MAX_CALLS];
  unsigned n_calls;
  gint64 login_until, unsent_since, last_heard; /* monotonic times; -1: no limit */
  gint64 turn;                                  /* what is left of a machine's */
  GSource *next_turn;                           /* NULL: it has one, or needs none */
  gboolean alone;                               /* it belongs to nobody */
  GSource *source;
  gpointer far_tag, near_tag; /* NULL: not looked at any more */
};

/* Messages */

static DbusVerdict
judge_call (DbusLink *link, const DbusHeader *header, uint8_t *message)
{
  if (header->type != DBUS_METHOD_CALL)
    return DBUS_FLOW_SKIP;
  if (link->n_calls == MAX_CALLS || link->out.bytes->len > MAX_UNSENT)
    return DBUS_FLOW_HOLD;
  for (unsigned i = 0; i < link->n_calls; i++)
    if (link->calls[i].serial == header->serial)
      return DBUS_FLOW_BAD;
  link->calls[link->n_calls++]
    = (Call){ header->serial, !(header->flags & DBUS_NO_REPLY_EXPECTED) };
  message[DBUS_FLAGS_AT] &= ~DBUS_NO_REPLY_EXPECTED;
  return DBUS_FLOW_PASS;
}

static gboolean
is_of_machine (const DbusLink *link)
{
  return link->kind == DBUS_LINK_MACHINE || link->kind == DBUS_LINK_SCREEN;
}

static gboolean
take_next_turn (gpointer data)
{
  DbusLink *link = data;

  link->turn = MIN (link->turn + TURN, TURN);
  g_clear_pointer (&link->next_turn, g_source_unref);
  g_source_set_ready_time (link->source, 0);
  return G_SOURCE_REMOVE;
}

/* A machine's messages are taken in turns, which come at most so often and after all that the
 * application has to do, drawing included: whoever floods it waits, with all that he has to say. */
static gboolean
has_turn (DbusLink *link)
{
  if (link->turn > 0)
    return TRUE;
  if (link->next_turn == NULL)
    {
      link->next_turn = g_timeout_source_new (TURN_MS);
      g_source_set_priority (link->next_turn, G_PRIORITY_LOW);
      g_source_set_callback (link->next_turn, take_next_turn, link, NULL);
      g_source_attach (link->next_turn, g_source_get_context (link->source));
    }
  return FALSE;
}

static DbusVerdict
judge_kind (DbusLink *link, const DbusHeader *header, uint8_t *message)
{
  gboolean answer = header->type == DBUS_METHOD_RETURN || header->type == DBUS_ERROR;

  if (header->size > (link->kind == DBUS_LINK_MACHINE && answer ? MAX_ANSWER : MAX_MESSAGE))
    return DBUS_FLOW_BAD;
  if (link->kind == DBUS_LINK_CLIENT || link->kind == DBUS_LINK_SCREEN)
    return judge_call (link, header, message);
  return answer || (link->kind == DBUS_LINK_MACHINE && header->type == DBUS_SIGNAL)
           ? DBUS_FLOW_PASS
           : DBUS_FLOW_SKIP;
}

static DbusVerdict
judge_in (void *data, const DbusHeader *header, uint8_t *message)
{
  DbusLink *link = data;
  DbusVerdict verdict;

  if (is_of_machine (link) && !has_turn (link))
    return DBUS_FLOW_HOLD;
  verdict = judge_kind (link, header, message);
  if (verdict == DBUS_FLOW_PASS || verdict == DBUS_FLOW_SKIP)
    {
      link->last_heard = g_get_monotonic_time ();
      link->turn -= MAX (header->size, MIN_COST);
    }
  return verdict;
}

static DbusVerdict
judge_out (void *data, const DbusHeader *header, uint8_t *message)
{
  DbusLink *link = data;

  if (header->type != DBUS_METHOD_RETURN && header->type != DBUS_ERROR)
    return DBUS_FLOW_PASS;
  for (unsigned i = 0; i < link->n_calls; i++)
    if (link->calls[i].serial == header->reply_serial)
      {
        gboolean wanted = link->calls[i].wanted;

        link->calls[i] = link->calls[--link->n_calls];
        return wanted ? DBUS_FLOW_PASS : DBUS_FLOW_SKIP;
      }
  return DBUS_FLOW_PASS;
}

/* The link */

static void
cut_off (DbusLink *link)
{
  if (link->source == NULL)
    return;
  if (link->next_turn != NULL)
    g_source_destroy (link->next_turn);
  g_clear_pointer (&link->next_turn, g_source_unref);
  g_source_destroy (link->source);
  g_clear_pointer (&link->source, g_source_unref);
  close (link->in.from);
  close (link->in.to);
  link->n_calls = 0;
  dbus_flow_empty (&link->in);
  dbus_flow_empty (&link->out);
}

static gboolean
wants_more (const DbusFlow *flow, gsize limit)
{
  return !flow->ended && flow->bytes->len < limit;
}

/* Passes on what has come, both ways. FALSE when that was the end. */
static gboolean
pump (DbusLink *link)
{
  DbusFlow *in = &link->in, *out = &link->out;
  gsize waiting;

  if (wants_more (in, DBUS_FLOW_CHUNK) && !dbus_flow_read (in))
    return FALSE;
  if (wants_more (out, MAX_AHEAD) && !dbus_flow_read (out))
    return FALSE;
  if (!dbus_flow_decide (out))
    return FALSE;
  if (in->ended)
    {
      /* Nobody is there to take it. */
      g_byte_array_remove_range (out->bytes, 0, out->passed);
      out->passed = 0;
    }
  else if (!dbus_flow_write (out))
    return FALSE;
  do
    {
      waiting = in->bytes->len;
      if (!dbus_flow_decide (in) || !dbus_flow_write (in))
        return FALSE;
    }
  while (in->held && in->bytes->len < waiting);
  return !(in->ended && in->passed == 0 && !in->held) && !(out->ended && out->passed == 0);
}

/* A socket without a far end would be ready for ever. */
static void
watch (DbusLink *link, gpointer *tag, const DbusFlow *from, const DbusFlow *to, gsize limit)
{
  if (*tag == NULL)
    return;
  if (from->ended)
    {
      g_source_remove_unix_fd (link->source, *tag);
      *tag = NULL;
      return;
    }
  g_source_modify_unix_fd (
    link->source, *tag, (wants_more (from, limit) ? G_IO_IN : 0) | (to->passed > 0 ? G_IO_OUT : 0));
}

static gboolean
end (DbusLink *link)
{
  cut_off (link);
  if (link->alone)
    dbus_link_free (link);
  return G_SOURCE_REMOVE;
}

static gboolean
link_dispatch (gpointer data)
{
  DbusLink *link = data;
  gint64 now = g_get_monotonic_time (), until;

  if (link->far_tag != NULL && !wants_more (&link->in, DBUS_FLOW_CHUNK)
      && (g_source_query_unix_fd (link->source, link->far_tag) & (G_IO_HUP | G_IO_ERR)))
    link->in.ended = TRUE;
  if (!pump (link))
    return end (link);
  if (link->out.passed == 0)
    link->unsent_since = 0;
  else if (link->unsent_since == 0)
    link->unsent_since = now;
  until = link->in.login            ? link->login_until
          : link->unsent_since != 0 ? link->unsent_since + STALL_US
                                    : -1;
  if (until >= 0 && now >= until)
    return end (link);
  g_source_set_ready_time (link->source, until);
  watch (link, &link->far_tag, &link->in, &link->out, DBUS_FLOW_CHUNK);
  watch (link, &link->near_tag, &link->out, &link->in, MAX_AHEAD);
  return G_SOURCE_CONTINUE;
}

static gboolean
is_unix_stream (int fd)
{
  int domain = 0, type = 0;
  socklen_t size = sizeof domain;

  return getsockopt (fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX
         && getsockopt (fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

static DbusLink *
link_socket (int fd, DbusLinkKind kind, GMainContext *context, const int pair[2],
             GIOStream **stream)
{
  g_autoptr (GSocket) socket = g_socket_new_from_fd (pair[1], NULL);
  DbusLink *link = g_new0 (DbusLink, 1);

  g_assert (socket != NULL);
  *stream = G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
  link->kind = kind;
  link->turn = TURN;
  dbus_flow_init (&link->in, fd, pair[0], is_of_machine (link), judge_in, link);
  dbus_flow_init (&link->out, pair[0], fd, !is_of_machine (link), judge_out, link);
  link->last_heard = g_get_monotonic_time ();
  link->login_until = is_of_machine (link) ? -1 : link->last_heard + LOGIN_US;
  link->source = ready_source_new (link_dispatch, link);
  link->far_tag = g_source_add_unix_fd (link->source, fd, G_IO_IN);
  link->near_tag = g_source_add_unix_fd (link->source, pair[0], G_IO_IN);
  g_source_set_ready_time (link->source, link->login_until);
  g_source_attach (link->source, context);
  return link;
}

DbusLink *
dbus_link_new (int fd, DbusLinkKind kind, GMainContext *context, GIOStream **stream, GError **error)
{
  int pair[2];

  if (!is_unix_stream (fd))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                         _ ("The listener is not a socket: pass one end of a socket pair."));
  else if (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                 _ ("The machine cannot take another client: %s. Close some."), g_strerror (errno));
  else
    return link_socket (fd, kind, context, pair, stream);
  if (fd >= 0)
    close (fd);
  return NULL;
}

GIOStream *
dbus_link_open (int fd, DbusLinkKind kind, GMainContext *context, GError **error)
{
  GIOStream *stream = NULL;
  DbusLink *link = dbus_link_new (fd, kind, context, &stream, error);

  if (link != NULL)
    link->alone = TRUE;
  return stream;
}

void
dbus_link_free (DbusLink *link)
{
  if (link == NULL)
    return;
  cut_off (link);
  dbus_flow_clear (&link->in);
  dbus_flow_clear (&link->out);
  g_free (link);
}

gint64
dbus_link_get_last_heard (const DbusLink *link)
{
  return link->last_heard;
}

gboolean
dbus_link_is_served (const DbusLink *link)
{
  int coming = 0;

  return link->source == NULL
         || (link->n_calls == 0 && link->out.passed == 0
             && (ioctl (link->out.from, FIONREAD, &coming) < 0 || coming == 0));
}
