/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "settings-dialog.h"

#include <glib/gi18n.h>
#include <string.h>

#include "accelerator-row.h"
#include "accessible-name.h"
#include "conf-editor.h"
#include "devices-group.h"
#include "drives-group.h"
#include "processor-layout.h"
#include "processor-model.h"
#include "sentence-toast.h"
#include "smbios-group.h"
#include "unit-field.h"
#include "vmm-core/run/machine-config.h"

struct _SettingsDialog
{
  AdwWindow parent_instance;
  Machine *machine;

  AdwToastOverlay *toasts;
  AdwLeaflet *leaflet;
  GtkWidget *sidebar, *content;
  GtkListBox *list;
  AdwWindowTitle *page_title;
  GtkStack *stack;

  AdwEntryRow *name;
  GtkLabel *refusal;
  GtkSpinButton *memory, *cpus;
  GtkDropDown *boot, *topology, *cpu_model, *accelerator, *ticks;
  GtkSwitch *boot_menu, *nested, *scale;
  DrivesGroup *drives;
  DevicesGroup *devices;
  SmbiosGroup *smbios;
  ConfEditor *editor;
  AdwActionRow *accelerator_row, *firmware_row;
  GtkWidget *firmware_reset;
};

G_DEFINE_FINAL_TYPE (SettingsDialog, settings_dialog, ADW_TYPE_WINDOW)

/* A key of the group “machine” with a value for each item of its list; the first is the default. */
typedef struct
{
  const char *key, *values[5];
} Choice;

static const Choice boot_order = { "boot", { "cd", "dc", "c", "d" } };
static const Choice tick_policy = { "ticks", { "catch-up", "merge" } };

static void
show_problem (SettingsDialog *self, const char *sentence)
{
  adw_toast_overlay_add_toast (self->toasts, sentence_toast_new (sentence));
}

/* The pages, of which a row each is in the sidebar */

static void
show_page (SettingsDialog *self, GtkStackPage *page)
{
  gtk_stack_set_visible_child (self->stack, gtk_stack_page_get_child (page));
  adw_window_title_set_title (self->page_title, gtk_stack_page_get_title (page));
}

static void
page_chosen (SettingsDialog *self, GtkListBoxRow *row)
{
  show_page (self, g_object_get_data (G_OBJECT (row), "page"));
  adw_leaflet_set_visible_child (self->leaflet, self->content);
}

static void
go_back (SettingsDialog *self)
{
  adw_leaflet_set_visible_child (self->leaflet, self->sidebar);
}

static GtkWidget *
make_row (GtkStackPage *page)
{
  GtkWidget *row = gtk_list_box_row_new ();
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
  GtkWidget *label = gtk_label_new (gtk_stack_page_get_title (page));

  gtk_box_append (GTK_BOX (box),
                  gtk_image_new_from_icon_name (gtk_stack_page_get_icon_name (page)));
  gtk_box_append (GTK_BOX (box), label);
  gtk_list_box_row_set_child (GTK_LIST_BOX_ROW (row), box);
  g_object_set_data (G_OBJECT (row), "page", page);
  gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  gtk_stack_page_get_title (page), -1);
  return row;
}

static void
show_first_page (SettingsDialog *self)
{
  GtkListBoxRow *first = gtk_list_box_get_row_at_index (self->list, 0);

  gtk_list_box_select_row (self->list, first);
  page_chosen (self, first);
}

