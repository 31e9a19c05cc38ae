/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "power-question.h"

#include <glib/gi18n.h>

#include "question.h"

static void
forced_off (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  if (!machine_force_off_finish (MACHINE_MACHINE (source), result, &error))
    machine_tell_problem (MACHINE_MACHINE (source), error);
}

void
power_question_force_off (Machine *machine)
{
  if (machine_get_state (machine) == MACHINE_NOT_RESPONDING)
    machine_force_off_async (machine, forced_off, NULL);
  else
    machine_power_off (machine);
}

static void
power_off (gpointer owner, const char *verb, gpointer subject)
{
  power_question_force_off (owner);
}

static void
reset (gpointer owner, const char *verb, gpointer subject)
{
  machine_call (owner, "Reset", NULL);
}

static void
ask (Machine *machine, GtkWindow *parent, const char *heading, const char *label,
     QuestionAnswered answered)
{
  GtkWidget *question = question_new (
    parent, heading, _ ("Whatever the system in the machine has not saved is lost."));

  question_add_verb (question, "force", label, QUESTION_DESTRUCTIVE);
  question_ask (question, machine, answered, NULL, NULL);
}

void
power_question_ask_off (Machine *machine, GtkWindow *parent)
{
  g_autofree char *heading
    = g_strdup_printf (_ ("Force “%s” to Power Off?"), machine_get_name (machine));

  ask (machine, parent, heading, _ ("_Force Power Off"), power_off);
}

void
power_question_ask_reset (Machine *machine, GtkWindow *parent)
{
  g_autofree char *heading
    = g_strdup_printf (_ ("Force “%s” to Reset?"), machine_get_name (machine));

  ask (machine, parent, heading, _ ("F_orce Reset"), reset);
}
