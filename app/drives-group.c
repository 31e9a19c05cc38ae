/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "drives-group.h"

#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "app/model/machine-disc.h"
#include "app/model/machine-folder.h"
#include "drive-model.h"
#include "drive-row.h"
#include "file-chooser.h"
#include "question.h"
#include "removal.h"
#include "unit-field.h"
#include "vmm-core/run/size.h"

#define DEFAULT_SIZE 20 /* GiB */

struct _DrivesGroup
{
  AdwPreferencesGroup parent_instance;
  Machine *machine;
  GPtrArray *rows; /* in the group now */
  GtkWidget *add;
};

G_DEFINE_FINAL_TYPE (DrivesGroup, drives_group, ADW_TYPE_PREFERENCES_GROUP)

static void
tell (DrivesGroup *self, const char *sentence)
{
  g_signal_emit_by_name (self->machine, "problem", sentence);
}

/* machine.conf has changed in memory; the rows follow by the machine's signal. */
static gboolean
save (DrivesGroup *self)
{
  g_autoptr (GError) error = NULL;

  if (machine_save (self->machine, &error))
    return TRUE;
  tell (self, error->message);
  return FALSE;
}

static GtkWindow *
window_of (DrivesGroup *self)
{
  return GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self)));
}

/* Choosing files: drive is its group in machine.conf, or NULL for a disk to be added. */

static gboolean
is_disc_drive (const char *drive)
{
  return drive != NULL && g_str_has_prefix (drive, "cd");
}

/* Of a drive's file; NULL: it has none. */
static char *
dup_path (DrivesGroup *self, const char *drive)
{
  g_autofree char *file = machine_get_string (self->machine, drive, "file");

  return file != NULL ? machine_resolve_file (self->machine, file) : NULL;
}

static gboolean
is_disk_already (DrivesGroup *self, const char *path)
{
  g_autoptr (GPtrArray) drives = drive_list_read (machine_get_conf (self->machine));

  for (unsigned i = 0; i < drives->len; i++)
    {
      const DriveListEntry *drive = g_ptr_array_index (drives, i);
      g_autofree char *other = dup_path (self, drive->id);

      if (!drive->cd && g_strcmp0 (other, path) == 0)
        return TRUE;
    }
  return FALSE;
}

static void
use_disk (DrivesGroup *self, const char *drive, const char *path)
{
  const char *folder = machine_get_folder (self->machine);

  if (is_disk_already (self, path))
    {
      tell (self, _ ("This file is a disk of the machine already."));
      return;
    }
  if (drive != NULL)
    drive_list_set_file (machine_get_conf (self->machine), drive, folder, path);
  else
    drive_list_add (machine_get_conf (self->machine), FALSE, folder, path);
  save (self);
}

static void
file_chosen (gpointer owner, GFile *file, gpointer subject)
{
  DrivesGroup *self = owner;
  const char *drive = subject;

  if (is_disc_drive (drive))
    machine_disc_change (self->machine, drive, g_file_peek_path (file), FALSE);
  else
    use_disk (self, drive, g_file_peek_path (file));
}

static void
choose_file (DrivesGroup *self, const char *drive)
{
  file_chooser_open (window_of (self),
                     is_disc_drive (drive) ? FILE_CHOOSER_DISC : FILE_CHOOSER_DISK, self,
                     file_chosen, g_strdup (drive), g_free);
}

/* Removing */

static gboolean
remove_drive (DrivesGroup *self, const char *drive)
{
  drive_list_remove (machine_get_conf (self->machine), drive);
  return save (self);
}

static void
remove_answered (gpointer owner, const char *verb, gpointer subject)
{
  DrivesGroup *self = owner;
  const char *drive = subject;
  g_autofree char *path = dup_path (self, drive);

  if (remove_drive (self, drive) && g_str_equal (verb, "trash") && path != NULL)
    removal_of_disk (self->machine, path, window_of (self));
}

/* A disk in the machine's own folder would be forgotten there: what becomes of it is asked. */
static void
ask_remove (DrivesGroup *self, const char *drive, const char *title, const char *file)
{
  g_autofree char *heading = g_strdup_printf (_ ("Remove %s?"), title);
  g_autofree char *body = g_strdup_printf (
    _ ("Its file “%s” is in the machine’s folder and can stay there for later use."), file);
  GtkWidget *question = question_new (window_of (self), heading, body);

  question_add_verb (question, "trash", _ ("Move File to _Trash"), QUESTION_DESTRUCTIVE);
  question_add_verb (question, "keep", _ ("_Keep File"), QUESTION_SUGGESTED);
  /* A running machine still writes to it. */
  question_set_enabled (question, "trash", !machine_is_on (self->machine));
  question_ask (question, self, remove_answered, g_strdup (drive), g_free);
}

