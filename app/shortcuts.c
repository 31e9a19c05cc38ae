/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "shortcuts.h"

#include <adwaita.h>
#include <glib/gi18n.h>

/* Keys as GtkShortcutLabel takes them: alternatives with a space between. Without an action they
 * are the machine list's own. */
typedef struct
{
  const char *title, *keys, *action;
} Shortcut;

static const Shortcut machine_shortcuts[] = {
  { N_ ("Full screen"), "F11 <Control><Alt>Return", "win.fullscreen" },
  { N_ ("Machine settings"), "<Control>comma", "vm.settings" },
  { N_ ("Rename"), "F2", NULL },
  { N_ ("Move to Trash"), "Delete", NULL },
  { N_ ("Close tab"), "<Control>w", "win.close-tab" },
};

static const Shortcut general_shortcuts[] = {
  { N_ ("New virtual machine"), "<Control>n", "win.new-machine" },
  { N_ ("Search machines"), "<Control>f", "win.find" },
  { N_ ("Sidebar"), "F9", "win.sidebar" },
  { N_ ("Keyboard shortcuts"), "F1 <Control>question", "win.shortcuts" },
  { N_ ("Quit"), "<Control>q", "app.quit" },
};

static void
set (GtkApplication *application, const Shortcut *shortcuts, unsigned n, gboolean on)
{
  for (unsigned i = 0; i < n; i++)
    {
      g_auto (GStrv) keys = g_strsplit (on ? shortcuts[i].keys : "", " ", -1);

      if (shortcuts[i].action != NULL)
        gtk_application_set_accels_for_action (application, shortcuts[i].action,
                                               (const char *const *) keys);
    }
}

void
shortcuts_set (GtkApplication *application, gboolean on)
{
  set (application, machine_shortcuts, G_N_ELEMENTS (machine_shortcuts), on);
  set (application, general_shortcuts, G_N_ELEMENTS (general_shortcuts), on);
}

/* The window that lists them. GtkShortcutsWindow does not fit into 360 pixels. */

static AdwPreferencesGroup *
add_group (AdwPreferencesPage *page, const char *title)
{
  AdwPreferencesGroup *group = ADW_PREFERENCES_GROUP (adw_preferences_group_new ());

  adw_preferences_group_set_title (group, title);
  adw_preferences_page_add (page, group);
  return group;
}

static void
add (AdwPreferencesGroup *group, const char *title, const char *keys)
{
  GtkWidget *row = adw_action_row_new ();
  GtkWidget *label = gtk_shortcut_label_new (keys);

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  gtk_widget_set_valign (label, GTK_ALIGN_CENTER);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), label);
  adw_preferences_group_add (group, row);
}

static void
add_all (AdwPreferencesGroup *group, const Shortcut *shortcuts, unsigned n)
{
  for (unsigned i = 0; i < n; i++)
    add (group, _ (shortcuts[i].title), shortcuts[i].keys);
}

GtkWindow *
shortcuts_window_new (GtkWindow *parent, ReleaseKeys release_keys)
{
  static const char *const releasing[] = {
    [RELEASE_KEYS_LEFT_CTRL_ALT] = "Control_L&Alt_L",
    [RELEASE_KEYS_RIGHT_CTRL] = "Control_R",
  };
  GtkWindow *window
    = g_object_new (ADW_TYPE_WINDOW, "transient-for", parent, "modal", TRUE, "title",
                    _ ("Keyboard Shortcuts"), "default-width", 480, "default-height", 660, NULL);
  GtkEventController *keys = gtk_shortcut_controller_new ();
  GtkWidget *content = gtk_box_new (GTK_ORIENTATION_VERTICAL, 0);
  AdwPreferencesPage *page = ADW_PREFERENCES_PAGE (adw_preferences_page_new ());
  AdwPreferencesGroup *group = add_group (page, _ ("Machine"));

  add (group, _ ("Release keyboard and pointer"), releasing[release_keys]);
  add_all (group, machine_shortcuts, G_N_ELEMENTS (machine_shortcuts));
  group = add_group (page, _ ("General"));
  add_all (group, general_shortcuts, G_N_ELEMENTS (general_shortcuts));
  gtk_box_append (GTK_BOX (content), adw_header_bar_new ());
  gtk_box_append (GTK_BOX (content), GTK_WIDGET (page));
  adw_window_set_content (ADW_WINDOW (window), content);
  gtk_shortcut_controller_add_shortcut (
    GTK_SHORTCUT_CONTROLLER (keys), gtk_shortcut_new (gtk_keyval_trigger_new (GDK_KEY_Escape, 0),
                                                      gtk_named_action_new ("window.close")));
  gtk_widget_add_controller (GTK_WIDGET (window), keys);
  return window;
}
