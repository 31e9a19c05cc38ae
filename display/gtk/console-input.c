/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "console-input.h"

#include "console-keyboard.h"
#include "console-pointer.h"

struct ConsoleInput
{
  GtkWidget *widget;
  ConsoleInputOps ops;
  void *data;
  GDBusConnection *connection;
  ConsoleKeyboard *keyboard;
  ConsolePointer *pointer;
  GtkEventController *focus;
  GtkWindow *window;         /* the widget's; weak */
  gboolean has_keyboard;     /* the widget has the focus of the active window */
  GdkToplevel *grabbed;      /* NULL: not grabbed */
  gboolean system_shortcuts; /* are asked for with a grab */
  gboolean granted;          /* and were given */
};

/* Grab */

/* A compositor has a key of its own that takes the shortcuts back. */
static void
shortcuts_changed (ConsoleInput *input)
{
  gboolean inhibited;

  g_object_get (input->grabbed, "shortcuts-inhibited", &inhibited, NULL);
  if (input->granted && !inhibited)
    console_input_ungrab (input);
  else
    input->granted = inhibited;
}

void
console_input_grab (ConsoleInput *input)
{
  GtkNative *native = gtk_widget_get_native (input->widget);
  GdkSurface *surface = native != NULL ? gtk_native_get_surface (native) : NULL;

  if (input->grabbed != NULL || input->connection == NULL || surface == NULL
      || !GDK_IS_TOPLEVEL (surface))
    return;
  input->grabbed = g_object_ref (GDK_TOPLEVEL (surface));
  input->granted = FALSE;
  g_signal_connect_swapped (surface, "notify::shortcuts-inhibited", G_CALLBACK (shortcuts_changed),
                            input);
  if (input->system_shortcuts)
    gdk_toplevel_inhibit_system_shortcuts (input->grabbed, NULL);
  console_pointer_set_grabbed (input->pointer, TRUE);
  input->ops.changed (input->data);
}

void
console_input_ungrab (ConsoleInput *input)
{
  g_autoptr (GdkToplevel) toplevel = g_steal_pointer (&input->grabbed);

  if (toplevel == NULL)
    return;
  g_signal_handlers_disconnect_by_data (toplevel, input);
  gdk_toplevel_restore_system_shortcuts (toplevel);
  console_pointer_set_grabbed (input->pointer, FALSE);
  input->ops.changed (input->data);
}

gboolean
console_input_is_grabbed (const ConsoleInput *input)
{
  return input->grabbed != NULL;
}

gboolean
console_input_has_keyboard (const ConsoleInput *input)
{
  return input->has_keyboard && input->connection != NULL;
}

gboolean
console_input_is_absolute (const ConsoleInput *input)
{
  return console_pointer_is_absolute (input->pointer);
}

/* Focus */

/* A widget without it, or whose window is not the active one, holds nothing: passwords typed
 * elsewhere are not the guest's, and who locks the screen can grab the keyboard. */
static void
focus_changed (ConsoleInput *input)
{
  gboolean has_keyboard
    = input->window != NULL && gtk_window_is_active (input->window)
      && gtk_event_controller_focus_is_focus (GTK_EVENT_CONTROLLER_FOCUS (input->focus));

  if (input->has_keyboard == has_keyboard)
    return;
  input->has_keyboard = has_keyboard;
  if (has_keyboard)
    console_keyboard_enter (input->keyboard);
  else
    {
      console_keyboard_leave (input->keyboard);
      console_pointer_release_buttons (input->pointer);
      console_input_ungrab (input);
    }
  input->ops.changed (input->data);
}

static void
root_changed (ConsoleInput *input)
{
  GtkRoot *root = gtk_widget_get_root (input->widget);

  if (input->window != NULL)
    g_signal_handlers_disconnect_by_data (input->window, input);
  g_clear_weak_pointer (&input->window);
  if (root != NULL && GTK_IS_WINDOW (root))
    {
      g_set_weak_pointer (&input->window, GTK_WINDOW (root));
      g_signal_connect_swapped (root, "notify::is-active", G_CALLBACK (focus_changed), input);
    }
  focus_changed (input);
}

/* The release keys, or the pointer is in another window's hands: the keyboard is the person's
 * again. */
static void
give_back (void *data)
{
  ConsoleInput *input = data;

  if (input->window != NULL)
    gtk_window_set_focus (input->window, NULL);
}

static gboolean
button_pressed (void *data)
{
  ConsoleInput *input = data;
  gboolean grabbed = input->grabbed != NULL;

  gtk_widget_grab_focus (input->widget);
  console_input_grab (input);
  return !grabbed && !console_pointer_is_absolute (input->pointer);
}

static gboolean
locate (void *data, double x, double y, unsigned *guest_x, unsigned *guest_y)
{
  ConsoleInput *input = data;

  return input->ops.locate (input->data, x, y, guest_x, guest_y);
}

static void
pointer_changed (void *data)
{
  ConsoleInput *input = data;

  input->ops.changed (input->data);
}

void
console_input_set_release_keys (ConsoleInput *input, ReleaseKeys keys)
{
  console_keyboard_set_release_keys (input->keyboard, keys);
}

void
console_input_set_system_shortcuts (ConsoleInput *input, gboolean system_shortcuts)
{
  input->system_shortcuts = system_shortcuts;
}

void
console_input_set_connection (ConsoleInput *input, GDBusConnection *connection)
{
  console_input_ungrab (input);
  console_keyboard_set_connection (input->keyboard, connection);
  console_pointer_set_connection (input->pointer, connection);
  g_set_object (&input->connection, connection);
  input->ops.changed (input->data);
}

ConsoleInput *
console_input_new (GtkWidget *widget, const ConsoleInputOps *ops, void *data)
{
  static const ConsolePointerOps pointer_ops
    = { locate, button_pressed, pointer_changed, give_back };
  ConsoleInput *input = g_new0 (ConsoleInput, 1);

  input->widget = widget;
  input->ops = *ops;
  input->data = data;
  input->system_shortcuts = TRUE;
  input->keyboard = console_keyboard_new (widget, give_back, input);
  input->pointer = console_pointer_new (widget, &pointer_ops, input);
  input->focus = gtk_event_controller_focus_new ();
  g_signal_connect_swapped (input->focus, "notify::is-focus", G_CALLBACK (focus_changed), input);
  gtk_widget_add_controller (widget, input->focus);
  g_signal_connect_swapped (widget, "notify::root", G_CALLBACK (root_changed), input);
  return input;
}

void
console_input_free (ConsoleInput *input)
{
  console_input_set_connection (input, NULL);
  g_signal_handlers_disconnect_by_data (input->widget, input);
  if (input->window != NULL)
    g_signal_handlers_disconnect_by_data (input->window, input);
  g_clear_weak_pointer (&input->window);
  gtk_widget_remove_controller (input->widget, input->focus);
  console_keyboard_free (input->keyboard);
  console_pointer_free (input->pointer);
  g_free (input);
}
