/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mouse: what a hand does with it. */
#include <glib/gi18n.h>

#include "commands.h"
#include "display-interfaces.h"
#include "vmm-core/control-names.h"

#define CLICK_US 50000 /* that a button is held */
#define MAX_NOTCHES 100

/* Buttons of the console's protocol. */
enum
{
  LEFT,
  MIDDLE,
  RIGHT,
  WHEEL_UP,
  WHEEL_DOWN
};

typedef struct
{
  DisplayMouse *mouse;
  char **words; /* behind the verb */
  unsigned n_words;
} Hand;

static gboolean
take_number (const char *word, int least, int most, int *number, GError **error)
{
  gint64 parsed;

  if (!g_ascii_string_to_signed (word, 10, least, most, &parsed, NULL))
    {
      g_set_error (error, CALL_ERROR, CALL_ERROR_USAGE,
                   _ ("“%s” is not a whole number from %d to %d: give one."), word, least, most);
      return FALSE;
    }
  *number = (int) parsed;
  return TRUE;
}

/* The button that a word names; without a word, the left one. */
static gboolean
take_button (const char *word, unsigned *button, GError **error)
{
  static const char *const names[] = { "left", "middle", "right" };

  *button = LEFT;
  if (word == NULL)
    return TRUE;
  for (unsigned i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_str_equal (names[i], word))
      {
        *button = i;
        return TRUE;
      }
  g_set_error (error, CALL_ERROR, CALL_ERROR_USAGE,
               _ ("“%s” is no button of the mouse: use left, middle or right."), word);
  return FALSE;
}

/* By a distance, or, where the guest's pointer takes positions, to one. */
static gboolean
move (Hand *hand, GError **error)
{
  gboolean absolute = display_mouse_get_is_absolute (hand->mouse);
  int x, y, least = absolute ? 0 : -4096, most = absolute ? 8191 : 4096;

  if (!take_number (hand->words[0], least, most, &x, error)
      || !take_number (hand->words[1], least, most, &y, error))
    return FALSE;
  return absolute ? display_mouse_call_set_abs_position_sync (hand->mouse, (guint) x, (guint) y,
                                                              NULL, error)
                  : display_mouse_call_rel_motion_sync (hand->mouse, x, y, NULL, error);
}

static gboolean
click (Hand *hand, GError **error)
{
  unsigned button;

  if (!take_button (hand->n_words > 0 ? hand->words[0] : NULL, &button, error)
      || !display_mouse_call_press_sync (hand->mouse, button, NULL, error))
    return FALSE;
  g_usleep (CLICK_US);
  return display_mouse_call_release_sync (hand->mouse, button, NULL, error);
}

static gboolean
drag (Hand *hand, GError **error)
{
  unsigned button;
  gboolean moved;

  if (!take_button (hand->n_words > 2 ? hand->words[2] : NULL, &button, error)
      || !display_mouse_call_press_sync (hand->mouse, button, NULL, error))
    return FALSE;
  g_usleep (CLICK_US);
  moved = move (hand, error);
  g_usleep (CLICK_US);
  return display_mouse_call_release_sync (hand->mouse, button, NULL, moved ? error : NULL) && moved;
}

static gboolean
wheel (Hand *hand, GError **error)
{
  int notches;

  if (!take_number (hand->words[0], -MAX_NOTCHES, MAX_NOTCHES, &notches, error))
    return FALSE;
  for (int i = ABS (notches); i > 0; i--)
    if (!display_mouse_call_press_sync (hand->mouse, notches > 0 ? WHEEL_DOWN : WHEEL_UP, NULL,
                                        error))
      return FALSE;
  return TRUE;
}

gboolean
command_mouse (Call *call, GError **error)
{
  static const struct
  {
    const char *verb;
    unsigned least, most;
    gboolean (*run) (Hand *hand, GError **error);
  } verbs[] = { { "move", 2, 2, move },
                { "click", 0, 1, click },
                { "wheel", 1, 1, wheel },
                { "drag", 2, 3, drag } };
  g_autoptr (DisplayMouse) mouse = NULL;
  GError *problem = NULL;
  Hand hand = { NULL, call->words + 1, call->n_words - 1 };

  if (g_strcmp0 (gh_machine1_get_state (call->look.proxy), "running") != 0)
    {
      g_set_error_literal (error, CALL_ERROR, CALL_ERROR_WRONG_STATE,
                           _ ("The machine is not running: nobody would see the mouse."));
      return FALSE;
    }
  for (unsigned i = 0; i < G_N_ELEMENTS (verbs); i++)
    {
      if (!g_str_equal (verbs[i].verb, call->words[0]))
        continue;
      if (hand.n_words < verbs[i].least || hand.n_words > verbs[i].most)
        return call_use (call, error);
      mouse = display_mouse_proxy_new_sync (
        g_dbus_proxy_get_connection (G_DBUS_PROXY (call->look.proxy)), G_DBUS_PROXY_FLAGS_NONE,
        NULL, CONTROL_CONSOLE_PATH, NULL, error);
      hand.mouse = mouse;
      if (mouse == NULL)
        return FALSE;
      verbs[i].run (&hand, &problem);
      return call_pass_on (problem, error);
    }
  g_set_error (error, CALL_ERROR, CALL_ERROR_USAGE,
               _ ("“%s” is nothing that a mouse does: use move, click, wheel or drag."),
               call->words[0]);
  return FALSE;
}
