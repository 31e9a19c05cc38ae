/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "file-chooser.h"

#include <glib/gi18n.h>

#include "question.h"

typedef struct
{
  const char *title, *key; /* of the setting with the folder; NULL: it is not kept */
  GUserDirectory first;
  const char *filter, *suffix; /* NULL: all files */
  GtkFileChooserAction action;
} Purpose;

static const Purpose purposes[] = {
  [FILE_CHOOSER_DISC] = { N_ ("Choose a Disc Image"), "disc-folder", G_USER_DIRECTORY_DOWNLOAD,
                          N_ ("Disc images"), "iso" },
  [FILE_CHOOSER_DISK]
  = { N_ ("Choose a Disk Image"), "disk-folder", G_USER_DIRECTORY_DOCUMENTS, NULL, NULL },
  [FILE_CHOOSER_FOLDER] = { N_ ("Choose a Folder for Machines"), NULL, G_USER_N_DIRECTORIES, NULL,
                            NULL, GTK_FILE_CHOOSER_ACTION_SELECT_FOLDER },
  [FILE_CHOOSER_SCREENSHOT]
  = { N_ ("Save Screenshot"), "screenshot-folder", G_USER_DIRECTORY_PICTURES, NULL, NULL,
      GTK_FILE_CHOOSER_ACTION_SAVE },
};

typedef struct
{
  const Purpose *purpose;
  GWeakRef parent;
  GWeakRef owner;
  FileChooserChosen chosen;
  gpointer subject;
  GDestroyNotify free_subject;
} Choice;

static void
choice_free (gpointer data, GClosure *closure)
{
  Choice *choice = data;

  if (choice->free_subject != NULL)
    choice->free_subject (choice->subject);
  g_weak_ref_clear (&choice->parent);
  g_weak_ref_clear (&choice->owner);
  g_free (choice);
}

static GSettings *
open_settings (void)
{
  return g_settings_new ("org.guesthouse.Guesthouse");
}

/* The folder may be gone since. */
static GFile *
dup_folder (const Purpose *purpose)
{
  g_autoptr (GSettings) settings = open_settings ();
  g_autofree char *uri
    = purpose->key != NULL ? g_settings_get_string (settings, purpose->key) : NULL;
  const char *first
    = purpose->first < G_USER_N_DIRECTORIES ? g_get_user_special_dir (purpose->first) : NULL;

  if (uri != NULL && *uri != '\0')
    {
      g_autoptr (GFile) last = g_file_new_for_uri (uri);

      if (g_file_query_exists (last, NULL))
        return g_steal_pointer (&last);
    }
  return g_file_new_for_path (first != NULL ? first : g_get_home_dir ());
}

static void
remember_folder (const Purpose *purpose, GFile *file)
{
  g_autoptr (GSettings) settings = open_settings ();
  g_autoptr (GFile) folder = g_file_get_parent (file);
  g_autofree char *uri = folder != NULL ? g_file_get_uri (folder) : NULL;

  if (uri != NULL && purpose->key != NULL)
    g_settings_set_string (settings, purpose->key, uri);
}

/* Why a file cannot stand in machine.conf, or NULL. */
static char *
dup_refusal (GFile *file)
{
  const char *path = g_file_peek_path (file);
  g_autofree char *name = NULL;

  if (path != NULL && g_utf8_validate (path, -1, NULL))
    return g_file_query_file_type (file, G_FILE_QUERY_INFO_NONE, NULL) == G_FILE_TYPE_UNKNOWN
             ? g_strdup_printf (_ ("There is no file “%s”."), path)
             : NULL;
  name = path != NULL ? g_filename_display_name (path) : g_file_get_uri (file);
  return g_strdup_printf (path != NULL ? _ ("The name of “%s” is not UTF-8: rename it, or its "
                                            "folder, first.")
                                       : _ ("“%s” is not on this computer: copy it here first."),
                          name);
}

