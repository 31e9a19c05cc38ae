/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "dbus-header.h"

/* One direction of a D-Bus connection, from one socket to another: each message is judged by its
 * header, and goes on as fast as it is taken. Nothing here waits. */

#define DBUS_FLOW_CHUNK 65536 /* bytes of one read */
#define DBUS_FLOW_FDS 16

typedef enum
{
  DBUS_FLOW_PASS,
  DBUS_FLOW_SKIP, /* it goes nowhere */
  DBUS_FLOW_HOLD, /* it must wait, and what is behind it */
  DBUS_FLOW_BAD   /* the other side misbehaves */
} DbusVerdict;

/* Only the header's bytes are sure to be there. */
typedef DbusVerdict (*DbusFlowJudge) (void *data, const DbusHeader *header, uint8_t *message);

/* Of the bytes that came, the first `passed` are to go on; they are dropped as they do. */
typedef struct
{
  int from, to;
  gboolean from_server; /* in the sense of the authentication */
  DbusFlowJudge judge;
  void *data;
  GByteArray *bytes;
  gsize passed;
  uint64_t rest;  /* of the last message: has not come yet */
  gboolean skip;  /* the rest goes nowhere */
  gboolean login; /* lines of text, still */
  gsize login_bytes;
  gboolean held;  /* the next message must wait */
  gboolean ended; /* nothing more comes */
  int fds[DBUS_FLOW_FDS];
  unsigned n_fds;
  unsigned n_fds_to_send; /* with the byte at fds_at; the first of fds */
  gsize fds_at;
} DbusFlow;

void dbus_flow_init (DbusFlow *flow, int from, int to, gboolean from_server, DbusFlowJudge judge,
                     void *data);
/* Drops what has come; the sockets are the owner's. */
void dbus_flow_empty (DbusFlow *flow);
void dbus_flow_clear (DbusFlow *flow);

/* Each returns FALSE when the other side misbehaves or is gone: reads once, decides what goes on,
 * and sends that. */
gboolean dbus_flow_read (DbusFlow *flow);
gboolean dbus_flow_decide (DbusFlow *flow);
gboolean dbus_flow_write (DbusFlow *flow);
