/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "window.h"

#include <glib/gi18n.h>

#include "accessible-name.h"
#include "closing.h"
#include "device-bar.h"
#include "file-chooser.h"
#include "machine-list.h"
#include "machine-page.h"
#include "new-machine-dialog.h"
#include "sentence-toast.h"
#include "shortcuts.h"
#include "preferences.h"
#include "trust-dialog.h"

#define EDGE 3  /* pixels from the top edge that bring the bars back in full screen */
#define BARS 96 /* and below which they go again */

struct _Window
{
  AdwApplicationWindow parent_instance;
  Library *library;
  GSettings *settings;
  gboolean bars_over; /* the guest's screen, in full screen */
  Closing *closing;
  NewMachineDialog *wizard; /* while it is open; weak */

  AdwToastOverlay *toasts;
  AdwLeaflet *leaflet;
  GtkWidget *sidebar, *content, *power_tools, *view_tools, *view_button, *keys_button;
  GtkMenuButton *main_menu;
  GMenu *view_menu, *keys_menu;
  DeviceBar *devices;
  MachineList *list;
  GtkOverlay *overlay;
  GtkRevealer *bars;
  AdwWindowTitle *title;
  GtkStack *stack;
  AdwTabView *tabs;
  GSignalGroup *selected; /* what its machine tells */
};

G_DEFINE_FINAL_TYPE (Window, window, ADW_TYPE_APPLICATION_WINDOW)

static MachinePage *
page_of (AdwTabPage *tab)
{
  return MACHINE_PAGE (adw_tab_page_get_child (tab));
}

static MachinePage *
selected_page (Window *self)
{
  AdwTabPage *tab = adw_tab_view_get_selected_page (self->tabs);

  return tab != NULL ? page_of (tab) : NULL;
}

/* Its state, or how to get out of it. */
static const char *
subtitle_of (MachinePage *page)
{
  static const char *const releases_both[] = {
    [RELEASE_KEYS_LEFT_CTRL_ALT] = N_ ("Left Ctrl+Alt releases keyboard and pointer"),
    [RELEASE_KEYS_RIGHT_CTRL] = N_ ("Right Ctrl releases keyboard and pointer"),
  };
  static const char *const releases_keyboard[] = {
    [RELEASE_KEYS_LEFT_CTRL_ALT] = N_ ("Left Ctrl+Alt releases the keyboard"),
    [RELEASE_KEYS_RIGHT_CTRL] = N_ ("Right Ctrl releases the keyboard"),
  };
  ConsoleView *console = machine_page_get_console (page);

  if (console_view_get_grabbed (console))
    return _ (releases_both[console_view_get_release_keys (console)]);
  if (console_view_has_keyboard (console))
    return _ (releases_keyboard[console_view_get_release_keys (console)]);
  return machine_state_to_text (machine_get_state (machine_page_get_machine (page)));
}

static gboolean
is_empty (Window *self)
{
  return self->library == NULL || g_list_model_get_n_items (G_LIST_MODEL (self->library)) == 0;
}

static void
show_title (Window *self)
{
  MachinePage *page = selected_page (self);

  adw_window_title_set_title (
    self->title, page != NULL ? machine_get_name (machine_page_get_machine (page)) : "");
  adw_window_title_set_subtitle (self->title, page != NULL ? subtitle_of (page) : "");
}

/* The bars show what the selected machine can do. */
static void
show_selected (Window *self)
{
  MachinePage *page = selected_page (self);
  Machine *machine = page != NULL ? machine_page_get_machine (page) : NULL;
  GMenuModel *discs = page != NULL ? machine_page_get_disc_menu (page) : NULL;
  gboolean on = machine != NULL && machine_is_on (machine);

  gtk_widget_insert_action_group (GTK_WIDGET (self), "vm",
                                  page != NULL ? machine_page_get_actions (page) : NULL);
  gtk_stack_set_visible_child_name (self->stack, page != NULL      ? "tabs"
                                                 : is_empty (self) ? "welcome"
                                                                   : "choose");
  g_signal_group_set_target (self->selected, machine);
  show_title (self);
  machine_list_select (self->list, machine);
  gtk_widget_set_visible (self->power_tools, on);
  gtk_widget_set_visible (self->view_tools, on);
  gtk_widget_set_visible (self->view_button, machine != NULL);
  device_bar_show (self->devices, on ? machine : NULL, discs);
}

/* A guest that has the keyboard has all of it. */
static void
focus_changed (Window *self)
{
  GtkApplication *application = gtk_window_get_application (GTK_WINDOW (self));
  gboolean ours = !CONSOLE_IS_VIEW (gtk_window_get_focus (GTK_WINDOW (self)));

  if (application != NULL)
    shortcuts_set (application, ours);
  adw_tab_view_set_shortcuts (self->tabs, ours ? ADW_TAB_VIEW_SHORTCUT_ALL_SHORTCUTS
                                               : ADW_TAB_VIEW_SHORTCUT_NONE);
  gtk_menu_button_set_primary (self->main_menu, ours); /* F10 */
}