gboolean
file_chooser_accepts (GtkWindow *parent, GFile *file)
{
  g_autofree char *refusal = dup_refusal (file);

  if (refusal != NULL)
    question_tell (parent, _ ("This File Cannot Be Used"), refusal);
  return refusal == NULL;
}

static void
responded (GtkNativeDialog *dialog, int response, Choice *choice)
{
  gboolean saving
    = gtk_file_chooser_get_action (GTK_FILE_CHOOSER (dialog)) == GTK_FILE_CHOOSER_ACTION_SAVE;
  g_autoptr (GtkWindow) parent = g_weak_ref_get (&choice->parent);
  g_autoptr (GObject) owner = g_weak_ref_get (&choice->owner);
  g_autoptr (GFile) file = response == GTK_RESPONSE_ACCEPT
                             ? gtk_file_chooser_get_file (GTK_FILE_CHOOSER (dialog))
                             : NULL;

  if (file != NULL && owner != NULL && (saving || file_chooser_accepts (parent, file)))
    {
      remember_folder (choice->purpose, file);
      choice->chosen (owner, file, choice->subject);
    }
  g_object_unref (dialog);
}

static void
add_filters (GtkFileChooser *chooser, const Purpose *purpose)
{
  g_autoptr (GtkFileFilter) usual = gtk_file_filter_new ();
  g_autoptr (GtkFileFilter) all = gtk_file_filter_new ();

  gtk_file_filter_set_name (usual, _ (purpose->filter));
  gtk_file_filter_add_suffix (usual, purpose->suffix);
  gtk_file_chooser_add_filter (chooser, usual);
  gtk_file_filter_set_name (all, _ ("All files"));
  gtk_file_filter_add_pattern (all, "*");
  gtk_file_chooser_add_filter (chooser, all);
}

/* name NULL: to open one. */
static void
show (GtkWindow *parent, FileChooserPurpose which, const char *name, Choice *choice)
{
  const Purpose *purpose = &purposes[which];
  GtkFileChooserNative *dialog
    = gtk_file_chooser_native_new (_ (purpose->title), parent, purpose->action, NULL, NULL);
  g_autoptr (GFile) folder = dup_folder (purpose);

  choice->purpose = purpose;
  g_weak_ref_init (&choice->parent, parent);
  gtk_native_dialog_set_modal (GTK_NATIVE_DIALOG (dialog), TRUE);
  gtk_file_chooser_set_current_folder (GTK_FILE_CHOOSER (dialog), folder, NULL);
  if (name != NULL)
    gtk_file_chooser_set_current_name (GTK_FILE_CHOOSER (dialog), name);
  if (purpose->filter != NULL)
    add_filters (GTK_FILE_CHOOSER (dialog), purpose);
  g_signal_connect_data (dialog, "response", G_CALLBACK (responded), choice, choice_free, 0);
  gtk_native_dialog_show (GTK_NATIVE_DIALOG (dialog));
}

static Choice *
choice_new (gpointer owner, FileChooserChosen chosen, gpointer subject, GDestroyNotify free_subject)
{
  Choice *choice = g_new0 (Choice, 1);

  choice->chosen = chosen;
  choice->subject = subject;
  choice->free_subject = free_subject;
  g_weak_ref_init (&choice->owner, owner);
  return choice;
}

void
file_chooser_open (GtkWindow *parent, FileChooserPurpose purpose, gpointer owner,
                   FileChooserChosen chosen, gpointer subject, GDestroyNotify free_subject)
{
  show (parent, purpose, NULL, choice_new (owner, chosen, subject, free_subject));
}

void
file_chooser_save (GtkWindow *parent, FileChooserPurpose purpose, const char *name, gpointer owner,
                   FileChooserChosen chosen, gpointer subject, GDestroyNotify free_subject)
{
  show (parent, purpose, name, choice_new (owner, chosen, subject, free_subject));
}
