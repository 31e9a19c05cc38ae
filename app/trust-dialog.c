/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "trust-dialog.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#include "vmm-core/run/machine-trust.h"

typedef struct
{
  Machine *machine;
  MachineConfig *config;
  GPtrArray *files;
} Question;

static void
question_free (gpointer data, GClosure *closure)
{
  Question *question = data;

  g_object_unref (question->machine);
  machine_config_free (question->config);
  g_ptr_array_unref (question->files);
  g_free (question);
}

/* The question, and below it each path with what becomes of the file. */
static char *
dup_body (GPtrArray *files)
{
  static const char *const uses[]
    = { N_ ("The guest reads it"), N_ ("The guest reads and changes it"),
        N_ ("It is overwritten") };
  GString *body = g_string_new (
    _ ("The machine uses files outside its folder that you have not chosen here. If it comes from "
       "somebody else, allow only what you would give to them."));

  for (unsigned i = 0; i < files->len; i++)
    {
      const MachineTrustFile *file = g_ptr_array_index (files, i);
      g_autofree char *name = g_filename_display_name (file->path);

      g_string_append_printf (body, "\n\n%s\n%s", name, _ (uses[file->use]));
    }
  return g_string_free (body, FALSE);
}

/* Exactly what was shown is agreed to: the folder may have changed since. */
static void
answered (AdwMessageDialog *dialog, const char *response, Question *question)
{
  g_autoptr (GError) error = NULL;

  if (!g_str_equal (response, "allow"))
    return;
  if (machine_trust_agree (question->config, question->files, &error))
    machine_power_on (question->machine);
  else
    g_signal_emit_by_name (question->machine, "problem", error->message);
}

static void
ask (Question *question, GtkWindow *parent)
{
  AdwMessageDialog *dialog = ADW_MESSAGE_DIALOG (adw_message_dialog_new (parent, NULL, NULL));
  g_autofree char *body = dup_body (question->files);

  adw_message_dialog_format_heading (dialog, _ ("Allow “%s” These Files?"),
                                     machine_get_name (question->machine));
  adw_message_dialog_set_body (dialog, body);
  adw_message_dialog_add_responses (dialog, "cancel", _ ("_Cancel"), "allow",
                                    _ ("_Allow and Power On"), NULL);
  adw_message_dialog_set_response_appearance (dialog, "allow", ADW_RESPONSE_DESTRUCTIVE);
  adw_message_dialog_set_default_response (dialog, "cancel");
  adw_message_dialog_set_close_response (dialog, "cancel");
  g_signal_connect_data (dialog, "response", G_CALLBACK (answered), question, question_free, 0);
  gtk_window_present (GTK_WINDOW (dialog));
}

void
trust_dialog_power_on (Machine *machine, GtkWindow *parent)
{
  MachineConfig *config = machine_config_load (machine_get_folder (machine), NULL);
  GPtrArray *files = NULL;
  Question *question;

  /* What is wrong with the file the machine's process says. */
  if (config != NULL)
    {
      machine_trust_resolve (config);
      files = machine_trust_find_strange (config);
    }
  if (files == NULL || files->len == 0)
    {
      machine_power_on (machine);
      machine_config_free (config);
      if (files != NULL)
        g_ptr_array_unref (files);
      return;
    }
  question = g_new (Question, 1);
  *question = (Question){ g_object_ref (machine), config, files };
  ask (question, parent);
}
