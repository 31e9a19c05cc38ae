/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "trust-dialog.h"

#include <glib/gi18n.h>

#include "question.h"
#include "vmm-core/run/machine-trust.h"

/* What was shown: a machine's configuration and the files that it uses; and what then starts it. */
typedef struct
{
  void (*power_on) (Machine *machine);
  MachineConfig *config;
  GPtrArray *files;
} Shown;

static void
shown_free (gpointer data)
{
  Shown *shown = data;

  machine_config_free (shown->config);
  g_ptr_array_unref (shown->files);
  g_free (shown);
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
answered (gpointer owner, const char *verb, gpointer subject)
{
  Shown *shown = subject;
  g_autoptr (GError) error = NULL;

  if (machine_trust_agree (shown->config, shown->files, &error))
    shown->power_on (owner);
  else
    machine_tell_problem (owner, error);
}

static void
ask (Machine *machine, Shown *shown, GtkWindow *parent)
{
  g_autofree char *heading
    = g_strdup_printf (_ ("Allow “%s” These Files?"), machine_get_name (machine));
  g_autofree char *body = dup_body (shown->files);
  GtkWidget *question = question_new (parent, heading, body);

  question_add_verb (question, "allow", _ ("_Allow and Power On"), QUESTION_DESTRUCTIVE);
  question_ask (question, machine, answered, shown, shown_free);
}

static void
start (Machine *machine, GtkWindow *parent, void (*power_on) (Machine *machine))
{
  MachineConfig *config = machine_config_load (machine_get_folder (machine), NULL);
  GPtrArray *files = NULL;
  Shown *shown;

  /* What is wrong with the file the machine's process says. */
  if (config != NULL)
    {
      machine_trust_resolve (config);
      files = machine_trust_find_strange (config);
    }
  if (files == NULL || files->len == 0)
    {
      power_on (machine);
      machine_config_free (config);
      if (files != NULL)
        g_ptr_array_unref (files);
      return;
    }
  shown = g_new (Shown, 1);
  *shown = (Shown){ power_on, config, files };
  ask (machine, shown, parent);
}

void
trust_dialog_power_on (Machine *machine, GtkWindow *parent)
{
  start (machine, parent, machine_power_on);
}

void
trust_dialog_power_on_without_disc (Machine *machine, GtkWindow *parent)
{
  start (machine, parent, machine_power_on_without_disc);
}
