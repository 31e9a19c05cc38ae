/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "devices-group.h"

#include <glib/gi18n.h>

#include "app/model/device-conf.h"

struct _DevicesGroup
{
  AdwPreferencesGroup parent_instance;
  Machine *machine;
  GPtrArray *rows; /* in the group now */
  GtkMenuButton *add;
};

G_DEFINE_FINAL_TYPE (DevicesGroup, devices_group, ADW_TYPE_PREFERENCES_GROUP)

/* Those have a group of their own, which knows of files and discs. */
static gboolean
is_drive (const DeviceModel *model)
{
  return g_str_equal (model->kind, "disk") || g_str_equal (model->kind, "cd");
}

/* The rows follow by the machine's signal, also where machine.conf stays as it was. */
static void
save (DevicesGroup *self)
{
  g_autoptr (GError) error = NULL;

  if (!machine_save (self->machine, &error))
    g_signal_emit_by_name (self->machine, "problem", error->message);
}

/* A row's option, which its entry carries. */
typedef struct
{
  DevicesGroup *self;
  char *group;
  const DeviceOption *option;
} Field;

static void
field_free (gpointer data, GClosure *closure)
{
  Field *field = data;

  g_free (field->group);
  g_free (field);
}

static void
option_applied (AdwEntryRow *row, Field *field)
{
  Machine *machine = field->self->machine;

  device_conf_set (machine_get_conf (machine), field->group, field->option,
                   machine_get_folder (machine), gtk_editable_get_text (GTK_EDITABLE (row)));
  save (field->self);
}

static void
remove_clicked (GtkWidget *button, DevicesGroup *self)
{
  g_key_file_remove_group (machine_get_conf (self->machine),
                           g_object_get_data (G_OBJECT (button), "device"), NULL);
  save (self);
}

static GtkWidget *
make_remove_button (DevicesGroup *self, const char *group, const char *title)
{
  GtkWidget *button = gtk_button_new_from_icon_name ("user-trash-symbolic");
  g_autofree char *name = g_strdup_printf (_ ("Remove %s at next start"), title);

  gtk_widget_add_css_class (button, "flat");
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_set_tooltip_text (button, name);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  g_object_set_data_full (G_OBJECT (button), "device", g_strdup (group), g_free);
  g_signal_connect_object (button, "clicked", G_CALLBACK (remove_clicked), self, 0);
  return button;
}

static GtkWidget *
make_field (DevicesGroup *self, const char *group, const DeviceOption *option)
{
  GtkWidget *row = adw_entry_row_new ();
  g_autofree char *value = machine_get_string (self->machine, group, option->name);
  Field *field = g_new (Field, 1);

  *field = (Field){ self, g_strdup (group), option };
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), _ (option->title));
  gtk_editable_set_text (GTK_EDITABLE (row), value != NULL              ? value
                                             : option->fallback != NULL ? option->fallback
                                                                        : "");
  adw_entry_row_set_show_apply_button (ADW_ENTRY_ROW (row), TRUE);
  g_signal_connect_data (row, "apply", G_CALLBACK (option_applied), field, field_free, 0);
  return row;
}

static GtkWidget *
make_row (DevicesGroup *self, const char *group, unsigned number, const DeviceModel *model)
{
  gboolean options = model->n_options > 0;
  GtkWidget *row = options ? adw_expander_row_new () : adw_action_row_new ();
  g_autofree char *title = model->max > 1 ? g_strdup_printf ("%s %u", _ (model->title), number + 1)
                                          : g_strdup (_ (model->title));
  GtkWidget *button = make_remove_button (self, group, title);

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  if (!options)
    {
      adw_action_row_set_subtitle (ADW_ACTION_ROW (row), model->model);
      adw_action_row_add_suffix (ADW_ACTION_ROW (row), button);
      return row;
    }
  gtk_accessible_update_property (GTK_ACCESSIBLE (row), GTK_ACCESSIBLE_PROPERTY_LABEL, title, -1);
  adw_expander_row_set_subtitle (ADW_EXPANDER_ROW (row), model->model);
  adw_expander_row_add_action (ADW_EXPANDER_ROW (row), button);
  for (unsigned i = 0; i < model->n_options; i++)
    adw_expander_row_add_row (ADW_EXPANDER_ROW (row), make_field (self, group, &model->options[i]));
  return row;
}

/* What the catalogue has and the machine has room for. */
static void
show_menu (DevicesGroup *self)
{
  g_autoptr (GMenu) menu = g_menu_new ();
  unsigned n;
  const DeviceModel *models = catalog_get_models (&n);

  for (unsigned i = 0; i < n; i++)
    {
      g_autoptr (GMenuItem) item = NULL;

      if (is_drive (&models[i])
          || device_conf_get_free (machine_get_conf (self->machine), &models[i]) == NULL)
        continue;
      item = g_menu_item_new (_ (models[i].title), NULL);
      g_menu_item_set_action_and_target (item, "devices.add", "s", models[i].model);
      g_menu_append_item (menu, item);
    }
  gtk_menu_button_set_menu_model (self->add, G_MENU_MODEL (menu));
  gtk_widget_set_sensitive (GTK_WIDGET (self->add),
                            g_menu_model_get_n_items (G_MENU_MODEL (menu)) > 0);
}

static void
show_devices (DevicesGroup *self)
{
  GKeyFile *conf = machine_get_conf (self->machine);
  g_auto (GStrv) groups = g_key_file_get_groups (conf, NULL);

  for (unsigned i = 0; i < self->rows->len; i++)
    adw_preferences_group_remove (ADW_PREFERENCES_GROUP (self), g_ptr_array_index (self->rows, i));
  g_ptr_array_set_size (self->rows, 0);
  for (char **group = groups; *group != NULL; group++)
    {
      const DeviceModel *model = device_conf_get_model (conf, *group);
      unsigned number;
      GtkWidget *row;

      if (model == NULL || is_drive (model) || catalog_find_group (*group, &number) == NULL)
        continue;
      row = make_row (self, *group, number, model);
      adw_preferences_group_add (ADW_PREFERENCES_GROUP (self), row);
      g_ptr_array_add (self->rows, row);
    }
  show_menu (self);
}

static void
add_device (GtkWidget *widget, const char *action, GVariant *parameter)
{
  DevicesGroup *self = DEVICES_GROUP (widget);
  const DeviceModel *model = catalog_find_model (g_variant_get_string (parameter, NULL));

  if (device_conf_add (machine_get_conf (self->machine), model) != NULL)
    save (self);
}

void
devices_group_set_machine (DevicesGroup *self, Machine *machine)
{
  g_assert (self->machine == NULL);
  self->machine = g_object_ref (machine);
  g_signal_connect_object (machine, "changed", G_CALLBACK (show_devices), self, G_CONNECT_SWAPPED);
  show_devices (self);
}

static void
devices_group_finalize (GObject *object)
{
  DevicesGroup *self = DEVICES_GROUP (object);

  g_clear_object (&self->machine);
  g_ptr_array_unref (self->rows);
  G_OBJECT_CLASS (devices_group_parent_class)->finalize (object);
}

static void
devices_group_class_init (DevicesGroupClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = devices_group_finalize;
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/guesthouse/Guesthouse/devices-group.ui");
  gtk_widget_class_bind_template_child (widget_class, DevicesGroup, add);
  gtk_widget_class_install_action (widget_class, "devices.add", "s", add_device);
}

static void
devices_group_init (DevicesGroup *self)
{
  self->rows = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}