static AdwTabPage *
find_tab (Window *self, Machine *machine)
{
  for (int i = 0; i < adw_tab_view_get_n_pages (self->tabs); i++)
    {
      AdwTabPage *tab = adw_tab_view_get_nth_page (self->tabs, i);

      if (machine_page_get_machine (page_of (tab)) == machine)
        return tab;
    }
  return NULL;
}

static void
show_problem (Window *self, const char *sentence)
{
  adw_toast_overlay_add_toast (self->toasts, sentence_toast_new (sentence));
}

static AdwTabPage *
add_tab (Window *self, Machine *machine)
{
  AdwTabPage *tab = find_tab (self, machine);

  if (tab == NULL)
    {
      GtkWidget *page = machine_page_new (machine, self->settings);

      tab = adw_tab_view_append (self->tabs, page);
      g_object_bind_property (machine, "name", tab, "title", G_BINDING_SYNC_CREATE);
      g_signal_connect_object (machine_page_get_console (MACHINE_PAGE (page)),
                               "notify::has-keyboard", G_CALLBACK (show_title), self,
                               G_CONNECT_SWAPPED);
    }
  return tab;
}

static void
show_machine (Window *self, Machine *machine)
{
  adw_tab_view_set_selected_page (self->tabs, add_tab (self, machine));
}

/* The keyboard stays in the list unless there is a screen, or the list is gone. */
void
window_open_machine (Window *self, Machine *machine)
{
  GtkWidget *focus = gtk_window_get_focus (GTK_WINDOW (self));

  show_machine (self, machine);
  adw_leaflet_set_visible_child (self->leaflet, self->content);
  if (focus != NULL && gtk_widget_is_ancestor (focus, self->sidebar) && !machine_is_on (machine)
      && !adw_leaflet_get_folded (self->leaflet))
    gtk_window_set_focus (GTK_WINDOW (self), focus);
  else
    machine_page_focus (selected_page (self));
}

/* Tabs are there again when the window is. */

static void
keep_tabs (Window *self)
{
  g_autoptr (GPtrArray) uuids = g_ptr_array_new ();
  MachinePage *shown = selected_page (self);

  if (self->settings == NULL || gtk_widget_in_destruction (GTK_WIDGET (self)))
    return;
  for (int i = 0; i < adw_tab_view_get_n_pages (self->tabs); i++)
    {
      AdwTabPage *tab = adw_tab_view_get_nth_page (self->tabs, i);

      g_ptr_array_add (uuids, (char *) machine_get_uuid (machine_page_get_machine (page_of (tab))));
    }
  g_ptr_array_add (uuids, NULL);
  g_settings_set_strv (self->settings, "open-machines", (const char *const *) uuids->pdata);
  g_settings_set_string (self->settings, "shown-machine",
                         shown != NULL ? machine_get_uuid (machine_page_get_machine (shown)) : "");
}

static void
restore_tabs (Window *self)
{
  g_auto (GStrv) uuids = g_settings_get_strv (self->settings, "open-machines");
  g_autofree char *shown = g_settings_get_string (self->settings, "shown-machine");
  Machine *machine;

  for (char **uuid = uuids; *uuid != NULL; uuid++)
    if ((machine = library_find (self->library, *uuid)) != NULL)
      add_tab (self, machine);
  if ((machine = library_find (self->library, shown)) != NULL)
    show_machine (self, machine);
}

/* A machine whose folder went away loses its tab. */
static void
library_changed (Window *self)
{
  for (int i = adw_tab_view_get_n_pages (self->tabs) - 1; i >= 0; i--)
    {
      AdwTabPage *tab = adw_tab_view_get_nth_page (self->tabs, i);
      Machine *machine = machine_page_get_machine (page_of (tab));

      if (!g_file_test (machine_get_folder (machine), G_FILE_TEST_IS_DIR))
        adw_tab_view_close_page (self->tabs, tab);
    }
  show_selected (self);
}

/* Actions */

static void
machine_created (Window *self, const char *folder, gboolean power_on)
{
  Machine *machine;

  library_rescan (self->library);
  machine = library_find (self->library, folder);
  if (machine == NULL)
    return;
  window_open_machine (self, machine);
  if (power_on)
    trust_dialog_power_on (machine, GTK_WINDOW (self));
}

