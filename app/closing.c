/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "closing.h"

#include <glib/gi18n.h>

#include "power-question.h"
#include "question.h"

#define LOOK_MS 50 /* whether machines are off and the window may close */

struct _Closing
{
  GObject parent_instance;
  GtkWindow *window;
  Library *library;
  GtkWidget *question; /* weak */
  guint timer;
  gboolean until_off; /* not only until the question is gone */
  gboolean agreed;
};

G_DEFINE_FINAL_TYPE (Closing, closing, G_TYPE_OBJECT)

static guint waiting_signal;

static gboolean
close_when_ready (gpointer data)
{
  Closing *self = data;

  /* A window must not go before the dialog above it. */
  if (self->question != NULL || (self->until_off && library_has_processes (self->library)))
    return G_SOURCE_CONTINUE;
  self->timer = 0;
  self->agreed = TRUE;
  gtk_window_close (self->window);
  return G_SOURCE_REMOVE;
}

static void
for_each_on (Closing *self, void (*act) (Machine *machine))
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (self->library)); i++)
    {
      g_autoptr (Machine) machine = g_list_model_get_item (G_LIST_MODEL (self->library), i);

      if (machine_is_on (machine))
        act (machine);
    }
}

/* A paused machine cannot hear its power button. */
static void
shut_down (Machine *machine)
{
  if (machine_get_state (machine) == MACHINE_PAUSED)
    machine_call (machine, "Resume", NULL);
  machine_shut_down (machine);
}

static void
answered (gpointer owner, const char *verb, gpointer subject)
{
  Closing *self = owner;

  self->until_off = !g_str_equal (verb, "keep");
  if (g_str_equal (verb, "force"))
    for_each_on (self, power_question_force_off);
  else if (self->until_off)
    {
      for_each_on (self, shut_down);
      g_signal_emit (self, waiting_signal, 0);
    }
  self->timer = g_timeout_add (LOOK_MS, close_when_ready, self);
}

static void
ask (Closing *self, unsigned on)
{
  g_autofree char *heading
    = g_strdup_printf (ngettext ("%u Machine Is Running", "%u Machines Are Running", on), on);
  GtkWidget *question = question_new (
    self->window, heading,
    _ ("Machines can go on without this window. Guesthouse finds them again when you open it."));

  question_add_verb (question, "force", _ ("_Force Power Off"), QUESTION_DESTRUCTIVE);
  question_add_verb (question, "shut-down", _ ("_Shut Down"), QUESTION_PLAIN);
  question_add_verb (question, "keep", _ ("_Keep Running"), QUESTION_SUGGESTED);
  g_set_weak_pointer (&self->question, question);
  question_ask (question, self, answered, NULL, NULL);
}

gboolean
closing_is_agreed (Closing *self)
{
  unsigned on = library_count_on (self->library);

  if (on == 0 || self->agreed)
    return TRUE;
  if (self->question != NULL)
    return FALSE;
  /* Who asks again while machines shut down decides anew. */
  g_clear_handle_id (&self->timer, g_source_remove);
  ask (self, on);
  return FALSE;
}

Closing *
closing_new (GtkWindow *window, Library *library)
{
  Closing *self = g_object_new (CLOSING_TYPE, NULL);

  self->window = window;
  self->library = g_object_ref (library);
  return self;
}

static void
closing_finalize (GObject *object)
{
  Closing *self = GUESTHOUSE_CLOSING (object);

  g_clear_handle_id (&self->timer, g_source_remove);
  g_clear_weak_pointer (&self->question);
  g_clear_object (&self->library);
  G_OBJECT_CLASS (closing_parent_class)->finalize (object);
}

static void
closing_class_init (ClosingClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = closing_finalize;
  waiting_signal = g_signal_new ("waiting", CLOSING_TYPE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                 G_TYPE_NONE, 0);
}

static void
closing_init (Closing *self)
{
}
