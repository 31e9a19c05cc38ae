/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-page.h"

#include <adwaita.h>
#include <glib/gi18n.h>

#include "accessible-name.h"
#include "app/model/drive-list.h"
#include "app/model/machine-disc.h"
#include "disc-menu.h"
#include "drive-row.h"
#include "failure-group.h"
#include "file-chooser.h"
#include "picture.h"
#include "power-question.h"
#include "removal.h"
#include "rename-dialog.h"
#include "settings-dialog.h"
#include "trust-dialog.h"
#include "unit-field.h"

#define NOTES_DELAY_MS 800
#define HINT_MS 5000
#define NARROW 500 /* pixels with which the header's titles are cut */

struct _MachinePage
{
  GtkWidget parent_instance;
  Machine *machine;
  GSimpleActionGroup *actions;
  DiscMenu *discs;
  GPtrArray *drive_rows; /* in the group of devices now */
  guint notes_timer, hint_timer;
  GSettings *settings;

  GtkStack *stack;
  GtkPicture *picture;
  GtkLabel *name, *trouble_text, *veil_title, *veil_text, *hint_text;
  FailureGroup *failure;
  GtkWidget *veil, *resume, *force_off;
  AdwPreferencesGroup *devices;
  AdwActionRow *memory_row, *cpu_row;
  GtkTextView *notes;
  GtkInfoBar *banner, *trouble;
  ConsoleView *console;
  GtkRevealer *hint;
};

G_DEFINE_FINAL_TYPE (MachinePage, machine_page, GTK_TYPE_WIDGET)

/* What it shows */

static void
show_drives (MachinePage *self)
{
  g_autoptr (GPtrArray) drives = drive_list_read (machine_get_conf (self->machine));

  for (unsigned i = 0; i < self->drive_rows->len; i++)
    adw_preferences_group_remove (self->devices, g_ptr_array_index (self->drive_rows, i));
  g_ptr_array_set_size (self->drive_rows, 0);
  for (unsigned i = 0; i < drives->len; i++)
    {
      AdwActionRow *row
        = drive_row_new (self->machine, drives, g_ptr_array_index (drives, i), NULL);

      adw_preferences_group_add (self->devices, GTK_WIDGET (row));
      g_ptr_array_add (self->drive_rows, row);
    }
}

static void
show_configuration (MachinePage *self)
{
  int memory = machine_get_memory (self->machine);
  int cpus = machine_get_integer (self->machine, "machine", "cpus", 1);
  g_autofree char *memory_text = unit_field_dup_size ((guint64) memory << 20);
  g_autofree char *cpu_text
    = g_strdup_printf (ngettext ("%d virtual CPU", "%d virtual CPUs", cpus), cpus);
  g_autofree char *notes = machine_get_string (self->machine, "notes", "text");
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (self->notes);

  gtk_label_set_label (self->name, machine_get_name (self->machine));
  adw_action_row_set_subtitle (self->memory_row, memory_text);
  adw_action_row_set_subtitle (self->cpu_row, cpu_text);
  show_drives (self);
  if (!gtk_widget_has_focus (GTK_WIDGET (self->notes)) && self->notes_timer == 0)
    gtk_text_buffer_set_text (buffer, notes != NULL ? notes : "", -1);
}

static void
set_enabled (MachinePage *self, const char *name, gboolean enabled)
{
  g_simple_action_set_enabled (
    G_SIMPLE_ACTION (g_action_map_lookup_action (G_ACTION_MAP (self->actions), name)), enabled);
}

static void
show_actions (MachinePage *self)
{
  static const char *const while_running[] = { "shut-down", "restart", "force-reset", "send-keys" };
  MachineState state = machine_get_state (self->machine);
  gboolean on = machine_is_on (self->machine);
  GAction *pause = g_action_map_lookup_action (G_ACTION_MAP (self->actions), "pause");

  for (unsigned i = 0; i < G_N_ELEMENTS (while_running); i++)
    set_enabled (self, while_running[i], state == MACHINE_RUNNING);
  set_enabled (self, "force-power-off", on);
  set_enabled (self, "power-on", !on && state != MACHINE_BROKEN);
  set_enabled (self, "pause", state == MACHINE_RUNNING || state == MACHINE_PAUSED);
  set_enabled (self, "screenshot", on);
  set_enabled (self, "trash", !on);
  g_simple_action_set_state (G_SIMPLE_ACTION (pause),
                             g_variant_new_boolean (state == MACHINE_PAUSED));
}

