/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "question.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#define CANCEL "cancel"

typedef struct
{
  QuestionAnswered answered;
  gpointer subject;
  GDestroyNotify free_subject;
  GWeakRef owner;
} Asked;

static AdwMessageDialog *
make (GtkWindow *parent, const char *heading, const char *body, const char *cancel)
{
  AdwMessageDialog *dialog = ADW_MESSAGE_DIALOG (adw_message_dialog_new (parent, heading, body));

  adw_message_dialog_add_response (dialog, CANCEL, cancel);
  adw_message_dialog_set_close_response (dialog, CANCEL);
  adw_message_dialog_set_default_response (dialog, CANCEL);
  return dialog;
}

GtkWidget *
question_new (GtkWindow *parent, const char *heading, const char *body)
{
  return GTK_WIDGET (make (parent, heading, body, _ ("_Cancel")));
}

void
question_add_verb (GtkWidget *question, const char *verb, const char *label, QuestionKind kind)
{
  static const AdwResponseAppearance appearances[] = {
    [QUESTION_PLAIN] = ADW_RESPONSE_DEFAULT,
    [QUESTION_SUGGESTED] = ADW_RESPONSE_SUGGESTED,
    [QUESTION_DESTRUCTIVE] = ADW_RESPONSE_DESTRUCTIVE,
  };
  AdwMessageDialog *dialog = ADW_MESSAGE_DIALOG (question);

  adw_message_dialog_add_response (dialog, verb, label);
  adw_message_dialog_set_response_appearance (dialog, verb, appearances[kind]);
  if (kind == QUESTION_SUGGESTED)
    adw_message_dialog_set_default_response (dialog, verb);
}

void
question_set_enabled (GtkWidget *question, const char *verb, gboolean enabled)
{
  adw_message_dialog_set_response_enabled (ADW_MESSAGE_DIALOG (question), verb, enabled);
}

void
question_set_child (GtkWidget *question, GtkWidget *child)
{
  adw_message_dialog_set_extra_child (ADW_MESSAGE_DIALOG (question), child);
}

static void
answered (AdwMessageDialog *dialog, const char *verb, Asked *asked)
{
  g_autoptr (GObject) owner = g_weak_ref_get (&asked->owner);

  if (owner != NULL && !g_str_equal (verb, CANCEL))
    asked->answered (owner, verb, asked->subject);
}

static void
asked_free (gpointer data, GClosure *closure)
{
  Asked *asked = data;

  if (asked->free_subject != NULL)
    asked->free_subject (asked->subject);
  g_weak_ref_clear (&asked->owner);
  g_free (asked);
}

void
question_ask (GtkWidget *question, gpointer owner, QuestionAnswered callback, gpointer subject,
              GDestroyNotify free_subject)
{
  Asked *asked = g_new0 (Asked, 1);

  asked->answered = callback;
  asked->subject = subject;
  asked->free_subject = free_subject;
  g_weak_ref_init (&asked->owner, owner);
  g_signal_connect_data (question, "response", G_CALLBACK (answered), asked, asked_free, 0);
  gtk_window_present (GTK_WINDOW (question));
}

void
question_tell (GtkWindow *parent, const char *heading, const char *body)
{
  gtk_window_present (GTK_WINDOW (make (parent, heading, body, _ ("_Close"))));
}
