/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine.h"
#include "machine-folder.h"
#include "machine-process.h"

#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>

#include "vmm-core/run/machine-trust.h"

#define CONNECT_TRIES 100 /* of 100 ms: a machine with much memory on a busy host takes a while */
#define END_PATIENCE_MS 2000 /* between a lost connection and the end of its process */

struct _Machine
{
  GObject parent_instance;
  char *folder;
  char *name;
  char *uuid;
  char *failure;
  char *accelerator, *accelerator_reason; /* NULL while off */
  GKeyFile *conf;
  GStatBuf conf_status; /* of machine.conf when it was read */
  GBytes *picture;
  MachineState state;

  GSubprocess *process; /* only if this application started it */
  GDBusConnection *connection;
  GDBusProxy *proxy;
  GCancellable *cancellable; /* of everything that belongs to the current process */
  guint retry;
  unsigned tries;
  gboolean attaching;
  gboolean power_on_wanted;
  gboolean restart_wanted;
  gboolean quitting;
  gboolean picture_pending;
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
static GParamSpec *properties[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (Machine, machine, G_TYPE_OBJECT)

static void attach (Machine *self);

static void
notify (Machine *self, guint property)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
}

static void
set_state (Machine *self, MachineState state)
{
  if (self->state == state)
    return;
  self->state = state;
  notify (self, PROP_STATE);
}

static void
set_failure (Machine *self, const char *failure)
{
  g_free (self->failure);
  self->failure = g_strdup (failure);
  notify (self, PROP_FAILURE);
}

static void
problem (Machine *self, const GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_autoptr (GError) plain = g_error_copy (error);
  g_dbus_error_strip_remote_error (plain);
  g_signal_emit (self, signals[PROBLEM], 0, plain->message);
}

/* -------------------------------------------------------------------------------- machine.conf */

/* Whether the file is another than the one that was read; from now on it counts as read. */
static gboolean
note_conf (Machine *self)
{
  g_autofree char *path = g_build_filename (self->folder, MACHINE_CONFIG_FILE, NULL);
  GStatBuf status = { 0 };
  gboolean other;

  g_stat (path, &status);
  other = status.st_ino != self->conf_status.st_ino
          || status.st_mtim.tv_sec != self->conf_status.st_mtim.tv_sec
          || status.st_mtim.tv_nsec != self->conf_status.st_mtim.tv_nsec;
  self->conf_status = status;
  return other;
}

gboolean
machine_reload (Machine *self, GError **error)
{
  g_autoptr (GKeyFile) conf = NULL;
  unsigned tries = 0;

  /* Until it stays as it was read: reading may write a uuid, and others may write, too. */
  note_conf (self);
  do
    {
      g_clear_pointer (&conf, g_key_file_unref);
      conf = machine_folder_read_conf (self->folder, error);
      if (conf == NULL)
        return FALSE;
    }
  while (note_conf (self) && ++tries < 3);
  g_key_file_unref (self->conf);
  self->conf = g_steal_pointer (&conf);
  g_free (self->uuid);
  self->uuid = machine_get_string (self, "machine", "uuid");
  g_free (self->name);
  self->name = machine_get_string (self, "machine", "name");
  if (self->name == NULL || *self->name == '\0')
    {
      g_free (self->name);
      self->name = g_path_get_basename (self->folder);
    }
  notify (self, PROP_NAME);
  g_signal_emit (self, signals[CHANGED], 0);
  return TRUE;
}

gboolean
machine_refresh (Machine *self, GError **error)
{
  return !note_conf (self) || machine_reload (self, error);
}

gboolean
machine_save (Machine *self, GError **error)
{
  /* What somebody else has written is not written over. */
  if (note_conf (self))
    {
      if (machine_reload (self, error))
        g_set_error (
          error, G_IO_ERROR, G_IO_ERROR_WRONG_ETAG,
          _ ("The settings of “%s” were just changed elsewhere: make your change again."),
          self->name);
      return FALSE;
    }
  if (!machine_trust_save (self->conf, self->folder, error))
    return FALSE;
  return machine_reload (self, error);
}

GKeyFile *
machine_get_conf (Machine *self)
{
  return self->conf;
}

/* ------------------------------------------------------------------------------------- pictures */

static void
set_picture (Machine *self, GBytes *picture)
{
  g_clear_pointer (&self->picture, g_bytes_unref);
  self->picture = g_bytes_ref (picture);
  notify (self, PROP_PICTURE);
}

/* A machine that is off has its picture in the folder only. */
static void
keep_picture (Machine *self)
{
  if (self->picture == NULL)
    return;
  machine_folder_save_picture (self->folder, self->picture);
  g_clear_pointer (&self->picture, g_bytes_unref);
  notify (self, PROP_PICTURE);
}

static void
screenshot_done (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Machine) self = data;
  g_autoptr (GVariant) answer = g_dbus_proxy_call_finish (G_DBUS_PROXY (source), result, NULL);

