/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-list.h"

#include "machine-row.h"

struct _MachineList
{
  AdwBin parent_instance;
  GtkFilter *filter;

  GtkSearchEntry *search;
  GtkListBox *list;
};

G_DEFINE_FINAL_TYPE (MachineList, machine_list, ADW_TYPE_BIN)

static guint activated_signal;

static GtkWidget *
make_row (gpointer item, gpointer data)
{
  return machine_row_new (item);
}

static gboolean
matches_search (gpointer item, gpointer data)
{
  MachineList *self = data;
  const char *wanted = gtk_editable_get_text (GTK_EDITABLE (self->search));
  g_autofree char *needle = g_utf8_casefold (wanted, -1);
  g_autofree char *name = g_utf8_casefold (machine_get_name (item), -1);

  return strstr (name, needle) != NULL;
}

static void
search_changed (MachineList *self)
{
  gtk_filter_changed (self->filter, GTK_FILTER_CHANGE_DIFFERENT);
}

static void
row_activated (MachineList *self, GtkListBoxRow *row)
{
  g_signal_emit (self, activated_signal, 0, machine_row_get_machine (MACHINE_ROW (row)));
}

void
machine_list_select (MachineList *self, Machine *machine)
{
  GtkListBoxRow *row = NULL;
  int i = 0;

  while ((row = gtk_list_box_get_row_at_index (self->list, i++)) != NULL)
    if (machine_row_get_machine (MACHINE_ROW (row)) == machine)
      break;
  if (row != gtk_list_box_get_selected_row (self->list))
    gtk_list_box_select_row (self->list, row);
}

void
machine_list_set_library (MachineList *self, Library *library)
{
  g_autoptr (GtkFilterListModel) filtered = gtk_filter_list_model_new (
    g_object_ref (G_LIST_MODEL (library)), g_object_ref (self->filter));

  gtk_list_box_bind_model (self->list, G_LIST_MODEL (filtered), make_row, self, NULL);
}

static void
machine_list_dispose (GObject *object)
{
  MachineList *self = MACHINE_LIST (object);

  /* The library outlives the list, and must not call its filter then. */
  if (self->list != NULL)
    gtk_list_box_bind_model (self->list, NULL, NULL, NULL, NULL);
  g_clear_object (&self->filter);
  G_OBJECT_CLASS (machine_list_parent_class)->dispose (object);
}

static void
machine_list_class_init (MachineListClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = machine_list_dispose;
  activated_signal = g_signal_new ("activated", MACHINE_LIST_TYPE, G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                                   NULL, G_TYPE_NONE, 1, MACHINE_TYPE);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/guesthouse/Guesthouse/machine-list.ui");
  gtk_widget_class_bind_template_child (widget_class, MachineList, search);
  gtk_widget_class_bind_template_child (widget_class, MachineList, list);
  gtk_widget_class_bind_template_callback (widget_class, search_changed);
  gtk_widget_class_bind_template_callback (widget_class, row_activated);
}

static void
machine_list_init (MachineList *self)
{
  self->filter = GTK_FILTER (gtk_custom_filter_new (matches_search, self, NULL));
  gtk_widget_init_template (GTK_WIDGET (self));
}