/* Of a file that cannot be read only the file itself. */
static void
add_pages (SettingsDialog *self)
{
  g_autoptr (GListModel) pages = G_LIST_MODEL (gtk_stack_get_pages (self->stack));
  guint n = g_list_model_get_n_items (pages);

  for (guint i = machine_get_state (self->machine) == MACHINE_BROKEN ? n - 1 : 0; i < n; i++)
    {
      g_autoptr (GObject) page = g_list_model_get_item (pages, i);

      gtk_list_box_append (self->list, make_row (GTK_STACK_PAGE (page)));
    }
  show_first_page (self);
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

/* Below the name, which stays as it was typed; NULL: there is none. */
static void
show_refusal (SettingsDialog *self, const char *sentence)
{
  gtk_label_set_label (self->refusal, sentence != NULL ? sentence : "");
  gtk_widget_set_visible (GTK_WIDGET (self->refusal), sentence != NULL);
  if (sentence != NULL)
    gtk_widget_add_css_class (GTK_WIDGET (self->name), "error");
  else
    gtk_widget_remove_css_class (GTK_WIDGET (self->name), "error");
  gtk_accessible_update_state (
    GTK_ACCESSIBLE (self->name), GTK_ACCESSIBLE_STATE_INVALID,
    sentence != NULL ? GTK_ACCESSIBLE_INVALID_TRUE : GTK_ACCESSIBLE_INVALID_FALSE, -1);
}

static void
name_edited (SettingsDialog *self)
{
  show_refusal (self, NULL);
}

static void
name_applied (SettingsDialog *self)
{
  const char *name = gtk_editable_get_text (GTK_EDITABLE (self->name));
  g_autoptr (GError) error = NULL;

  if (!g_str_equal (name, machine_get_name (self->machine))
      && !machine_rename (self->machine, name, &error))
    show_refusal (self, error->message);
}

static void
choice_changed (GtkDropDown *list, GParamSpec *property, SettingsDialog *self)
{
  const Choice *choice = g_object_get_data (G_OBJECT (list), "choice");

  g_key_file_set_string (machine_get_conf (self->machine), "machine", choice->key,
                         choice->values[gtk_drop_down_get_selected (list)]);
  save (self);
}

/* value may be NULL. */
static void
offer_choice (SettingsDialog *self, GtkDropDown *list, const Choice *choice, const char *value)
{
  for (guint i = 0; choice->values[i] != NULL; i++)
    if (g_strcmp0 (choice->values[i], value) == 0)
      gtk_drop_down_set_selected (list, i);
  g_object_set_data (G_OBJECT (list), "choice", (gpointer) choice);
  g_signal_connect_object (list, "notify::selected", G_CALLBACK (choice_changed), self, 0);
}

static void
boot_menu_changed (SettingsDialog *self)
{
  g_key_file_set_boolean (machine_get_conf (self->machine), "machine", "boot-menu",
                          gtk_switch_get_active (self->boot_menu));
  save (self);
}

/* What is written in machine.conf, without the network, for which the machine has no device. */
static char *
dup_boot_order (Machine *machine)
{
  char *order = machine_get_string (machine, "machine", "boot");

  for (char *at = order; at != NULL && *at != '\0';)
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

SettingsDialog *
settings_dialog_new (GtkWindow *parent, Machine *machine)
{
  SettingsDialog *self
    = g_object_new (SETTINGS_DIALOG_TYPE, "transient-for", parent, "modal", TRUE, NULL);
  unsigned host = machine_config_get_host_memory ();
  g_autofree char *boot = dup_boot_order (machine);
  g_autofree char *ticks = machine_get_string (machine, "machine", "ticks");
  g_autoptr (GSettings) settings = g_settings_new ("org.guesthouse.Guesthouse");

  self->machine = g_object_ref (machine);
  gtk_editable_set_text (GTK_EDITABLE (self->name), machine_get_name (machine));
  gtk_spin_button_set_range (self->memory, 1, MAX (host, 640) - 512);
  unit_field_set (self->memory, "MiB");
  gtk_spin_button_set_value (self->memory, machine_get_memory (machine));
  processor_layout_attach (self->cpus, self->topology, machine, save, self);
  processor_model_attach (self->cpu_model, self->nested, machine, save, self);
  accelerator_row_attach (self->accelerator_row, self->accelerator, machine, save, self);
  offer_choice (self, self->boot, &boot_order, boot);
  offer_choice (self, self->ticks, &tick_policy, ticks);
  gtk_switch_set_active (self->boot_menu, g_key_file_get_boolean (machine_get_conf (machine),
                                                                  "machine", "boot-menu", NULL));
  drives_group_set_machine (self->drives, machine);
  devices_group_set_machine (self->devices, machine);
  smbios_group_set_machine (self->smbios, machine);
  conf_editor_set_machine (self->editor, machine);
  add_pages (self);
  g_settings_bind (settings, "scale-display", self->scale, "active", G_SETTINGS_BIND_DEFAULT);
  show_firmware (self);
  g_signal_connect_object (machine, "problem", G_CALLBACK (show_problem), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->name, "apply", G_CALLBACK (name_applied), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->name, "changed", G_CALLBACK (name_edited), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->memory, "value-changed", G_CALLBACK (memory_changed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->boot_menu, "notify::active", G_CALLBACK (boot_menu_changed), self,
                           G_CONNECT_SWAPPED);
  return self;
}

/* What was typed is meant, also without Enter; who has not yet seen that it is refused is told. */
static gboolean
settings_dialog_close_request (GtkWindow *window)
{
  SettingsDialog *self = SETTINGS_DIALOG (window);
  gboolean seen = gtk_widget_get_visible (GTK_WIDGET (self->refusal));

  gtk_spin_button_update (self->memory);
  gtk_spin_button_update (self->cpus);
  name_applied (self);
  if (gtk_widget_get_visible (GTK_WIDGET (self->refusal)) && !seen)
    {
      show_first_page (self);
      gtk_widget_grab_focus (GTK_WIDGET (self->name));
      return TRUE;
    }
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
  g_type_ensure (CONF_EDITOR_TYPE);
  g_type_ensure (DRIVES_GROUP_TYPE);
  g_type_ensure (SMBIOS_GROUP_TYPE);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/guesthouse/Guesthouse/settings-dialog.ui");
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, toasts);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, leaflet);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, sidebar);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, content);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, list);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, page_title);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, stack);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, scale);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, editor);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, name);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, refusal);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, memory);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, cpus);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, boot);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, topology);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, cpu_model);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, nested);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, accelerator_row);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, accelerator);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, ticks);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, boot_menu);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, drives);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, devices);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, smbios);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, firmware_row);
  gtk_widget_class_bind_template_child (widget_class, SettingsDialog, firmware_reset);
  gtk_widget_class_bind_template_callback (widget_class, reset_firmware);
  gtk_widget_class_bind_template_callback (widget_class, page_chosen);
  gtk_widget_class_bind_template_callback (widget_class, go_back);
}

static void
settings_dialog_init (SettingsDialog *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  accessible_name_buttons (GTK_WIDGET (self->boot), _ ("Boot order"));
  accessible_name_buttons (GTK_WIDGET (self->topology), _ ("Processor layout"));
  accessible_name_buttons (GTK_WIDGET (self->cpu_model), _ ("Processor model"));
  accessible_name_buttons (GTK_WIDGET (self->accelerator), _ ("Accelerator"));
  accessible_name_buttons (GTK_WIDGET (self->ticks), _ ("Late timer ticks"));
}
