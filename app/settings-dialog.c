/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "settings-dialog.h"

#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#include "accessible-name.h"
#include "drives-group.h"
#include "processor-layout.h"
#include "sentence-toast.h"
#include "smbios-group.h"

struct _SettingsDialog
{
  AdwPreferencesWindow parent_instance;
  Machine *machine;

  AdwEntryRow *name;
  GtkSpinButton *memory, *cpus;
  GtkDropDown *boot, *topology, *accelerator, *ticks;
  GtkSwitch *boot_menu;
  DrivesGroup *drives;
  SmbiosGroup *smbios;
  AdwActionRow *firmware_row;
  GtkWidget *firmware_reset;
};

G_DEFINE_FINAL_TYPE (SettingsDialog, settings_dialog, ADW_TYPE_PREFERENCES_WINDOW)

static const char *const boot_orders[] = { "cd", "dc", "c", "d" };
static const char *const accelerators[] = { "auto", "kvm", "translator", "interpreter" };
static const char *const tick_policies[] = { "catch-up", "merge" };

static void
show_problem (SettingsDialog *self, const char *sentence)
{
  adw_preferences_window_add_toast (ADW_PREFERENCES_WINDOW (self), sentence_toast_new (sentence));
}

static void
save (gpointer data)
{
  SettingsDialog *self = data;
  g_autoptr (GError) error = NULL;

  if (!machine_save (self->machine, &error))
    show_problem (self, error->message);
}

static void
memory_changed (SettingsDialog *self)
{
  g_key_file_set_integer (machine_get_conf (self->machine), "machine", "memory",
                          gtk_spin_button_get_value_as_int (self->memory));
  save (self);
}

static void
name_applied (SettingsDialog *self)
{
  const char *name = gtk_editable_get_text (GTK_EDITABLE (self->name));

  if (*name == '\0' || g_str_equal (name, machine_get_name (self->machine)))
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
boot_menu_changed (SettingsDialog *self)
{
  g_key_file_set_boolean (machine_get_conf (self->machine), "machine", "boot-menu",
                          gtk_switch_get_active (self->boot_menu));
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
ticks_changed (SettingsDialog *self)
{
  g_key_file_set_string (machine_get_conf (self->machine), "machine", "ticks",
                         tick_policies[gtk_drop_down_get_selected (self->ticks)]);
  save (self);
}

/* What is written in machine.conf, without the network, for which the machine has no device. */
static char *
dup_boot_order (Machine *machine)
{
  char *order = machine_get_string (machine, "machine", "boot");

  if (order == NULL)
    return g_strdup (boot_orders[0]);
  for (char *at = order; *at != '\0';)
    if (*at == 'n')
      memmove (at, at + 1, strlen (at));
    else
      at++;
  return order;
}

/* SeaBIOS is all there is, unless machine.conf names a file of its own. */
static void
show_firmware (SettingsDialog *self)
{
  g_autofree char *bios = machine_get_string (self->machine, "machine", "bios");
  gboolean own = bios != NULL && *bios != '\0';
  g_autofree char *base = own ? g_filename_display_basename (bios) : NULL;
  g_autofree char *text = g_strdup_printf ("%s — %s", own ? base : "SeaBIOS", _ ("at next start"));

  adw_action_row_set_subtitle (self->firmware_row, text);
  gtk_widget_set_visible (self->firmware_reset, own);
}

static void
reset_firmware (SettingsDialog *self)
{
  g_key_file_remove_key (machine_get_conf (self->machine), "machine", "bios", NULL);
  save (self);
  show_firmware (self);
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
  guint64 host = (guint64) sysconf (_SC_PHYS_PAGES) * sysconf (_SC_PAGESIZE) >> 20;
  g_autofree char *boot = dup_boot_order (machine);
  g_autofree char *accelerator = machine_get_string (machine, "machine", "accelerator");
  g_autofree char *ticks = machine_get_string (machine, "machine", "ticks");

  self->machine = g_object_ref (machine);
  gtk_editable_set_text (GTK_EDITABLE (self->name), machine_get_name (machine));
  gtk_spin_button_set_range (self->memory, 64, MAX (host - 512, 128));
  gtk_spin_button_set_value (self->memory, machine_get_integer (machine, "machine", "memory", 512));
  processor_layout_attach (self->cpus, self->topology, machine, save, self);
  gtk_drop_down_set_selected (self->boot, index_of (boot_orders, G_N_ELEMENTS (boot_orders), boot));
  gtk_drop_down_set_selected (self->accelerator,
                              index_of (accelerators, G_N_ELEMENTS (accelerators), accelerator));
  gtk_drop_down_set_selected (self->ticks,
                              index_of (tick_policies, G_N_ELEMENTS (tick_policies), ticks));
  gtk_switch_set_active (self->boot_menu, g_key_file_get_boolean (machine_get_conf (machine),
                                                                  "machine", "boot-menu", NULL));
  drives_group_set_machine (self->drives, machine);
  smbios_group_set_machine (self->smbios, machine);
  show_firmware (self);
  g_signal_connect_object (machine, "problem", G_CALLBACK (show_problem), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->name, "apply", G_CALLBACK (name_applied), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->memory, "value-changed", G_CALLBACK (memory_changed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->boot, "notify::selected", G_CALLBACK (boot_changed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->boot_menu, "notify::active", G_CALLBACK (boot_menu_changed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->accelerator, "notify::selected", G_CALLBACK (accelerator_changed),
                           self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->ticks, "notify::selected", G_CALLBACK (ticks_changed), self,
                           G_CONNECT_SWAPPED);
  return self;
}

/* What was typed is meant, also without Enter. */
static gboolean
settings_dialog_close_request (GtkWindow *window)
{
  SettingsDialog *self = SETTINGS_DIALOG (window);

  name_applied (self);
  gtk_spin_button_update (self->memory);
  gtk_spin_button_update (self->cpus);
  return GTK_WINDOW_CLASS (settings_dialog_parent_class)->close_request (window);
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
  GTK_WINDOW_CLASS (klass)->close_request = settings_dialog_close_request;
  g_type_ensure (DRIVES_GROUP_TYPE);
  g_type_ensure (SMBIOS_GROUP_TYPE);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/guesthouse/Guesthouse/settings-dialog.ui");
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, name);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, memory);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, cpus);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, boot);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, topology);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, accelerator);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, ticks);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, boot_menu);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, drives);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, smbios);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, firmware_row);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, firmware_reset);
  gtk_widget_class_bind_template_callback (widget_class, reset_firmware);
}

static void
settings_dialog_init (SettingsDialog *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  accessible_name_buttons (GTK_WIDGET (self->boot), _ ("Boot order"));
  accessible_name_buttons (GTK_WIDGET (self->topology), _ ("Processor layout"));
  accessible_name_buttons (GTK_WIDGET (self->accelerator), _ ("Accelerator"));
  accessible_name_buttons (GTK_WIDGET (self->ticks), _ ("Late timer ticks"));
}
