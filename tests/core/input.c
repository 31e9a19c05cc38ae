/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "display/input.h"

/* A device that writes down what reaches it. */
static void
log_key (void *device, unsigned code, gboolean down)
{
  g_string_append_printf (device, "%c%u ", down ? '+' : '-', code);
}

static void
log_motion (void *device, int dx, int dy)
{
  g_string_append_printf (device, "m%d,%d ", dx, dy);
}

static void
log_position (void *device, unsigned x, unsigned y)
{
  g_string_append_printf (device, "p%u,%u ", x, y);
}

static void
log_button (void *device, InputButton button, gboolean down)
{
  g_string_append_printf (device, "%c%c ", down ? 'd' : 'u', "LMRSE"[button]);
}

static const InputSink keyboard = { .key = log_key };
static const InputSink mouse = { .motion = log_motion, .button = log_button };
static const InputSink tablet
  = { .position = log_position, .button = log_button, .absolute = TRUE };

static void
test_last_keyboard_gets_keys (void)
{
  g_autoptr (Input) input = input_new ();
  g_autoptr (GString) first = g_string_new (NULL);
  g_autoptr (GString) second = g_string_new (NULL);

  input_key (input, 30, TRUE); /* nobody there */
  input_add_sink (input, &keyboard, first);
  input_add_sink (input, &keyboard, second);
  input_key (input, 30, TRUE);
  input_key (input, 30, TRUE);
  input_key (input, 30, FALSE);
  input_key (input, 100000, TRUE);
  input_remove_sink (input, second);
  input_key (input, 31, TRUE);
  g_assert_cmpstr (second->str, ==, "+30 +30 -30 ");
  g_assert_cmpstr (first->str, ==, "+31 ");
}

static void
test_absolute_pointer_is_preferred (void)
{
  g_autoptr (Input) input = input_new ();
  g_autoptr (GString) a = g_string_new (NULL);
  g_autoptr (GString) b = g_string_new (NULL);

  input_add_sink (input, &tablet, a);
  input_add_sink (input, &mouse, b);
  g_assert_true (input_is_absolute (input));
  input_position (input, 0, 599, 800, 600);
  input_position (input, 10000, 0, 800, 600);
  input_position (input, 0, 0, 0, 0);
  input_motion (input, 5, 5);
  g_assert_cmpstr (a->str, ==, "p0,32767 p32767,0 ");
  input_remove_sink (input, a);
  g_assert_false (input_is_absolute (input));
  input_motion (input, 5, -100000);
  g_assert_cmpstr (b->str, ==, "m5,-4096 ");
}

static void
test_release_all (void)
{
  g_autoptr (Input) input = input_new ();
  g_autoptr (GString) log = g_string_new (NULL);
  const InputSink both = { .key = log_key, .motion = log_motion, .button = log_button };

  input_add_sink (input, &both, log);
  input_key (input, 29, TRUE);
  input_key (input, 56, TRUE);
  input_key (input, 29, FALSE);
  input_button (input, INPUT_BUTTON_RIGHT, TRUE);
  g_string_truncate (log, 0);
  input_release_all (input);
  g_assert_cmpstr (log->str, ==, "-56 uR ");
  g_string_truncate (log, 0);
  input_release_all (input);
  g_assert_cmpstr (log->str, ==, "");
}

static void
count (void *data)
{
  ++*(unsigned *) data;
}

static void
test_changes_are_told (void)
{
  g_autoptr (Input) input = input_new ();
  g_autoptr (GString) log = g_string_new (NULL);
  unsigned changes = 0;

  input_set_changed_callback (input, count, &changes);
  input_set_leds (input, INPUT_LED_CAPS_LOCK);
  input_set_leds (input, INPUT_LED_CAPS_LOCK);
  g_assert_cmpuint (changes, ==, 1);
  g_assert_cmpuint (input_get_leds (input), ==, INPUT_LED_CAPS_LOCK);
  input_add_sink (input, &tablet, log);
  g_assert_cmpuint (changes, ==, 2);
}

static void
count_taken (void *data)
{
  ++*(unsigned *) data;
}

static gboolean
never (void *device)
{
  return FALSE;
}

static void
test_keys_are_taken (void)
{
  static const InputSink slow = { .key = log_key, .takes_keys = never };
  g_autoptr (Input) input = input_new ();
  g_autoptr (GString) log = g_string_new (NULL);
  unsigned n = 0;

  g_assert_false (input_takes_keys (input));
  input_add_sink (input, &keyboard, log);
  g_assert_true (input_takes_keys (input));
  input_add_sink (input, &slow, log);
  g_assert_false (input_takes_keys (input));
  input_keys_taken (input);
  input_set_keys_taken_callback (input, count_taken, &n);
  input_keys_taken (input);
  g_assert_cmpuint (n, ==, 1);
}

static void
test_locks_are_matched (void)
{
  g_autoptr (Input) input = input_new ();
  g_autoptr (GString) log = g_string_new (NULL);

  input_add_sink (input, &keyboard, log);
  input_set_leds (input, INPUT_LED_CAPS_LOCK);
  input_match_locks (input, INPUT_LED_CAPS_LOCK | INPUT_LED_SCROLL_LOCK);
  g_assert_cmpstr (log->str, ==, "");
  input_match_locks (input, INPUT_LED_NUM_LOCK);
  g_assert_cmpstr (log->str, ==, "+58 +69 -58 -69 ");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/input/last-keyboard-gets-keys", test_last_keyboard_gets_keys);
  g_test_add_func ("/input/absolute-pointer-is-preferred", test_absolute_pointer_is_preferred);
  g_test_add_func ("/input/release-all", test_release_all);
  g_test_add_func ("/input/changes-are-told", test_changes_are_told);
  g_test_add_func ("/input/keys-are-taken", test_keys_are_taken);
  g_test_add_func ("/input/locks-are-matched", test_locks_are_matched);
  return g_test_run ();
}
