/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "settings-dialog.h"

#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

struct _SettingsDialog
{
  AdwPreferencesWindow parent_instance;
  Machine *machine;

  AdwEntryRow *name;
  GtkSpinButton *memory, *cpus;
  GtkDropDown *boot, *accelerator;
  AdwActionRow *disk_row, *disc_row;
};

G_DEFINE_FINAL_TYPE (SettingsDialog, settings_dialog, ADW_TYPE_PREFERENCES_WINDOW)

static const char *const boot_orders[] = { "cdn", "dcn", "dnc", "ncd" };
static const char *const accelerators[] = { "auto", "kvm", "translator", "interpreter" };

static void
save (SettingsDialog *self)
{
  g_autoptr (GError) error = NULL;

  if (!machine_save (self->machine, &error))
    adw_preferences_window_add_toast (ADW_PREFERENCES_WINDOW (self),
                                      adw_toast_new (error->message));
}

static void
set_number (SettingsDialog *self, const char *key, GtkSpinButton *spin)
{
  g_key_file_set_integer (machine_get_conf (self->machine), "machine", key,
                          gtk_spin_button_get_value_as_int (spin));
  save (self);
}

static void
memory_changed (SettingsDialog *self)
{
  set_number (self, "memory", self->memory);
}

static void
cpus_changed (SettingsDialog *self)
{
  set_number (self, "cpus", self->cpus);
}

static void
name_applied (SettingsDialog *self)
{
  const char *name = gtk_editable_get_text (GTK_EDITABLE (self->name));

  if (*name == '\0')
    return;
  g_key_file_set_string (machine_get_conf (self->machine), "machine", "name", name);
  save (self);
}

static void
boot_changed (SettingsDialog *self)
{
  g_key_file_set_string (machine_get_conf (self->machine), "machine", "boot",
                         boot_orders[gtk_drop_down_get_selected (self->boot)]);
  save (self);
}

static void
accelerator_changed (SettingsDialog *self)
{
  g_key_file_set_string (machine_get_conf (self->machine), "machine", "accelerator",
                         accelerators[gtk_drop_down_get_selected (self->accelerator)]);
  save (self);
}

static void
show_file (AdwActionRow *row, const char *file, const char *none, const char *when)
{
  g_autofree char *base = file != NULL && *file != '\0' ? g_path_get_basename (file) : NULL;
  g_autofree char *text = g_strdup_printf ("%s — %s", base != NULL ? base : none, when);

  adw_action_row_set_subtitle (row, text);
}

static void
show_drives (SettingsDialog *self)
{
  g_autofree char *disk = machine_get_string (self->machine, "disk0", "file");
  g_autofree char *disc = machine_get_string (self->machine, "cd0", "file");

  show_file (self->disk_row, disk, _ ("None"), _ ("At next start"));
  show_file (self->disc_row, disc, _ ("Empty"),
             machine_is_on (self->machine) ? _ ("Applies now") : _ ("At next start"));
}

/* Drives: the new file goes into machine.conf, and a disc into the running machine, too. */

static void
file_chosen (GtkNativeDialog *dialog, int response, SettingsDialog *self)
{
  gboolean disc = g_object_get_data (G_OBJECT (dialog), "disc") != NULL;

  if (response == GTK_RESPONSE_ACCEPT)
    {
      g_autoptr (GFile) file = gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog));
      const char *path = g_file_peek_path (file);

      g_key_file_set_string (machine_get_conf (self->machine), disc ? "cd0" : "disk0", "file",
                             path);
      save (self);
      if (disc && machine_is_on (self->machine))
        machine_call (self->machine, "InsertMedium", g_variant_new ("(ss)", "cd0", path));
      show_drives (self);
    }
  g_object_unref (dialog);
}

