/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "disc-menu.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#include "app/model/machine-disc.h"
#include "drive-row.h"
#include "file-chooser.h"
#include "question.h"

struct _DiscMenu
{
  GObject parent_instance;
  Machine *machine;
  GtkWidget *page;
  GMenu *menu;
};

G_DEFINE_FINAL_TYPE (DiscMenu, disc_menu, G_TYPE_OBJECT)

static GtkWindow *
window_of (DiscMenu *self)
{
  return GTK_WINDOW (gtk_widget_get_root (self->page));
}

static void
add_item (GMenu *section, const char *label, const char *action, const char *drive)
{
  g_autoptr (GMenuItem) item = g_menu_item_new (label, NULL);

  g_menu_item_set_action_and_target (item, action, "s", drive);
  g_menu_append_item (section, item);
}

/* The section's heading says what is in the drive. */
static void
add_drive (DiscMenu *self, GPtrArray *drives, const DriveListEntry *drive)
{
  g_autoptr (GMenu) section = g_menu_new ();
  g_autofree char *title = drive_row_dup_title (drives, drive);
  g_autofree char *path = machine_disc_dup_path (self->machine, drive->id);
  g_autofree char *base = g_filename_display_basename (path != NULL ? path : "");
  g_autofree char *heading
    = g_strdup_printf (_ ("%s: %s"), title, path != NULL ? base : _ ("Empty"));

  add_item (section, path != NULL ? _ ("_Change Disc Image…") : _ ("_Insert Disc Image…"),
            "vm.insert-disc", drive->id);
  if (path != NULL)
    add_item (section, _ ("_Eject Disc"), "vm.eject-disc", drive->id);
  g_menu_append_section (self->menu, heading, G_MENU_MODEL (section));
}

static void
show_drives (DiscMenu *self)
{
  g_autoptr (GPtrArray) drives = drive_list_read (machine_get_conf (self->machine));

  g_menu_remove_all (self->menu);
  for (unsigned i = 0; i < drives->len; i++)
    {
      const DriveListEntry *drive = g_ptr_array_index (drives, i);

      if (drive->cd && machine_disc_applies_now (self->machine, drive->id))
        add_drive (self, drives, drive);
    }
}

/* A guest may hold its disc: who wants to take it all the same has to say so. */

typedef struct
{
  char *drive, *path; /* path NULL: to eject what is in */
} Change;

static void
change_free (gpointer data)
{
  Change *change = data;

  g_free (change->drive);
  g_free (change->path);
  g_free (change);
}

static void
force (gpointer owner, const char *verb, gpointer subject)
{
  Change *change = subject;

  machine_disc_change (owner, change->drive, change->path, TRUE);
}

static void
change_disc (DiscMenu *self, const char *drive, const char *path)
{
  GtkWidget *question;
  Change *change;

  if (!machine_disc_is_locked (self->machine, drive))
    {
      machine_disc_change (self->machine, drive, path, FALSE);
      return;
    }
  question = question_new (
    window_of (self), _ ("The Disc Is in Use"),
    _ ("The system in the machine has locked the drive. It may lose what it reads from the disc."));
  question_add_verb (question, "force", path != NULL ? _ ("C_hange Anyway") : _ ("_Eject Anyway"),
                     QUESTION_DESTRUCTIVE);
  change = g_new (Change, 1);
  *change = (Change){ g_strdup (drive), g_strdup (path) };
  question_ask (question, self->machine, force, change, change_free);
}

gboolean
disc_menu_insert (DiscMenu *self, const char *path)
{
  g_autoptr (GPtrArray) drives = drive_list_read (machine_get_conf (self->machine));

  for (unsigned i = 0; i < drives->len; i++)
    {
      const DriveListEntry *drive = g_ptr_array_index (drives, i);

      if (!drive->cd || !machine_disc_applies_now (self->machine, drive->id))
        continue;
      change_disc (self, drive->id, path);
      return TRUE;
    }
  return FALSE;
}

static void
disc_chosen (gpointer owner, GFile *file, gpointer subject)
{
  change_disc (owner, subject, g_file_peek_path (file));
}

static void
insert_disc (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  DiscMenu *self = data;

  file_chooser_open (window_of (self), FILE_CHOOSER_DISC, self, disc_chosen,
                     g_variant_dup_string (parameter, NULL), g_free);
}

static void
eject_disc (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  change_disc (data, g_variant_get_string (parameter, NULL), NULL);
}

GMenuModel *
disc_menu_get_model (DiscMenu *self)
{
  return G_MENU_MODEL (self->menu);
}

void
disc_menu_add_actions (DiscMenu *self, GActionMap *map)
{
  static const GActionEntry entries[]
    = { { "insert-disc", insert_disc, "s" }, { "eject-disc", eject_disc, "s" } };

  g_action_map_add_action_entries (map, entries, G_N_ELEMENTS (entries), self);
}

DiscMenu *
disc_menu_new (Machine *machine, GtkWidget *page)
{
  DiscMenu *self = g_object_new (DISC_MENU_TYPE, NULL);

  self->machine = g_object_ref (machine);
  self->page = page;
  g_signal_connect_object (machine, "changed", G_CALLBACK (show_drives), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (machine, "notify::drives", G_CALLBACK (show_drives), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (machine, "notify::state", G_CALLBACK (show_drives), self,
                           G_CONNECT_SWAPPED);
  show_drives (self);
  return self;
}

static void
disc_menu_finalize (GObject *object)
{
  DiscMenu *self = DISC_MENU (object);

  g_clear_object (&self->machine);
  g_clear_object (&self->menu);
  G_OBJECT_CLASS (disc_menu_parent_class)->finalize (object);
}

static void
disc_menu_class_init (DiscMenuClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = disc_menu_finalize;
}

static void
disc_menu_init (DiscMenu *self)
{
  self->menu = g_menu_new ();
}
