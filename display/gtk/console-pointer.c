/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "console-pointer.h"

#include <math.h>

#include "display1-client.h"
#include "pointer-lock.h"
#include "pointer-warp.h"
#include "vmm-core/control-names.h"

#define LOST_MS 250 /* that the pointer may be elsewhere after it was put back */

/* Buttons of the protocol. */
enum
{
  MOUSE_LEFT,
  MOUSE_MIDDLE,
  MOUSE_RIGHT,
  MOUSE_WHEEL_UP,
  MOUSE_WHEEL_DOWN,
  MOUSE_SIDE,
  MOUSE_EXTRA
};

struct ConsolePointer
{
  GtkWidget *widget;
  ConsolePointerOps ops;
  void *data;
  Display1Client *client; /* knows whether the guest's pointer takes positions */
  GtkEventController *controllers[3];
  unsigned buttons; /* down, by number of the protocol */
  gboolean grabbed;
  PointerLock *lock;
  double x, y;           /* of the pointer, last seen */
  double rest_x, rest_y; /* of a pixel: what relative motion still owes the guest */
  gboolean warped;       /* the pointer was put into the middle, at warp_time */
  guint32 warp_time;
  guint lost; /* the source that looks whether it came back */
};

static void
call (ConsolePointer *pointer, const char *method, GVariant *arguments)
{
  display1_client_call (pointer->client, method, arguments);
}

static void
send_button (ConsolePointer *pointer, unsigned button, gboolean down)
{
  pointer->buttons = down ? pointer->buttons | 1u << button : pointer->buttons & ~(1u << button);
  call (pointer, down ? "Press" : "Release", g_variant_new ("(u)", button));
}

void
console_pointer_release_buttons (ConsolePointer *pointer)
{
  for (unsigned button = 0; button <= MOUSE_EXTRA; button++)
    if (pointer->buttons >> button & 1)
      send_button (pointer, button, FALSE);
}

/* Motion */

static void
send_relative (ConsolePointer *pointer, double dx, double dy)
{
  double whole_x = trunc (pointer->rest_x + dx), whole_y = trunc (pointer->rest_y + dy);

  pointer->rest_x += dx - whole_x;
  pointer->rest_y += dy - whole_y;
  if (whole_x != 0 || whole_y != 0)
    call (pointer, "RelMotion", g_variant_new ("(ii)", (int) whole_x, (int) whole_y));
}

static void
lock_moved (void *data, double dx, double dy)
{
  send_relative (data, dx, dy);
}

/* The pointer is put back into the middle whenever it has gone far from there, so that it never
 * meets an edge. Motion counts from the middle then. */
static void
recentre (ConsolePointer *pointer)
{
  double middle_x = floor (gtk_widget_get_width (pointer->widget) / 2.0);
  double middle_y = floor (gtk_widget_get_height (pointer->widget) / 2.0);
  double was_x, was_y;

  if (!pointer_warp (pointer->widget, middle_x, middle_y, &was_x, &was_y, &pointer->warp_time))
    return;
  send_relative (pointer, was_x - pointer->x, was_y - pointer->y);
  pointer->x = middle_x;
  pointer->y = middle_y;
  pointer->warped = TRUE;
}

static void
follow_relative (ConsolePointer *pointer, double x, double y, guint32 time)
{
  double width = gtk_widget_get_width (pointer->widget);
  double height = gtk_widget_get_height (pointer->widget);

  /* From before the leap, whose distance has been told already. */
  if (pointer->warped && (gint32) (time - pointer->warp_time) <= 0)
    return;
  send_relative (pointer, x - pointer->x, y - pointer->y);
  pointer->x = x;
  pointer->y = y;
  if (fabs (x - width / 2) > width / 4 || fabs (y - height / 2) > height / 4)
    recentre (pointer);
}

static gboolean
still_elsewhere (void *data)
{
  ConsolePointer *pointer = data;

  pointer->lost = 0;
  pointer->ops.lost (pointer->data);
  return G_SOURCE_REMOVE;
}

/* A fast hand may be out of the widget before the pointer was put back. Where another window is in
 * the way, such as that of a screen locker, it does not come back: what has come by then from the
 * display server is looked at first. */
static void
pointer_left (GtkEventControllerMotion *controller, void *data)
{
  ConsolePointer *pointer = data;

  if (!pointer->grabbed || pointer->lock != NULL || console_pointer_is_absolute (pointer))
    return;
  recentre (pointer);
  if (pointer->warped && pointer->lost == 0)
    pointer->lost = g_timeout_add_full (G_PRIORITY_LOW, LOST_MS, still_elsewhere, pointer, NULL);
}

static void
pointer_moved (GtkEventControllerMotion *controller, double x, double y, void *data)
{
  ConsolePointer *pointer = data;
  unsigned guest_x, guest_y;

  g_clear_handle_id (&pointer->lost, g_source_remove);
  if (console_pointer_is_absolute (pointer))
    {
      if (pointer->ops.locate (pointer->data, x, y, &guest_x, &guest_y))
        call (pointer, "SetAbsPosition", g_variant_new ("(uu)", guest_x, guest_y));
    }
  else if (pointer->grabbed && pointer->lock == NULL)
    {
      follow_relative (
        pointer, x, y,
        gtk_event_controller_get_current_event_time (GTK_EVENT_CONTROLLER (controller)));
      return;
    }
  pointer->x = x;
  pointer->y = y;
}

static void
pointer_entered (GtkEventControllerMotion *controller, double x, double y, void *data)
{
  g_clear_handle_id (&((ConsolePointer *) data)->lost, g_source_remove);
}

