/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/* What keeps a D-Bus connection between a machine and its clients within bounds, on either side.
 * GDBus reads whatever comes, and queues answers, signals and calls without a limit; so a link lies
 * between the socket to the other side and the one that GDBus has, and passes messages on. Four
 * calls from the other side are under way at most: the rest waits in its own socket. Answers go on
 * as fast as they are taken; whoever has not taken all of them for 20 seconds, or sends more than a
 * mebibyte in one message, is cut off, which GDBus reports as a closed connection. A client that
 * has not said who he is within 5 seconds is, too; a machine, which may say more in an answer, is
 * heard some 800 times a second at most, when the context has nothing else to do. Nothing here
 * waits. Everything runs on the thread of the context. */
typedef struct DbusLink DbusLink;

/* What is on the other side, and which messages it may send; others go nowhere. */
typedef enum
{
  DBUS_LINK_CLIENT,  /* calls */
  DBUS_LINK_VIEWER,  /* a client that is called: answers */
  DBUS_LINK_MACHINE, /* answers and signals */
  DBUS_LINK_SCREEN   /* a machine that calls a viewer: calls */
} DbusLinkKind;

/* fd is a connected Unix stream socket and belongs to the link, even on an error; *stream is for
 * GDBus, which authenticates clients and viewers, and is authenticated by machines. */
DbusLink *dbus_link_new (int fd, DbusLinkKind kind, GMainContext *context, GIOStream **stream,
                         GError **error);
void dbus_link_free (DbusLink *link);
/* The stream of a link that lives as long as its two sides do. */
GIOStream *dbus_link_open (int fd, DbusLinkKind kind, GMainContext *context, GError **error);

/* When the other side last began a message, or came: monotonic time. */
gint64 dbus_link_get_last_heard (const DbusLink *link);
/* Every call has been answered, and all answers were taken. */
gboolean dbus_link_is_served (const DbusLink *link);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DbusLink, dbus_link_free)
