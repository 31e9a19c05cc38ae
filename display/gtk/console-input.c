/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "console-input.h"

#include <linux/input-event-codes.h>
#include <math.h>

#include "display/keymap.h"
#include "pointer-warp.h"

#define CONSOLE_PATH "/org/qemu/Display1/Console_0"
#define KEYBOARD_INTERFACE "org.qemu.Display1.Keyboard"
#define MOUSE_INTERFACE "org.qemu.Display1.Mouse"
#define MAX_CODE 256

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

struct ConsoleInput
{
  GtkWidget *widget;
  ConsoleInputOps ops;
  void *data;
  GDBusConnection *connection;
  GDBusProxy *mouse;
  GCancellable *cancellable; /* of the proxy being made */
  GtkEventController *controllers[5];
  gboolean down[MAX_CODE];
  unsigned buttons; /* down, by number of the protocol */
  gboolean chord;   /* left Ctrl and Alt are down and nothing else was pressed since */
  gboolean grabbed;
  double x, y;           /* of the pointer, last seen */
  double rest_x, rest_y; /* of a pixel: what relative motion still owes the guest */
  gboolean warped;       /* the pointer was put into the middle, at warp_time */
  guint32 warp_time;
};

static void
call (ConsoleInput *input, const char *interface, const char *method, GVariant *arguments)
{
  g_autoptr (GVariant) sunk = g_variant_ref_sink (arguments);

  if (input->connection != NULL && !g_dbus_connection_is_closed (input->connection))
    g_dbus_connection_call (input->connection, NULL, CONSOLE_PATH, interface, method, sunk, NULL,
                            G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
}

/* Keys */

static void
send_key (ConsoleInput *input, unsigned code, gboolean down)
{
  unsigned qnum = keymap_qnum_from_code (code);

  input->down[code] = down;
  if (qnum != 0)
    call (input, KEYBOARD_INTERFACE, down ? "Press" : "Release", g_variant_new ("(u)", qnum));
}

static void
send_button (ConsoleInput *input, unsigned button, gboolean down)
{
  input->buttons = down ? input->buttons | 1u << button : input->buttons & ~(1u << button);
  call (input, MOUSE_INTERFACE, down ? "Press" : "Release", g_variant_new ("(u)", button));
}

static void
release_everything (ConsoleInput *input)
{
  for (unsigned code = 0; code < MAX_CODE; code++)
    if (input->down[code])
      send_key (input, code, FALSE);
  for (unsigned button = 0; button <= MOUSE_EXTRA; button++)
    if (input->buttons >> button & 1)
      send_button (input, button, FALSE);
  input->chord = FALSE;
}

/* Hardware key codes of X11 and of GDK under Wayland are Linux input event codes plus 8. */
static unsigned
code_of (guint keycode)
{
  return keycode >= 8 && keycode - 8 < MAX_CODE ? keycode - 8 : 0;
}

static gboolean
key_pressed (GtkEventControllerKey *controller, guint keyval, guint keycode,
             GdkModifierType modifiers, void *data)
{
  ConsoleInput *input = data;
  unsigned code = code_of (keycode);

  if (input->connection == NULL || code == 0)
    return GDK_EVENT_PROPAGATE;
  if (!input->down[code])
    input->chord = (code == KEY_LEFTCTRL && input->down[KEY_LEFTALT])
                   || (code == KEY_LEFTALT && input->down[KEY_LEFTCTRL]);
  send_key (input, code, TRUE);
  return GDK_EVENT_STOP;
}

static void
key_released (GtkEventControllerKey *controller, guint keyval, guint keycode,
              GdkModifierType modifiers, void *data)
{
  ConsoleInput *input = data;
  unsigned code = code_of (keycode);

  if (code == 0 || !input->down[code])
    return;
  send_key (input, code, FALSE);
  /* Released without another key between: not the beginning of Ctrl+Alt+Delete. The keyboard is the
   * person's again, too; losing the focus ends the grab. */
  if (input->chord && gtk_widget_get_root (input->widget) != NULL)
    gtk_root_set_focus (gtk_widget_get_root (input->widget), NULL);
  input->chord = FALSE;
}

static void
focus_left (GtkEventControllerFocus *controller, void *data)
{
  ConsoleInput *input = data;

  release_everything (input);
  console_input_ungrab (input);
}

/* Pointer */

static void
send_relative (ConsoleInput *input, double dx, double dy)
{
  double whole_x = trunc (input->rest_x + dx), whole_y = trunc (input->rest_y + dy);

  input->rest_x += dx - whole_x;
  input->rest_y += dy - whole_y;
  if (whole_x != 0 || whole_y != 0)
    call (input, MOUSE_INTERFACE, "RelMotion",
          g_variant_new ("(ii)", (int) whole_x, (int) whole_y));
}

/* The pointer is put back into the middle whenever it has gone far from there, so that it never
 * meets an edge. Motion counts from the middle then. */
static void
recentre (ConsoleInput *input)
{
  double middle_x = floor (gtk_widget_get_width (input->widget) / 2.0);
  double middle_y = floor (gtk_widget_get_height (input->widget) / 2.0);
  double was_x, was_y;

  if (!pointer_warp (input->widget, middle_x, middle_y, &was_x, &was_y, &input->warp_time))
    return;
  send_relative (input, was_x - input->x, was_y - input->y);
  input->x = middle_x;
  input->y = middle_y;
  input->warped = TRUE;
}

static void
follow_relative (ConsoleInput *input, double x, double y, guint32 time)
{
  double width = gtk_widget_get_width (input->widget),
         height = gtk_widget_get_height (input->widget);

  /* From before the leap, whose distance has been told already. */
  if (input->warped && (gint32) (time - input->warp_time) <= 0)
    return;
  send_relative (input, x - input->x, y - input->y);
  input->x = x;
  input->y = y;
  if (fabs (x - width / 2) > width / 4 || fabs (y - height / 2) > height / 4)
    recentre (input);
}

/* A fast hand may be out of the widget before the pointer was put back. */
static void
pointer_left (GtkEventControllerMotion *controller, void *data)
{
  ConsoleInput *input = data;

  if (input->grabbed && !console_input_is_absolute (input))
    recentre (input);
}

static void
pointer_moved (GtkEventControllerMotion *controller, double x, double y, void *data)
{
  ConsoleInput *input = data;
  unsigned guest_x, guest_y;

  if (console_input_is_absolute (input))
    {
      if (input->ops.locate (input->data, x, y, &guest_x, &guest_y))
        call (input, MOUSE_INTERFACE, "SetAbsPosition", g_variant_new ("(uu)", guest_x, guest_y));
    }
  else if (input->grabbed)
    {
      follow_relative (
        input, x, y,
        gtk_event_controller_get_current_event_time (GTK_EVENT_CONTROLLER (controller)));
      return;
    }
  input->x = x;
  input->y = y;
}

static gboolean
protocol_button (guint button, unsigned *protocol)
{
  switch (button)
    {
    case 1:
      *protocol = MOUSE_LEFT;
      return TRUE;
    case 2:
      *protocol = MOUSE_MIDDLE;
      return TRUE;
    case 3:
      *protocol = MOUSE_RIGHT;
      return TRUE;
    case 8:
      *protocol = MOUSE_SIDE;
      return TRUE;
    case 9:
      *protocol = MOUSE_EXTRA;
      return TRUE;
    default:
      return FALSE;
    }
}

/* A gesture would follow one button at a time only. */
static gboolean
pointer_event (GtkEventControllerLegacy *controller, GdkEvent *event, void *data)
{
  ConsoleInput *input = data;
  GdkEventType type = gdk_event_get_event_type (event);
  unsigned button;

  if ((type != GDK_BUTTON_PRESS && type != GDK_BUTTON_RELEASE) || input->connection == NULL
      || !protocol_button (gdk_button_event_get_button (event), &button))
    return GDK_EVENT_PROPAGATE;
  if (type == GDK_BUTTON_PRESS)
    {
      gtk_widget_grab_focus (input->widget);
      if (!input->grabbed)
        {
          console_input_grab (input);
          /* The click that takes the pointer is not the guest's. */
          if (!console_input_is_absolute (input))
            return GDK_EVENT_STOP;
        }
      send_button (input, button, TRUE);
    }
  else if (input->buttons >> button & 1)
    send_button (input, button, FALSE);
  return GDK_EVENT_STOP;
}

static gboolean
scrolled (GtkEventControllerScroll *controller, double dx, double dy, void *data)
{
  ConsoleInput *input = data;
  unsigned button = dy > 0 ? MOUSE_WHEEL_DOWN : MOUSE_WHEEL_UP;

  if (input->connection == NULL || (!input->grabbed && !console_input_is_absolute (input)))
    return GDK_EVENT_PROPAGATE;
  for (int notches = (int) MIN (fabs (dy), 10); notches > 0; notches--)
    {
      send_button (input, button, TRUE);
      send_button (input, button, FALSE);
    }
  return GDK_EVENT_STOP;
}

/* Grab */

static GdkToplevel *
toplevel_of (ConsoleInput *input)
{
  GtkNative *native = gtk_widget_get_native (input->widget);
  GdkSurface *surface = native != NULL ? gtk_native_get_surface (native) : NULL;

  return surface != NULL && GDK_IS_TOPLEVEL (surface) ? GDK_TOPLEVEL (surface) : NULL;
}

void
console_input_grab (ConsoleInput *input)
{
  GdkToplevel *toplevel = toplevel_of (input);

  if (input->grabbed || input->connection == NULL)
    return;
  input->grabbed = TRUE;
  input->rest_x = input->rest_y = 0;
  input->warped = FALSE;
  if (toplevel != NULL)
    gdk_toplevel_inhibit_system_shortcuts (toplevel, NULL);
  input->ops.changed (input->data);
}

void
console_input_ungrab (ConsoleInput *input)
{
  GdkToplevel *toplevel = toplevel_of (input);

  if (!input->grabbed)
    return;
  input->grabbed = FALSE;
  if (toplevel != NULL)
    gdk_toplevel_restore_system_shortcuts (toplevel);
  input->ops.changed (input->data);
}

gboolean
console_input_is_grabbed (const ConsoleInput *input)
{
  return input->grabbed;
}

gboolean
console_input_is_absolute (const ConsoleInput *input)
{
  g_autoptr (GVariant) value = NULL;

  if (input->mouse == NULL)
    return FALSE;
  value = g_dbus_proxy_get_cached_property (input->mouse, "IsAbsolute");
  return value != NULL && g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN)
         && g_variant_get_boolean (value);
}