void
window_new_machine (Window *self, GFile *disc)
{
  if (disc != NULL && !file_chooser_accepts (GTK_WINDOW (self), disc))
    return;
  if (self->wizard == NULL)
    {
      g_set_weak_pointer (&self->wizard,
                          new_machine_dialog_new (GTK_WINDOW (self), self->settings));
      g_signal_connect_object (self->wizard, "created", G_CALLBACK (machine_created), self,
                               G_CONNECT_SWAPPED);
    }
  if (disc != NULL)
    new_machine_dialog_use_disc (self->wizard, g_file_peek_path (disc));
  gtk_window_present (GTK_WINDOW (self->wizard));
}

static void
new_machine (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  window_new_machine (data, NULL);
}

static void
show_preferences (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  Window *self = data;

  gtk_window_present (GTK_WINDOW (preferences_new (GTK_WINDOW (self), self->settings)));
}

static gboolean
disc_dropped (GtkDropTarget *target, const GValue *value, double x, double y, Window *self)
{
  window_new_machine (self, g_value_get_object (value));
  return TRUE;
}

static void
go_back (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  Window *self = data;

  adw_leaflet_set_visible_child (self->leaflet, self->sidebar);
}

static void
show_shortcuts (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  Window *self = data;
  ReleaseKeys keys = g_settings_get_enum (self->settings, "release-keys");

  gtk_window_present (shortcuts_window_new (GTK_WINDOW (self), keys));
}

static void
close_tab (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  Window *self = data;
  AdwTabPage *tab = adw_tab_view_get_selected_page (self->tabs);

  if (tab != NULL)
    adw_tab_view_close_page (self->tabs, tab);
}

static void
find_machine (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  Window *self = data;

  gtk_widget_set_visible (self->sidebar, TRUE);
  adw_leaflet_set_visible_child (self->leaflet, self->sidebar);
  machine_list_find (self->list);
}

/* In a narrow window the sidebar is a page of its own. */
static void
toggle_sidebar (GSimpleAction *action, GVariant *parameter, gpointer data)
{
  Window *self = data;
  gboolean shown = adw_leaflet_get_visible_child (self->leaflet) == self->sidebar;

  if (adw_leaflet_get_folded (self->leaflet))
    adw_leaflet_set_visible_child (self->leaflet, shown ? self->content : self->sidebar);
  else
    gtk_widget_set_visible (self->sidebar, !gtk_widget_get_visible (self->sidebar));
}

/* In full screen the bars come over the guest's screen, which keeps its size. */
static void
move_bars (Window *self, gboolean over)
{
  GtkWidget *bars = g_object_ref (GTK_WIDGET (self->bars));

  self->bars_over = over;
  if (over)
    {
      gtk_box_remove (GTK_BOX (self->content), bars);
      gtk_overlay_add_overlay (self->overlay, bars);
    }
  else
    {
      gtk_overlay_remove_overlay (self->overlay, bars);
      gtk_box_prepend (GTK_BOX (self->content), bars);
    }
  gtk_widget_set_valign (bars, over ? GTK_ALIGN_START : GTK_ALIGN_FILL);
  g_object_unref (bars);
}

static void
fullscreen_changed (GSimpleAction *action, GVariant *state, gpointer data)
{
  Window *self = data;
  gboolean fullscreen = g_variant_get_boolean (state);

  g_simple_action_set_state (action, state);
  if (fullscreen)
    gtk_window_fullscreen (GTK_WINDOW (self));
  else
    gtk_window_unfullscreen (GTK_WINDOW (self));
  gtk_widget_set_visible (self->sidebar, !fullscreen);
  move_bars (self, fullscreen);
  gtk_revealer_set_reveal_child (self->bars, !fullscreen);
}

/* Whether they lie over it is what counts: the window manager may take its time to change the
 * window. */
static void
pointer_moved (GtkEventControllerMotion *motion, double x, double y, Window *self)
{
  if (!self->bars_over)
    return;
  if (y <= EDGE)
    gtk_revealer_set_reveal_child (self->bars, TRUE);
  else if (y > BARS)
    gtk_revealer_set_reveal_child (self->bars, FALSE);
}

static void
tell_waiting (Window *self)
{
  show_problem (self, _ ("The window closes when all machines have shut down."));
}

static gboolean
window_close_request (GtkWindow *window)
{
  return !closing_is_agreed (GUESTHOUSE_WINDOW (window)->closing)
         || GTK_WINDOW_CLASS (window_parent_class)->close_request (window);
}

