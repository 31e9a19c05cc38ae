/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine-list.h"

#include <glib/gi18n.h>

#include "machine-row.h"

struct _MachineList
{
  AdwBin parent_instance;
  GtkFilter *filter;
  GtkSorter *sorter;
  Machine *selected; /* whose tab is shown; only to compare with */

  GtkSearchEntry *search;
  GtkLabel *placeholder;
  GtkListBox *list;
  GtkPopover *menu;
};

G_DEFINE_FINAL_TYPE (MachineList, machine_list, ADW_TYPE_BIN)

enum
{
  ACTIVATED,
  POINTED_AT,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static Machine *
machine_of (GtkListBoxRow *row)
{
  return machine_row_get_machine (MACHINE_ROW (row));
}

/* Which rows there are */

static gboolean
matches_search (gpointer item, gpointer data)
{
  MachineList *self = data;
  const char *wanted = gtk_editable_get_text (GTK_EDITABLE (self->search));
  g_autofree char *needle = g_utf8_casefold (wanted, -1);
  g_autofree char *name = g_utf8_casefold (machine_get_name (item), -1);

  return strstr (name, needle) != NULL;
}

static void
search_changed (MachineList *self)
{
  const char *wanted = gtk_editable_get_text (GTK_EDITABLE (self->search));

  gtk_label_set_label (self->placeholder, *wanted != '\0' ? _ ("No Results") : _ ("No machines"));
  gtk_filter_changed (self->filter, GTK_FILTER_CHANGE_DIFFERENT);
}

/* Machines that are on come first; else the order is the library's. */
static int
compare (gconstpointer a, gconstpointer b, gpointer data)
{
  return machine_is_on ((Machine *) b) - machine_is_on ((Machine *) a);
}

/* The sections have headings while there are two. */
static void
update_heading (GtkListBoxRow *row, GtkListBoxRow *before, gpointer data)
{
  gboolean on = machine_is_on (machine_of (row));
  gboolean first = before == NULL ? on : on != machine_is_on (machine_of (before));
  GtkWidget *heading;

  if (!first)
    {
      gtk_list_box_row_set_header (row, NULL);
      return;
    }
  heading = gtk_label_new (on ? _ ("Running") : _ ("Machines"));
  gtk_label_set_xalign (GTK_LABEL (heading), 0);
  gtk_widget_add_css_class (heading, "section-heading");
  gtk_list_box_row_set_header (row, heading);
}

static GtkListBoxRow *
find_row (MachineList *self, Machine *machine)
{
  GtkListBoxRow *row = NULL;
  int i = 0;

  while ((row = gtk_list_box_get_row_at_index (self->list, i++)) != NULL)
    if (machine_of (row) == machine)
      break;
  return row;
}

static void
mark_selected (MachineList *self)
{
  GtkListBoxRow *row = find_row (self, self->selected);

  if (row != gtk_list_box_get_selected_row (self->list))
    gtk_list_box_select_row (self->list, row);
}

/* A row that goes to the other section is made anew there, and takes the keyboard along. */
static void
machine_moved (MachineRow *row)
{
  MachineList *self = MACHINE_LIST (gtk_widget_get_ancestor (GTK_WIDGET (row), MACHINE_LIST_TYPE));
  g_autoptr (Machine) machine = g_object_ref (machine_row_get_machine (row));
  gboolean focused = gtk_widget_has_focus (GTK_WIDGET (row));
  GtkListBoxRow *now;

  if (self == NULL)
    return;
  gtk_sorter_changed (self->sorter, GTK_SORTER_CHANGE_DIFFERENT);
  gtk_list_box_invalidate_headers (self->list);
  now = find_row (self, machine);
  if (focused && now != NULL)
    gtk_widget_grab_focus (GTK_WIDGET (now));
  mark_selected (self);
}

static GtkWidget *
make_row (gpointer item, gpointer data)
{
  GtkWidget *row = machine_row_new (item);

  g_signal_connect (row, "moved", G_CALLBACK (machine_moved), NULL);
  return row;
}

/* What is done with them */

/* Escape: all machines again, and the keyboard goes to them. */
static void
search_stopped (MachineList *self)
{
  gtk_editable_set_text (GTK_EDITABLE (self->search), "");
  gtk_widget_child_focus (GTK_WIDGET (self->list), GTK_DIR_TAB_FORWARD);
}

/* Enter: the first that was found. */
static void
search_activated (MachineList *self)
{
  GtkListBoxRow *row = gtk_list_box_get_row_at_index (self->list, 0);

  if (row != NULL)
    g_signal_emit (self, signals[ACTIVATED], 0, machine_of (row));
}

void
machine_list_find (MachineList *self)
{
  gtk_widget_grab_focus (GTK_WIDGET (self->search));
}

static void
row_activated (MachineList *self, GtkListBoxRow *row)
{
  g_signal_emit (self, signals[ACTIVATED], 0, machine_of (row));
}

/* The machine's actions are those of the tab that is shown. */
static void
act (MachineList *self, GtkListBoxRow *row, const char *action)
{
  g_signal_emit (self, signals[POINTED_AT], 0, machine_of (row));
  gtk_widget_activate_action (GTK_WIDGET (self), action, NULL);
}

static GtkListBoxRow *
get_focused_row (MachineList *self)
{
  GtkWidget *focus = gtk_root_get_focus (gtk_widget_get_root (GTK_WIDGET (self)));

  return focus != NULL ? GTK_LIST_BOX_ROW (gtk_widget_get_ancestor (focus, GTK_TYPE_LIST_BOX_ROW))
                       : NULL;
}

/* data is the action. */
static gboolean
act_on_row (GtkWidget *widget, GVariant *parameter, gpointer data)
{
  MachineList *self = MACHINE_LIST (gtk_widget_get_ancestor (widget, MACHINE_LIST_TYPE));
  GtkListBoxRow *row = get_focused_row (self);

  if (row != NULL)
    act (self, row, data);
  return row != NULL;
}

/* The menu is for the machine at (x, y) of the list, whose tab is shown with it. */
static void
show_menu (MachineList *self, GtkListBoxRow *row, double x, double y)
{
  GdkRectangle at = { 0, 0, 1, 1 };

  gtk_widget_translate_coordinates (GTK_WIDGET (self->list), GTK_WIDGET (self), x, y, &x, &y);
  at.x = (int) x;
  at.y = (int) y;
  g_signal_emit (self, signals[POINTED_AT], 0, machine_of (row));
  gtk_popover_set_pointing_to (self->menu, &at);
  gtk_popover_popup (self->menu);
}

static void
pressed_at (GtkGesture *gesture, double x, double y, MachineList *self)
{
  GtkListBoxRow *row = gtk_list_box_get_row_at_y (self->list, (int) y);

  if (row == NULL)
    return;
  gtk_gesture_set_state (gesture, GTK_EVENT_SEQUENCE_CLAIMED);
  show_menu (self, row, x, y);
}

static void
right_pressed (GtkGesture *gesture, int count, double x, double y, MachineList *self)
{
  pressed_at (gesture, x, y, self);
}

static gboolean
show_menu_of_row (GtkWidget *widget, GVariant *parameter, gpointer data)
{
  MachineList *self = MACHINE_LIST (gtk_widget_get_ancestor (widget, MACHINE_LIST_TYPE));
  GtkListBoxRow *row = get_focused_row (self);
  graphene_rect_t bounds;

  if (row == NULL
      || !gtk_widget_compute_bounds (GTK_WIDGET (row), GTK_WIDGET (self->list), &bounds))
    return FALSE;
  show_menu (self, row, bounds.origin.x + bounds.size.width / 2,
             bounds.origin.y + bounds.size.height / 2);
  return TRUE;
}

void
machine_list_select (MachineList *self, Machine *machine)
{
  self->selected = machine;
  mark_selected (self);
}

void
machine_list_set_library (MachineList *self, Library *library)
{
  GListModel *filtered = G_LIST_MODEL (
    gtk_filter_list_model_new (g_object_ref (G_LIST_MODEL (library)), g_object_ref (self->filter)));
  g_autoptr (GtkSortListModel) sorted
    = gtk_sort_list_model_new (filtered, g_object_ref (self->sorter));

  gtk_list_box_bind_model (self->list, G_LIST_MODEL (sorted), make_row, self, NULL);
}

/* A popover has its place from its parent. */
static void
machine_list_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  GTK_WIDGET_CLASS (machine_list_parent_class)->size_allocate (widget, width, height, baseline);
  gtk_popover_present (MACHINE_LIST (widget)->menu);
}

