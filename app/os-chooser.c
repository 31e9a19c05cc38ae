/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "os-chooser.h"

struct _OsChooser
{
  AdwWindow parent_instance;
  GCancellable *cancellable;
  GtkFilterListModel *shown;
  GtkFilter *filter;

  GtkSearchEntry *search;
  GtkListView *list;
};

G_DEFINE_FINAL_TYPE (OsChooser, os_chooser, ADW_TYPE_WINDOW)

enum
{
  CHOSEN,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static gboolean
matches (gpointer item, gpointer data)
{
  return os_item_matches (item, gtk_editable_get_text (GTK_EDITABLE (OS_CHOOSER (data)->search)));
}

static void
search_changed (OsChooser *self)
{
  gtk_filter_changed (self->filter, GTK_FILTER_CHANGE_DIFFERENT);
}

static void
choose (OsChooser *self, guint position)
{
  g_autoptr (OsItem) item = g_list_model_get_item (G_LIST_MODEL (self->shown), position);

  if (item == NULL)
    return;
  g_signal_emit (self, signals[CHOSEN], 0, item);
  gtk_window_close (GTK_WINDOW (self));
}

static void
item_activated (GtkListView *list, guint position, OsChooser *self)
{
  choose (self, position);
}

/* Enter takes the first system found: the one behind the other system, which is always there. */
static void
search_activated (OsChooser *self)
{
  choose (self, g_list_model_get_n_items (G_LIST_MODEL (self->shown)) > 1 ? 1 : 0);
}

/* Rows: the name, and whose it is. */

static void
set_up_row (GtkListItemFactory *factory, GtkListItem *row)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 3);
  GtkWidget *name = gtk_label_new (NULL);
  GtkWidget *vendor = gtk_label_new (NULL);

  for (unsigned i = 0; i < 2; i++)
    {
      GtkWidget *label = i == 0 ? name : vendor;

      gtk_label_set_xalign (GTK_LABEL (label), 0);
      gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_END);
      gtk_box_append (GTK_BOX (box), label);
    }
  gtk_widget_set_margin_top (box, 6);
  gtk_widget_set_margin_bottom (box, 6);
  gtk_widget_add_css_class (vendor, "dim-label");
  gtk_widget_add_css_class (vendor, "caption");
  gtk_list_item_set_child (row, box);
}

static void
bind_row (GtkListItemFactory *factory, GtkListItem *row)
{
  OsItem *item = gtk_list_item_get_item (row);
  GtkWidget *box = gtk_list_item_get_child (row);
  GtkWidget *name = gtk_widget_get_first_child (box);
  GtkWidget *vendor = gtk_widget_get_next_sibling (name);

  gtk_label_set_label (GTK_LABEL (name), os_item_get_name (item));
  gtk_label_set_label (GTK_LABEL (vendor), os_item_get_vendor (item));
  gtk_widget_set_visible (vendor, *os_item_get_vendor (item) != '\0');
  /* The row itself is the list's. */
  gtk_accessible_update_property (GTK_ACCESSIBLE (gtk_widget_get_parent (box)),
                                  GTK_ACCESSIBLE_PROPERTY_LABEL, os_item_get_name (item), -1);
}

static void
loaded (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GListModel) systems = os_list_load_finish (result, &error);

  /* The list is made to the end even if this window is gone. */
  if (systems != NULL)
    gtk_filter_list_model_set_model (OS_CHOOSER (data)->shown, systems);
}

OsChooser *
os_chooser_new (GtkWindow *parent)
{
  OsChooser *self = g_object_new (OS_CHOOSER_TYPE, "transient-for", parent, NULL);

  os_list_load_async (self->cancellable, loaded, self);
  return self;
}

static void
os_chooser_dispose (GObject *object)
{
  OsChooser *self = OS_CHOOSER (object);

  g_cancellable_cancel (self->cancellable);
  G_OBJECT_CLASS (os_chooser_parent_class)->dispose (object);
}

static void
os_chooser_finalize (GObject *object)
{
  OsChooser *self = OS_CHOOSER (object);

  g_clear_object (&self->cancellable);
  g_clear_object (&self->shown);
  g_clear_object (&self->filter);
  G_OBJECT_CLASS (os_chooser_parent_class)->finalize (object);
}

static void
os_chooser_class_init (OsChooserClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = os_chooser_dispose;
  G_OBJECT_CLASS (klass)->finalize = os_chooser_finalize;
  signals[CHOSEN] = g_signal_new ("chosen", OS_CHOOSER_TYPE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, 1, OS_ITEM_TYPE);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               "/org/guesthouse/Guesthouse/os-chooser.ui");
  gtk_widget_class_bind_template_child (widget_class, OsChooser, search);
  gtk_widget_class_bind_template_child (widget_class, OsChooser, list);
  gtk_widget_class_bind_template_callback (widget_class, search_changed);
  gtk_widget_class_bind_template_callback (widget_class, search_activated);
  gtk_widget_class_bind_template_callback (widget_class, gtk_window_close);
  gtk_widget_class_bind_template_callback (widget_class, item_activated);
}

static void
os_chooser_init (OsChooser *self)
{
  GtkListItemFactory *factory = gtk_signal_list_item_factory_new ();
  GtkSelectionModel *selection;

  self->cancellable = g_cancellable_new ();
  self->filter = GTK_FILTER (gtk_custom_filter_new (matches, self, NULL));
  self->shown = gtk_filter_list_model_new (NULL, g_object_ref (self->filter));
  selection
    = GTK_SELECTION_MODEL (gtk_no_selection_new (g_object_ref (G_LIST_MODEL (self->shown))));
  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect (factory, "setup", G_CALLBACK (set_up_row), NULL);
  g_signal_connect (factory, "bind", G_CALLBACK (bind_row), NULL);
  gtk_list_view_set_factory (self->list, factory);
  gtk_list_view_set_model (self->list, selection);
  gtk_search_entry_set_key_capture_widget (self->search, GTK_WIDGET (self));
  g_object_unref (factory);
  g_object_unref (selection);
}
