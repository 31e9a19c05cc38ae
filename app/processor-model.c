/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "processor-model.h"

#include <glib/gi18n.h>

#include "vmm-core/x86/cpu-models.h"

typedef struct
{
  GtkDropDown *models;
  GtkSwitch *nested;
  Machine *machine;
  void (*changed) (gpointer data);
  gpointer data;
} ProcessorModel;

static void
processor_model_free (gpointer data)
{
  ProcessorModel *self = data;

  g_object_unref (self->machine);
  g_free (self);
}

static void
fill (ProcessorModel *self)
{
  g_autoptr (GtkStringList) titles = gtk_string_list_new (NULL);
  g_autofree char *value = machine_get_string (self->machine, "cpu", "model");
  const CpuModel *model;
  guint selected = 0;

  for (unsigned i = 0; (model = cpu_models_get (i)) != NULL; i++)
    {
      gtk_string_list_append (titles, i == 0 ? _ ("This computer's") : model->title);
      if (g_strcmp0 (model->name, value) == 0)
        selected = i;
    }
  gtk_drop_down_set_model (self->models, G_LIST_MODEL (titles));
  gtk_drop_down_set_selected (self->models, selected);
  gtk_switch_set_active (
    self->nested, g_key_file_get_boolean (machine_get_conf (self->machine), "cpu", "nested", NULL));
  gtk_widget_set_sensitive (GTK_WIDGET (self->nested), selected == 0);
}

static void
nested_changed (ProcessorModel *self)
{
  g_key_file_set_boolean (machine_get_conf (self->machine), "cpu", "nested",
                          gtk_switch_get_active (self->nested));
  self->changed (self->data);
}

static void
model_changed (ProcessorModel *self)
{
  guint selected = gtk_drop_down_get_selected (self->models);
  GKeyFile *conf = machine_get_conf (self->machine);

  g_key_file_set_string (conf, "cpu", "model", cpu_models_get (selected)->name);
  if (selected != 0)
    {
      g_signal_handlers_block_by_func (self->nested, nested_changed, self);
      gtk_switch_set_active (self->nested, FALSE);
      g_signal_handlers_unblock_by_func (self->nested, nested_changed, self);
      g_key_file_remove_key (conf, "cpu", "nested", NULL);
    }
  gtk_widget_set_sensitive (GTK_WIDGET (self->nested), selected == 0);
  self->changed (self->data);
}

void
processor_model_attach (GtkDropDown *models, GtkSwitch *nested, Machine *machine,
                        void (*changed) (gpointer data), gpointer data)
{
  ProcessorModel *self = g_new0 (ProcessorModel, 1);

  self->models = models;
  self->nested = nested;
  self->machine = g_object_ref (machine);
  self->changed = changed;
  self->data = data;
  g_object_set_data_full (G_OBJECT (models), "processor-model", self, processor_model_free);
  fill (self);
  g_signal_connect_swapped (models, "notify::selected", G_CALLBACK (model_changed), self);
  g_signal_connect_swapped (nested, "notify::active", G_CALLBACK (nested_changed), self);
}
