/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "device-bar.h"

#include <glib/gi18n.h>

#include "app/model/drive-list.h"
#include "drive-row.h"

#define LIGHT_MS 150

/* Something that lights up for a moment. */
typedef struct
{
  GtkWidget *widget;
  guint timer;
} Light;

struct _DeviceBar
{
  GtkBox parent_instance;
  Machine *machine;
  GMenu *disks, *devices;
  Light disk_light, disc_light, all_light;
  gboolean narrow;

  GtkMenuButton *accelerator, *disk, *disc, *all;
  GtkLabel *reason;
};

G_DEFINE_FINAL_TYPE (DeviceBar, device_bar, GTK_TYPE_BOX)

enum
{
  PROP_NARROW = 1,
  N_PROPS
};

static gboolean
light_off (gpointer data)
{
  Light *light = data;

  light->timer = 0;
  gtk_widget_remove_css_class (light->widget, "active");
  return G_SOURCE_REMOVE;
}

static void
light_on (Light *light)
{
  g_clear_handle_id (&light->timer, g_source_remove);
  gtk_widget_add_css_class (light->widget, "active");
  light->timer = g_timeout_add (LIGHT_MS, light_off, light);
}

static void
show_activity (DeviceBar *self, const char *drive, const char *kind)
{
  light_on (g_str_has_prefix (drive, "cd") ? &self->disc_light : &self->disk_light);
  light_on (&self->all_light);
}

/* A disk is changed while the machine is off: the menu says which there are, and leads there. */
static void
list_disks (DeviceBar *self)
{
  g_autoptr (GPtrArray) drives = drive_list_read (machine_get_conf (self->machine));

  g_menu_remove_all (self->disks);
  for (unsigned i = 0; i < drives->len; i++)
    {
      const DriveListEntry *drive = g_ptr_array_index (drives, i);
      g_autoptr (GMenu) section = g_menu_new ();
      g_autofree char *title = drive_row_dup_title (drives, drive);
      g_autofree char *base = drive->file != NULL ? g_filename_display_basename (drive->file)
                                                  : g_strdup (_ ("No file"));
      g_autofree char *heading = g_strdup_printf (_ ("%s: %s"), title, base);

      if (drive->cd)
        continue;
      g_menu_append_section (self->disks, heading, G_MENU_MODEL (section));
    }
  if (g_menu_model_get_n_items (G_MENU_MODEL (self->disks)) > 0)
    g_menu_append (self->disks, _ ("_Settings…"), "vm.settings");
}

static gboolean
has_items (GMenuModel *menu)
{
  return menu != NULL && g_menu_model_get_n_items (menu) > 0;
}

static void
show_accelerator (DeviceBar *self)
{
  const char *accelerator = machine_get_accelerator (self->machine);
  const char *reason = machine_get_accelerator_reason (self->machine);
  gboolean shown = !self->narrow && accelerator != NULL && !g_str_equal (accelerator, "kvm")
                   && reason != NULL && *reason != '\0';

  gtk_label_set_label (self->reason, shown ? reason : "");
  gtk_widget_set_visible (GTK_WIDGET (self->accelerator), shown);
}

static void
show_buttons (DeviceBar *self)
{
  GMenuModel *discs = gtk_menu_button_get_menu_model (self->disc);
  gboolean disk = has_items (G_MENU_MODEL (self->disks)), disc = has_items (discs);

  gtk_widget_set_visible (GTK_WIDGET (self->disk), !self->narrow && disk);
  gtk_widget_set_visible (GTK_WIDGET (self->disc), !self->narrow && disc);
  gtk_widget_set_visible (GTK_WIDGET (self->all), self->narrow && (disk || disc));
}

static void
forget_machine (DeviceBar *self)
{
  if (self->machine != NULL)
    g_signal_handlers_disconnect_by_data (self->machine, self);
  g_clear_object (&self->machine);
}

void
device_bar_show (DeviceBar *self, Machine *machine, GMenuModel *discs)
{
  gtk_widget_set_visible (GTK_WIDGET (self), machine != NULL);
  forget_machine (self);
  if (machine == NULL)
    return;
  self->machine = g_object_ref (machine);
  g_signal_connect_swapped (machine, "activity", G_CALLBACK (show_activity), self);
  g_signal_connect_swapped (machine, "notify::accelerator", G_CALLBACK (show_accelerator), self);
  g_signal_connect_swapped (machine, "notify::accelerator-reason", G_CALLBACK (show_accelerator),
                            self);
  list_disks (self);
  gtk_menu_button_set_menu_model (self->disc, discs);
  g_menu_remove_all (self->devices);
  g_menu_append_section (self->devices, NULL, discs);
  g_menu_append_section (self->devices, NULL, G_MENU_MODEL (self->disks));
  show_accelerator (self);
  show_buttons (self);
}

static void
device_bar_set_property (GObject *object, guint property, const GValue *value, GParamSpec *pspec)
{
  DeviceBar *self = DEVICE_BAR (object);

  self->narrow = g_value_get_boolean (value);
  if (self->machine == NULL)
    return;
  show_accelerator (self);
  show_buttons (self);
}

static void
device_bar_dispose (GObject *object)
{
  DeviceBar *self = DEVICE_BAR (object);

  g_clear_handle_id (&self->disk_light.timer, g_source_remove);
  g_clear_handle_id (&self->disc_light.timer, g_source_remove);
  g_clear_handle_id (&self->all_light.timer, g_source_remove);
  forget_machine (self);
  g_clear_object (&self->disks);
  g_clear_object (&self->devices);
  G_OBJECT_CLASS (device_bar_parent_class)->dispose (object);
}

static void
device_bar_class_init (DeviceBarClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = device_bar_dispose;
  G_OBJECT_CLASS (klass)->set_property = device_bar_set_property;
  g_object_class_install_property (
    G_OBJECT_CLASS (klass), PROP_NARROW,
    g_param_spec_boolean ("narrow", NULL, NULL, FALSE, G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS));
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/guesthouse/Guesthouse/device-bar.ui");
  gtk_widget_class_bind_template_child (widget_class, DeviceBar, accelerator);
  gtk_widget_class_bind_template_child (widget_class, DeviceBar, reason);
  gtk_widget_class_bind_template_child (widget_class, DeviceBar, disk);
  gtk_widget_class_bind_template_child (widget_class, DeviceBar, disc);
  gtk_widget_class_bind_template_child (widget_class, DeviceBar, all);
}

static void
device_bar_init (DeviceBar *self)
{
  self->disks = g_menu_new ();
  self->devices = g_menu_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
  self->disk_light.widget = GTK_WIDGET (self->disk);
  self->disc_light.widget = GTK_WIDGET (self->disc);
  self->all_light.widget = GTK_WIDGET (self->all);
  gtk_menu_button_set_menu_model (self->disk, G_MENU_MODEL (self->disks));
  gtk_menu_button_set_menu_model (self->all, G_MENU_MODEL (self->devices));
}
