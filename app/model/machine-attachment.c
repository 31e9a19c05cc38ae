/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The machine's process, whoever started it, and all that can become of it. */
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <unistd.h>

#include "machine-folder.h"
#include "machine-peer.h"
#include "machine-private.h"
#include "machine-process.h"
#include "vmm-core/control-names.h"
#include "vmm-core/run/socket-folder.h"

#define CONNECT_TRIES 100 /* of 100 ms: a machine with much memory on a busy host takes a while */
#define ANSWER_LIMIT_MS 3000
#define END_PATIENCE_MS 2000 /* between a lost connection and the end of its process */

static void
read_properties (Machine *self)
{
  g_free (self->accelerator);
  g_free (self->accelerator_reason);
  self->accelerator = machine_dup_property_string (self, "Accelerator");
  self->accelerator_reason = machine_dup_property_string (self, "AcceleratorReason");
  machine_notify (self, PROP_ACCELERATOR);
  machine_notify (self, PROP_REASON);
  machine_notify (self, PROP_DRIVES);
  machine_notify (self, PROP_TROUBLE);
}

static void
leave_connection (Machine *self)
{
  g_clear_handle_id (&self->retry, g_source_remove);
  g_clear_handle_id (&self->attach_limit, g_source_remove);
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  if (self->connection != NULL)
    g_signal_handlers_disconnect_by_data (self->connection, self);
  machine_forget_properties (self);
  g_clear_object (&self->connection);
  self->attaching = FALSE;
  self->attached = FALSE;
  self->picture_pending = FALSE;
  self->asking = FALSE;
  read_properties (self);
}

/* Leaves the process behind, whatever has become of it. */
void
machine_detach (Machine *self)
{
  g_clear_handle_id (&self->peer_watch, g_source_remove);
  if (self->peer >= 0)
    close (self->peer);
  self->peer = -1;
  g_clear_object (&self->process);
  self->was_attached = FALSE;
  leave_connection (self);
}

static void
fail (Machine *self, MachineState state, const char *why, const char *drive)
{
  self->power_on_wanted = FALSE;
  self->restart_wanted = FALSE;
  machine_set_failure (self, why);
  self->failed_drive = g_strdup (drive);
  machine_set_state (self, state);
}

static void
crash (Machine *self, const char *why)
{
  machine_keep_picture (self);
  machine_detach (self);
  fail (self, MACHINE_CRASHED, why, NULL);
}

void
machine_not_started (Machine *self, const char *why)
{
  machine_detach (self);
  fail (self, MACHINE_NOT_STARTED, why, NULL);
}

void
machine_gone (Machine *self)
{
  gboolean again = self->restart_wanted;

  self->restart_wanted = FALSE;
  self->power_on_wanted = FALSE;
  self->quitting = FALSE;
  machine_detach (self);
  if (self->state != MACHINE_CRASHED && self->state != MACHINE_NOT_STARTED)
    machine_set_state (self, MACHINE_OFF);
  if (again && self->without_disc)
    machine_power_on_without_disc (self);
  else if (again)
    machine_power_on (self);
}

/* The process has ended, whoever started it. */
static void
ended (Machine *self)
{
  if (self->quitting || self->state == MACHINE_OFF)
    machine_gone (self);
  else
    crash (self, _ ("The machine's process ended unexpectedly."));
}

static gboolean
peer_ended (int fd, GIOCondition condition, gpointer data)
{
  Machine *self = data;

  self->peer_watch = 0;
  ended (self);
  return G_SOURCE_REMOVE;
}

static gboolean
lost_for_good (gpointer data)
{
  Machine *self = data;

  self->retry = 0;
  if (self->quitting)
    machine_gone (self);
  else if (machine_is_on (self))
    machine_set_state (self, MACHINE_NOT_RESPONDING);
  return G_SOURCE_REMOVE;
}

/* A process that has ended is about to be seen; one that lives is connected to again when it is
 * looked at. */
