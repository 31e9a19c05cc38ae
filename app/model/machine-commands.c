/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a machine can be told to do. */
#include <glib/gi18n.h>

#include "machine-folder.h"
#include "machine-private.h"
#include "machine-process.h"

void
machine_power_on (Machine *self)
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
  if (self->proxy != NULL)
    {
      machine_set_state (self, MACHINE_STARTING);
      machine_call_power_on (self);
      return;
    }
  machine_detach (self);
  self->process = machine_process_spawn (self->folder, &error);
  if (self->process == NULL)
    {
      machine_crashed (self, error->message);
      return;
    }
  machine_set_state (self, MACHINE_STARTING);
  machine_follow_process (self);
}

/* ------------------------------------------------------------------------------------- commands */

static void
call_done (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Machine) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer = g_dbus_proxy_call_finish (G_DBUS_PROXY (source), result, &error);

  if (answer == NULL && !self->quitting)
    machine_tell_problem (self, error);
}

void
machine_call (Machine *self, const char *method, GVariant *parameters)
{
  if (self->proxy == NULL)
    {
      if (parameters != NULL)
        g_variant_unref (g_variant_ref_sink (parameters));
      return;
    }
  g_dbus_proxy_call (self->proxy, method, parameters, G_DBUS_CALL_FLAGS_NONE, 30000,
                     self->cancellable, call_done, g_object_ref (self));
}

void
machine_power_off (Machine *self)
{
  self->power_on_wanted = FALSE;
  self->restart_wanted = FALSE;
  if (self->proxy != NULL)
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

void
machine_poll (Machine *self)
{
  g_autoptr (GError) error = NULL;

  if (!machine_refresh (self, &error))
    machine_tell_problem (self, error);
  if (self->connection != NULL)
    {
      machine_take_picture (self);
      return;
    }
  g_autofree char *socket = machine_config_dup_socket (self->uuid);
  if (self->state != MACHINE_STARTING && g_file_test (socket, G_FILE_TEST_EXISTS))
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