/* Connection */

static void
mouse_changed (GDBusProxy *proxy, GVariant *changed, char **invalidated, void *data)
{
  ConsoleInput *input = data;

  input->ops.changed (input->data);
}

static void
mouse_ready (GObject *source, GAsyncResult *result, void *data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GDBusProxy) mouse = g_dbus_proxy_new_finish (result, &error);
  ConsoleInput *input = data;

  /* Cancelled: the input may be gone. */
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (mouse == NULL)
    {
      g_debug ("%s: %s", MOUSE_INTERFACE, error->message);
      return;
    }
  input->mouse = g_steal_pointer (&mouse);
  g_signal_connect (input->mouse, "g-properties-changed", G_CALLBACK (mouse_changed), input);
  input->ops.changed (input->data);
}

void
console_input_set_connection (ConsoleInput *input, GDBusConnection *connection)
{
  release_everything (input);
  console_input_ungrab (input);
  g_cancellable_cancel (input->cancellable);
  g_clear_object (&input->cancellable);
  if (input->mouse != NULL)
    g_signal_handlers_disconnect_by_data (input->mouse, input);
  g_clear_object (&input->mouse);
  g_set_object (&input->connection, connection);
  if (connection == NULL)
    return;
  input->cancellable = g_cancellable_new ();
  g_dbus_proxy_new (connection, G_DBUS_PROXY_FLAGS_NONE, NULL, NULL, CONSOLE_PATH, MOUSE_INTERFACE,
                    input->cancellable, mouse_ready, input);
}

