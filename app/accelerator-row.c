/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "accelerator-row.h"

#include <glib/gi18n.h>

typedef struct
{
  AdwActionRow *row;
  GtkDropDown *list;
  Machine *machine;
  char *refusal;        /* the running machine's, a sentence; NULL: none */
  GCancellable *asking; /* it, about the last choice */
  void (*changed) (gpointer data);
  gpointer data;
} AcceleratorRow;

/* What the list has, in its order. */
static const char *const values[] = { "auto", "kvm", "translator", "interpreter" };

static void
accelerator_row_free (gpointer data)
{
  AcceleratorRow *self = data;

  g_cancellable_cancel (self->asking);
  g_object_unref (self->asking);
  g_signal_handlers_disconnect_by_data (self->machine, self);
  g_object_unref (self->machine);
  g_free (self->refusal);
  g_free (self);
}

static void
show (AcceleratorRow *self)
{
  gboolean now = self->refusal == NULL && machine_takes_accelerator (self->machine);
  g_autofree char *text = g_strjoin ("\n",
                                     now ? _ ("What runs the processor — applies now")
                                         : _ ("What runs the processor — at next start"),
                                     self->refusal, NULL);

  adw_action_row_set_subtitle (self->row, text);
}

static void
set_refusal (AcceleratorRow *self, const char *sentence)
{
  g_free (self->refusal);
  self->refusal = g_strdup (sentence);
  show (self);
}

/* A machine that has been off since refuses nothing any more. */
static void
state_changed (AcceleratorRow *self)
{
  if (machine_is_on (self->machine))
    show (self);
  else
    set_refusal (self, NULL);
}

static void
answered (GObject *source, GAsyncResult *result, gpointer data)
{
  AcceleratorRow *self = data; /* gone where it was cancelled */
  g_autoptr (GError) error = NULL;

  if (!machine_set_accelerator_finish (MACHINE_MACHINE (source), result, &error)
      && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    set_refusal (self, error->message);
}

static void
selected (AcceleratorRow *self)
{
  const char *value = values[gtk_drop_down_get_selected (self->list)];

  g_key_file_set_string (machine_get_conf (self->machine), "machine", "accelerator", value);
  self->changed (self->data);
  set_refusal (self, NULL);
  g_cancellable_cancel (self->asking);
  g_object_unref (self->asking);
  self->asking = g_cancellable_new ();
  if (machine_takes_accelerator (self->machine))
    machine_set_accelerator_async (self->machine, value, self->asking, answered, self);
}

void
accelerator_row_attach (AdwActionRow *row, GtkDropDown *list, Machine *machine,
                        void (*changed) (gpointer data), gpointer data)
{
  AcceleratorRow *self = g_new0 (AcceleratorRow, 1);
  g_autofree char *wanted = machine_get_string (machine, "machine", "accelerator");

  self->row = row;
  self->list = list;
  self->machine = g_object_ref (machine);
  self->asking = g_cancellable_new ();
  self->changed = changed;
  self->data = data;
  g_object_set_data_full (G_OBJECT (row), "accelerator-row", self, accelerator_row_free);
  for (unsigned i = 0; i < G_N_ELEMENTS (values); i++)
    if (g_strcmp0 (values[i], wanted) == 0)
      gtk_drop_down_set_selected (list, i);
  show (self);
  g_signal_connect_swapped (list, "notify::selected", G_CALLBACK (selected), self);
  g_signal_connect_swapped (machine, "notify::state", G_CALLBACK (state_changed), self);
}
