/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a machine can be told to do. */
#include <glib-unix.h>
#include <glib/gi18n.h>
#include <unistd.h>

#include "machine-folder.h"
#include "machine-peer.h"
#include "machine-private.h"
#include "machine-process.h"
#include "vmm-core/run/socket-folder.h"

#define CALL_LIMIT_MS 30000
#define END_LIMIT_MS 10000

/* The discs of the process that is there: it was started to be powered on, by whomever. */
static void
take_discs_out (Machine *self)
{
  g_autoptr (GVariant) drives = machine_get_drives (self);
  GVariantIter iter;
  const char *id, *kind;

  if (drives == NULL)
    return;
  g_variant_iter_init (&iter, drives);
  while (g_variant_iter_next (&iter, "(&s&s&sb)", &id, &kind, NULL, NULL))
    if (g_str_equal (kind, "cd"))
      machine_call (self, "EjectMedium", g_variant_new ("(sb)", id, TRUE));
}

static void
power_on (Machine *self)
{
  g_autoptr (GError) error = NULL;

  if (machine_is_on (self))
    return;
  if (self->quitting)
    {
      self->restart_wanted = TRUE; /* once the process is gone */
      return;
    }
  self->tries = 0;
  self->power_on_wanted = TRUE;
  machine_set_failure (self, NULL);
  if (self->attached)
    {
      machine_set_state (self, MACHINE_STARTING);
      if (self->without_disc)
        take_discs_out (self);
      machine_call_power_on (self);
      return;
    }
  machine_detach (self);
  self->process = machine_process_spawn (self->folder, self->without_disc, &error);
  if (self->process == NULL)
    {
      machine_not_started (self, error->message);
      return;
    }
  machine_set_state (self, MACHINE_STARTING);
  machine_follow_process (self);
}

void
machine_power_on (Machine *self)
{
  self->without_disc = FALSE;
  power_on (self);
}

void
machine_power_on_without_disc (Machine *self)
{
  self->without_disc = TRUE;
  power_on (self);
}

/* ------------------------------------------------------------------------------------- commands */

static void
call_done (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Machine) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer
    = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (answer == NULL && !self->quitting)
    machine_tell_problem (self, error);
}

void
machine_call (Machine *self, const char *method, GVariant *parameters)
{
  if (!self->attached)
    {
      if (parameters != NULL)
        g_variant_unref (g_variant_ref_sink (parameters));
      return;
    }
  machine_call_method (self, method, parameters, CALL_LIMIT_MS, call_done, g_object_ref (self));
}

static void
accelerator_set (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;
  g_autoptr (GVariant) answer
    = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  g_autofree char *said = NULL;

  if (answer != NULL)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  g_dbus_error_strip_remote_error (error);
  said = g_steal_pointer (&error->message);
  error->message = machine_dup_shown (said);
  g_task_return_error (task, error);
}

gboolean
machine_takes_accelerator (Machine *self)
{
  return self->attached && (self->state == MACHINE_RUNNING || self->state == MACHINE_PAUSED);
}

void
machine_set_accelerator_async (Machine *self, const char *name, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer data)
{
  machine_call_method (self, "SetAccelerator", g_variant_new ("(s)", name), CALL_LIMIT_MS,
                       accelerator_set, g_task_new (self, cancellable, callback, data));
}

gboolean
machine_set_accelerator_finish (Machine *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
machine_power_off (Machine *self)
{
  self->power_on_wanted = FALSE;
  self->restart_wanted = FALSE;
  if (self->attached)
    machine_call (self, "PowerOff", NULL);
  else if (self->process != NULL)
    g_subprocess_force_exit (self->process);
}

void
machine_shut_down (Machine *self)
{
  self->restart_wanted = FALSE;
  machine_call (self, "PowerButton", NULL);
}

void
machine_restart (Machine *self)
{
  self->restart_wanted = TRUE;
  machine_call (self, "PowerButton", NULL);
}

/* The end of the process */

typedef struct
{
  int peer;
  guint watch, limit;
} Ending;

static void
ending_free (gpointer data)
{
  Ending *ending = data;

  g_clear_handle_id (&ending->watch, g_source_remove);
  g_clear_handle_id (&ending->limit, g_source_remove);
  close (ending->peer);
  g_free (ending);
}

static gboolean
process_gone (int fd, GIOCondition condition, gpointer data)
{
  g_autoptr (GTask) task = data;
  Machine *self = g_task_get_source_object (task);

  ((Ending *) g_task_get_task_data (task))->watch = 0;
  if (self->quitting)
    machine_gone (self);
  g_task_return_boolean (task, TRUE);
  return G_SOURCE_REMOVE;
}

static gboolean
process_stays (gpointer data)
{
  g_autoptr (GTask) task = data;

  ((Ending *) g_task_get_task_data (task))->limit = 0;
  g_clear_handle_id (&((Ending *) g_task_get_task_data (task))->watch, g_source_remove);
  g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                           _ ("The machine's process has been ended, but is not gone yet: a disk "
                              "of the host hangs, and has to answer first."));
  return G_SOURCE_REMOVE;
}

/* By its connection, its socket or its lock, whichever there is. */
static int
open_peer (Machine *self)
{
  g_autofree char *socket = socket_folder_dup_control (self->uuid);
  int peer = self->connection != NULL ? machine_peer_open (self->connection)
                                      : machine_peer_open_at (socket);

  return peer >= 0 ? peer : machine_peer_open_locker (self->folder);
}

void
machine_force_off_async (Machine *self, GAsyncReadyCallback callback, gpointer data)
{
  GTask *task = g_task_new (self, NULL, callback, data);
  GError *error = NULL;
  Ending *ending;
  int peer = open_peer (self);

  if (peer < 0 && self->connection == NULL)
    {
      machine_gone (self);
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
      return;
    }
  if (!machine_peer_kill (peer, &error))
    {
      if (peer >= 0)
        close (peer);
      g_task_return_error (task, error);
      g_object_unref (task);
      return;
    }
  self->power_on_wanted = FALSE;
  self->restart_wanted = FALSE;
  self->quitting = TRUE;
  machine_keep_picture (self);
  ending = g_new (Ending, 1);
  *ending = (Ending){ peer, g_unix_fd_add (peer, G_IO_IN, process_gone, task),
                      g_timeout_add (END_LIMIT_MS, process_stays, task) };
  g_task_set_task_data (task, ending, ending_free);
}

gboolean
machine_force_off_finish (Machine *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

void
machine_poll (Machine *self)
{
  machine_refresh (self, NULL); /* what is wrong with it is a state */
  machine_poll_process (self);
}

void
machine_poll_process (Machine *self)
{
  if (self->connection != NULL)
    {
      machine_ask (self);
      machine_take_picture (self);
      return;
    }
  g_autofree char *socket = socket_folder_dup_control (self->uuid);
  if (*self->uuid != '\0' && self->state != MACHINE_STARTING && self->retry == 0
      && g_file_test (socket, G_FILE_TEST_EXISTS))
    machine_attach (self);
}

gboolean
machine_trash (Machine *self, GError **error)
{
  if (machine_is_on (self))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, _ ("“%s” is on: power it off first."),
                   self->name);
      return FALSE;
    }
  return machine_folder_trash (self->folder, error);
}
