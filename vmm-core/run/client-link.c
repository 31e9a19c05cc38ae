/* SPDX-License-Identifier: GPL-3.0-or-later */
/* D-Bus Specification, “Message Protocol” and “Authentication Protocol”. */
#include "client-link.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dbus-header.h"

#define MAX_CALLS 4
#define MAX_UNSENT (256u << 10) /* beyond that, no call of this client's is begun */
#define MAX_AHEAD (1u << 20)    /* unsent; the rest stays where GDBus has it */
#define MAX_MESSAGE (1u << 20)  /* from a client */
#define MAX_LOGIN_LINE 512
#define MAX_LOGIN 4096
#define MAX_FDS 16
#define CHUNK 65536
#define LOGIN_US (5 * G_USEC_PER_SEC)
#define STALL_US (20 * G_USEC_PER_SEC)

/* One direction. Of the bytes that came, the first `passed` are to go on; they are dropped as they
 * do. */
typedef struct
{
  int from, to;
  GByteArray *bytes;
  gsize passed;
  uint64_t rest;  /* of the last message: has not come yet */
  gboolean skip;  /* the rest goes nowhere */
  gboolean login; /* lines of text, still */
  gsize login_bytes;
  gboolean held;  /* the next message must wait */
  gboolean ended; /* nothing more comes */
  int fds[MAX_FDS];
  unsigned n_fds;
  unsigned n_fds_to_send; /* with the byte at fds_at; the first of fds */
  gsize fds_at;
} Flow;

/* A call is answered in any case, so that it is known when it is done. */
typedef struct
{
  uint32_t serial;
  gboolean wanted; /* the client waits for the answer */
} Call;

struct ClientLink
{
  ClientLinkKind kind;
  Flow in, out; /* as seen from GDBus */
  Call calls[MAX_CALLS];
  unsigned n_calls;
  gint64 login_until, unsent_since, last_heard;
  GSource *source;
  gpointer client_tag, bus_tag; /* NULL: not looked at any more */
};

typedef enum
{
  PASS,
  SKIP,
  HOLD,
  BAD
} Verdict;

/* Flows */

static void
drop_fds (Flow *flow, unsigned n)
{
  for (unsigned i = 0; i < n; i++)
    close (flow->fds[i]);
  flow->n_fds -= n;
  memmove (flow->fds, flow->fds + n, flow->n_fds * sizeof flow->fds[0]);
}

static gboolean
take_fds (Flow *flow, struct msghdr *message)
{
  gboolean all = !(message->msg_flags & MSG_CTRUNC);

  for (struct cmsghdr *c = CMSG_FIRSTHDR (message); c != NULL; c = CMSG_NXTHDR (message, c))
    if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
      for (gsize at = 0; at + sizeof (int) <= c->cmsg_len - CMSG_LEN (0); at += sizeof (int))
        {
          int fd;

          memcpy (&fd, CMSG_DATA (c) + at, sizeof fd);
          if (flow->n_fds < MAX_FDS)
            flow->fds[flow->n_fds++] = fd;
          else
            {
              close (fd);
              all = FALSE;
            }
        }
  return all;
}

