/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the machine's process says of itself. It may be in the guest's hands: what is not known, or
 * more than a machine has to say, is not kept. */
#include <limits.h>
#include <string.h>

#include "machine-private.h"
#include "vmm-core/control-names.h"
#include "vmm-core/run/machine-config.h"

#define MAX_SENTENCE 2000 /* bytes */
#define MAX_WORD 16
#define MAX_DRIVES 64
#define PROPERTIES "org.freedesktop.DBus.Properties"

static const struct
{
  const char *name, *type;
} known[] = {
  { "State", "s" },         { "Accelerator", "s" },  { "AcceleratorReason", "s" },
  { "FailureReason", "s" }, { "FailedDrive", "s" },  { "PauseReason", "s" },
  { "DiskError", "s" },     { "Drives", "a(sssb)" },
};

char *
machine_dup_shown (const char *text)
{
  const char *end = text + strnlen (text, MAX_SENTENCE);

  /* Not in the middle of a character. */
  if (*end != '\0')
    end = g_utf8_find_prev_char (text, end + 1);
  return g_strndup (text, end - text);
}

static gboolean
are_drives (GVariant *value)
{
  GVariantIter iter;
  const char *id, *kind, *file;

  if (g_variant_iter_init (&iter, value) > MAX_DRIVES)
    return FALSE;
  while (g_variant_iter_next (&iter, "(&s&s&sb)", &id, &kind, &file, NULL))
    if (strlen (id) > MAX_WORD || strlen (kind) > MAX_WORD || strlen (file) > PATH_MAX)
      return FALSE;
  return TRUE;
}

static gboolean
is_sensible (GVariant *value, const char *type)
{
  return g_variant_is_of_type (value, G_VARIANT_TYPE (type))
         && (!g_variant_is_container (value) || are_drives (value));
}

static void
take (Machine *self, GVariant *dictionary)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (known); i++)
    {
      g_autoptr (GVariant) value = g_variant_lookup_value (dictionary, known[i].name, NULL);
      g_autofree char *text = NULL;

      if (value == NULL || !is_sensible (value, known[i].type))
        continue;
      if (!g_variant_is_container (value))
        {
          text = machine_dup_shown (g_variant_get_string (value, NULL));
          g_clear_pointer (&value, g_variant_unref);
          value = g_variant_ref_sink (g_variant_new_string (text));
        }
      g_hash_table_insert (self->said, (char *) known[i].name, g_variant_ref (value));
    }
}

GVariant *
machine_dup_property (Machine *self, const char *name)
{
  GVariant *value = g_hash_table_lookup (self->said, name);

  return value != NULL ? g_variant_ref (value) : NULL;
}

char *
machine_dup_property_string (Machine *self, const char *name)
{
  GVariant *value = g_hash_table_lookup (self->said, name);

  return value != NULL ? g_variant_dup_string (value, NULL) : NULL;
}

static void
properties_changed (GDBusConnection *connection, const char *sender, const char *path,
                    const char *interface, const char *signal, GVariant *arguments, gpointer data)
{
  Machine *self = data;
  g_autoptr (GVariant) changed = NULL, state = NULL;

  if (!self->attached || !g_variant_is_of_type (arguments, G_VARIANT_TYPE ("(sa{sv}as)")))
    return; /* all of them are being read */
  changed = g_variant_get_child_value (arguments, 1);
  state = g_variant_lookup_value (changed, "State", NULL);
  take (self, changed);
  machine_properties_told (self, state != NULL);
}

static void
signal_arrived (GDBusConnection *connection, const char *sender, const char *path,
                const char *interface, const char *signal, GVariant *arguments, gpointer data)
{
  const char *drive, *kind;

  if (!g_variant_is_of_type (arguments, G_VARIANT_TYPE ("(ss)")))
    return;
  g_variant_get (arguments, "(&s&s)", &drive, &kind);
  g_signal_emit (data, machine_signals[ACTIVITY], 0, drive, kind);
}

static void
properties_read (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Machine) self = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) answer
    = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  g_autoptr (GVariant) all = NULL;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (answer != NULL)
    {
      all = g_variant_get_child_value (answer, 0);
      take (self, all);
    }
  machine_attached (self, error);
}

void
machine_follow_properties (Machine *self)
{
  self->subscriptions[0] = g_dbus_connection_signal_subscribe (
    self->connection, NULL, PROPERTIES, "PropertiesChanged", CONTROL_MACHINE_PATH, CONTROL_MACHINE,
    G_DBUS_SIGNAL_FLAGS_NONE, properties_changed, self, NULL);
  self->subscriptions[1] = g_dbus_connection_signal_subscribe (
    self->connection, NULL, CONTROL_MACHINE, "Activity", CONTROL_MACHINE_PATH, NULL,
    G_DBUS_SIGNAL_FLAGS_NONE, signal_arrived, self, NULL);
  g_dbus_connection_call (self->connection, NULL, CONTROL_MACHINE_PATH, PROPERTIES, "GetAll",
                          g_variant_new ("(s)", CONTROL_MACHINE), G_VARIANT_TYPE ("(a{sv})"),
                          G_DBUS_CALL_FLAGS_NONE, G_MAXINT, self->cancellable, properties_read,
                          g_object_ref (self));
}

void
machine_call_method (Machine *self, const char *method, GVariant *parameters, int timeout,
                     GAsyncReadyCallback callback, gpointer data)
{
  g_dbus_connection_call (self->connection, NULL, CONTROL_MACHINE_PATH, CONTROL_MACHINE, method,
                          parameters, NULL, G_DBUS_CALL_FLAGS_NONE, timeout, self->cancellable,
                          callback, data);
}

void
machine_forget_properties (Machine *self)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (self->subscriptions); i++)
    {
      if (self->subscriptions[i] != 0)
        g_dbus_connection_signal_unsubscribe (self->connection, self->subscriptions[i]);
      self->subscriptions[i] = 0;
    }
  g_hash_table_remove_all (self->said);
}