/* The pointer is held, where that can be done, while it is grabbed for its distances. */
static void
hold_pointer (ConsolePointer *pointer)
{
  gboolean hold = pointer->grabbed && !console_pointer_is_absolute (pointer);

  if (hold && pointer->lock == NULL)
    pointer->lock = pointer_lock_new (pointer->widget, lock_moved, pointer);
  else if (!hold)
    g_clear_pointer (&pointer->lock, pointer_lock_free);
}

void
console_pointer_set_grabbed (ConsolePointer *pointer, gboolean grabbed)
{
  pointer->grabbed = grabbed;
  pointer->rest_x = pointer->rest_y = 0;
  pointer->warped = FALSE;
  g_clear_handle_id (&pointer->lost, g_source_remove);
  hold_pointer (pointer);
}

/* Buttons */

static gboolean
protocol_button (guint button, unsigned *protocol)
{
  static const struct
  {
    guint button;
    unsigned protocol;
  } buttons[] = { { 1, MOUSE_LEFT },
                  { 2, MOUSE_MIDDLE },
                  { 3, MOUSE_RIGHT },
                  { 8, MOUSE_SIDE },
                  { 9, MOUSE_EXTRA } };

  for (unsigned i = 0; i < G_N_ELEMENTS (buttons); i++)
    if (buttons[i].button == button)
      {
        *protocol = buttons[i].protocol;
        return TRUE;
      }
  return FALSE;
}

/* A gesture would follow one button at a time only. */
static gboolean
pointer_event (GtkEventControllerLegacy *controller, GdkEvent *event, void *data)
{
  ConsolePointer *pointer = data;
  GdkEventType type = gdk_event_get_event_type (event);
  unsigned button;

  if ((type != GDK_BUTTON_PRESS && type != GDK_BUTTON_RELEASE)
      || !display1_client_is_connected (pointer->client)
      || !protocol_button (gdk_button_event_get_button (event), &button))
    return GDK_EVENT_PROPAGATE;
  if (type == GDK_BUTTON_PRESS)
    {
      if (!pointer->ops.pressed (pointer->data))
        send_button (pointer, button, TRUE);
    }
  else if (pointer->buttons >> button & 1)
    send_button (pointer, button, FALSE);
  return GDK_EVENT_STOP;
}

static gboolean
scrolled (GtkEventControllerScroll *controller, double dx, double dy, void *data)
{
  ConsolePointer *pointer = data;
  unsigned button = dy > 0 ? MOUSE_WHEEL_DOWN : MOUSE_WHEEL_UP;

  if (!display1_client_is_connected (pointer->client)
      || (!pointer->grabbed && !console_pointer_is_absolute (pointer)))
    return GDK_EVENT_PROPAGATE;
  for (int notches = (int) MIN (fabs (dy), 10); notches > 0; notches--)
    {
      send_button (pointer, button, TRUE);
      send_button (pointer, button, FALSE);
    }
  return GDK_EVENT_STOP;
}

/* Connection */

gboolean
console_pointer_is_absolute (const ConsolePointer *pointer)
{
  GVariant *absolute = display1_client_get_property (pointer->client);

  return absolute != NULL && g_variant_get_boolean (absolute);
}

static void
kind_changed (void *data)
{
  ConsolePointer *pointer = data;

  hold_pointer (pointer);
  pointer->ops.changed (pointer->data);
}

void
console_pointer_set_connection (ConsolePointer *pointer, GDBusConnection *connection)
{
  console_pointer_release_buttons (pointer);
  display1_client_set_connection (pointer->client, connection);
}

static GtkEventController *
add_controller (ConsolePointer *pointer, unsigned i, GtkEventController *controller)
{
  pointer->controllers[i] = controller;
  gtk_widget_add_controller (pointer->widget, controller);
  return controller;
}

ConsolePointer *
console_pointer_new (GtkWidget *widget, const ConsolePointerOps *ops, void *data)
{
  static const Display1ClientOps kind_ops = { kind_changed, kind_changed };
  ConsolePointer *pointer = g_new0 (ConsolePointer, 1);
  GtkEventController *controller;

  pointer->client
    = display1_client_new (CONTROL_MOUSE, "IsAbsolute", G_VARIANT_TYPE_BOOLEAN, &kind_ops, pointer);
  pointer->widget = widget;
  pointer->ops = *ops;
  pointer->data = data;
  controller = add_controller (pointer, 0, gtk_event_controller_motion_new ());
  g_signal_connect (controller, "enter", G_CALLBACK (pointer_entered), pointer);
  g_signal_connect (controller, "motion", G_CALLBACK (pointer_moved), pointer);
  g_signal_connect (controller, "leave", G_CALLBACK (pointer_left), pointer);
  controller = add_controller (pointer, 1, gtk_event_controller_legacy_new ());
  g_signal_connect (controller, "event", G_CALLBACK (pointer_event), pointer);
  controller
    = add_controller (pointer, 2,
                      gtk_event_controller_scroll_new (GTK_EVENT_CONTROLLER_SCROLL_VERTICAL
                                                       | GTK_EVENT_CONTROLLER_SCROLL_DISCRETE));
  g_signal_connect (controller, "scroll", G_CALLBACK (scrolled), pointer);
  return pointer;
}

void
console_pointer_free (ConsolePointer *pointer)
{
  console_pointer_set_connection (pointer, NULL);
  console_pointer_set_grabbed (pointer, FALSE);
  display1_client_free (pointer->client);
  for (unsigned i = 0; i < G_N_ELEMENTS (pointer->controllers); i++)
    gtk_widget_remove_controller (pointer->widget, pointer->controllers[i]);
  g_free (pointer);
}