static gboolean
is_in_folder (DrivesGroup *self, const char *path)
{
  g_autoptr (GFile) folder = g_file_new_for_path (machine_get_folder (self->machine));
  g_autoptr (GFile) file = g_file_new_for_path (path);

  return g_file_has_prefix (file, folder) && g_file_query_exists (file, NULL);
}

/* The rows' buttons: each carries its drive's group. */

static void
choose_clicked (GtkWidget *button, DrivesGroup *self)
{
  choose_file (self, g_object_get_data (G_OBJECT (button), "drive"));
}

static void
eject_clicked (GtkWidget *button, DrivesGroup *self)
{
  machine_disc_change (self->machine, g_object_get_data (G_OBJECT (button), "drive"), NULL, FALSE);
}

static void
remove_clicked (GtkWidget *button, DrivesGroup *self)
{
  g_autofree char *drive = g_strdup (g_object_get_data (G_OBJECT (button), "drive"));
  g_autofree char *title = g_strdup (g_object_get_data (G_OBJECT (button), "title"));
  g_autofree char *file = machine_get_string (self->machine, drive, "file");
  g_autofree char *path = dup_path (self, drive);

  if (g_str_has_prefix (drive, "disk") && path != NULL && is_in_folder (self, path))
    ask_remove (self, drive, title, file);
  else
    remove_drive (self, drive);
}

/* format has a place for the drive's title and is what the button is called. */
static void
add_button (DrivesGroup *self, AdwActionRow *row, const DriveListEntry *drive, const char *icon,
            const char *format, void (*clicked) (GtkWidget *button, DrivesGroup *self))
{
  const char *title = adw_preferences_row_get_title (ADW_PREFERENCES_ROW (row));
  GtkWidget *button = gtk_button_new_from_icon_name (icon);
  g_auto (GStrv) parts = g_strsplit (format, "%s", 2);
  g_autofree char *name = g_strjoinv (title, parts);

  gtk_widget_add_css_class (button, "flat");
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_set_tooltip_text (button, name);
  gtk_accessible_update_property (GTK_ACCESSIBLE (button), GTK_ACCESSIBLE_PROPERTY_LABEL, name, -1);
  g_object_set_data_full (G_OBJECT (button), "drive", g_strdup (drive->id), g_free);
  g_object_set_data_full (G_OBJECT (button), "title", g_strdup (title), g_free);
  g_signal_connect_object (button, "clicked", G_CALLBACK (clicked), self, 0);
  adw_action_row_add_suffix (row, button);
}

/* TRUE if one of them had the keyboard. */
static gboolean
remove_rows (DrivesGroup *self)
{
  gboolean had_focus = FALSE;

  for (unsigned i = 0; i < self->rows->len; i++)
    {
      GtkWidget *row = g_ptr_array_index (self->rows, i);

      had_focus |= gtk_widget_get_focus_child (row) != NULL;
      adw_preferences_group_remove (ADW_PREFERENCES_GROUP (self), row);
    }
  g_ptr_array_set_size (self->rows, 0);
  return had_focus;
}

static void
show_drives (DrivesGroup *self)
{
  g_autoptr (GPtrArray) drives = drive_list_read (machine_get_conf (self->machine));
  gboolean room = drive_list_has_room (machine_get_conf (self->machine));
  gboolean had_focus = remove_rows (self);

  for (unsigned i = 0; i < drives->len; i++)
    {
      const DriveListEntry *drive = g_ptr_array_index (drives, i);
      gboolean now = drive->cd && machine_disc_applies_now (self->machine, drive->id);
      AdwActionRow *row = drive_row_new (self->machine, drives, drive,
                                         now ? _ ("applies now") : _ ("at next start"));
      g_autofree char *disc = drive->cd ? machine_disc_dup_path (self->machine, drive->id) : NULL;
      GtkWidget *model = drive_model_new (
        self->machine, drive->id, adw_preferences_row_get_title (ADW_PREFERENCES_ROW (row)));

      if (model != NULL)
        adw_action_row_add_suffix (row, model);
      add_button (self, row, drive, "document-open-symbolic", _ ("Choose a file for %s"),
                  choose_clicked);
      if (disc != NULL)
        add_button (self, row, drive, "media-eject-symbolic", _ ("Eject the disc of %s"),
                    eject_clicked);
      add_button (self, row, drive, "user-trash-symbolic", _ ("Remove %s at next start"),
                  remove_clicked);
      adw_preferences_group_add (ADW_PREFERENCES_GROUP (self), GTK_WIDGET (row));
      g_ptr_array_add (self->rows, row);
    }
  gtk_widget_set_sensitive (self->add, room);
  adw_preferences_group_set_description (ADW_PREFERENCES_GROUP (self),
                                         room ? NULL : _ ("All four places for drives are taken."));
  if (had_focus)
    gtk_widget_child_focus (GTK_WIDGET (self), GTK_DIR_TAB_FORWARD);
}