  self->picture_pending = FALSE;
  if (answer == NULL || !g_variant_is_of_type (answer, G_VARIANT_TYPE ("(ay)")))
    return;
  g_autoptr (GVariant) png = g_variant_get_child_value (answer, 0);
  if (g_variant_get_size (png) == 0)
    return;
  g_autoptr (GBytes) bytes = g_variant_get_data_as_bytes (png);
  set_picture (self, bytes);
}

static void
take_picture (Machine *self)
{
  if (self->picture_pending || self->proxy == NULL || self->state != MACHINE_RUNNING)
    return;
  self->picture_pending = TRUE;
  g_dbus_proxy_call (self->proxy, "Screenshot", NULL, G_DBUS_CALL_FLAGS_NONE, 10000,
                     self->cancellable, screenshot_done, g_object_ref (self));
}

/* -------------------------------------------------------------------------------- the process */

static GVariant *
dup_property (Machine *self, const char *name, const GVariantType *type)
{
  g_autoptr (GVariant) value
    = self->proxy != NULL ? g_dbus_proxy_get_cached_property (self->proxy, name) : NULL;

  return value != NULL && g_variant_is_of_type (value, type) ? g_steal_pointer (&value) : NULL;
}

static char *
get_property_string (Machine *self, const char *name)
{
  g_autoptr (GVariant) value = dup_property (self, name, G_VARIANT_TYPE_STRING);

  return value != NULL ? g_variant_dup_string (value, NULL) : NULL;
}

static void
read_properties (Machine *self)
{
  g_free (self->accelerator);
  g_free (self->accelerator_reason);
  self->accelerator = get_property_string (self, "Accelerator");
  self->accelerator_reason = get_property_string (self, "AcceleratorReason");
  notify (self, PROP_ACCELERATOR);
  notify (self, PROP_REASON);
  notify (self, PROP_DRIVES);
  notify (self, PROP_TROUBLE);
}

/* Leaves the process behind, whatever has become of it. */
static void
detach (Machine *self)
{
  g_clear_handle_id (&self->retry, g_source_remove);
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
  read_properties (self);
}

static void
fail (Machine *self, const char *why)
{
  self->power_on_wanted = FALSE;
  self->restart_wanted = FALSE;
  set_failure (self, why);
  set_state (self, MACHINE_CRASHED);
}

static void
crashed (Machine *self, const char *why)
{
  keep_picture (self);
  detach (self);
  fail (self, why);
}

static void
gone (Machine *self)
{
  gboolean again = self->restart_wanted;

  self->restart_wanted = FALSE;
  self->power_on_wanted = FALSE;
  self->quitting = FALSE;
  detach (self);
  if (self->state != MACHINE_CRASHED)
    set_state (self, MACHINE_OFF);
  if (again)
    machine_power_on (self);
}

static gboolean
end_overdue (gpointer data)
{
  Machine *self = data;

  self->retry = 0;
  if (self->quitting)
    gone (self);
  else
    crashed (self, _ ("The machine's process does not answer any more."));
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
    gone (self);
  else
    crashed (self, _ ("The machine's process ended unexpectedly."));
}

