/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-row.h"

#include "thumbnail.h"

struct _MachineRow
{
  GtkListBoxRow parent_instance;
  Machine *machine;
  Thumbnail *thumbnail;
  GtkLabel *name, *state;
  GtkWidget *dot;
  gboolean on;
};

static guint moved_signal;

G_DEFINE_FINAL_TYPE (MachineRow, machine_row, GTK_TYPE_LIST_BOX_ROW)

/* The dot says the same as the words beside it, in a colour. */
static void
show_dot (MachineRow *self)
{
  static const char *const classes[] = {
    [MACHINE_RUNNING] = "running",   [MACHINE_PAUSED] = "paused",
    [MACHINE_CRASHED] = "failed",    [MACHINE_NOT_STARTED] = "failed",
    [MACHINE_BROKEN] = "failed",     [MACHINE_NOT_RESPONDING] = "paused",
    [MACHINE_STARTING] = "starting",
  };
  MachineState state = machine_get_state (self->machine);
  const char *now[] = { "state-dot", state < G_N_ELEMENTS (classes) ? classes[state] : NULL, NULL };

  gtk_widget_set_visible (self->dot, now[1] != NULL);
  gtk_widget_set_css_classes (self->dot, now);
}

static void
show_name_and_state (MachineRow *self)
{
  const char *name = machine_get_name (self->machine);
  const char *state = machine_state_to_text (machine_get_state (self->machine));
  g_autofree char *both = g_strdup_printf ("%s, %s", name, state);

  gtk_label_set_label (self->name, name);
  gtk_label_set_label (self->state, state);
  show_dot (self);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, both, -1);
}

static void
state_changed (MachineRow *self)
{
  gboolean on = machine_is_on (self->machine);

  show_name_and_state (self);
  if (on == self->on)
    return;
  self->on = on;
  g_signal_emit (self, moved_signal, 0);
}

GtkWidget *
machine_row_new (Machine *machine)
{
  MachineRow *self = g_object_new (MACHINE_ROW_TYPE, NULL);

  self->machine = g_object_ref (machine);
  self->on = machine_is_on (machine);
  g_signal_connect_object (machine, "notify::name", G_CALLBACK (show_name_and_state), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (machine, "notify::state", G_CALLBACK (state_changed), self,
                           G_CONNECT_SWAPPED);
  show_name_and_state (self);
  thumbnail_set_machine (self->thumbnail, machine);
  return GTK_WIDGET (self);
}

Machine *
machine_row_get_machine (MachineRow *self)
{
  return self->machine;
}

static void
machine_row_finalize (GObject *object)
{
  g_clear_object (&MACHINE_ROW (object)->machine);
  G_OBJECT_CLASS (machine_row_parent_class)->finalize (object);
}

static void
machine_row_class_init (MachineRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = machine_row_finalize;
  moved_signal = g_signal_new ("moved", MACHINE_ROW_TYPE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                               G_TYPE_NONE, 0);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/guesthouse/Guesthouse/machine-row.ui");
  gtk_widget_class_bind_template_child (widget_class, MachineRow, thumbnail);
  gtk_widget_class_bind_template_child (widget_class, MachineRow, name);
  gtk_widget_class_bind_template_child (widget_class, MachineRow, state);
  gtk_widget_class_bind_template_child (widget_class, MachineRow, dot);
}

static void
machine_row_init (MachineRow *self)
{
  g_type_ensure (THUMBNAIL_TYPE);
  gtk_widget_init_template (GTK_WIDGET (self));
}