/* While it is on, the console shows more. */
static void
show_picture (MachinePage *self)
{
  if (!machine_is_on (self->machine))
    picture_show (self->picture, self->machine);
}

/* Over the picture of a machine that does not go on: why, and what helps. */
static void
show_veil (MachinePage *self)
{
  gboolean responding = machine_get_state (self->machine) != MACHINE_NOT_RESPONDING;
  gboolean paused = machine_get_state (self->machine) == MACHINE_PAUSED;
  g_autofree char *trouble = machine_dup_trouble (self->machine);
  const char *why = !responding       ? _ ("Its process has stopped, or is very busy.")
                    : trouble != NULL ? trouble
                                      : "";

  gtk_widget_set_visible (self->veil, paused || !responding);
  gtk_label_set_label (self->veil_title, responding ? _ ("Paused") : _ ("Not Responding"));
  gtk_label_set_label (self->veil_text, why);
  gtk_widget_set_visible (GTK_WIDGET (self->veil_text), *why != '\0');
  gtk_widget_set_visible (self->resume, responding);
  gtk_widget_set_visible (self->force_off, !responding);
}

/* What a paused machine has to say is on its veil. */
static void
show_trouble (MachinePage *self)
{
  g_autofree char *trouble = machine_dup_trouble (self->machine);

  gtk_label_set_label (self->trouble_text, trouble != NULL ? trouble : "");
  gtk_info_bar_set_revealed (self->trouble,
                             trouble != NULL && *trouble != '\0'
                               && machine_get_state (self->machine) != MACHINE_PAUSED);
  show_veil (self);
}

static void
show_state (MachinePage *self)
{
  gboolean on = machine_is_on (self->machine);

  gtk_stack_set_visible_child_name (self->stack, on ? "console" : "summary");
  /* Nobody knows what a machine has whose file cannot be read, nor keeps notes there. */
  gtk_widget_set_visible (GTK_WIDGET (self->devices),
                          machine_get_state (self->machine) != MACHINE_BROKEN);
  if (on)
    {
      console_view_set_connection (self->console, machine_get_connection (self->machine));
      machine_page_focus (self);
    }
  show_picture (self);
  show_trouble (self);
  show_actions (self);
}

/* Told once, to who has not asked for it; the reason is with the devices. */
static void
show_accelerator (MachinePage *self)
{
  const char *accelerator = machine_get_accelerator (self->machine);
  g_autofree char *wanted = machine_get_string (self->machine, "machine", "accelerator");

  gtk_info_bar_set_revealed (self->banner,
                             accelerator != NULL && !g_str_equal (accelerator, "kvm")
                               && (wanted == NULL || g_str_equal (wanted, "auto"))
                               && g_settings_get_boolean (self->settings, "tell-accelerator"));
}

/* Where the header does not say it, in full screen, or has no room: for a while, for it lies over
 * the guest's screen. */

static gboolean
hide_hint (gpointer data)
{
  MachinePage *self = data;

  self->hint_timer = 0;
  gtk_revealer_set_reveal_child (self->hint, FALSE);
  return G_SOURCE_REMOVE;
}

static void
show_hint (MachinePage *self)
{
  static const char *const hints[] = {
    [RELEASE_KEYS_LEFT_CTRL_ALT] = N_ ("Press left Ctrl+Alt to release keyboard and pointer"),
    [RELEASE_KEYS_RIGHT_CTRL] = N_ ("Press right Ctrl to release keyboard and pointer"),
  };
  GtkRoot *root = gtk_widget_get_root (GTK_WIDGET (self));
  gboolean show = console_view_has_keyboard (self->console) && GTK_IS_WINDOW (root)
                  && (gtk_window_is_fullscreen (GTK_WINDOW (root))
                      || gtk_widget_get_width (GTK_WIDGET (self)) < NARROW);

  g_clear_handle_id (&self->hint_timer, g_source_remove);
  gtk_label_set_label (self->hint_text, _ (hints[console_view_get_release_keys (self->console)]));
  gtk_revealer_set_reveal_child (self->hint, show);
  if (show)
    self->hint_timer = g_timeout_add (HINT_MS, hide_hint, self);
}

