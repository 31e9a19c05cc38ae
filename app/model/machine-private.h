/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib/gstdio.h>

#include "machine.h"

/* What the files of Machine share. */

struct _Machine
{
  GObject parent_instance;
  char *folder;
  char *name;
  char *uuid;
  char *failure, *failed_drive;
  char *accelerator, *accelerator_reason; /* NULL while off */
  GKeyFile *conf;
  char *conf_problem;   /* a sentence; NULL: none */
  gboolean conf_lost;   /* what conf holds is not what the file has */
  GStatBuf conf_status; /* of machine.conf when it was read */
  GBytes *picture;
  MachineState state;

  GSubprocess *process; /* only if this application started it */
  int peer;             /* the process, if somebody else did; -1: unknown */
  guint peer_watch;
  GDBusConnection *connection;
  gboolean attached;     /* its properties are known, and followed */
  gboolean was_attached; /* to this process */
  GHashTable *said;      /* its properties */
  guint subscriptions[2];
  GCancellable *cancellable; /* of everything that belongs to the connection */
  guint retry;
  unsigned tries;
  gboolean attaching;
  gboolean power_on_wanted;
  gboolean restart_wanted;
  gboolean quitting;
  gboolean picture_pending;
  gboolean without_disc; /* the start that is under way */
  guint attach_limit;
  gboolean asking;
};

enum
{
  PROP_NAME = 1,
  PROP_STATE,
  PROP_FAILURE,
  PROP_ACCELERATOR,
  PROP_REASON,
  PROP_PICTURE,
  PROP_DRIVES,
  PROP_TROUBLE,
  N_PROPS
};
enum
{
  PROBLEM,
  ACTIVITY,
  CHANGED,
  N_SIGNALS
};
extern guint machine_signals[N_SIGNALS];

/* machine.c */
void machine_notify (Machine *self, guint property);
void machine_set_state (Machine *self, MachineState state);
void machine_set_failure (Machine *self, const char *failure);

/* machine-attachment.c: looks for the process and follows what becomes of it; or leaves it. */
void machine_attach (Machine *self);
void machine_detach (Machine *self);
void machine_not_started (Machine *self, const char *why);
void machine_call_power_on (Machine *self);
/* Asks the process for a sign of life. */
void machine_ask (Machine *self);
/* The process is no more, and that was meant. */
void machine_gone (Machine *self);
void machine_follow_process (Machine *self); /* that was started just now */
/* What machine_follow_properties () learns: all of them, or an error; some of them have changed. */
void machine_attached (Machine *self, const GError *error);
void machine_properties_told (Machine *self, gboolean state);

/* machine-properties.c: what the process says of itself, while there is a connection. */
void machine_follow_properties (Machine *self);
void machine_forget_properties (Machine *self);
/* NULL: it has not said. Each is of its type. */
GVariant *machine_dup_property (Machine *self, const char *name);
char *machine_dup_property_string (Machine *self, const char *name);
/* As much of a text from a process as a sentence takes. */
char *machine_dup_shown (const char *text);
/* Calls a method of org.guesthouse.Machine1, as long as the connection lasts; takes a floating
 * parameters. */
void machine_call_method (Machine *self, const char *method, GVariant *parameters, int timeout,
                          GAsyncReadyCallback callback, gpointer data);

/* machine-picture.c */
void machine_take_picture (Machine *self);
void machine_keep_picture (Machine *self);
