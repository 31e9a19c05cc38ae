/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "conf-editor.h"

#include <glib/gi18n.h>

#include "vmm-core/run/machine-config.h"
#include "vmm-core/run/machine-trust.h"

struct _ConfEditor
{
  AdwPreferencesGroup parent_instance;
  Machine *machine;
  char *etag; /* of the file that is shown */

  GtkTextView *view;
  GtkLabel *problem;
  GtkWidget *save;
};

G_DEFINE_FINAL_TYPE (ConfEditor, conf_editor, ADW_TYPE_PREFERENCES_GROUP)

static void
show_problem (ConfEditor *self, const GError *error)
{
  gtk_label_set_label (self->problem, error != NULL ? error->message : "");
  gtk_widget_set_visible (GTK_WIDGET (self->problem), error != NULL);
}

/* What the text says, or NULL with error. */
static GKeyFile *
parse (ConfEditor *self, GError **error)
{
  g_autoptr (GKeyFile) conf = g_key_file_new ();
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (self->view);
  GtkTextIter start, end;
  g_autofree char *text = NULL;

  gtk_text_buffer_get_bounds (buffer, &start, &end);
  text = gtk_text_buffer_get_text (buffer, &start, &end, FALSE);
  if (!g_key_file_load_from_data (conf, text, strlen (text),
                                  G_KEY_FILE_KEEP_COMMENTS | G_KEY_FILE_KEEP_TRANSLATIONS, error)
      || !machine_config_check_key_file (conf, machine_get_folder (self->machine), error))
    return NULL;
  return g_steal_pointer (&conf);
}

static void
text_changed (ConfEditor *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GKeyFile) conf = parse (self, &error);

  show_problem (self, error);
  gtk_widget_set_sensitive (
    self->save,
    conf != NULL && gtk_text_buffer_get_modified (gtk_text_view_get_buffer (self->view)));
}

/* Where the folder is now: a new name may have moved it. */
static GFile *
new_file (ConfEditor *self)
{
  return g_file_new_build_filename (machine_get_folder (self->machine), MACHINE_CONFIG_FILE, NULL);
}

/* What is not UTF-8 is shown as what it is not, and has to be mended. */
static void
load (ConfEditor *self)
{
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (self->view);
  g_autoptr (GFile) file = new_file (self);
  g_autoptr (GError) error = NULL;
  g_autofree char *bytes = NULL, *text = NULL;
  gsize length;

  g_clear_pointer (&self->etag, g_free);
  if (!g_file_load_contents (file, NULL, &bytes, &length, &self->etag, &error))
    {
      show_problem (self, error);
      return;
    }
  text = g_utf8_make_valid (bytes, (gssize) length);
  gtk_text_buffer_set_text (buffer, text, -1);
  gtk_text_buffer_set_modified (buffer, FALSE);
  text_changed (self);
}

/* Somebody else, or the settings beside, wrote it. */
static void
conf_changed (ConfEditor *self)
{
  if (!gtk_text_buffer_get_modified (gtk_text_view_get_buffer (self->view)))
    load (self);
}

static char *
dup_etag (ConfEditor *self)
{
  g_autoptr (GFile) file = new_file (self);
  g_autoptr (GFileInfo) info
    = g_file_query_info (file, G_FILE_ATTRIBUTE_ETAG_VALUE, G_FILE_QUERY_INFO_NONE, NULL, NULL);

  return info != NULL ? g_strdup (g_file_info_get_etag (info)) : NULL;
}

static void
save (ConfEditor *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GKeyFile) conf = parse (self, &error);
  g_autofree char *etag = dup_etag (self);

  if (conf != NULL && g_strcmp0 (etag, self->etag) != 0)
    {
      g_free (self->etag);
      self->etag = g_steal_pointer (&etag);
      g_set_error_literal (
        &error, G_IO_ERROR, G_IO_ERROR_WRONG_ETAG,
        _ ("The file was changed elsewhere meanwhile: save again to replace it by this."));
    }
  if (error == NULL && machine_trust_save (conf, machine_get_folder (self->machine), &error))
    {
      gtk_text_buffer_set_modified (gtk_text_view_get_buffer (self->view), FALSE);
      machine_refresh (self->machine, NULL); /* which shows what was written */
    }
  if (error != NULL)
    show_problem (self, error);
}

void
conf_editor_set_machine (ConfEditor *self, Machine *machine)
{
  self->machine = g_object_ref (machine);
  g_signal_connect_object (machine, "changed", G_CALLBACK (conf_changed), self, G_CONNECT_SWAPPED);
  load (self);
}

static void
conf_editor_finalize (GObject *object)
{
  ConfEditor *self = CONF_EDITOR (object);

  g_clear_object (&self->machine);
  g_free (self->etag);
  G_OBJECT_CLASS (conf_editor_parent_class)->finalize (object);
}

static void
conf_editor_class_init (ConfEditorClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = conf_editor_finalize;
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/guesthouse/Guesthouse/conf-editor.ui");
  gtk_widget_class_bind_template_child (widget_class, ConfEditor, view);
  gtk_widget_class_bind_template_child (widget_class, ConfEditor, problem);
  gtk_widget_class_bind_template_child (widget_class, ConfEditor, save);
  gtk_widget_class_bind_template_callback (widget_class, save);
}

static void
conf_editor_init (ConfEditor *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect_object (gtk_text_view_get_buffer (self->view), "changed",
                           G_CALLBACK (text_changed), self, G_CONNECT_SWAPPED);
}
