/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "thumbnail.h"

#include "picture.h"

#define WIDTH 72
#define HEIGHT 54
#define ICON_SIZE 24
#define RADIUS 6
#define DIMMED 0.6

struct _Thumbnail
{
  GtkWidget parent_instance;
  Machine *machine;
  GdkTexture *texture;
  GCancellable *cancellable;
  gboolean wanted; /* what is shown is not the latest */
};

G_DEFINE_FINAL_TYPE (Thumbnail, thumbnail, GTK_TYPE_WIDGET)

static void
loaded (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GdkTexture) texture = picture_load_finish (result, &error);
  Thumbnail *self = data;

  if (error != NULL)
    return; /* it is gone, or wants another picture */
  g_set_object (&self->texture, texture);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
load (Thumbnail *self)
{
  int scale = gtk_widget_get_scale_factor (GTK_WIDGET (self));

  self->wanted = FALSE;
  g_cancellable_cancel (self->cancellable);
  g_object_unref (self->cancellable);
  self->cancellable = g_cancellable_new ();
  picture_load_thumbnail_async (self->machine, WIDTH * scale, HEIGHT * scale, self->cancellable,
                                loaded, self);
}

static void
want (Thumbnail *self)
{
  self->wanted = TRUE;
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

void
thumbnail_set_machine (Thumbnail *self, Machine *machine)
{
  g_assert (self->machine == NULL);
  self->machine = g_object_ref (machine);
  g_signal_connect_object (machine, "notify::picture", G_CALLBACK (want), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (machine, "notify::state", G_CALLBACK (gtk_widget_queue_draw), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect (self, "notify::scale-factor", G_CALLBACK (want), NULL);
  want (self);
}

static void
snapshot_symbol (Thumbnail *self, GtkSnapshot *snapshot)
{
  GtkIconTheme *theme = gtk_icon_theme_get_for_display (gtk_widget_get_display (GTK_WIDGET (self)));
  g_autoptr (GtkIconPaintable) icon = gtk_icon_theme_lookup_icon (
    theme, "computer-symbolic", NULL, ICON_SIZE, gtk_widget_get_scale_factor (GTK_WIDGET (self)),
    gtk_widget_get_direction (GTK_WIDGET (self)), 0);
  GdkRGBA color;

  gtk_style_context_get_color (gtk_widget_get_style_context (GTK_WIDGET (self)), &color);
  gtk_snapshot_save (snapshot);
  gtk_snapshot_translate (
    snapshot, &GRAPHENE_POINT_INIT ((WIDTH - ICON_SIZE) / 2.0f, (HEIGHT - ICON_SIZE) / 2.0f));
  gtk_symbolic_paintable_snapshot_symbolic (GTK_SYMBOLIC_PAINTABLE (icon), snapshot, ICON_SIZE,
                                            ICON_SIZE, &color, 1);
  gtk_snapshot_restore (snapshot);
}

static void
thumbnail_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  Thumbnail *self = THUMBNAIL_VIEW (widget);
  const graphene_rect_t area = GRAPHENE_RECT_INIT (0, 0, WIDTH, HEIGHT);
  GskRoundedRect outline;

  if (self->wanted)
    load (self);
  if (self->texture == NULL)
    {
      snapshot_symbol (self, snapshot);
      return;
    }
  if (!machine_is_on (self->machine))
    gtk_snapshot_push_opacity (snapshot, DIMMED);
  gsk_rounded_rect_init_from_rect (&outline, &area, RADIUS);
  gtk_snapshot_push_rounded_clip (snapshot, &outline);
  gtk_snapshot_append_texture (snapshot, self->texture, &area);
  gtk_snapshot_pop (snapshot);
  if (!machine_is_on (self->machine))
    gtk_snapshot_pop (snapshot);
}

static void
thumbnail_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum,
                   int *natural, int *minimum_baseline, int *natural_baseline)
{
  *minimum = *natural = orientation == GTK_ORIENTATION_HORIZONTAL ? WIDTH : HEIGHT;
}

static void
thumbnail_dispose (GObject *object)
{
  Thumbnail *self = THUMBNAIL_VIEW (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->texture);
  g_clear_object (&self->machine);
  G_OBJECT_CLASS (thumbnail_parent_class)->dispose (object);
}

static void
thumbnail_finalize (GObject *object)
{
  g_clear_object (&THUMBNAIL_VIEW (object)->cancellable);
  G_OBJECT_CLASS (thumbnail_parent_class)->finalize (object);
}

static void
thumbnail_class_init (ThumbnailClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = thumbnail_dispose;
  G_OBJECT_CLASS (klass)->finalize = thumbnail_finalize;
  widget_class->snapshot = thumbnail_snapshot;
  widget_class->measure = thumbnail_measure;
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_PRESENTATION);
  gtk_widget_class_set_css_name (widget_class, "thumbnail");
}

static void
thumbnail_init (Thumbnail *self)
{
  self->cancellable = g_cancellable_new ();
}
