/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "failure-group.h"

#include <glib/gi18n.h>

struct _FailureGroup
{
  AdwPreferencesGroup parent_instance;
  Machine *machine;

  GtkLabel *sentence, *log;
  GtkWidget *disc_tools, *edit;
};

G_DEFINE_FINAL_TYPE (FailureGroup, failure_group, ADW_TYPE_PREFERENCES_GROUP)

static const char *
get_title (MachineState state)
{
  switch (state)
    {
    case MACHINE_CRASHED:
      return _ ("The Machine Stopped Unexpectedly");
    case MACHINE_NOT_STARTED:
      return _ ("Could Not Start");
    case MACHINE_BROKEN:
      return _ ("The Settings Cannot Be Read");
    default:
      return NULL;
    }
}

static void
show_text (GtkLabel *label, const char *text)
{
  gtk_label_set_label (label, text != NULL ? text : "");
  gtk_widget_set_visible (GTK_WIDGET (label), text != NULL && *text != '\0');
}

/* A sentence that says what hinders a start is enough; what led to a crash is in the log. */
static void
show_failure (FailureGroup *self)
{
  MachineState state = machine_get_state (self->machine);
  const char *title = get_title (state);
  const char *drive = machine_get_failed_drive (self->machine);
  g_autofree char *log = state == MACHINE_CRASHED ? machine_dup_log (self->machine) : NULL;

  gtk_widget_set_visible (GTK_WIDGET (self), title != NULL);
  adw_preferences_group_set_title (ADW_PREFERENCES_GROUP (self), title != NULL ? title : "");
  show_text (self->sentence, machine_get_failure (self->machine));
  show_text (self->log, log != NULL ? g_strstrip (log) : NULL);
  gtk_widget_set_visible (self->disc_tools, state == MACHINE_NOT_STARTED && drive != NULL
                                              && g_str_has_prefix (drive, "cd"));
  gtk_widget_set_visible (self->edit, state == MACHINE_BROKEN);
}

void
failure_group_set_machine (FailureGroup *self, Machine *machine)
{
  self->machine = g_object_ref (machine);
  g_signal_connect_object (machine, "notify::state", G_CALLBACK (show_failure), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (machine, "notify::failure", G_CALLBACK (show_failure), self,
                           G_CONNECT_SWAPPED);
  show_failure (self);
}

static void
failure_group_finalize (GObject *object)
{
  g_clear_object (&FAILURE_GROUP (object)->machine);
  G_OBJECT_CLASS (failure_group_parent_class)->finalize (object);
}

static void
failure_group_class_init (FailureGroupClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = failure_group_finalize;
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/guesthouse/Guesthouse/failure-group.ui");
  gtk_widget_class_bind_template_child (widget_class, FailureGroup, sentence);
  gtk_widget_class_bind_template_child (widget_class, FailureGroup, log);
  gtk_widget_class_bind_template_child (widget_class, FailureGroup, disc_tools);
  gtk_widget_class_bind_template_child (widget_class, FailureGroup, edit);
}

static void
failure_group_init (FailureGroup *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
