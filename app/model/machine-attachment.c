/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The machine's process, whoever started it, and all that can become of it. */
#include <glib/gi18n.h>
#include <string.h>

#include "machine-folder.h"
#include "machine-private.h"
#include "machine-process.h"
#include "vmm-core/run/socket-folder.h"

#define CONNECT_TRIES 100 /* of 100 ms: a machine with much memory on a busy host takes a while */
#define ANSWER_LIMIT_MS 3000
#define END_PATIENCE_MS 2000 /* between a lost connection and the end of its process */

GVariant *
machine_dup_property (Machine *self, const char *name, const GVariantType *type)
{
  g_autoptr (GVariant) value
    = self->proxy != NULL ? g_dbus_proxy_get_cached_property (self->proxy, name) : NULL;

  return value != NULL && g_variant_is_of_type (value, type) ? g_steal_pointer (&value) : NULL;
}

char *
machine_dup_property_string (Machine *self, const char *name)
{
  g_autoptr (GVariant) value = machine_dup_property (self, name, G_VARIANT_TYPE_STRING);

  return value != NULL ? g_variant_dup_string (value, NULL) : NULL;
}

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

/* Leaves the process behind, whatever has become of it. */
void
machine_detach (Machine *self)
{
  g_clear_handle_id (&self->retry, g_source_remove);
  g_clear_handle_id (&self->attach_limit, g_source_remove);
  if (self->cancellable != NULL)
    g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  if (self->connection != NULL)
    g_signal_handlers_disconnect_by_data (self->connection, self);
  if (self->proxy != NULL)
    g_signal_handlers_disconnect_by_data (self->proxy, self);
  g_clear_object (&self->proxy);
  g_clear_object (&self->connection);
  g_clear_object (&self->process);
  self->attaching = FALSE;
  self->picture_pending = FALSE;
  self->asking = FALSE;
  read_properties (self);
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

static gboolean
end_overdue (gpointer data)
{
  Machine *self = data;

  self->retry = 0;
  if (self->quitting)
    machine_gone (self);
  else
    crash (self, _ ("The machine's process does not answer any more."));
  return G_SOURCE_REMOVE;
}

/* The end of a process that this application started says more: process_ended () is waited for. */
static void
connection_closed (GDBusConnection *connection, gboolean remote, GError *error, gpointer data)
{
  Machine *self = data;

  if (self->process != NULL)
    self->retry = g_timeout_add (END_PATIENCE_MS, end_overdue, self);
  else if (self->quitting || self->state == MACHINE_OFF)
    machine_gone (self);
  else
    crash (self, _ ("The machine's process ended unexpectedly."));
}

/* An off machine needs no process; its picture and its log stay in the folder. */
static void
quit_process (Machine *self)
{
  if (self->quitting || self->proxy == NULL)
    return;
  self->quitting = TRUE;
  machine_keep_picture (self);
  g_dbus_proxy_call (self->proxy, "Quit", NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
}

/* What comes of it, and what it waits for, is seen by the state. */
static void
powered_on (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Machine) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer = g_dbus_proxy_call_finish (G_DBUS_PROXY (source), result, &error);
  g_autofree char *name = error != NULL ? g_dbus_error_get_remote_error (error) : NULL;

  if (G_DBUS_PROXY (source) != self->proxy || !self->power_on_wanted
      || g_strcmp0 (name, "org.guesthouse.Error.Leaving") != 0)
    return;
  /* Somebody else has told it to quit: another process is started when it is gone. */
  self->quitting = TRUE;
  self->restart_wanted = TRUE;
}

/* However long the host's file system lets it wait. */
void
machine_call_power_on (Machine *self)
{
  g_dbus_proxy_call (self->proxy, "PowerOn", NULL, G_DBUS_CALL_FLAGS_NONE, G_MAXINT,
                     self->cancellable, powered_on, g_object_ref (self));
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

static void
properties_changed (GDBusProxy *proxy, GVariant *changed, GStrv invalidated, gpointer data)
{
  Machine *self = data;
  g_autoptr (GVariant) state = g_variant_lookup_value (changed, "State", NULL);

  read_properties (self);
  if (state != NULL)
    read_state (self);
}

static void
signal_arrived (GDBusProxy *proxy, char *sender, char *name, GVariant *parameters, gpointer data)
{
  Machine *self = data;

  if (strcmp (name, "Activity") == 0 && g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(ss)")))
    {
      const char *drive, *kind;
      g_variant_get (parameters, "(&s&s)", &drive, &kind);
      g_signal_emit (self, machine_signals[ACTIVITY], 0, drive, kind);
    }
}

static void
proxy_ready (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Machine) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusProxy) proxy = g_dbus_proxy_new_finish (result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  self->attaching = FALSE;
  g_clear_handle_id (&self->attach_limit, g_source_remove);
  if (proxy == NULL)
    {
      crash (self, error->message);
      return;
    }
  /* Nothing is known of one that was only seen not to answer. */
  if (self->state == MACHINE_NOT_RESPONDING)
    machine_set_state (self, self->power_on_wanted ? MACHINE_STARTING : MACHINE_OFF);
  self->proxy = g_steal_pointer (&proxy);
  g_signal_connect (self->proxy, "g-properties-changed", G_CALLBACK (properties_changed), self);
  g_signal_connect (self->proxy, "g-signal", G_CALLBACK (signal_arrived), self);
  read_properties (self);
  read_state (self);
}

static gboolean
try_again (gpointer data)
{
  Machine *self = data;

  self->retry = 0;
  machine_attach (self);
  return G_SOURCE_REMOVE;
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
  g_dbus_proxy_new (connection, G_DBUS_PROXY_FLAGS_NONE, NULL, NULL, "/org/guesthouse/Machine1",
                    "org.guesthouse.Machine1", self->cancellable, proxy_ready, g_object_ref (self));
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
  machine_process_connect_async (socket, self->cancellable, connect_done, g_object_ref (self));
}

static void
process_ended (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Machine) self = data;
  GSubprocess *process = G_SUBPROCESS (source);
  gboolean starting = self->proxy == NULL;
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
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT) && self->proxy != NULL)
    machine_set_state (self, MACHINE_NOT_RESPONDING);
  else if (answer != NULL && self->state == MACHINE_NOT_RESPONDING && self->proxy != NULL)
    read_state (self);
}

/* The property is asked for where all that a machine does is done: an answer means that it
 * lives. */
void
machine_ask (Machine *self)
{
  if (self->asking || self->proxy == NULL)
    return;
  self->asking = TRUE;
  g_dbus_connection_call (
    self->connection, NULL, "/org/guesthouse/Machine1", "org.freedesktop.DBus.Properties", "Get",
    g_variant_new ("(ss)", "org.guesthouse.Machine1", "State"), NULL, G_DBUS_CALL_FLAGS_NONE,
    ANSWER_LIMIT_MS, self->cancellable, answered, g_object_ref (self));
}