/* Notes are kept a moment after the last key. */

static gboolean
save_notes (gpointer data)
{
  MachinePage *self = data;
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (self->notes);
  GtkTextIter start, end;
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;

  self->notes_timer = 0;
  gtk_text_buffer_get_bounds (buffer, &start, &end);
  text = gtk_text_buffer_get_text (buffer, &start, &end, FALSE);
  g_key_file_set_string (machine_get_conf (self->machine), "notes", "text", text);
  if (!machine_save (self->machine, &error))
    machine_tell_problem (self->machine, error);
  return G_SOURCE_REMOVE;
}

static void
notes_changed (MachinePage *self)
{
  if (!gtk_widget_has_focus (GTK_WIDGET (self->notes)))
    return;
  g_clear_handle_id (&self->notes_timer, g_source_remove);
  self->notes_timer = g_timeout_add (NOTES_DELAY_MS, save_notes, self);
}

/* Actions */

static GtkWindow *
window_of (MachinePage *self)
{
  return GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self)));
}

static void
power_on (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  MachinePage *self = data;

  trust_dialog_power_on (self->machine, window_of (self));
}

static void
shut_down (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  machine_shut_down (MACHINE_PAGE (data)->machine);
}

static void
restart (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  machine_restart (MACHINE_PAGE (data)->machine);
}

static void
ask_reset (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  MachinePage *self = data;

  power_question_ask_reset (self->machine, window_of (self));
}

static void
ask_power_off (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  MachinePage *self = data;

  power_question_ask_off (self->machine, window_of (self));
}

/* What helps a start that failed for its disc */

static void
start_without_disc (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  MachinePage *self = data;

  trust_dialog_power_on_without_disc (self->machine, window_of (self));
}

static void
another_disc_chosen (gpointer owner, GFile *file, gpointer subject)
{
  MachinePage *self = owner;

  machine_disc_change (self->machine, subject, g_file_peek_path (file), FALSE);
  trust_dialog_power_on (self->machine, window_of (self));
}

static void
choose_another_disc (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  MachinePage *self = data;
  const char *drive = machine_get_failed_drive (self->machine);

  if (drive != NULL)
    file_chooser_open (window_of (self), FILE_CHOOSER_DISC, self, another_disc_chosen,
                       g_strdup (drive), g_free);
}

static void
pause_changed (GSimpleAction *action, GVariant *state, gpointer data)
{
  machine_call (MACHINE_PAGE (data)->machine, g_variant_get_boolean (state) ? "Pause" : "Resume",
                NULL);
}

static void
send_keys (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  MachinePage *self = data;

  machine_call (self->machine, "SendKeys",
                g_variant_new ("(s)", g_variant_get_string (parameter, NULL)));
  gtk_widget_grab_focus (GTK_WIDGET (self->console));
}

static void
save_screenshot (gpointer owner, GFile *file, gpointer subject)
{
  Machine *machine = owner;
  GBytes *png = machine_get_picture (machine);
  g_autoptr (GError) error = NULL;

  if (png != NULL
      && !g_file_replace_contents (file, g_bytes_get_data (png, NULL), g_bytes_get_size (png), NULL,
                                   FALSE, G_FILE_CREATE_NONE, NULL, NULL, &error))
    machine_tell_problem (machine, error);
}

static void
take_screenshot (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  MachinePage *self = data;
  g_autofree char *name = g_strdup_printf ("%s.png", machine_get_name (self->machine));

  machine_poll (self->machine);
  file_chooser_save (window_of (self), FILE_CHOOSER_SCREENSHOT, name, self->machine,
                     save_screenshot, NULL, NULL);
}

static void
show_settings (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  MachinePage *self = data;

  machine_refresh (self->machine, NULL); /* somebody may have changed machine.conf just now */
  gtk_window_present (GTK_WINDOW (settings_dialog_new (window_of (self), self->machine)));
}

static void
ask_name (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  MachinePage *self = data;

  rename_dialog_ask (self->machine, window_of (self));
}

static void
files_shown (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (Machine) machine = data;
  g_autoptr (GError) error = NULL;

  if (!g_app_info_launch_default_for_uri_finish (result, &error))
    machine_tell_problem (machine, error);
}