/* FALSE when the other side misbehaves. */
static gboolean
flow_read (Flow *flow)
{
  union
  {
    struct cmsghdr header;
    char bytes[CMSG_SPACE (MAX_FDS * sizeof (int))];
  } control;
  guint before = flow->bytes->len;
  struct iovec part;
  struct msghdr message = {
    .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
  };
  ssize_t n;

  g_byte_array_set_size (flow->bytes, before + CHUNK);
  part = (struct iovec){ flow->bytes->data + before, CHUNK };
  n = recvmsg (flow->from, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  g_byte_array_set_size (flow->bytes, before + MAX (n, 0));
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
    flow->ended = TRUE;
  return n <= 0 || take_fds (flow, &message);
}

static ssize_t
send_bytes (Flow *flow, gsize length, unsigned n_fds)
{
  union
  {
    struct cmsghdr header;
    char bytes[CMSG_SPACE (MAX_FDS * sizeof (int))];
  } control = { .header = { 0 } };
  struct iovec part = { flow->bytes->data, length };
  struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

  if (n_fds > 0)
    {
      message.msg_control = &control;
      message.msg_controllen = CMSG_SPACE (n_fds * sizeof (int));
      control.header = (struct cmsghdr){ .cmsg_len = CMSG_LEN (n_fds * sizeof (int)),
                                         .cmsg_level = SOL_SOCKET,
                                         .cmsg_type = SCM_RIGHTS };
      memcpy (CMSG_DATA (&control.header), flow->fds, n_fds * sizeof (int));
    }
  return sendmsg (flow->to, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Sends what may go on, as far as it is taken; descriptors with their message's first byte. */
static gboolean
flow_write (Flow *flow)
{
  while (flow->passed > 0)
    {
      gboolean before_fds = flow->n_fds_to_send > 0 && flow->fds_at > 0;
      unsigned n_fds = before_fds ? 0 : flow->n_fds_to_send;
      ssize_t n = send_bytes (flow, before_fds ? flow->fds_at : flow->passed, n_fds);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return n < 0 && errno == EAGAIN;
      g_byte_array_remove_range (flow->bytes, 0, n);
      flow->passed -= n;
      if (before_fds)
        flow->fds_at -= n;
      drop_fds (flow, n_fds);
      flow->n_fds_to_send -= n_fds;
    }
  return TRUE;
}

/* Messages */

static Verdict
judge_call (ClientLink *link, const DbusHeader *header, uint8_t *message)
{
  if (header->type != DBUS_METHOD_CALL)
    return SKIP;
  if (link->n_calls == MAX_CALLS || link->out.bytes->len > MAX_UNSENT)
    return HOLD;
  for (unsigned i = 0; i < link->n_calls; i++)
    if (link->calls[i].serial == header->serial)
      return BAD;
  link->calls[link->n_calls++]
    = (Call){ header->serial, !(header->flags & DBUS_NO_REPLY_EXPECTED) };
  message[DBUS_FLAGS_AT] &= ~DBUS_NO_REPLY_EXPECTED;
  return PASS;
}

static Verdict
judge_in (ClientLink *link, const DbusHeader *header, uint8_t *message)
{
  if (header->size > MAX_MESSAGE)
    return BAD;
  if (link->kind == CLIENT_LINK_CALLS)
    return judge_call (link, header, message);
  return header->type == DBUS_METHOD_RETURN || header->type == DBUS_ERROR ? PASS : SKIP;
}

static Verdict
judge_out (ClientLink *link, const DbusHeader *header)
{
  if (header->type != DBUS_METHOD_RETURN && header->type != DBUS_ERROR)
    return PASS;
  for (unsigned i = 0; i < link->n_calls; i++)
    if (link->calls[i].serial == header->reply_serial)
      {
        gboolean wanted = link->calls[i].wanted;

        link->calls[i] = link->calls[--link->n_calls];
        return wanted ? PASS : SKIP;
      }
  return PASS;
}

/* The verdict on the message that begins behind what is passed; HOLD until its header is there. */
static Verdict
judge_message (ClientLink *link, Flow *flow)
{
  uint8_t *message = flow->bytes->data + flow->passed;
  gsize have = flow->bytes->len - flow->passed;
  DbusHeader header;
  Verdict verdict;

  switch (dbus_header_parse (&header, message, have))
    {
    case DBUS_HEADER_CUT:
      return HOLD;
    case DBUS_HEADER_BAD:
      return BAD;
    case DBUS_HEADER_WHOLE:
      break;
    }
  flow->held = header.n_fds > 0 && flow->n_fds_to_send > 0;
  if (flow->held)
    return HOLD;
  if (header.n_fds > flow->n_fds)
    return BAD;
  verdict = flow == &link->in ? judge_in (link, &header, message) : judge_out (link, &header);
  flow->held = verdict == HOLD;
  if (verdict != PASS && verdict != SKIP)
    return verdict;
  flow->rest = header.size;
  flow->skip = verdict == SKIP;
  if (flow->skip)
    drop_fds (flow, header.n_fds);
  else if (header.n_fds > 0)
    {
      flow->n_fds_to_send = header.n_fds;
      flow->fds_at = flow->passed;
    }
  if (flow == &link->in)
    link->last_heard = g_get_monotonic_time ();
  return verdict;
}

/* A line goes on when it is whole. Messages follow the client's BEGIN; what the server says before
 * never begins like one. */
static Verdict
judge_login (ClientLink *link, Flow *flow)
{
  const char *line = (const char *) flow->bytes->data + flow->passed;
  gsize have = flow->bytes->len - flow->passed;
  const char *end = memmem (line, have, "\r\n", 2);
  gsize length;

  if (flow == &link->out && (*line == 'l' || *line == 'B'))
    {
      flow->login = FALSE;
      return PASS;
    }
  if (end == NULL)
    return have > MAX_LOGIN_LINE ? BAD : HOLD;
  length = end + 2 - line;
  flow->login = flow == &link->out || length != 7 || memcmp (line, "BEGIN", 5) != 0;
  flow->passed += length;
  flow->login_bytes += length;
  return flow->login_bytes > MAX_LOGIN ? BAD : PASS;
}

/* Decides what of the bytes goes on. FALSE when the other side misbehaves. */
static gboolean
flow_judge (ClientLink *link, Flow *flow)
{
  Verdict verdict = PASS;

  while (verdict != HOLD && flow->bytes->len > flow->passed)
    if (flow->rest > 0)
      {
        gsize n = MIN (flow->rest, flow->bytes->len - flow->passed);

        if (flow->skip)
          g_byte_array_remove_range (flow->bytes, flow->passed, n);
        else
          flow->passed += n;
        flow->rest -= n;
      }
    else
      {
        verdict = flow->login ? judge_login (link, flow) : judge_message (link, flow);
        if (verdict == BAD)
          return FALSE;
      }
  return TRUE;
}

/* The link */

static void
cut_off (ClientLink *link)
{
  Flow *flows[] = { &link->in, &link->out };

  if (link->source == NULL)
    return;
  g_source_destroy (link->source);
  g_clear_pointer (&link->source, g_source_unref);
  close (link->in.from);
  close (link->in.to);
  link->n_calls = 0;
  for (unsigned i = 0; i < G_N_ELEMENTS (flows); i++)
    {
      drop_fds (flows[i], flows[i]->n_fds);
      g_byte_array_set_size (flows[i]->bytes, 0);
      flows[i]->passed = 0;
    }
}

static gboolean
wants_more (const Flow *flow, gsize limit)
{
  return !flow->ended && flow->bytes->len < limit;
}

/* Passes on what has come, both ways. FALSE when that was the end. */
static gboolean
pump (ClientLink *link)
{
  Flow *in = &link->in, *out = &link->out;
  gsize waiting;

  if (wants_more (in, CHUNK) && !flow_read (in))
    return FALSE;
  if (wants_more (out, MAX_AHEAD) && !flow_read (out))
    return FALSE;
  if (!flow_judge (link, out))
    return FALSE;
  if (in->ended)
    {
      /* Nobody is there to take it. */
      g_byte_array_remove_range (out->bytes, 0, out->passed);
      out->passed = 0;
    }
  else if (!flow_write (out))
    return FALSE;
  do
    {
      waiting = in->bytes->len;
      if (!flow_judge (link, in) || !flow_write (in))
        return FALSE;
    }
  while (in->held && in->bytes->len < waiting);
  return !(in->ended && in->passed == 0 && !in->held) && !(out->ended && out->passed == 0);
}

/* A socket without a far end would be ready for ever. */
static void
watch (ClientLink *link, gpointer *tag, const Flow *from, const Flow *to, gsize limit)
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
link_dispatch (gpointer data)
{
  ClientLink *link = data;
  gint64 now = g_get_monotonic_time (), until;

  if (link->client_tag != NULL && !wants_more (&link->in, CHUNK)
      && (g_source_query_unix_fd (link->source, link->client_tag) & (G_IO_HUP | G_IO_ERR)))
    link->in.ended = TRUE;
  if (!pump (link))
    {
      cut_off (link);
      return G_SOURCE_REMOVE;
    }
  if (link->out.passed == 0)
    link->unsent_since = 0;
  else if (link->unsent_since == 0)
    link->unsent_since = now;
  until = link->in.login            ? link->login_until
          : link->unsent_since != 0 ? link->unsent_since + STALL_US
                                    : -1;
  if (until >= 0 && now >= until)
    {
      cut_off (link);
      return G_SOURCE_REMOVE;
    }
  g_source_set_ready_time (link->source, until);
  watch (link, &link->client_tag, &link->in, &link->out, CHUNK);
  watch (link, &link->bus_tag, &link->out, &link->in, MAX_AHEAD);
  return G_SOURCE_CONTINUE;
}

static gboolean
source_dispatch (GSource *source, GSourceFunc callback, gpointer data)
{
  return callback (data);
}

static GSourceFuncs source_funcs = { .dispatch = source_dispatch };

static gboolean
is_unix_stream (int fd)
{
  int domain = 0, type = 0;
  socklen_t size = sizeof domain;

  return getsockopt (fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX
         && getsockopt (fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

static ClientLink *
link_socket (int fd, ClientLinkKind kind, GMainContext *context, const int pair[2],
             GIOStream **stream)
{
  g_autoptr (GSocket) socket = g_socket_new_from_fd (pair[1], NULL);
  ClientLink *link = g_new0 (ClientLink, 1);

  g_assert (socket != NULL);
  *stream = G_IO_STREAM (g_socket_connection_factory_create_connection (socket));
  link->kind = kind;
  link->in = (Flow){ .from = fd, .to = pair[0], .bytes = g_byte_array_new (), .login = TRUE };
  link->out = (Flow){ .from = pair[0], .to = fd, .bytes = g_byte_array_new (), .login = TRUE };
  link->last_heard = g_get_monotonic_time ();
  link->login_until = link->last_heard + LOGIN_US;
  link->source = g_source_new (&source_funcs, sizeof (GSource));
  link->client_tag = g_source_add_unix_fd (link->source, fd, G_IO_IN);
  link->bus_tag = g_source_add_unix_fd (link->source, pair[0], G_IO_IN);
  g_source_set_callback (link->source, link_dispatch, link, NULL);
  g_source_set_ready_time (link->source, link->login_until);
  g_source_attach (link->source, context);
  return link;
}

ClientLink *
client_link_new (int fd, ClientLinkKind kind, GMainContext *context, GIOStream **stream,
                 GError **error)
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

void
client_link_free (ClientLink *link)
{
  if (link == NULL)
    return;
  cut_off (link);
  g_byte_array_unref (link->in.bytes);
  g_byte_array_unref (link->out.bytes);
  g_free (link);
}

gint64
client_link_get_last_heard (const ClientLink *link)
{
  return link->last_heard;
}

gboolean
client_link_is_served (const ClientLink *link)
{
  int coming = 0;

  return link->source == NULL
         || (link->n_calls == 0 && link->out.passed == 0
             && (ioctl (link->out.from, FIONREAD, &coming) < 0 || coming == 0));
}
