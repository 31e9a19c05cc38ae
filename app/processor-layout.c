/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "processor-layout.h"

#include <glib/gi18n.h>

#include "vmm-core/run/machine-topology.h"

typedef struct
{
  GtkSpinButton *cpus;
  GtkDropDown *layout;
  Machine *machine;
  GPtrArray *values; /* of topology in machine.conf, one for each item of layout */
  gboolean filling;
  void (*changed) (gpointer data);
  gpointer data;
} ProcessorLayout;

static void
processor_layout_free (gpointer data)
{
  ProcessorLayout *self = data;

  g_ptr_array_unref (self->values);
  g_object_unref (self->machine);
  g_free (self);
}

/* Takes value over. */
static void
offer (ProcessorLayout *self, GtkStringList *names, char *value, const char *name)
{
  g_ptr_array_add (self->values, value);
  gtk_string_list_append (names, name);
}

static void
offer_numbers (ProcessorLayout *self, GtkStringList *names, unsigned cpus)
{
  for (unsigned sockets = 2; sockets < cpus; sockets++)
    if (cpus % sockets == 0)
      {
        g_autofree char *name
          = g_strdup_printf (_ ("%u processors of %u cores"), sockets, cpus / sockets);

        offer (self, names, g_strdup_printf ("%ux%ux1", sockets, cpus / sockets), name);
      }
}

/* An item of its own is there for what machine.conf says in other numbers. */
static void
fill (ProcessorLayout *self)
{
  g_autoptr (GtkStringList) names = gtk_string_list_new (NULL);
  g_autofree char *value = machine_get_string (self->machine, "machine", "topology");
  unsigned cpus = machine_get_integer (self->machine, "machine", "cpus", 1);
  guint selected = 0;

  g_ptr_array_set_size (self->values, 0);
  offer (self, names, g_strdup (MACHINE_TOPOLOGY_AUTO), _ ("Automatic"));
  offer (self, names, g_strdup (MACHINE_TOPOLOGY_CORES), _ ("Cores of one processor"));
  offer (self, names, g_strdup (MACHINE_TOPOLOGY_SOCKETS), _ ("A processor each"));
  offer_numbers (self, names, cpus);
  while (value != NULL && selected < self->values->len
         && !g_str_equal (value, g_ptr_array_index (self->values, selected)))
    selected++;
  if (selected == self->values->len)
    offer (self, names, g_strdup (value), value);
  self->filling = TRUE;
  gtk_drop_down_set_model (self->layout, G_LIST_MODEL (names));
  gtk_drop_down_set_selected (self->layout, selected);
  gtk_spin_button_set_value (self->cpus, cpus);
  self->filling = FALSE;
}

static void
cpus_changed (ProcessorLayout *self)
{
  if (self->filling)
    return;
  machine_topology_set_cpus (machine_get_conf (self->machine),
                             gtk_spin_button_get_value_as_int (self->cpus));
  self->changed (self->data);
  fill (self);
}

static void
layout_changed (ProcessorLayout *self)
{
  guint selected = gtk_drop_down_get_selected (self->layout);

  if (self->filling || selected >= self->values->len)
    return;
  machine_topology_set (machine_get_conf (self->machine),
                        g_ptr_array_index (self->values, selected));
  self->changed (self->data);
}

void
processor_layout_attach (GtkSpinButton *cpus, GtkDropDown *layout, Machine *machine,
                         void (*changed) (gpointer data), gpointer data)
{
  ProcessorLayout *self = g_new0 (ProcessorLayout, 1);

  self->cpus = cpus;
  self->layout = layout;
  self->machine = g_object_ref (machine);
  self->values = g_ptr_array_new_with_free_func (g_free);
  self->changed = changed;
  self->data = data;
  g_object_set_data_full (G_OBJECT (layout), "processor-layout", self, processor_layout_free);
  fill (self);
  g_signal_connect_swapped (cpus, "value-changed", G_CALLBACK (cpus_changed), self);
  g_signal_connect_swapped (layout, "notify::selected", G_CALLBACK (layout_changed), self);
}
