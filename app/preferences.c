/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "preferences.h"

#include <glib/gi18n.h>

#include "accessible-name.h"
#include "display/gtk/release-keys.h"
#include "unit-field.h"
#include "vmm-core/run/machine-config.h"

struct _Preferences
{
  AdwPreferencesWindow parent_instance;
  GtkDropDown *release_keys;
  GtkSwitch *tell_accelerator;
  GtkSpinButton *memory, *cpus;
};

G_DEFINE_FINAL_TYPE (Preferences, preferences, ADW_TYPE_PREFERENCES_WINDOW)

/* The list has the keys in the order of their type. */

static gboolean
to_position (GValue *value, GVariant *variant, gpointer data)
{
  g_autoptr (GEnumClass) keys = g_type_class_ref (RELEASE_KEYS_TYPE);
  GEnumValue *key = g_enum_get_value_by_nick (keys, g_variant_get_string (variant, NULL));

  g_value_set_uint (value, key->value);
  return TRUE;
}

static GVariant *
from_position (const GValue *value, const GVariantType *type, gpointer data)
{
  g_autoptr (GEnumClass) keys = g_type_class_ref (RELEASE_KEYS_TYPE);

  return g_variant_new_string (g_enum_get_value (keys, g_value_get_uint (value))->value_nick);
}

Preferences *
preferences_new (GtkWindow *parent, GSettings *settings)
{
  Preferences *self = g_object_new (PREFERENCES_TYPE, "transient-for", parent, NULL);
  unsigned host = machine_config_get_host_memory ();

  gtk_spin_button_set_range (self->memory, 64, MAX (host / 2, 64));
  unit_field_set (self->memory, "MiB");
  g_settings_bind_with_mapping (settings, "release-keys", self->release_keys, "selected",
                                G_SETTINGS_BIND_DEFAULT, to_position, from_position, NULL, NULL);
  g_settings_bind (settings, "new-machine-memory", self->memory, "value", G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (settings, "new-machine-processors", self->cpus, "value",
                   G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (settings, "tell-accelerator", self->tell_accelerator, "active",
                   G_SETTINGS_BIND_DEFAULT);
  return self;
}

/* What was typed is meant, also without Enter. */
static gboolean
preferences_close_request (GtkWindow *window)
{
  Preferences *self = GUESTHOUSE_PREFERENCES (window);

  gtk_spin_button_update (self->memory);
  gtk_spin_button_update (self->cpus);
  return GTK_WINDOW_CLASS (preferences_parent_class)->close_request (window);
}

static void
preferences_class_init (PreferencesClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  GTK_WINDOW_CLASS (klass)->close_request = preferences_close_request;
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/guesthouse/Guesthouse/preferences.ui");
  gtk_widget_class_bind_template_child (widget_class, Preferences, release_keys);
  gtk_widget_class_bind_template_child (widget_class, Preferences, tell_accelerator);
  gtk_widget_class_bind_template_child (widget_class, Preferences, memory);
  gtk_widget_class_bind_template_child (widget_class, Preferences, cpus);
}

static void
preferences_init (Preferences *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  accessible_name_buttons (GTK_WIDGET (self->release_keys),
                           _ ("Keys that release keyboard and pointer"));
}
