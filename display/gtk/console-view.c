/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "console-view.h"

#include <glib/gi18n-lib.h>

#include "console-frame.h"
#include "console-input.h"
#include "frame-listener.h"

struct _ConsoleView
{
  GtkWidget parent_instance;

  GDBusConnection *connection;
  ConsoleFrame *frame;
  FrameListener *listener;
  ConsoleInput *input;
  GdkCursor *guest_cursor; /* NULL: the guest draws its own */
  gboolean connected, scaling;
  ReleaseKeys release_keys;
};

enum
{
  PROP_HAS_KEYBOARD = 1,
  PROP_SCALING,
  PROP_RELEASE_KEYS,
  PROP_SYSTEM_SHORTCUTS,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (ConsoleView, console_view, GTK_TYPE_WIDGET)

static void
notify (ConsoleView *self, unsigned property)
{
  g_object_notify_by_pspec (G_OBJECT (self), properties[property]);
}

/* Layout */

/* Where the picture lies in the widget, in device pixels. FALSE: there is none. */
static gboolean
picture_area (ConsoleView *self, cairo_rectangle_int_t *area)
{
  int scale = gtk_widget_get_scale_factor (GTK_WIDGET (self));
  int width = gtk_widget_get_width (GTK_WIDGET (self)) * scale;
  int height = gtk_widget_get_height (GTK_WIDGET (self)) * scale;
  int guest_width = (int) console_frame_get_width (self->frame);
  int guest_height = (int) console_frame_get_height (self->frame);
  double fit;

  if (guest_width == 0 || width < 1 || height < 1)
    return FALSE;
  fit = self->scaling ? MIN ((double) width / guest_width, (double) height / guest_height) : scale;
  area->width = MAX (1, (int) (guest_width * fit + 0.5));
  area->height = MAX (1, (int) (guest_height * fit + 0.5));
  area->x = (width - area->width) / 2;
  area->y = (height - area->height) / 2;
  return TRUE;
}

static void
console_view_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  ConsoleView *self = CONSOLE_VIEW (widget);
  static const GdkRGBA black = { 0, 0, 0, 1 };
  cairo_rectangle_int_t area;

  gtk_snapshot_append_color (
    snapshot, &black,
    &GRAPHENE_RECT_INIT (0, 0, gtk_widget_get_width (widget), gtk_widget_get_height (widget)));
  if (picture_area (self, &area))
    console_frame_snapshot (
      self->frame, snapshot, &area, gtk_widget_get_scale_factor (widget),
      GSK_IS_CAIRO_RENDERER (gtk_native_get_renderer (gtk_widget_get_native (widget))));
}

static void
console_view_measure (GtkWidget *widget, GtkOrientation orientation, int for_size, int *minimum,
                      int *natural, int *minimum_baseline, int *natural_baseline)
{
  ConsoleView *self = CONSOLE_VIEW (widget);
  int size
    = (int) (orientation == GTK_ORIENTATION_HORIZONTAL ? console_frame_get_width (self->frame)
                                                       : console_frame_get_height (self->frame));

  *natural = MAX (size, 1);
  *minimum = self->scaling ? 1 : *natural;
}

/* What the machine says */

static void
listener_attached (void *data)
{
  ((ConsoleView *) data)->connected = TRUE;
}

