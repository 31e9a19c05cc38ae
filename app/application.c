/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "application.h"

#include <glib/gi18n.h>

#include "app/model/library.h"
#include "question.h"
#include "shortcuts.h"
#include "vmm-core/run/installed-file.h"
#include "window.h"

struct _Application
{
  AdwApplication parent_instance;
  Library *library;
  GSettings *settings;
};

G_DEFINE_FINAL_TYPE (Application, application, ADW_TYPE_APPLICATION)

void
application_find_schemas (void)
{
  g_autofree char *program = installed_file_dup_program_folder ();
  g_autofree char *built = g_canonicalize_filename ("../ui-resources", program);
  g_autofree char *installed = installed_file_dup_path (DATADIR "/glib-2.0/schemas");
  const char *folders[] = { built, installed };

  for (unsigned i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      g_autofree char *schemas = g_build_filename (folders[i], "gschemas.compiled", NULL);

      if (g_file_test (schemas, G_FILE_TEST_EXISTS))
        {
          g_setenv ("GSETTINGS_SCHEMA_DIR", folders[i], FALSE);
          return;
        }
    }
}

Application *
application_new (void)
{
  static const GOptionEntry options[] = {
    { "version", 0, 0, G_OPTION_ARG_NONE, NULL, N_ ("Show the version"), NULL },
    { "new-machine", 0, 0, G_OPTION_ARG_NONE, NULL, N_ ("Begin with a new virtual machine"), NULL },
    { NULL },
  };
  Application *self = g_object_new (APPLICATION_TYPE, "application-id", "org.guesthouse.Guesthouse",
                                    "flags", G_APPLICATION_HANDLES_OPEN, NULL);

  g_application_add_main_option_entries (G_APPLICATION (self), options);
  g_application_set_option_context_parameter_string (G_APPLICATION (self), _ ("[DISC-IMAGE]"));
  return self;
}

static void
show_about (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  adw_show_about_window (gtk_application_get_active_window (data), "application-name", "Guesthouse",
                         "application-icon", "org.guesthouse.Guesthouse", "version", VERSION,
                         "developer-name", _ ("The Guesthouse developers"), "comments",
                         _ ("Run other operating systems in a window"), "license-type",
                         GTK_LICENSE_GPL_3_0, NULL);
}

static void
quit (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  GtkWindow *window = gtk_application_get_active_window (data);

  if (window != NULL)
    gtk_window_close (window);
}

static Window *
show_window (Application *self)
{
  GtkWindow *window = NULL;

  /* Dialogs are windows, too. */
  for (GList *at = gtk_application_get_windows (GTK_APPLICATION (self)); at != NULL; at = at->next)
    if (GUESTHOUSE_IS_WINDOW (at->data))
      window = at->data;
  if (window == NULL)
    window = GTK_WINDOW (window_new (GTK_APPLICATION (self), self->library, self->settings));
  gtk_window_present (window);
  return GUESTHOUSE_WINDOW (window);
}

static void
new_machine (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  window_new_machine (show_window (data), NULL);
}

static void
application_startup (GApplication *application)
{
  static const GActionEntry actions[]
    = { { "about", show_about }, { "quit", quit }, { "new-machine", new_machine } };
  Application *self = GUESTHOUSE_APPLICATION (application);
  g_autoptr (GtkCssProvider) css = gtk_css_provider_new ();

  G_APPLICATION_CLASS (application_parent_class)->startup (application);
  self->settings = g_settings_new ("org.guesthouse.Guesthouse");
  self->library = library_new (NULL);
  g_action_map_add_action_entries (G_ACTION_MAP (self), actions, G_N_ELEMENTS (actions), self);
  shortcuts_set (GTK_APPLICATION (self), TRUE);
  gtk_css_provider_load_from_resource (css, "/org/guesthouse/Guesthouse/style.css");
  gtk_style_context_add_provider_for_display (gdk_display_get_default (), GTK_STYLE_PROVIDER (css),
                                              GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
}

static void
application_activate (GApplication *application)
{
  show_window (GUESTHOUSE_APPLICATION (application));
}

/* A disc image that comes from the file manager, the icon or the command line is for a new machine.
 * There is one wizard. The folder of a machine is shown. */
static void
application_open (GApplication *application, GFile **files, int n_files, const char *hint)
{
  Application *self = GUESTHOUSE_APPLICATION (application);
  Window *window = show_window (self);
  const char *path = g_file_peek_path (files[0]);
  Machine *machine = path != NULL ? library_find (self->library, path) : NULL;

  if (n_files > 1)
    question_tell (GTK_WINDOW (window), _ ("One Disc Image at a Time"),
                   _ ("A new machine begins with one disc image: open the files one after the "
                      "other."));
  else if (machine != NULL)
    window_open_machine (window, machine);
  else
    window_new_machine (window, files[0]);
}

static int
application_handle_local_options (GApplication *application, GVariantDict *options)
{
  g_autoptr (GError) error = NULL;

  if (g_variant_dict_contains (options, "version"))
    {
      g_print ("Guesthouse %s\n", VERSION);
      return 0;
    }
  if (!g_variant_dict_contains (options, "new-machine"))
    return -1;
  if (!g_application_register (application, NULL, &error))
    {
      g_printerr ("guesthouse: %s\n", error->message);
      return 1;
    }
  g_action_group_activate_action (G_ACTION_GROUP (application), "new-machine", NULL);
  return -1;
}

static void
application_finalize (GObject *object)
{
  Application *self = GUESTHOUSE_APPLICATION (object);

  g_clear_object (&self->library);
  g_clear_object (&self->settings);
  G_OBJECT_CLASS (application_parent_class)->finalize (object);
}

static void
application_class_init (ApplicationClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = application_finalize;
  G_APPLICATION_CLASS (klass)->startup = application_startup;
  G_APPLICATION_CLASS (klass)->activate = application_activate;
  G_APPLICATION_CLASS (klass)->open = application_open;
  G_APPLICATION_CLASS (klass)->handle_local_options = application_handle_local_options;
}

static void
application_init (Application *self)
{
}