static GtkEventController *
add_controller (ConsoleInput *input, unsigned i, GtkEventController *controller)
{
  input->controllers[i] = controller;
  gtk_widget_add_controller (input->widget, controller);
  return controller;
}

ConsoleInput *
console_input_new (GtkWidget *widget, const ConsoleInputOps *ops, void *data)
{
  ConsoleInput *input = g_new0 (ConsoleInput, 1);
  GtkEventController *controller;

  input->widget = widget;
  input->ops = *ops;
  input->data = data;
  controller = add_controller (input, 0, gtk_event_controller_key_new ());
  gtk_event_controller_set_propagation_phase (controller, GTK_PHASE_CAPTURE);
  g_signal_connect (controller, "key-pressed", G_CALLBACK (key_pressed), input);
  g_signal_connect (controller, "key-released", G_CALLBACK (key_released), input);
  controller = add_controller (input, 1, gtk_event_controller_focus_new ());
  g_signal_connect (controller, "leave", G_CALLBACK (focus_left), input);
  controller = add_controller (input, 2, gtk_event_controller_motion_new ());
  g_signal_connect (controller, "motion", G_CALLBACK (pointer_moved), input);
  g_signal_connect (controller, "leave", G_CALLBACK (pointer_left), input);
  controller = add_controller (input, 3, gtk_event_controller_legacy_new ());
  g_signal_connect (controller, "event", G_CALLBACK (pointer_event), input);
  controller
    = add_controller (input, 4,
                      gtk_event_controller_scroll_new (GTK_EVENT_CONTROLLER_SCROLL_VERTICAL
                                                       | GTK_EVENT_CONTROLLER_SCROLL_DISCRETE));
  g_signal_connect (controller, "scroll", G_CALLBACK (scrolled), input);
  return input;
}

void
console_input_free (ConsoleInput *input)
{
  console_input_set_connection (input, NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS (input->controllers); i++)
    gtk_widget_remove_controller (input->widget, input->controllers[i]);
  g_free (input);
}
