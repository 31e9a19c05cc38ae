/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "removal.h"

#include <glib/gi18n.h>

#include "app/model/machine-folder.h"
#include "question.h"

/* Where the trash does not take it */

static void
delete_machine (gpointer owner, const char *verb, gpointer subject)
{
  g_autoptr (GError) error = NULL;

  if (!machine_folder_delete (machine_get_folder (owner), &error))
    machine_tell_problem (owner, error);
}

static void
delete_disk (gpointer owner, const char *verb, gpointer subject)
{
  g_autoptr (GFile) file = g_file_new_for_path (subject);
  g_autoptr (GError) error = NULL;

  if (!g_file_delete (file, NULL, &error))
    machine_tell_problem (owner, error);
}

/* path may be NULL. */
static void
ask_delete (Machine *machine, const char *name, GtkWindow *parent, const GError *reason,
            QuestionAnswered answered, char *path)
{
  g_autofree char *heading = g_strdup_printf (_ ("Delete “%s” Permanently?"), name);
  g_autofree char *body
    = g_strdup_printf (_ ("It cannot be moved to the trash: %s. What is deleted permanently cannot "
                          "be brought back."),
                       reason->message);
  GtkWidget *question = question_new (parent, heading, body);

  question_add_verb (question, "delete", _ ("_Delete Permanently"), QUESTION_DESTRUCTIVE);
  question_ask (question, machine, answered, path, g_free);
}

/* The trash */

/* The parent of the question may be gone when that is answered. */
static void
trash_machine (gpointer owner, const char *verb, gpointer subject)
{
  g_autoptr (GtkWindow) parent = g_weak_ref_get (subject);
  g_autoptr (GError) error = NULL;

  if (machine_trash (owner, &error))
    return;
  if (parent != NULL && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_BUSY))
    ask_delete (owner, machine_get_name (owner), parent, error, delete_machine, NULL);
  else
    machine_tell_problem (owner, error);
}

static void
free_parent (gpointer data)
{
  g_weak_ref_clear (data);
  g_free (data);
}

void
removal_ask_machine (Machine *machine, GtkWindow *parent)
{
  g_autofree char *heading
    = g_strdup_printf (_ ("Move “%s” to the Trash?"), machine_get_name (machine));
  GtkWidget *question = question_new (
    parent, heading, _ ("Its disks go with it. You can bring everything back from the trash."));
  GWeakRef *asked_by = g_new (GWeakRef, 1);

  g_weak_ref_init (asked_by, parent);
  question_add_verb (question, "trash", _ ("Move to _Trash"), QUESTION_DESTRUCTIVE);
  question_ask (question, machine, trash_machine, asked_by, free_parent);
}

void
removal_of_disk (Machine *machine, const char *path, GtkWindow *parent)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autofree char *name = g_filename_display_basename (path);
  g_autoptr (GError) error = NULL;

  if (!g_file_trash (file, NULL, &error))
    ask_delete (machine, name, parent, error, delete_disk, g_strdup (path));
}