static void
choose (SettingsDialog *self, gboolean disc)
{
  GtkFileChooserNative *dialog
      = gtk_file_chooser_native_new (disc ? _ ("Choose a Disc Image") : _ ("Choose a Disk Image"),
                                     GTK_WINDOW (self), GTK_FILE_CHOOSER_ACTION_OPEN, NULL, NULL);

  g_object_set_data (G_OBJECT (dialog), "disc", disc ? self : NULL);
  g_signal_connect_object (dialog, "response", G_CALLBACK (file_chosen), self, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}

static void
choose_disk (SettingsDialog *self)
{
  choose (self, FALSE);
}

static void
choose_disc (SettingsDialog *self)
{
  choose (self, TRUE);
}

static void
remove_disk (SettingsDialog *self)
{
  g_key_file_remove_group (machine_get_conf (self->machine), "disk0", NULL);
  save (self);
  show_drives (self);
}

static void
eject_disc (SettingsDialog *self)
{
  g_key_file_set_string (machine_get_conf (self->machine), "cd0", "file", "");
  save (self);
  if (machine_is_on (self->machine))
    machine_call (self->machine, "EjectMedium", g_variant_new ("(sb)", "cd0", FALSE));
  show_drives (self);
}

static guint
index_of (const char *const *values, guint n, const char *value)
{
  for (guint i = 0; i < n; i++)
    if (g_strcmp0 (values[i], value) == 0)
      return i;
  return 0;
}

SettingsDialog *
settings_dialog_new (GtkWindow *parent, Machine *machine)
{
  SettingsDialog *self
      = g_object_new (SETTINGS_DIALOG_TYPE, "transient-for", parent, "modal", TRUE, NULL);
  guint64 host = (guint64)sysconf (_SC_PHYS_PAGES) * sysconf (_SC_PAGESIZE) >> 20;
  g_autofree char *boot = machine_get_string (machine, "machine", "boot");
  g_autofree char *accelerator = machine_get_string (machine, "machine", "accelerator");

  self->machine = g_object_ref (machine);
  gtk_editable_set_text (GTK_EDITABLE (self->name), machine_get_name (machine));
  gtk_spin_button_set_range (self->memory, 64, MAX (host - 512, 128));
  gtk_spin_button_set_value (self->memory, machine_get_integer (machine, "machine", "memory", 512));
  gtk_spin_button_set_value (self->cpus, machine_get_integer (machine, "machine", "cpus", 1));
  gtk_drop_down_set_selected (self->boot, index_of (boot_orders, G_N_ELEMENTS (boot_orders), boot));
  gtk_drop_down_set_selected (self->accelerator,
                              index_of (accelerators, G_N_ELEMENTS (accelerators), accelerator));
  show_drives (self);
  g_signal_connect_object (self->name, "apply", G_CALLBACK (name_applied), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->memory, "value-changed", G_CALLBACK (memory_changed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->cpus, "value-changed", G_CALLBACK (cpus_changed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->boot, "notify::selected", G_CALLBACK (boot_changed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->accelerator, "notify::selected", G_CALLBACK (accelerator_changed),
                           self, G_CONNECT_SWAPPED);
  return self;
}

static void
settings_dialog_finalize (GObject *object)
{
  g_clear_object (&SETTINGS_DIALOG (object)->machine);
  G_OBJECT_CLASS (settings_dialog_parent_class)->finalize (object);
}

static void
settings_dialog_class_init (SettingsDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = settings_dialog_finalize;
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/guesthouse/Guesthouse/settings-dialog.ui");
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, name);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, memory);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, cpus);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, boot);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, accelerator);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, disk_row);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, disc_row);
  gtk_widget_class_bind_template_callback (widget_class, choose_disk);
  gtk_widget_class_bind_template_callback (widget_class, choose_disc);
  gtk_widget_class_bind_template_callback (widget_class, remove_disk);
  gtk_widget_class_bind_template_callback (widget_class, eject_disc);
}

static void
settings_dialog_init (SettingsDialog *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
