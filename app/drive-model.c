/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "drive-model.h"

#include <glib/gi18n.h>

#include "accessible-name.h"
#include "app/model/device-conf.h"

typedef struct
{
  Machine *machine;
  char *drive;
  GPtrArray *models; /* as in the list */
  unsigned chosen;
} DriveModel;

static void
drive_model_free (gpointer data)
{
  DriveModel *self = data;

  g_object_unref (self->machine);
  g_ptr_array_unref (self->models);
  g_free (self->drive);
  g_free (self);
}

/* The rows are made anew when it is saved, this choice among them: it has closed its list by then.
 */
static gboolean
save (gpointer data)
{
  DriveModel *self = data;
  g_autoptr (GError) error = NULL;

  device_conf_set_model (machine_get_conf (self->machine), self->drive,
                         g_ptr_array_index (self->models, self->chosen));
  if (!machine_save (self->machine, &error))
    g_signal_emit_by_name (self->machine, "problem", error->message);
  return G_SOURCE_REMOVE;
}

static void
chosen (GtkDropDown *list, GParamSpec *property, DriveModel *self)
{
  DriveModel *choice = g_new (DriveModel, 1);

  *choice = (DriveModel){ g_object_ref (self->machine), g_strdup (self->drive),
                          g_ptr_array_ref (self->models), gtk_drop_down_get_selected (list) };
  g_idle_add_full (G_PRIORITY_DEFAULT_IDLE, save, choice, drive_model_free);
}

GtkWidget *
drive_model_new (Machine *machine, const char *drive, const char *title)
{
  const DeviceModel *now = device_conf_get_model (machine_get_conf (machine), drive);
  g_autoptr (GtkStringList) names = gtk_string_list_new (NULL);
  g_autofree char *label = g_strdup_printf (_ ("Model of %s — at next start"), title);
  DriveModel *self = g_new0 (DriveModel, 1);
  unsigned n;
  const DeviceModel *models = catalog_get_models (&n);
  GtkWidget *list;

  self->machine = g_object_ref (machine);
  self->drive = g_strdup (drive);
  self->models = g_ptr_array_new ();
  for (unsigned i = 0; i < n; i++)
    {
      if (!g_str_equal (models[i].kind, now->kind))
        continue;
      if (&models[i] == now)
        self->chosen = self->models->len;
      g_ptr_array_add (self->models, (gpointer) &models[i]);
      gtk_string_list_append (names, _ (models[i].variant));
    }
  if (self->models->len < 2)
    {
      drive_model_free (self);
      return NULL;
    }
  list = gtk_drop_down_new (G_LIST_MODEL (g_steal_pointer (&names)), NULL);
  gtk_drop_down_set_selected (GTK_DROP_DOWN (list), self->chosen);
  gtk_widget_set_valign (list, GTK_ALIGN_CENTER);
  gtk_widget_set_tooltip_text (list, label);
  gtk_accessible_update_property (GTK_ACCESSIBLE (list), GTK_ACCESSIBLE_PROPERTY_LABEL, label, -1);
  accessible_name_buttons (list, label);
  g_object_set_data_full (G_OBJECT (list), "drive-model", self, drive_model_free);
  g_signal_connect (list, "notify::selected", G_CALLBACK (chosen), self);
  return list;
}