static void
machine_list_dispose (GObject *object)
{
  MachineList *self = MACHINE_LIST (object);

  /* The library outlives the list, and must not call its filter then. */
  if (self->list != NULL)
    gtk_list_box_bind_model (self->list, NULL, NULL, NULL, NULL);
  g_clear_pointer ((GtkWidget **) &self->menu, gtk_widget_unparent);
  g_clear_object (&self->filter);
  g_clear_object (&self->sorter);
  G_OBJECT_CLASS (machine_list_parent_class)->dispose (object);
}

static void
machine_list_class_init (MachineListClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = machine_list_dispose;
  widget_class->size_allocate = machine_list_size_allocate;
  signals[ACTIVATED] = g_signal_new ("activated", MACHINE_LIST_TYPE, G_SIGNAL_RUN_LAST, 0, NULL,
                                     NULL, NULL, G_TYPE_NONE, 1, MACHINE_TYPE);
  signals[POINTED_AT] = g_signal_new ("pointed-at", MACHINE_LIST_TYPE, G_SIGNAL_RUN_LAST, 0, NULL,
                                      NULL, NULL, G_TYPE_NONE, 1, MACHINE_TYPE);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/guesthouse/Guesthouse/machine-list.ui");
  gtk_widget_class_bind_template_child (widget_class, MachineList, search);
  gtk_widget_class_bind_template_child (widget_class, MachineList, placeholder);
  gtk_widget_class_bind_template_child (widget_class, MachineList, list);
  gtk_widget_class_bind_template_child (widget_class, MachineList, menu);
  gtk_widget_class_bind_template_callback (widget_class, search_changed);
  gtk_widget_class_bind_template_callback (widget_class, search_stopped);
  gtk_widget_class_bind_template_callback (widget_class, search_activated);
  gtk_widget_class_bind_template_callback (widget_class, row_activated);
  gtk_widget_class_bind_template_callback (widget_class, right_pressed);
  gtk_widget_class_bind_template_callback (widget_class, pressed_at);
}

static void
add_key (GtkEventController *keys, const char *key, GtkShortcutFunc function, const char *action)
{
  gtk_shortcut_controller_add_shortcut (
    GTK_SHORTCUT_CONTROLLER (keys),
    gtk_shortcut_new (gtk_shortcut_trigger_parse_string (key),
                      gtk_callback_action_new (function, (gpointer) action, NULL)));
}

static void
machine_list_init (MachineList *self)
{
  GtkEventController *keys = gtk_shortcut_controller_new ();

  self->filter = GTK_FILTER (gtk_custom_filter_new (matches_search, self, NULL));
  self->sorter = GTK_SORTER (gtk_custom_sorter_new (compare, NULL, NULL));
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_widget_set_parent (GTK_WIDGET (self->menu), GTK_WIDGET (self));
  gtk_list_box_set_header_func (self->list, update_heading, NULL, NULL);
  add_key (keys, "F2", act_on_row, "vm.rename");
  add_key (keys, "Delete", act_on_row, "vm.trash");
  add_key (keys, "Menu|<Shift>F10", show_menu_of_row, NULL);
  gtk_widget_add_controller (GTK_WIDGET (self->list), keys);
}