static void
lose_connection (Machine *self)
{
  leave_connection (self);
  if (self->process != NULL || self->peer >= 0)
    self->retry = g_timeout_add (END_PATIENCE_MS, lost_for_good, self);
  else
    ended (self);
}

static void
connection_closed (GDBusConnection *connection, gboolean remote, GError *error, gpointer data)
{
  lose_connection (data);
}

/* An off machine needs no process; its picture and its log stay in the folder. */
static void
quit_process (Machine *self)
{
  if (self->quitting || !self->attached)
    return;
  self->quitting = TRUE;
  machine_keep_picture (self);
  machine_call_method (self, "Quit", NULL, -1, NULL, NULL);
}

/* What comes of it, and what it waits for, is seen by the state. */
static void
powered_on (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Machine) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer
    = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  g_autofree char *name = error != NULL ? g_dbus_error_get_remote_error (error) : NULL;

  if (G_DBUS_CONNECTION (source) != self->connection || !self->power_on_wanted
      || g_strcmp0 (name, CONTROL_ERROR_LEAVING) != 0)
    return;
  /* Somebody else has told it to quit: another process is started when it is gone. */
  self->quitting = TRUE;
  self->restart_wanted = TRUE;
}

/* However long the host's file system lets it wait. */
void
machine_call_power_on (Machine *self)
{
  machine_call_method (self, "PowerOn", NULL, G_MAXINT, powered_on, g_object_ref (self));
}

static void
read_state (Machine *self)
{
  g_autofree char *state = machine_dup_property_string (self, "State");

  if (g_strcmp0 (state, "running") == 0)
    {
      self->power_on_wanted = FALSE;
      machine_set_state (self, MACHINE_RUNNING);
      machine_take_picture (self);
    }
  else if (g_strcmp0 (state, "paused") == 0)
    machine_set_state (self, MACHINE_PAUSED);
  else if (g_strcmp0 (state, "starting") == 0)
    {
      self->power_on_wanted = FALSE;
      machine_set_state (self, MACHINE_STARTING);
    }
  else if (g_strcmp0 (state, "crashed") == 0)
    {
      g_autofree char *why = machine_dup_property_string (self, "FailureReason");
      g_autofree char *drive = machine_dup_property_string (self, "FailedDrive");

      fail (self, self->state == MACHINE_STARTING ? MACHINE_NOT_STARTED : MACHINE_CRASHED,
            why != NULL && *why != '\0' ? why : _ ("The machine failed."),
            drive != NULL && *drive != '\0' ? drive : NULL);
      quit_process (self); /* until it is gone, another cannot start */
    }
  else if (self->power_on_wanted)
    machine_call_power_on (self);
  else if (machine_is_on (self))
    {
      /* Only what was seen on: a process that has not been powered on yet is somebody else's. */
      machine_set_state (self, MACHINE_OFF);
      quit_process (self);
    }
}

void
machine_properties_told (Machine *self, gboolean state)
{
  read_properties (self);
  if (state)
    read_state (self);
}

void
machine_attached (Machine *self, const GError *error)
{
  self->attaching = FALSE;
  g_clear_handle_id (&self->attach_limit, g_source_remove);
  if (error != NULL)
    {
      lose_connection (self);
      return;
    }
  /* Nothing is known of one that was only seen not to answer. */
  if (self->state == MACHINE_NOT_RESPONDING)
    machine_set_state (self, self->power_on_wanted ? MACHINE_STARTING : MACHINE_OFF);
  self->attached = TRUE;
  self->was_attached = TRUE;
  machine_properties_told (self, TRUE);
}

static gboolean
try_again (gpointer data)
{
  Machine *self = data;

  self->retry = 0;
  machine_attach (self);
  return G_SOURCE_REMOVE;
}

