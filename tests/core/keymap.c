/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "display/keymap.h"

#include <linux/input-event-codes.h>

static void
test_numbers_of_the_console_protocol (void)
{
  g_assert_cmpuint (keymap_code_from_qnum (0x1e), ==, KEY_A);
  g_assert_cmphex (keymap_qnum_from_code (KEY_RIGHTCTRL), ==, 0x9d);
  g_assert_cmphex (keymap_qnum_from_code (KEY_UP), ==, 0xc8);
  g_assert_cmpuint (keymap_code_from_qnum (0x57), ==, KEY_F11);
  g_assert_cmpuint (keymap_code_from_qnum (0xff), ==, 0);
  g_assert_cmpuint (keymap_code_from_qnum (UINT_MAX), ==, 0);
  /* There and back for every key. */
  for (unsigned qnum = 1; qnum < 256; qnum++)
    if (keymap_code_from_qnum (qnum) != 0)
      g_assert_cmphex (keymap_qnum_from_code (keymap_code_from_qnum (qnum)), ==, qnum);
}

static void
test_names (void)
{
  g_assert_cmpuint (keymap_code_from_name ("a"), ==, KEY_A);
  g_assert_cmpuint (keymap_code_from_name ("A"), ==, KEY_A);
  g_assert_cmpuint (keymap_code_from_name ("F2"), ==, KEY_F2);
  g_assert_cmpuint (keymap_code_from_name ("Delete"), ==, KEY_DELETE);
  g_assert_cmpuint (keymap_code_from_name ("ctrl_r"), ==, KEY_RIGHTCTRL);
  g_assert_cmpuint (keymap_code_from_name ("7"), ==, KEY_7);
  g_assert_cmpuint (keymap_code_from_name ("win"), ==, KEY_LEFTMETA);
  g_assert_cmpuint (keymap_code_from_name ("super"), ==, KEY_LEFTMETA);
  g_assert_cmpuint (keymap_code_from_name ("KP5"), ==, KEY_KP5);
  g_assert_cmpuint (keymap_code_from_name ("f24"), ==, KEY_F24);
  g_assert_cmpuint (keymap_code_from_name ("playpause"), ==, KEY_PLAYPAUSE);
  g_assert_cmpuint (keymap_code_from_name ("!"), ==, 0);
  g_assert_cmpuint (keymap_code_from_name (""), ==, 0);
  g_assert_cmpuint (keymap_code_from_name ("hyper"), ==, 0);
}

static void
test_chords (void)
{
  g_autoptr (GError) error = NULL;
  unsigned codes[3];

  g_assert_cmpuint (keymap_parse_chord ("Ctrl+Alt+Delete", codes, 3, &error), ==, 3);
  g_assert_no_error (error);
  g_assert_cmpuint (codes[0], ==, KEY_LEFTCTRL);
  g_assert_cmpuint (codes[1], ==, KEY_LEFTALT);
  g_assert_cmpuint (codes[2], ==, KEY_DELETE);
  g_assert_cmpuint (keymap_parse_chord ("ctrl+nokey", codes, 3, &error), ==, 0);
  g_assert_nonnull (strstr (error->message, "nokey"));
  g_clear_error (&error);
  g_assert_cmpuint (keymap_parse_chord ("a+b+c+d", codes, 3, &error), ==, 0);
  g_assert_nonnull (error);
  g_clear_error (&error);
  g_assert_cmpuint (keymap_parse_chord ("", codes, 3, &error), ==, 0);
  g_assert_nonnull (error);
}

static void
test_characters (void)
{
  gboolean shift;

  g_assert_cmpuint (keymap_code_from_char ('q', &shift), ==, KEY_Q);
  g_assert_false (shift);
  g_assert_cmpuint (keymap_code_from_char ('Q', &shift), ==, KEY_Q);
  g_assert_true (shift);
  g_assert_cmpuint (keymap_code_from_char ('|', &shift), ==, KEY_BACKSLASH);
  g_assert_true (shift);
  g_assert_cmpuint (keymap_code_from_char ('\n', &shift), ==, KEY_ENTER);
  g_assert_cmpuint (keymap_code_from_char (0, &shift), ==, 0);
  g_assert_cmpuint (keymap_code_from_char (0x4e2d, &shift), ==, 0);
  for (unsigned c = ' '; c < 0x7f; c++)
    g_assert_cmpuint (keymap_code_from_char (c, &shift), !=, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/keymap/numbers-of-the-console-protocol", test_numbers_of_the_console_protocol);
  g_test_add_func ("/keymap/names", test_names);
  g_test_add_func ("/keymap/chords", test_chords);
  g_test_add_func ("/keymap/characters", test_characters);
  return g_test_run ();
}