/* An off machine needs no process; its picture and its log stay in the folder. */
static void
quit_process (Machine *self)
{
  if (self->quitting || self->proxy == NULL)
    return;
  self->quitting = TRUE;
  keep_picture (self);
  g_dbus_proxy_call (self->proxy, "Quit", NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
}

/* What comes of it, and what it waits for, is seen by the state. */
static void
call_power_on (Machine *self)
{
  g_dbus_proxy_call (self->proxy, "PowerOn", NULL, G_DBUS_CALL_FLAGS_NONE, G_MAXINT, NULL, NULL,
                     NULL);
}

static void
read_state (Machine *self)
{
  g_autofree char *state = get_property_string (self, "State");

  if (g_strcmp0 (state, "running") == 0)
    {
      self->power_on_wanted = FALSE;
      set_state (self, MACHINE_RUNNING);
      take_picture (self);
    }
  else if (g_strcmp0 (state, "paused") == 0)
    set_state (self, MACHINE_PAUSED);
  else if (g_strcmp0 (state, "starting") == 0)
    {
      self->power_on_wanted = FALSE;
      set_state (self, MACHINE_STARTING);
    }
  else if (g_strcmp0 (state, "crashed") == 0)
    {
      g_autofree char *why = get_property_string (self, "FailureReason");

      fail (self, why != NULL && *why != '\0' ? why : _ ("The machine failed."));
      quit_process (self); /* until it is gone, another cannot start */
    }
  else if (self->power_on_wanted)
    call_power_on (self);
  else if (machine_is_on (self))
    {
      /* Only what was seen on: a process that has not been powered on yet is somebody else's. */
      set_state (self, MACHINE_OFF);
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
      g_signal_emit (self, signals[ACTIVITY], 0, drive, kind);
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
  if (proxy == NULL)
    {
      crashed (self, error->message);
      return;
    }
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
  attach (self);
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
      if (self->state != MACHINE_STARTING)
        return; /* a socket that a killed process left behind */
      if (++self->tries < CONNECT_TRIES)
        self->retry = g_timeout_add (100, try_again, self);
      else
        crashed (self, _ ("The machine's process does not answer."));
      return;
    }
  self->connection = connection;
  g_dbus_connection_set_exit_on_close (connection, FALSE);
  g_signal_connect (connection, "closed", G_CALLBACK (connection_closed), self);
  g_dbus_proxy_new (connection, G_DBUS_PROXY_FLAGS_NONE, NULL, NULL, "/org/guesthouse/Machine1",
                    "org.guesthouse.Machine1", self->cancellable, proxy_ready, g_object_ref (self));
}

static void
attach (Machine *self)
{
  g_autofree char *socket = machine_config_dup_socket (self->uuid);

  if (self->attaching || self->connection != NULL)
    return;
  self->attaching = TRUE;
  if (self->cancellable == NULL)
    self->cancellable = g_cancellable_new ();
  machine_process_connect_async (socket, self->cancellable, connect_done, g_object_ref (self));
}

static void
process_ended (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Machine) self = data;
  GSubprocess *process = G_SUBPROCESS (source);
  g_autofree char *why = NULL;

  g_subprocess_wait_finish (process, result, NULL);
  if (process != self->process)
    return;
  if (self->quitting
      || (g_subprocess_get_if_exited (process) && g_subprocess_get_exit_status (process) == 0))
    {
      gone (self);
      return;
    }
  if (g_subprocess_get_if_signaled (process))
    why = g_strdup_printf (_ ("The machine's process was ended by a signal: %s."),
                           g_strsignal (g_subprocess_get_term_sig (process)));
  else
    why = machine_process_dup_last_words (self->folder);
  crashed (self, why != NULL ? why : _ ("The machine's process ended unexpectedly."));
}

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
  set_failure (self, NULL);
  if (self->proxy != NULL)
    {
      set_state (self, MACHINE_STARTING);
      call_power_on (self);
      return;
    }
  detach (self);
  self->process = machine_process_spawn (self->folder, &error);
  if (self->process == NULL)
    {
      crashed (self, error->message);
      return;
    }
  set_state (self, MACHINE_STARTING);
  g_subprocess_wait_async (self->process, NULL, process_ended, g_object_ref (self));
  attach (self);
}

/* ------------------------------------------------------------------------------------- commands */

static void
call_done (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Machine) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer = g_dbus_proxy_call_finish (G_DBUS_PROXY (source), result, &error);

  if (answer == NULL && !self->quitting)
    problem (self, error);
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
    problem (self, error);
  if (self->connection != NULL)
    {
      take_picture (self);
      return;
    }
  g_autofree char *socket = machine_config_dup_socket (self->uuid);
  if (self->state != MACHINE_STARTING && g_file_test (socket, G_FILE_TEST_EXISTS))
    attach (self);
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

/* -------------------------------------------------------------------------------------- answers */

const char *
machine_get_folder (Machine *self)
{
  return self->folder;
}

const char *
machine_get_name (Machine *self)
{
  return self->name;
}

const char *
machine_get_uuid (Machine *self)
{
  return self->uuid;
}

MachineState
machine_get_state (Machine *self)
{
  return self->state;
}

gboolean
machine_is_on (Machine *self)
{
  return self->state != MACHINE_OFF && self->state != MACHINE_CRASHED;
}

