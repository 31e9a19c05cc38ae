/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

/* Every question that the application asks. A verb is on each button; Cancel is always there, and
 * is what Escape and closing the question mean: who asks never hears of it. */

typedef enum
{
  QUESTION_PLAIN,
  QUESTION_SUGGESTED, /* what Enter does; without one, Enter cancels */
  QUESTION_DESTRUCTIVE
} QuestionKind;

/* verb is the id of the button that was pressed; subject what was given to question_ask (). */
typedef void (*QuestionAnswered) (gpointer owner, const char *verb, gpointer subject);

GtkWidget *question_new (GtkWindow *parent, const char *heading, const char *body);
/* label has a mnemonic. */
void question_add_verb (GtkWidget *question, const char *verb, const char *label,
                        QuestionKind kind);
void question_set_enabled (GtkWidget *question, const char *verb, gboolean enabled);
/* A widget below the body. */
void question_set_child (GtkWidget *question, GtkWidget *child);

/* Shows it. The answer is told to the owner, an object, if it is still there; subject may be NULL
 * and is freed with the question. */
void question_ask (GtkWidget *question, gpointer owner, QuestionAnswered answered, gpointer subject,
                   GDestroyNotify free_subject);

/* A sentence with nothing to decide. */
void question_tell (GtkWindow *parent, const char *heading, const char *body);