static void
listener_resized (void *data)
{
  ConsoleView *self = data;

  gtk_widget_queue_resize (GTK_WIDGET (self));
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
listener_damaged (void *data)
{
  gtk_widget_queue_draw (data);
}

/* The person's pointer is the guest's where that takes positions, and hidden where a grab moves the
 * guest's own. */
static void
show_cursor (ConsoleView *self)
{
  GtkWidget *widget = GTK_WIDGET (self);

  if (console_input_is_absolute (self->input) && self->guest_cursor != NULL)
    gtk_widget_set_cursor (widget, self->guest_cursor);
  else if (console_input_is_grabbed (self->input) && !console_input_is_absolute (self->input))
    gtk_widget_set_cursor_from_name (widget, "none");
  else
    gtk_widget_set_cursor (widget, NULL);
}

static void
listener_cursor (void *data, GdkTexture *cursor, int hot_x, int hot_y)
{
  ConsoleView *self = data;

  g_clear_object (&self->guest_cursor);
  if (cursor != NULL)
    self->guest_cursor = gdk_cursor_new_from_texture (cursor, hot_x, hot_y, NULL);
  show_cursor (self);
}

static void
listener_lost (void *data)
{
  ConsoleView *self = data;

  console_input_set_connection (self->input, NULL);
  self->connected = FALSE;
}

/* What the person does */

static gboolean
input_locate (void *data, double x, double y, unsigned *guest_x, unsigned *guest_y)
{
  ConsoleView *self = data;
  int scale = gtk_widget_get_scale_factor (GTK_WIDGET (self));
  int width = (int) console_frame_get_width (self->frame);
  int height = (int) console_frame_get_height (self->frame);
  cairo_rectangle_int_t area;

  if (!picture_area (self, &area))
    return FALSE;
  *guest_x = (unsigned) CLAMP ((x * scale - area.x) * width / area.width, 0, width - 1);
  *guest_y = (unsigned) CLAMP ((y * scale - area.y) * height / area.height, 0, height - 1);
  return TRUE;
}

static void
input_changed (void *data)
{
  ConsoleView *self = data;

  if (self->input == NULL)
    return; /* it is being made */
  show_cursor (self);
  notify (self, PROP_HAS_KEYBOARD);
}

gboolean
console_view_get_grabbed (ConsoleView *self)
{
  return self->input != NULL && console_input_is_grabbed (self->input);
}

gboolean
console_view_has_keyboard (ConsoleView *self)
{
  return self->input != NULL && console_input_has_keyboard (self->input);
}

/* Properties */

void
console_view_set_connection (ConsoleView *self, GDBusConnection *connection)
{
  static const FrameListenerOps ops
    = { listener_attached, listener_resized, listener_damaged, listener_cursor, listener_lost };

  if (self->connection == connection)
    return;
  g_clear_pointer (&self->listener, frame_listener_free);
  self->connected = FALSE;
  console_frame_clear (self->frame);
  listener_cursor (self, NULL, 0, 0);
  listener_resized (self);
  g_set_object (&self->connection, connection);
  console_input_set_connection (self->input, connection);
  if (connection != NULL)
    self->listener = frame_listener_new (connection, self->frame, &ops, self);
}

gboolean
console_view_get_connected (ConsoleView *self)
{
  return self->connected;
}

void
console_view_set_scaling (ConsoleView *self, gboolean scaling)
{
  if (self->scaling == !!scaling)
    return;
  self->scaling = !!scaling;
  gtk_widget_queue_resize (GTK_WIDGET (self));
  notify (self, PROP_SCALING);
}

void
console_view_set_release_keys (ConsoleView *self, ReleaseKeys keys)
{
  if (self->release_keys == keys)
    return;
  self->release_keys = keys;
  console_input_set_release_keys (self->input, keys);
  notify (self, PROP_RELEASE_KEYS);
}

ReleaseKeys
console_view_get_release_keys (ConsoleView *self)
{
  return self->release_keys;
}

GdkTexture *
console_view_dup_texture (ConsoleView *self)
{
  return console_frame_dup_texture (self->frame);
}

static void
console_view_get_property (GObject *object, guint property, GValue *value, GParamSpec *pspec)
{
  ConsoleView *self = CONSOLE_VIEW (object);

  switch (property)
    {
    case PROP_HAS_KEYBOARD:
      g_value_set_boolean (value, console_view_has_keyboard (self));
      break;
    case PROP_SCALING:
      g_value_set_boolean (value, self->scaling);
      break;
    case PROP_RELEASE_KEYS:
      g_value_set_enum (value, self->release_keys);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property, pspec);
    }
}

static void
console_view_set_property (GObject *object, guint property, const GValue *value, GParamSpec *pspec)
{
  ConsoleView *self = CONSOLE_VIEW (object);

  switch (property)
    {
    case PROP_SCALING:
      console_view_set_scaling (self, g_value_get_boolean (value));
      break;
    case PROP_RELEASE_KEYS:
      console_view_set_release_keys (self, g_value_get_enum (value));
      break;
    case PROP_SYSTEM_SHORTCUTS:
      console_input_set_system_shortcuts (self->input, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property, pspec);
    }
}

static void
console_view_dispose (GObject *object)
{
  ConsoleView *self = CONSOLE_VIEW (object);

  if (self->input != NULL)
    console_view_set_connection (self, NULL);
  g_clear_pointer (&self->input, console_input_free);
  G_OBJECT_CLASS (console_view_parent_class)->dispose (object);
}

static void
console_view_finalize (GObject *object)
{
  ConsoleView *self = CONSOLE_VIEW (object);

  console_frame_free (self->frame);
  G_OBJECT_CLASS (console_view_parent_class)->finalize (object);
}

static void
console_view_class_init (ConsoleViewClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (class);
  GParamFlags read_only = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  GParamFlags read_write = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->get_property = console_view_get_property;
  object_class->set_property = console_view_set_property;
  object_class->dispose = console_view_dispose;
  object_class->finalize = console_view_finalize;
  widget_class->snapshot = console_view_snapshot;
  widget_class->measure = console_view_measure;
  properties[PROP_HAS_KEYBOARD]
    = g_param_spec_boolean ("has-keyboard", NULL, NULL, FALSE, read_only);
  properties[PROP_SCALING] = g_param_spec_boolean ("scaling", NULL, NULL, TRUE, read_write);
  properties[PROP_RELEASE_KEYS] = g_param_spec_enum ("release-keys", NULL, NULL, RELEASE_KEYS_TYPE,
                                                     RELEASE_KEYS_LEFT_CTRL_ALT, read_write);
  properties[PROP_SYSTEM_SHORTCUTS] = g_param_spec_boolean (
    "system-shortcuts", NULL, NULL, TRUE, G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
  gtk_widget_class_set_css_name (widget_class, "consoleview");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
}

static void
console_view_init (ConsoleView *self)
{
  static const ConsoleInputOps ops = { input_locate, input_changed };

  self->scaling = TRUE;
  self->frame = console_frame_new ();
  self->input = console_input_new (GTK_WIDGET (self), &ops, self);
  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);
  gtk_widget_set_overflow (GTK_WIDGET (self), GTK_OVERFLOW_HIDDEN);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ ("Screen of the machine"), -1);
}

GtkWidget *
console_view_new (void)
{
  return g_object_new (CONSOLE_TYPE_VIEW, NULL);
}
