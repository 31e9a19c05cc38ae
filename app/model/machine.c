/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <glib/gi18n.h>
#include <string.h>

#include "machine-folder.h"
#include "machine-name.h"
#include "machine-private.h"
#include "machine-process.h"
#include "machine-root.h"
#include "vmm-core/run/machine-trust.h"

static GParamSpec *properties[N_PROPS];
guint machine_signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (Machine, machine, G_TYPE_OBJECT)

void
machine_notify (Machine *self, guint property)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
}

void
machine_set_state (Machine *self, MachineState state)
{
  if (self->state == state)
    return;
  self->state = state;
  machine_notify (self, PROP_STATE);
}

void
machine_set_failure (Machine *self, const char *failure)
{
  g_free (self->failure);
  self->failure = g_strdup (failure);
  g_clear_pointer (&self->failed_drive, g_free);
  machine_notify (self, PROP_FAILURE);
}

void
machine_tell_problem (Machine *self, const GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  g_autoptr (GError) plain = g_error_copy (error);
  g_autofree char *shown = NULL;

  g_dbus_error_strip_remote_error (plain);
  shown = machine_dup_shown (plain->message);
  g_signal_emit (self, machine_signals[PROBLEM], 0, shown);
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

static void
set_conf_problem (Machine *self, const char *sentence)
{
  if (g_strcmp0 (self->conf_problem, sentence) == 0)
    return;
  g_free (self->conf_problem);
  self->conf_problem = g_strdup (sentence);
  if (machine_is_on (self))
    return; /* it counts at the next start */
  machine_set_failure (self, sentence);
  machine_set_state (self, sentence != NULL ? MACHINE_BROKEN : MACHINE_OFF);
}

static void
take_conf (Machine *self, GKeyFile *conf)
{
  self->conf_lost = conf == NULL;
  if (conf != NULL)
    {
      g_key_file_unref (self->conf);
      self->conf = g_key_file_ref (conf);
    }
  if (conf != NULL || self->uuid == NULL)
    {
      g_free (self->uuid);
      self->uuid = conf != NULL ? g_key_file_get_string (conf, "machine", "uuid", NULL)
                                : machine_folder_dup_uuid (self->folder);
    }
  if (self->uuid == NULL)
    self->uuid = g_strdup ("");
  g_free (self->name);
  self->name = machine_name_dup_in (conf, self->folder);
}

gboolean
machine_reload (Machine *self, GError **error)
{
  g_autoptr (GKeyFile) conf = NULL;
  g_autoptr (GError) problem = NULL;
  unsigned tries = 0;

  /* Until it stays as it was read: reading may write a uuid, and others may write, too. */
  note_conf (self);
  do
    {
      g_clear_pointer (&conf, g_key_file_unref);
      conf = machine_folder_read_conf (self->folder, &problem);
    }
  while (conf != NULL && note_conf (self) && ++tries < 3);
  take_conf (self, conf);
  if (conf != NULL)
    machine_config_check_key_file (conf, self->folder, &problem);
  set_conf_problem (self, problem != NULL ? problem->message : NULL);
  machine_notify (self, PROP_NAME);
  g_signal_emit (self, machine_signals[CHANGED], 0);
  if (conf == NULL)
    g_propagate_error (error, g_steal_pointer (&problem));
  return conf != NULL;
}

gboolean
machine_refresh (Machine *self, GError **error)
{
  return !note_conf (self) || machine_reload (self, error);
}

/* The machine's own settings, with another name: the folder gets it, too. */
static gboolean
save_with_name (Machine *self, const char *name, GError **error)
{
  char *moved = machine_name_save (self->conf, self->folder, name, error);

  if (moved == NULL)
    return FALSE;
  g_free (self->folder);
  self->folder = moved;
  return TRUE;
}

gboolean
machine_save (Machine *self, GError **error)
{
  g_auto (MachineRootLock) library = machine_root_lock ();
  g_autofree char *name = machine_get_string (self, "machine", "name");
  g_autofree char *checked = NULL;

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
  if (self->conf_lost)
    {
      /* Somebody's words would be written over. */
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, self->conf_problem);
      return FALSE;
    }
  /* Nothing makes a machine one that cannot start. */
  if (self->conf_problem == NULL
      && !machine_config_check_key_file (self->conf, self->folder, error))
    {
      machine_reload (self, NULL);
      return FALSE;
    }
  if (g_strcmp0 (name, self->name) != 0 && name != NULL)
    {
      checked = machine_name_dup_checked (name, self->folder, error);
      if (checked == NULL)
        {
          machine_reload (self, NULL);
          return FALSE;
        }
    }
  if (!(checked != NULL ? save_with_name (self, checked, error)
                        : machine_trust_save (self->conf, self->folder, error)))
    return FALSE;
  return machine_reload (self, error);
}

