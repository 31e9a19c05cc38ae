/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "preferences.h"

#include <glib/gi18n.h>

#include "accessible-name.h"
#include "app/model/machine-root.h"
#include "display/gtk/release-keys.h"
#include "file-chooser.h"
#include "question.h"
#include "unit-field.h"
#include "vmm-core/run/machine-config.h"

struct _Preferences
{
  AdwWindow parent_instance;
  GtkDropDown *release_keys;
  GtkSwitch *system_shortcuts, *tell_accelerator;
  AdwActionRow *folder;
  GtkWidget *folder_reset;
  GtkSpinButton *memory, *cpus;
};

G_DEFINE_FINAL_TYPE (Preferences, preferences, ADW_TYPE_WINDOW)

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

/* Where new machines go */

static void
show_folder (Preferences *self)
{
  g_autofree char *folder = machine_root_dup ();
  g_autofree char *usual = machine_root_dup_usual ();
  g_autofree char *name = g_filename_display_name (folder);
  g_autofree char *text
    = g_strdup_printf (_ ("%s. Machines that there are already stay where they are."), name);

  adw_action_row_set_subtitle (self->folder, text);
  gtk_widget_set_visible (self->folder_reset, !g_str_equal (folder, usual));
}

static void
set_folder (Preferences *self, const char *folder)
{
  g_autoptr (GError) error = NULL;

  if (!machine_root_set (folder, &error))
    question_tell (GTK_WINDOW (self), _ ("This Folder Cannot Be Used"), error->message);
  show_folder (self);
}

static void
folder_chosen (gpointer owner, GFile *file, gpointer subject)
{
  set_folder (owner, g_file_peek_path (file));
}

static void
choose_folder (Preferences *self)
{
  file_chooser_open (GTK_WINDOW (self), FILE_CHOOSER_FOLDER, self, folder_chosen, NULL, NULL);
}

static void
reset_folder (Preferences *self)
{
  set_folder (self, NULL);
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
  g_settings_bind (settings, "system-shortcuts", self->system_shortcuts, "active",
                   G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (settings, "new-machine-memory", self->memory, "value", G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (settings, "new-machine-processors", self->cpus, "value",
                   G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (settings, "tell-accelerator", self->tell_accelerator, "active",
                   G_SETTINGS_BIND_DEFAULT);
  show_folder (self);
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
  gtk_widget_class_bind_template_child (widget_class, Preferences, system_shortcuts);
  gtk_widget_class_bind_template_child (widget_class, Preferences, folder);
  gtk_widget_class_bind_template_child (widget_class, Preferences, folder_reset);
  gtk_widget_class_bind_template_child (widget_class, Preferences, tell_accelerator);
  gtk_widget_class_bind_template_child (widget_class, Preferences, memory);
  gtk_widget_class_bind_template_child (widget_class, Preferences, cpus);
  gtk_widget_class_bind_template_callback (widget_class, choose_folder);
  gtk_widget_class_bind_template_callback (widget_class, reset_folder);
}

static void
preferences_init (Preferences *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  accessible_name_buttons (GTK_WIDGET (self->release_keys),
                           _ ("Keys that release keyboard and pointer"));
}
