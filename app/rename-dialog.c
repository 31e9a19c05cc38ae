/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rename-dialog.h"

#include <glib/gi18n.h>

#include "question.h"

static void
name_changed (GtkEditable *entry, GtkWidget *question)
{
  g_autofree char *name = g_strstrip (g_strdup (gtk_editable_get_text (entry)));

  question_set_enabled (question, "rename", *name != '\0');
}

/* subject is the entry. */
static void
answered (gpointer owner, const char *verb, gpointer subject)
{
  g_autoptr (GError) error = NULL;

  if (!machine_rename (owner, gtk_editable_get_text (GTK_EDITABLE (subject)), &error))
    machine_tell_problem (owner, error);
}

void
rename_dialog_ask (Machine *machine, GtkWindow *parent)
{
  g_autofree char *heading = g_strdup_printf (_ ("Rename “%s”"), machine_get_name (machine));
  GtkWidget *question = question_new (parent, heading, NULL);
  GtkWidget *entry = gtk_entry_new ();

  gtk_editable_set_text (GTK_EDITABLE (entry), machine_get_name (machine));
  gtk_entry_set_activates_default (GTK_ENTRY (entry), TRUE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (entry), GTK_ACCESSIBLE_PROPERTY_LABEL, _ ("Name"),
                                  -1);
  question_set_child (question, entry);
  question_add_verb (question, "rename", _ ("_Rename"), QUESTION_SUGGESTED);
  g_signal_connect (entry, "changed", G_CALLBACK (name_changed), question);
  question_ask (question, machine, answered, g_object_ref (entry), g_object_unref);
  gtk_widget_grab_focus (entry);
}