const char *
machine_get_failure (Machine *self)
{
  return self->failure;
}

GBytes *
machine_get_picture (Machine *self)
{
  return self->picture;
}

GDBusConnection *
machine_get_connection (Machine *self)
{
  return self->connection;
}

const char *
machine_get_accelerator (Machine *self)
{
  return self->accelerator;
}

const char *
machine_get_accelerator_reason (Machine *self)
{
  return self->accelerator_reason;
}

GVariant *
machine_get_drives (Machine *self)
{
  return dup_property (self, "Drives", G_VARIANT_TYPE ("a(sssb)"));
}

char *
machine_dup_trouble (Machine *self)
{
  g_autofree char *reason = get_property_string (self, "PauseReason");

  return reason != NULL && *reason != '\0' ? g_steal_pointer (&reason)
                                           : get_property_string (self, "DiskError");
}

char *
machine_dup_log (Machine *self)
{
  return machine_process_dup_log (self->folder);
}

/* GObject */

Machine *
machine_new (const char *folder, GError **error)
{
  g_autoptr (Machine) self = g_object_new (MACHINE_TYPE, NULL);

  self->folder = g_strdup (folder);
  if (!machine_reload (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

static void
machine_get_property (GObject *object, guint property, GValue *value, GParamSpec *pspec)
{
  Machine *self = MACHINE_MACHINE (object);

  switch (property)
    {
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case PROP_STATE:
      g_value_set_uint (value, self->state);
      break;
    case PROP_FAILURE:
      g_value_set_string (value, self->failure);
      break;
    case PROP_ACCELERATOR:
      g_value_set_string (value, machine_get_accelerator (self));
      break;
    case PROP_REASON:
      g_value_set_string (value, machine_get_accelerator_reason (self));
      break;
    case PROP_PICTURE:
      g_value_set_boxed (value, self->picture);
      break;
    case PROP_DRIVES:
      g_value_take_variant (value, machine_get_drives (self));
      break;
    case PROP_TROUBLE:
      g_value_take_string (value, machine_dup_trouble (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property, pspec);
    }
}

static void
machine_dispose (GObject *object)
{
  Machine *self = MACHINE_MACHINE (object);

  if (self->state == MACHINE_RUNNING)
    keep_picture (self);
  if (self->folder != NULL)
    detach (self);
  G_OBJECT_CLASS (machine_parent_class)->dispose (object);
}

static void
machine_finalize (GObject *object)
{
  Machine *self = MACHINE_MACHINE (object);

  g_free (self->folder);
  g_free (self->name);
  g_free (self->uuid);
  g_free (self->failure);
  g_free (self->accelerator);
  g_free (self->accelerator_reason);
  g_clear_pointer (&self->conf, g_key_file_unref);
  g_clear_pointer (&self->picture, g_bytes_unref);
  G_OBJECT_CLASS (machine_parent_class)->finalize (object);
}

static void
machine_class_init (MachineClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->get_property = machine_get_property;
  object_class->dispose = machine_dispose;
  object_class->finalize = machine_finalize;

  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL, flags);
  properties[PROP_STATE] = g_param_spec_uint ("state", NULL, NULL, 0, MACHINE_CRASHED, 0, flags);
  properties[PROP_FAILURE] = g_param_spec_string ("failure", NULL, NULL, NULL, flags);
  properties[PROP_ACCELERATOR] = g_param_spec_string ("accelerator", NULL, NULL, NULL, flags);
  properties[PROP_REASON] = g_param_spec_string ("accelerator-reason", NULL, NULL, NULL, flags);
  properties[PROP_PICTURE] = g_param_spec_boxed ("picture", NULL, NULL, G_TYPE_BYTES, flags);
  properties[PROP_DRIVES]
    = g_param_spec_variant ("drives", NULL, NULL, G_VARIANT_TYPE ("a(sssb)"), NULL, flags);
  properties[PROP_TROUBLE] = g_param_spec_string ("trouble", NULL, NULL, NULL, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  signals[PROBLEM] = g_signal_new ("problem", MACHINE_TYPE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 1, G_TYPE_STRING);
  signals[ACTIVITY] = g_signal_new ("activity", MACHINE_TYPE, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                    NULL, G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_STRING);
  signals[CHANGED] = g_signal_new ("changed", MACHINE_TYPE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                   G_TYPE_NONE, 0);
}

static void
machine_init (Machine *self)
{
  self->conf = g_key_file_new ();
}
