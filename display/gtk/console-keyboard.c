/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "console-keyboard.h"

#include <linux/input-event-codes.h>

#include "display/input.h"
#include "display/keymap.h"
#include "display1-client.h"
#include "vmm-core/control-names.h"

#define MAX_CODE 256

/* One key alone is there twice. */
static const unsigned release_codes[][2] = {
  [RELEASE_KEYS_LEFT_CTRL_ALT] = { KEY_LEFTCTRL, KEY_LEFTALT },
  [RELEASE_KEYS_RIGHT_CTRL] = { KEY_RIGHTCTRL, KEY_RIGHTCTRL },
};

struct ConsoleKeyboard
{
  GtkWidget *widget;
  GtkEventController *controller;
  void (*released) (void *data);
  void *data;
  Display1Client *client; /* knows the guest's lamps */
  gboolean down[MAX_CODE];
  ReleaseKeys release_keys;
  gboolean chord;      /* they are down and nothing else was pressed since */
  guint matching;      /* the source that compares the locks */
  gboolean unanswered; /* locks were pressed, and the guest's lamps have not changed since */
};

static void
send_key (ConsoleKeyboard *keyboard, unsigned code, gboolean down)
{
  unsigned qnum = keymap_qnum_from_code (code);

  if (qnum != 0)
    display1_client_call (keyboard->client, down ? "Press" : "Release",
                          g_variant_new ("(u)", qnum));
}

/* Hardware key codes of X11 and of GDK under Wayland are Linux input event codes plus 8. */
static unsigned
code_of (guint keycode)
{
  return keycode >= 8 && keycode - 8 < MAX_CODE ? keycode - 8 : 0;
}

/* Locks */

static unsigned
host_locks (ConsoleKeyboard *keyboard)
{
  GdkSeat *seat = gdk_display_get_default_seat (gtk_widget_get_display (keyboard->widget));
  GdkDevice *device = seat != NULL ? gdk_seat_get_keyboard (seat) : NULL;

  if (device == NULL)
    return 0;
  return (gdk_device_get_caps_lock_state (device) ? INPUT_LED_CAPS_LOCK : 0)
         | (gdk_device_get_num_lock_state (device) ? INPUT_LED_NUM_LOCK : 0);
}

static gboolean
match_locks (void *data)
{
  ConsoleKeyboard *keyboard = data;
  GVariant *lamps = display1_client_get_property (keyboard->client);
  unsigned differ;

  keyboard->matching = 0;
  /* A guest that left its lamps alone the last time has none to go by. */
  if (lamps == NULL || keyboard->unanswered)
    return G_SOURCE_REMOVE;
  differ = host_locks (keyboard) ^ g_variant_get_uint32 (lamps);
  for (unsigned down = 2; down-- > 0;)
    {
      if (differ & INPUT_LED_CAPS_LOCK)
        send_key (keyboard, KEY_CAPSLOCK, down);
      if (differ & INPUT_LED_NUM_LOCK)
        send_key (keyboard, KEY_NUMLOCK, down);
    }
  keyboard->unanswered = (differ & (INPUT_LED_CAPS_LOCK | INPUT_LED_NUM_LOCK)) != 0;
  return G_SOURCE_REMOVE;
}

/* No key may come before the locks that change its meaning; a lock that is pressed itself speaks
 * for itself. */
static void
match_before (ConsoleKeyboard *keyboard, unsigned code)
{
  if (keyboard->matching == 0)
    return;
  g_source_remove (keyboard->matching);
  keyboard->matching = 0;
  if (code != KEY_CAPSLOCK && code != KEY_NUMLOCK)
    match_locks (keyboard);
}

/* Keys */