GKeyFile *
machine_get_conf (Machine *self)
{
  return self->conf;
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
  return self->state != MACHINE_OFF && self->state != MACHINE_CRASHED
         && self->state != MACHINE_NOT_STARTED && self->state != MACHINE_BROKEN;
}

const char *
machine_get_failure (Machine *self)
{
  return self->failure;
}

const char *
machine_get_failed_drive (Machine *self)
{
  return self->failed_drive;
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
  return machine_dup_property (self, "Drives");
}

char *
machine_dup_trouble (Machine *self)
{
  g_autofree char *reason = machine_dup_property_string (self, "PauseReason");

  return reason != NULL && *reason != '\0' ? g_steal_pointer (&reason)
                                           : machine_dup_property_string (self, "DiskError");
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
  g_autoptr (GError) problem = NULL;

  self->folder = g_strdup (folder);
  if (!machine_reload (self, &problem)
      && g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    {
      g_propagate_error (error, g_steal_pointer (&problem));
      return NULL;
    }
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
    machine_keep_picture (self);
  if (self->folder != NULL)
    machine_detach (self);
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
  g_free (self->failed_drive);
  g_free (self->conf_problem);
  g_free (self->accelerator);
  g_free (self->accelerator_reason);
  g_hash_table_unref (self->said);
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
  properties[PROP_STATE]
    = g_param_spec_uint ("state", NULL, NULL, 0, MACHINE_NOT_RESPONDING, 0, flags);
  properties[PROP_FAILURE] = g_param_spec_string ("failure", NULL, NULL, NULL, flags);
  properties[PROP_ACCELERATOR] = g_param_spec_string ("accelerator", NULL, NULL, NULL, flags);
  properties[PROP_REASON] = g_param_spec_string ("accelerator-reason", NULL, NULL, NULL, flags);
  properties[PROP_PICTURE] = g_param_spec_boxed ("picture", NULL, NULL, G_TYPE_BYTES, flags);
  properties[PROP_DRIVES]
    = g_param_spec_variant ("drives", NULL, NULL, G_VARIANT_TYPE ("a(sssb)"), NULL, flags);
  properties[PROP_TROUBLE] = g_param_spec_string ("trouble", NULL, NULL, NULL, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  machine_signals[PROBLEM] = g_signal_new ("problem", MACHINE_TYPE, G_SIGNAL_RUN_LAST, 0, NULL,
                                           NULL, NULL, G_TYPE_NONE, 1, G_TYPE_STRING);
  machine_signals[ACTIVITY]
    = g_signal_new ("activity", MACHINE_TYPE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE,
                    2, G_TYPE_STRING, G_TYPE_STRING);
  machine_signals[CHANGED] = g_signal_new ("changed", MACHINE_TYPE, G_SIGNAL_RUN_LAST, 0, NULL,
                                           NULL, NULL, G_TYPE_NONE, 0);
}

static void
machine_init (Machine *self)
{
  self->conf = g_key_file_new ();
  self->said
    = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, (GDestroyNotify) g_variant_unref);
  self->peer = -1;
}