Window *
window_new (GtkApplication *application, Library *library, GSettings *settings)
{
  static const GActionEntry actions[]
    = { { "new-machine", new_machine }, { "back", go_back },
        { "close-tab", close_tab },     { "shortcuts", show_shortcuts },
        { "find", find_machine },       { "preferences", show_preferences },
        { "sidebar", toggle_sidebar },  { "fullscreen", NULL, NULL, "false", fullscreen_changed } };
  Window *self = g_object_new (WINDOW_TYPE, "application", application, NULL);

  self->library = g_object_ref (library);
  self->settings = g_object_ref (settings);
  self->closing = closing_new (GTK_WINDOW (self), library);
  machine_list_set_library (self->list, library);
  g_action_map_add_action_entries (G_ACTION_MAP (self), actions, G_N_ELEMENTS (actions), self);
  g_settings_bind (settings, "window-width", self, "default-width", G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (settings, "window-height", self, "default-height", G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (settings, "window-maximized", self, "maximized", G_SETTINGS_BIND_DEFAULT);
  g_signal_connect_object (self->closing, "waiting", G_CALLBACK (tell_waiting), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->library, "problem", G_CALLBACK (show_problem), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->library, "items-changed", G_CALLBACK (library_changed), self,
                           G_CONNECT_SWAPPED);
  library_repeat_problems (self->library);
  restore_tabs (self);
  show_selected (self);
  g_signal_connect_object (self->tabs, "notify::n-pages", G_CALLBACK (keep_tabs), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (self->tabs, "notify::selected-page", G_CALLBACK (keep_tabs), self,
                           G_CONNECT_SWAPPED);
  return self;
}

static void
window_dispose (GObject *object)
{
  Window *self = GUESTHOUSE_WINDOW (object);

  g_clear_object (&self->closing);
  g_clear_weak_pointer (&self->wizard);
  g_clear_object (&self->settings);
  g_clear_object (&self->library);
  G_OBJECT_CLASS (window_parent_class)->dispose (object);
  g_clear_object (&self->selected); /* a last tab that goes is told, too */
}

static void
window_class_init (WindowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = window_dispose;
  GTK_WINDOW_CLASS (klass)->close_request = window_close_request;
  g_type_ensure (DEVICE_BAR_TYPE);
  g_type_ensure (MACHINE_LIST_TYPE);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/guesthouse/Guesthouse/window.ui");
  gtk_widget_class_bind_template_child (widget_class, Window, toasts);
  gtk_widget_class_bind_template_child (widget_class, Window, leaflet);
  gtk_widget_class_bind_template_child (widget_class, Window, sidebar);
  gtk_widget_class_bind_template_child (widget_class, Window, content);
  gtk_widget_class_bind_template_child (widget_class, Window, power_tools);
  gtk_widget_class_bind_template_child (widget_class, Window, view_tools);
  gtk_widget_class_bind_template_child (widget_class, Window, view_button);
  gtk_widget_class_bind_template_child (widget_class, Window, keys_button);
  gtk_widget_class_bind_template_child (widget_class, Window, view_menu);
  gtk_widget_class_bind_template_child (widget_class, Window, keys_menu);
  gtk_widget_class_bind_template_child (widget_class, Window, devices);
  gtk_widget_class_bind_template_child (widget_class, Window, main_menu);
  gtk_widget_class_bind_template_child (widget_class, Window, list);
  gtk_widget_class_bind_template_child (widget_class, Window, overlay);
  gtk_widget_class_bind_template_child (widget_class, Window, bars);
  gtk_widget_class_bind_template_child (widget_class, Window, title);
  gtk_widget_class_bind_template_child (widget_class, Window, stack);
  gtk_widget_class_bind_template_child (widget_class, Window, tabs);
}

static void
window_init (Window *self)
{
  GtkEventController *motion = gtk_event_controller_motion_new ();
  GtkDropTarget *drop = gtk_drop_target_new (G_TYPE_FILE, GDK_ACTION_COPY);

  self->selected = g_signal_group_new (MACHINE_TYPE);
  g_signal_group_connect_swapped (self->selected, "notify::state", G_CALLBACK (show_selected),
                                  self);
  g_signal_group_connect_swapped (self->selected, "notify::name", G_CALLBACK (show_title), self);
  gtk_widget_init_template (GTK_WIDGET (self));
  accessible_name_buttons (self->keys_button, _ ("Send Key"));
  /* Where a narrow window has no room for the button. */
  g_menu_insert_submenu (self->view_menu, 1, _ ("Send Key"), G_MENU_MODEL (self->keys_menu));
  g_signal_connect (self, "notify::focus-widget", G_CALLBACK (focus_changed), NULL);
  g_signal_connect_swapped (self->list, "activated", G_CALLBACK (window_open_machine), self);
  g_signal_connect_swapped (self->list, "pointed-at", G_CALLBACK (show_machine), self);
  g_signal_connect_swapped (self->tabs, "notify::selected-page", G_CALLBACK (show_selected), self);
  g_signal_connect_object (motion, "motion", G_CALLBACK (pointer_moved), self, 0);
  gtk_widget_add_controller (GTK_WIDGET (self), motion);
  g_signal_connect_object (drop, "drop", G_CALLBACK (disc_dropped), self, 0);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (drop));
}
