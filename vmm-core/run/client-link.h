/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/* What keeps a client's D-Bus connection within bounds. GDBus reads whatever comes, and queues
 * answers and signals without a limit; so a link lies between the client's socket and the one that
 * GDBus has, and passes messages on. Four calls of a client are under way at most: the rest waits
 * in the client's own socket, and no client gets ahead of another. Answers go on as fast as they
 * are taken; whoever has not taken all of them for 20 seconds, has not said who he is within 5, or
 * sends more than a mebibyte in one message, is cut off, which GDBus reports as a closed
 * connection. Nothing here waits. Everything runs on the thread of the context. */
typedef struct ClientLink ClientLink;

/* Which messages a client may send; others go nowhere. */
typedef enum
{
  CLIENT_LINK_CALLS,
  CLIENT_LINK_ANSWERS
} ClientLinkKind;

/* fd is a connected Unix stream socket and belongs to the link, even on an error; *stream is for
 * GDBus, as the authenticating server. */
ClientLink *client_link_new (int fd, ClientLinkKind kind, GMainContext *context, GIOStream **stream,
                             GError **error);
void client_link_free (ClientLink *link);

/* When the client last began a message, or came: monotonic time. */
gint64 client_link_get_last_heard (const ClientLink *link);
/* Every call has been answered, and all answers were taken. */
gboolean client_link_is_served (const ClientLink *link);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ClientLink, client_link_free)
