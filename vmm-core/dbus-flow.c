/* SPDX-License-Identifier: GPL-3.0-or-later */
/* D-Bus Specification, “Message Protocol” and “Authentication Protocol”. */
#include "dbus-flow.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_LOGIN_LINE 512
#define MAX_LOGIN 4096

static void
drop_fds (DbusFlow *flow, unsigned n)
{
  for (unsigned i = 0; i < n; i++)
    close (flow->fds[i]);
  flow->n_fds -= n;
  memmove (flow->fds, flow->fds + n, flow->n_fds * sizeof flow->fds[0]);
}

static gboolean
take_fds (DbusFlow *flow, struct msghdr *message)
{
  gboolean all = !(message->msg_flags & MSG_CTRUNC);

  for (struct cmsghdr *c = CMSG_FIRSTHDR (message); c != NULL; c = CMSG_NXTHDR (message, c))
    if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
      for (gsize at = 0; at + sizeof (int) <= c->cmsg_len - CMSG_LEN (0); at += sizeof (int))
        {
          int fd;

          memcpy (&fd, CMSG_DATA (c) + at, sizeof fd);
          if (flow->n_fds < DBUS_FLOW_FDS)
            flow->fds[flow->n_fds++] = fd;
          else
            {
              close (fd);
              all = FALSE;
            }
        }
  return all;
}

gboolean
dbus_flow_read (DbusFlow *flow)
{
  union
  {
    struct cmsghdr header;
    char bytes[CMSG_SPACE (DBUS_FLOW_FDS * sizeof (int))];
  } control;
  guint before = flow->bytes->len;
  struct iovec part;
  struct msghdr message = {
    .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
  };
  ssize_t n;

  g_byte_array_set_size (flow->bytes, before + DBUS_FLOW_CHUNK);
  part = (struct iovec){ flow->bytes->data + before, DBUS_FLOW_CHUNK };
  n = recvmsg (flow->from, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  g_byte_array_set_size (flow->bytes, before + MAX (n, 0));
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
    flow->ended = TRUE;
  return n <= 0 || take_fds (flow, &message);
}

static ssize_t
send_bytes (DbusFlow *flow, gsize length, unsigned n_fds)
{
  union
  {
    struct cmsghdr header;
    char bytes[CMSG_SPACE (DBUS_FLOW_FDS * sizeof (int))];
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
gboolean
dbus_flow_write (DbusFlow *flow)
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

/* The verdict on the message that begins behind what is passed; it waits until its header is there.
 */
static DbusVerdict
judge_message (DbusFlow *flow)
{
  uint8_t *message = flow->bytes->data + flow->passed;
  gsize have = flow->bytes->len - flow->passed;
  DbusHeader header;
  DbusVerdict verdict;

  switch (dbus_header_parse (&header, message, have))
    {
    case DBUS_HEADER_CUT:
      return DBUS_FLOW_HOLD;
    case DBUS_HEADER_BAD:
      return DBUS_FLOW_BAD;
    case DBUS_HEADER_WHOLE:
      break;
    }
  flow->held = header.n_fds > 0 && flow->n_fds_to_send > 0;
  if (flow->held)
    return DBUS_FLOW_HOLD;
  if (header.n_fds > flow->n_fds)
    return DBUS_FLOW_BAD;
  verdict = flow->judge (flow->data, &header, message);
  flow->held = verdict == DBUS_FLOW_HOLD;
  if (verdict != DBUS_FLOW_PASS && verdict != DBUS_FLOW_SKIP)
    return verdict;
  flow->rest = header.size;
  flow->skip = verdict == DBUS_FLOW_SKIP;
  if (flow->skip)
    drop_fds (flow, header.n_fds);
  else if (header.n_fds > 0)
    {
      flow->n_fds_to_send = header.n_fds;
      flow->fds_at = flow->passed;
    }
  return verdict;
}

/* A line goes on when it is whole. Messages follow the client's BEGIN; what the server says before
 * never begins like one. */
static DbusVerdict
judge_login (DbusFlow *flow)
{
  const char *line = (const char *) flow->bytes->data + flow->passed;
  gsize have = flow->bytes->len - flow->passed;
  const char *end = memmem (line, have, "\r\n", 2);
  gsize length;

  if (flow->from_server && (*line == 'l' || *line == 'B'))
    {
      flow->login = FALSE;
      return DBUS_FLOW_PASS;
    }
  if (end == NULL)
    return have > MAX_LOGIN_LINE ? DBUS_FLOW_BAD : DBUS_FLOW_HOLD;
  length = end + 2 - line;
  flow->login = flow->from_server || length != 7 || memcmp (line, "BEGIN", 5) != 0;
  flow->passed += length;
  flow->login_bytes += length;
  return flow->login_bytes > MAX_LOGIN ? DBUS_FLOW_BAD : DBUS_FLOW_PASS;
}

gboolean
dbus_flow_decide (DbusFlow *flow)
{
  DbusVerdict verdict = DBUS_FLOW_PASS;

  while (verdict != DBUS_FLOW_HOLD && flow->bytes->len > flow->passed)
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
        verdict = flow->login ? judge_login (flow) : judge_message (flow);
        if (verdict == DBUS_FLOW_BAD)
          return FALSE;
      }
  return TRUE;
}

void
dbus_flow_init (DbusFlow *flow, int from, int to, gboolean from_server, DbusFlowJudge judge,
                void *data)
{
  *flow = (DbusFlow){ .from = from,
                      .to = to,
                      .from_server = from_server,
                      .judge = judge,
                      .data = data,
                      .bytes = g_byte_array_new (),
                      .login = TRUE };
}

void
dbus_flow_empty (DbusFlow *flow)
{
  drop_fds (flow, flow->n_fds);
  g_byte_array_set_size (flow->bytes, 0);
  flow->passed = 0;
}

void
dbus_flow_clear (DbusFlow *flow)
{
  dbus_flow_empty (flow);
  g_byte_array_unref (flow->bytes);
}