static void
show_in_files (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  MachinePage *self = data;
  g_autofree char *uri = g_filename_to_uri (machine_get_folder (self->machine), NULL, NULL);

  g_app_info_launch_default_for_uri_async (uri, NULL, NULL, files_shown,
                                           g_object_ref (self->machine));
}

static void
ask_trash (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  MachinePage *self = data;

  removal_ask_machine (self->machine, window_of (self));
}

static void
add_actions (MachinePage *self)
{
  static const GActionEntry entries[] = {
    { "power-on", power_on },
    { "shut-down", shut_down },
    { "restart", restart },
    { "force-reset", ask_reset },
    { "force-power-off", ask_power_off },
    { "pause", NULL, NULL, "false", pause_changed },
    { "send-keys", send_keys, "s" },
    { "screenshot", take_screenshot },
    { "settings", show_settings },
    { "choose-another-disc", choose_another_disc },
    { "start-without-disc", start_without_disc },
    { "trash", ask_trash },
    { "rename", ask_name },
    { "show-in-files", show_in_files },
  };
  g_autoptr (GPropertyAction) scale = g_property_action_new ("scale", self->console, "scaling");

  self->actions = g_simple_action_group_new ();
  g_action_map_add_action_entries (G_ACTION_MAP (self->actions), entries, G_N_ELEMENTS (entries),
                                   self);
  g_action_map_add_action (G_ACTION_MAP (self->actions), G_ACTION (scale));
  self->discs = disc_menu_new (self->machine, GTK_WIDGET (self));
  disc_menu_add_actions (self->discs, G_ACTION_MAP (self->actions));
  gtk_widget_insert_action_group (GTK_WIDGET (self), "vm", G_ACTION_GROUP (self->actions));
}

/* An image dropped on the screen is a disc put into the machine. */
static gboolean
disc_dropped (GtkDropTarget *target, const GValue *value, double x, double y, MachinePage *self)
{
  GFile *file = g_value_get_object (value);

  if (!file_chooser_accepts (window_of (self), file))
    return FALSE;
  if (disc_menu_insert (self->discs, g_file_peek_path (file)))
    return TRUE;
  g_signal_emit_by_name (self->machine, "problem",
                         _ ("This machine has no CD drive: add one in its settings."));
  return FALSE;
}

/* For good, in all machines. */
static void
banner_response (MachinePage *self)
{
  g_settings_set_boolean (self->settings, "tell-accelerator", FALSE);
}