static gboolean
key_pressed (GtkEventControllerKey *controller, guint keyval, guint keycode,
             GdkModifierType modifiers, void *data)
{
  ConsoleKeyboard *keyboard = data;
  const unsigned *codes = release_codes[keyboard->release_keys];
  unsigned code = code_of (keycode);
  gboolean repeated;

  if (!display1_client_is_connected (keyboard->client) || code == 0)
    return GDK_EVENT_PROPAGATE;
  repeated = keyboard->down[code];
  match_before (keyboard, code);
  keyboard->down[code] = TRUE;
  if (!repeated)
    keyboard->chord = (code == codes[0] || code == codes[1]) && keyboard->down[codes[0]]
                      && keyboard->down[codes[1]];
  send_key (keyboard, code, TRUE);
  return GDK_EVENT_STOP;
}

static void
key_released (GtkEventControllerKey *controller, guint keyval, guint keycode,
              GdkModifierType modifiers, void *data)
{
  ConsoleKeyboard *keyboard = data;
  unsigned code = code_of (keycode);
  gboolean chord = keyboard->chord;

  if (code == 0 || !keyboard->down[code])
    return;
  keyboard->down[code] = FALSE;
  keyboard->chord = FALSE;
  send_key (keyboard, code, FALSE);
  /* Released without another key between: not the beginning of Ctrl+Alt+Delete. */
  if (chord)
    keyboard->released (keyboard->data);
}

/* Focus */

void
console_keyboard_enter (ConsoleKeyboard *keyboard)
{
  /* The display server tells of locks after the focus. */
  if (display1_client_get_property (keyboard->client) != NULL && keyboard->matching == 0)
    keyboard->matching = g_idle_add (match_locks, keyboard);
}

void
console_keyboard_leave (ConsoleKeyboard *keyboard)
{
  g_clear_handle_id (&keyboard->matching, g_source_remove);
  for (unsigned code = 0; code < MAX_CODE; code++)
    if (keyboard->down[code])
      send_key (keyboard, code, FALSE);
  memset (keyboard->down, 0, sizeof keyboard->down);
  keyboard->chord = FALSE;
}

static void
lamps_known (void *data)
{
  if (gtk_widget_has_focus (((ConsoleKeyboard *) data)->widget))
    console_keyboard_enter (data);
}

static void
lamps_changed (void *data)
{
  ((ConsoleKeyboard *) data)->unanswered = FALSE;
}

void
console_keyboard_set_connection (ConsoleKeyboard *keyboard, GDBusConnection *connection)
{
  console_keyboard_leave (keyboard);
  keyboard->unanswered = FALSE;
  display1_client_set_connection (keyboard->client, connection);
}

void
console_keyboard_set_release_keys (ConsoleKeyboard *keyboard, ReleaseKeys keys)
{
  keyboard->release_keys = keys;
  keyboard->chord = FALSE;
}

ConsoleKeyboard *
console_keyboard_new (GtkWidget *widget, void (*released) (void *data), void *data)
{
  static const Display1ClientOps ops = { lamps_known, lamps_changed };
  ConsoleKeyboard *keyboard = g_new0 (ConsoleKeyboard, 1);

  keyboard->client
    = display1_client_new (CONTROL_KEYBOARD, "Modifiers", G_VARIANT_TYPE_UINT32, &ops, keyboard);
  keyboard->widget = widget;
  keyboard->released = released;
  keyboard->data = data;
  keyboard->controller = gtk_event_controller_key_new ();
  gtk_event_controller_set_propagation_phase (keyboard->controller, GTK_PHASE_CAPTURE);
  g_signal_connect (keyboard->controller, "key-pressed", G_CALLBACK (key_pressed), keyboard);
  g_signal_connect (keyboard->controller, "key-released", G_CALLBACK (key_released), keyboard);
  gtk_widget_add_controller (widget, keyboard->controller);
  return keyboard;
}

void
console_keyboard_free (ConsoleKeyboard *keyboard)
{
  console_keyboard_set_connection (keyboard, NULL);
  display1_client_free (keyboard->client);
  gtk_widget_remove_controller (keyboard->widget, keyboard->controller);
  g_free (keyboard);
}