/* The end of a process that this application started says more: process_ended (). */
static void
follow_peer (Machine *self)
{
  if (self->process != NULL || self->peer >= 0)
    return;
  self->peer = machine_peer_open (self->connection);
  if (self->peer >= 0)
    self->peer_watch = g_unix_fd_add (self->peer, G_IO_IN, peer_ended, self);
}

static void
connect_done (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Machine) self = data;
  g_autoptr (GError) error = NULL;
  GDBusConnection *connection = machine_process_connect_finish (result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (connection == NULL)
    {
      self->attaching = FALSE;
      g_clear_handle_id (&self->attach_limit, g_source_remove);
      if (self->state != MACHINE_STARTING && self->process == NULL)
        return; /* a socket that a killed process left behind */
      if (++self->tries == CONNECT_TRIES)
        machine_set_state (self, MACHINE_NOT_RESPONDING);
      self->retry = g_timeout_add (100, try_again, self);
      return;
    }
  self->connection = connection;
  g_dbus_connection_set_exit_on_close (connection, FALSE);
  g_signal_connect (connection, "closed", G_CALLBACK (connection_closed), self);
  follow_peer (self);
  machine_follow_properties (self);
}

/* A process that is there and does not answer is waited for, but that is told. */
static gboolean
attach_overdue (gpointer data)
{
  Machine *self = data;

  self->attach_limit = 0;
  machine_set_state (self, MACHINE_NOT_RESPONDING);
  return G_SOURCE_REMOVE;
}

void
machine_attach (Machine *self)
{
  g_autofree char *socket = socket_folder_dup_control (self->uuid);

  if (self->attaching || self->connection != NULL)
    return;
  self->attaching = TRUE;
  if (self->cancellable == NULL)
    self->cancellable = g_cancellable_new ();
  self->attach_limit = g_timeout_add (ANSWER_LIMIT_MS, attach_overdue, self);
  machine_process_connect_async (socket, NULL, self->cancellable, connect_done,
                                 g_object_ref (self));
}

static void
process_ended (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Machine) self = data;
  GSubprocess *process = G_SUBPROCESS (source);
  gboolean starting = !self->was_attached;
  g_autofree char *why = NULL;

  g_subprocess_wait_finish (process, result, NULL);
  if (process != self->process)
    return;
  if (self->quitting
      || (g_subprocess_get_if_exited (process) && g_subprocess_get_exit_status (process) == 0))
    {
      machine_gone (self);
      return;
    }
  if (g_subprocess_get_if_signaled (process))
    why = g_strdup_printf (_ ("The machine's process was ended by a signal: %s."),
                           g_strsignal (g_subprocess_get_term_sig (process)));
  else
    why = machine_process_dup_last_words (self->folder);
  if (why != NULL && starting && !g_subprocess_get_if_signaled (process))
    machine_not_started (self, why);
  else
    crash (self, why != NULL ? why : _ ("The machine's process ended unexpectedly."));
}

void
machine_follow_process (Machine *self)
{
  g_subprocess_wait_async (self->process, NULL, process_ended, g_object_ref (self));
  machine_attach (self);
}

static void
answered (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Machine) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer
    = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (G_DBUS_CONNECTION (source) != self->connection)
    return;
  self->asking = FALSE;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) && self->attached)
    machine_set_state (self, MACHINE_NOT_RESPONDING);
  else if (answer != NULL && self->state == MACHINE_NOT_RESPONDING && self->attached)
    read_state (self);
}

/* The property is asked for where all that a machine does is done: an answer means that it
 * lives. */
void
machine_ask (Machine *self)
{
  if (self->asking || !self->attached)
    return;
  self->asking = TRUE;
  g_dbus_connection_call (
    self->connection, NULL, CONTROL_MACHINE_PATH, "org.freedesktop.DBus.Properties", "Get",
    g_variant_new ("(ss)", CONTROL_MACHINE, "State"), NULL, G_DBUS_CALL_FLAGS_NONE, ANSWER_LIMIT_MS,
    self->cancellable, answered, g_object_ref (self));
}