GtkWidget *
machine_page_new (Machine *machine, GSettings *settings)
{
  static const struct
  {
    const char *signal;
    void (*show) (MachinePage *self);
  } shown[] = {
    { "notify::state", show_state },     { "notify::picture", show_picture },
    { "notify::trouble", show_trouble }, { "changed", show_configuration },
    { "notify::drives", show_drives },   { "notify::accelerator", show_accelerator },
  };
  MachinePage *self = g_object_new (MACHINE_PAGE_TYPE, NULL);
  GtkDropTarget *drop = gtk_drop_target_new (G_TYPE_FILE, GDK_ACTION_COPY);

  self->machine = g_object_ref (machine);
  self->settings = g_object_ref (settings);
  failure_group_set_machine (self->failure, machine);
  add_actions (self);
  g_settings_bind (settings, "scale-display", self->console, "scaling", G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (settings, "release-keys", self->console, "release-keys", G_SETTINGS_BIND_GET);
  g_settings_bind (settings, "system-shortcuts", self->console, "system-shortcuts",
                   G_SETTINGS_BIND_GET);
  for (unsigned i = 0; i < G_N_ELEMENTS (shown); i++)
    g_signal_connect_object (machine, shown[i].signal, G_CALLBACK (shown[i].show), self,
                             G_CONNECT_SWAPPED);
  show_state (self);
  show_configuration (self);
  show_accelerator (self);
  g_signal_connect_object (self->console, "notify::has-keyboard", G_CALLBACK (show_hint), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (drop, "drop", G_CALLBACK (disc_dropped), self, 0);
  gtk_widget_add_controller (GTK_WIDGET (self->console), GTK_EVENT_CONTROLLER (drop));
  g_signal_connect_object (self->banner, "response", G_CALLBACK (banner_response), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (settings, "changed::tell-accelerator", G_CALLBACK (show_accelerator),
                           self, G_CONNECT_SWAPPED);
  g_signal_connect_object (gtk_text_view_get_buffer (self->notes), "changed",
                           G_CALLBACK (notes_changed), self, G_CONNECT_SWAPPED);
  return GTK_WIDGET (self);
}

Machine *
machine_page_get_machine (MachinePage *self)
{
  return self->machine;
}

GActionGroup *
machine_page_get_actions (MachinePage *self)
{
  return G_ACTION_GROUP (self->actions);
}

GMenuModel *
machine_page_get_disc_menu (MachinePage *self)
{
  return disc_menu_get_model (self->discs);
}

ConsoleView *
machine_page_get_console (MachinePage *self)
{
  return self->console;
}

void
machine_page_focus (MachinePage *self)
{
  if (machine_is_on (self->machine))
    gtk_widget_grab_focus (GTK_WIDGET (self->console));
}

/* Its tab is selected. */
static void
machine_page_map (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (machine_page_parent_class)->map (widget);
  machine_page_focus (MACHINE_PAGE (widget));
}

static void
machine_page_dispose (GObject *object)
{
  MachinePage *self = MACHINE_PAGE (object);
  GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (self));

  if (self->notes_timer != 0)
    {
      g_source_remove (self->notes_timer);
      save_notes (self);
    }
  g_clear_handle_id (&self->hint_timer, g_source_remove);
  g_clear_pointer (&child, gtk_widget_unparent);
  g_clear_object (&self->actions);
  g_clear_object (&self->discs);
  g_clear_object (&self->settings);
  g_clear_object (&self->machine);
  G_OBJECT_CLASS (machine_page_parent_class)->dispose (object);
}

static void
machine_page_finalize (GObject *object)
{
  g_ptr_array_unref (MACHINE_PAGE (object)->drive_rows);
  G_OBJECT_CLASS (machine_page_parent_class)->finalize (object);
}

static void
machine_page_class_init (MachinePageClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  widget_class->map = machine_page_map;
  G_OBJECT_CLASS (klass)->dispose = machine_page_dispose;
  G_OBJECT_CLASS (klass)->finalize = machine_page_finalize;
  g_type_ensure (CONSOLE_TYPE_VIEW);
  g_type_ensure (FAILURE_GROUP_TYPE);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/guesthouse/Guesthouse/machine-page.ui");
  gtk_widget_class_bind_template_child (widget_class, MachinePage, stack);
  gtk_widget_class_bind_template_child (widget_class, MachinePage, picture);
  gtk_widget_class_bind_template_child (widget_class, MachinePage, name);
  gtk_widget_class_bind_template_child (widget_class, MachinePage, trouble);
  gtk_widget_class_bind_template_child (widget_class, MachinePage, trouble_text);
  gtk_widget_class_bind_template_child (widget_class, MachinePage, resume);
  gtk_widget_class_bind_template_child (widget_class, MachinePage, veil);
  gtk_widget_class_bind_template_child (widget_class, MachinePage, veil_title);
  gtk_widget_class_bind_template_child (widget_class, MachinePage, veil_text);
  gtk_widget_class_bind_template_child (widget_class, MachinePage, force_off);
  gtk_widget_class_bind_template_child (widget_class, MachinePage, failure);
  gtk_widget_class_bind_template_child (widget_class, MachinePage, memory_row);
  gtk_widget_class_bind_template_child (widget_class, MachinePage, cpu_row);
  gtk_widget_class_bind_template_child (widget_class, MachinePage, devices);
  gtk_widget_class_bind_template_child (widget_class, MachinePage, notes);
  gtk_widget_class_bind_template_child (widget_class, MachinePage, banner);
  gtk_widget_class_bind_template_child (widget_class, MachinePage, console);
  gtk_widget_class_bind_template_child (widget_class, MachinePage, hint);
  gtk_widget_class_bind_template_child (widget_class, MachinePage, hint_text);
}

static void
machine_page_init (MachinePage *self)
{
  self->drive_rows = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
  accessible_name_buttons (GTK_WIDGET (self->banner), _ ("Dismiss"));
}