/* Adding */

static void
new_disk_answered (gpointer owner, const char *verb, gpointer subject)
{
  DrivesGroup *self = owner;
  GtkSpinButton *size = subject;
  const char *folder = machine_get_folder (self->machine);
  g_autoptr (GError) error = NULL;
  g_autofree char *name = NULL;

  if (!drive_list_has_room (machine_get_conf (self->machine)))
    return;
  name = machine_folder_add_disk (folder, (guint64) gtk_spin_button_get_value_as_int (size) << 30,
                                  &error);
  if (name == NULL)
    {
      tell (self, error->message);
      return;
    }
  g_autofree char *path = machine_resolve_file (self->machine, name);
  drive_list_add (machine_get_conf (self->machine), FALSE, folder, path);
  if (!save (self))
    g_unlink (path);
}

static void
new_disk (GtkWidget *widget, const char *action, GVariant *parameter)
{
  DrivesGroup *self = DRIVES_GROUP (widget);
  GtkWidget *question
    = question_new (window_of (self), _ ("New Disk"), _ ("Space is taken only as it is filled."));
  GtkWidget *size = gtk_spin_button_new_with_range (1, SIZE_MAX_DISK >> 30, 5);

  gtk_spin_button_set_value (GTK_SPIN_BUTTON (size), DEFAULT_SIZE);
  gtk_text_set_activates_default (GTK_TEXT (gtk_editable_get_delegate (GTK_EDITABLE (size))), TRUE);
  unit_field_set (GTK_SPIN_BUTTON (size), "GiB");
  gtk_widget_set_halign (size, GTK_ALIGN_CENTER);
  gtk_accessible_update_property (GTK_ACCESSIBLE (size), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Size of the disk"), -1);
  question_set_child (question, size);
  question_add_verb (question, "create", _ ("C_reate"), QUESTION_SUGGESTED);
  question_ask (question, self, new_disk_answered, size, NULL);
}

static void
existing_disk (GtkWidget *widget, const char *action, GVariant *parameter)
{
  choose_file (DRIVES_GROUP (widget), NULL);
}

static void
cd_drive (GtkWidget *widget, const char *action, GVariant *parameter)
{
  DrivesGroup *self = DRIVES_GROUP (widget);

  drive_list_add (machine_get_conf (self->machine), TRUE, machine_get_folder (self->machine), NULL);
  save (self);
}

void
drives_group_set_machine (DrivesGroup *self, Machine *machine)
{
  self->machine = g_object_ref (machine);
  g_signal_connect_object (machine, "changed", G_CALLBACK (show_drives), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (machine, "notify::drives", G_CALLBACK (show_drives), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (machine, "notify::state", G_CALLBACK (show_drives), self,
                           G_CONNECT_SWAPPED);
  show_drives (self);
}

static void
drives_group_finalize (GObject *object)
{
  DrivesGroup *self = DRIVES_GROUP (object);

  g_clear_object (&self->machine);
  g_ptr_array_unref (self->rows);
  G_OBJECT_CLASS (drives_group_parent_class)->finalize (object);
}

static void
drives_group_class_init (DrivesGroupClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = drives_group_finalize;
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/guesthouse/Guesthouse/drives-group.ui");
  gtk_widget_class_bind_template_child (widget_class, DrivesGroup, add);
  gtk_widget_class_install_action (widget_class, "drives.new-disk", NULL, new_disk);
  gtk_widget_class_install_action (widget_class, "drives.existing-disk", NULL, existing_disk);
  gtk_widget_class_install_action (widget_class, "drives.cd-drive", NULL, cd_drive);
}

static void
drives_group_init (DrivesGroup *self)
{
  self->rows = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}
