/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "i8042-rig.h"

#include <linux/input-event-codes.h>

static void
command (I8042Rig *rig, uint8_t byte)
{
  bus_write (rig->io, 0x64, 1, byte);
}

static void
write_data (I8042Rig *rig, uint8_t byte)
{
  bus_write (rig->io, 0x60, 1, byte);
}

static void
to_mouse (I8042Rig *rig, uint8_t byte)
{
  command (rig, 0xd4);
  write_data (rig, byte);
}

static void
press (I8042Rig *rig, unsigned key)
{
  input_key (rig->input, key, TRUE);
  input_key (rig->input, key, FALSE);
}

static void
test_controller_commands (I8042Rig *rig, gconstpointer data)
{
  command (rig, 0xaa);
  i8042_rig_expect (rig, "55");
  command (rig, 0xab);
  i8042_rig_expect (rig, "00");
  command (rig, 0xa9);
  i8042_rig_expect (rig, "00");
  command (rig, 0x60);
  write_data (rig, 0x65);
  command (rig, 0x20);
  i8042_rig_expect (rig, "65");
  command (rig, 0xd3);
  write_data (rig, 0x5a);
  g_assert_cmphex (bus_read (rig->io, 0x64, 1) & 0x21, ==, 0x21); /* loops back as the mouse's */
  i8042_rig_expect (rig, "5a");
  command (rig, 0xd1);
  write_data (rig, 0xdd);
  g_assert_false (rig->a20.level);
  command (rig, 0xdf);
  g_assert_true (rig->a20.level);
  command (rig, 0xfe);
  g_assert_cmpuint (rig->inits, ==, 1);
}

static void
test_keys_in_each_set (I8042Rig *rig, gconstpointer data)
{
  press (rig, KEY_A);
  g_assert_true (rig->irq1.level);
  i8042_rig_expect (rig, "1e 9e"); /* translated */
  g_assert_cmpuint (rig->irq1.rises, ==, 2);
  press (rig, KEY_RIGHT);
  i8042_rig_expect (rig, "e0 4d e0 cd");
  press (rig, KEY_F7);
  i8042_rig_expect (rig, "41 c1");
  press (rig, KEY_PAUSE);
  i8042_rig_expect (rig, "e1 1d 45 e1 9d c5");
  press (rig, KEY_SYSRQ);
  i8042_rig_expect (rig, "e0 2a e0 37 e0 b7 e0 aa");

  command (rig, 0x60);
  write_data (rig, 0x01); /* no translation */
  press (rig, KEY_A);
  i8042_rig_expect (rig, "1c f0 1c");
  press (rig, KEY_RIGHT);
  i8042_rig_expect (rig, "e0 74 e0 f0 74");
  write_data (rig, 0xf0);
  write_data (rig, 0x03);
  i8042_rig_expect (rig, "fa fa");
  press (rig, KEY_A);
  i8042_rig_expect (rig, "1c"); /* set 3: letters report no release */
  press (rig, KEY_LEFTSHIFT);
  i8042_rig_expect (rig, "12 f0 12");
}

/* A keyboard hook reads the byte before the BIOS does: both see the same. */
static void
test_a_byte_can_be_read_twice (I8042Rig *rig, gconstpointer data)
{
  press (rig, KEY_A);
  g_assert_cmphex (bus_read (rig->io, 0x60, 1), ==, 0x1e);
  g_assert_false (rig->irq1.level);
  clock_advance (rig->clock, 500000);
  g_assert_cmphex (bus_read (rig->io, 0x64, 1) & 1, ==, 0);
  g_assert_cmphex (bus_read (rig->io, 0x60, 1), ==, 0x1e);
  clock_advance (rig->clock, 300000);
  g_assert_true (rig->irq1.level);
  g_assert_cmphex (bus_read (rig->io, 0x60, 1), ==, 0x9e);
}

static void
test_keyboard_commands (I8042Rig *rig, gconstpointer data)
{
  write_data (rig, 0xff);
  i8042_rig_expect (rig, "fa aa");
  write_data (rig, 0xf2);
  i8042_rig_expect (rig, "fa ab 41"); /* 83h translated */
  write_data (rig, 0xee);
  i8042_rig_expect (rig, "ee");
  write_data (rig, 0xed);
  write_data (rig, 0x02);
  i8042_rig_expect (rig, "fa fa");
  g_assert_cmpuint (input_get_leds (rig->input), ==, INPUT_LED_NUM_LOCK);
  write_data (rig, 0xf5);
  i8042_rig_expect (rig, "fa");
  press (rig, KEY_A);
  i8042_rig_expect (rig, "");
  write_data (rig, 0xe1);
  i8042_rig_expect (rig, "fe");
}

/* F5h and F6h lead back to set 2, whatever was chosen. */
static void
test_defaults_are_of_set_2 (I8042Rig *rig, gconstpointer data)
{
  command (rig, 0x60);
  write_data (rig, 0x01); /* no translation */
  for (uint8_t byte = 0xf5; byte <= 0xf6; byte++)
    for (uint8_t set = 1; set <= 3; set++)
      {
        write_data (rig, 0xf0);
        write_data (rig, set);
        write_data (rig, byte);
        write_data (rig, 0xf4);
        i8042_rig_expect (rig, "fa fa fa fa");
        write_data (rig, 0xf0);
        write_data (rig, 0x00);
        i8042_rig_expect (rig, "fa fa 02");
        press (rig, KEY_A);
        i8042_rig_expect (rig, "1c f0 1c");
      }
}

/* Print Screen looks at both keys of a modifier: the one that is let go does not hide the other. */
static void
test_print_screen_with_modifiers (I8042Rig *rig, gconstpointer data)
{
  static const unsigned pairs[][2] = { { KEY_LEFTSHIFT, KEY_RIGHTSHIFT },
                                       { KEY_RIGHTSHIFT, KEY_LEFTSHIFT },
                                       { KEY_LEFTCTRL, KEY_RIGHTCTRL } };

  for (unsigned i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      input_key (rig->input, pairs[i][0], TRUE);
      input_key (rig->input, pairs[i][1], TRUE);
      input_key (rig->input, pairs[i][1], FALSE);
      g_free (i8042_rig_drain (rig));
      press (rig, KEY_SYSRQ);
      i8042_rig_expect (rig, "e0 37 e0 b7");
      input_key (rig->input, pairs[i][0], FALSE);
      g_free (i8042_rig_drain (rig));
      press (rig, KEY_SYSRQ);
      i8042_rig_expect (rig, "e0 2a e0 37 e0 b7 e0 aa");
    }
  input_key (rig->input, KEY_RIGHTALT, TRUE);
  g_free (i8042_rig_drain (rig));
  press (rig, KEY_SYSRQ);
  i8042_rig_expect (rig, "54 d4");
}

static void
test_a_full_buffer_says_so (I8042Rig *rig, gconstpointer data)
{
  g_autofree char *got = NULL;

  command (rig, 0x60);
  write_data (rig, 0x01);
  for (unsigned i = 0; i < 1000; i++)
    press (rig, KEY_A);
  got = i8042_rig_drain (rig);
  g_assert_cmpuint (strlen (got), <=, 3 * 160);
  g_assert_true (g_str_has_suffix (got, " 00 "));
  press (rig, KEY_B);
  i8042_rig_expect (rig, "32 f0 32");
}

static void
run_ms (I8042Rig *rig, unsigned ms)
{
  clock_advance (rig->clock, ms * INT64_C (1000000));
}

/* The key pressed last repeats, as fast as the guest asked, until it is released. */
static void
test_typematic (I8042Rig *rig, gconstpointer data)
{
  input_key (rig->input, KEY_A, TRUE);
  input_key (rig->input, KEY_A, TRUE); /* the host's own repetition counts for nothing */
  i8042_rig_expect (rig, "1e");
  run_ms (rig, 499);
  i8042_rig_expect (rig, "");
  run_ms (rig, 2);
  i8042_rig_expect (rig, "1e");
  run_ms (rig, 92); /* 10.9 a second */
  i8042_rig_expect (rig, "1e");
  input_key (rig->input, KEY_B, TRUE);
  i8042_rig_expect (rig, "30");
  input_key (rig->input, KEY_A, FALSE);
  i8042_rig_expect (rig, "9e");
  run_ms (rig, 501);
  i8042_rig_expect (rig, "30");
  run_ms (rig, 1000); /* nobody reads: nothing piles up */
  i8042_rig_expect (rig, "30 30");
  input_key (rig->input, KEY_B, FALSE);
  run_ms (rig, 1000);
  i8042_rig_expect (rig, "b0");

  write_data (rig, 0xf3); /* a quarter of a second, then 30 a second */
  write_data (rig, 0x00);
  i8042_rig_expect (rig, "fa fa");
  input_key (rig->input, KEY_SYSRQ, TRUE);
  i8042_rig_expect (rig, "e0 2a e0 37");
  run_ms (rig, 251);
  i8042_rig_expect (rig, "e0 37");
  run_ms (rig, 34);
  i8042_rig_expect (rig, "e0 37");
  input_key (rig->input, KEY_SYSRQ, FALSE);
  i8042_rig_expect (rig, "e0 b7 e0 aa");
  input_key (rig->input, KEY_PAUSE, TRUE);
  i8042_rig_expect (rig, "e1 1d 45 e1 9d c5");
  run_ms (rig, 600);
  i8042_rig_expect (rig, "");
}

/* Set 3: every key's behaviour is the guest's choice. */
static void
test_key_types_of_set_3 (I8042Rig *rig, gconstpointer data)
{
  command (rig, 0x60);
  write_data (rig, 0x01);
  write_data (rig, 0xf0);
  write_data (rig, 0x03);
  write_data (rig, 0xf0);
  write_data (rig, 0x00);
  i8042_rig_expect (rig, "fa fa fa fa 03");
  input_key (rig->input, KEY_LEFTSHIFT, TRUE);
  run_ms (rig, 2000);
  input_key (rig->input, KEY_LEFTSHIFT, FALSE);
  i8042_rig_expect (rig, "12 f0 12"); /* modifiers do not repeat */
  write_data (rig, 0xfa);             /* all keys: repeat and report release */
  i8042_rig_expect (rig, "fa");
  press (rig, KEY_A);
  i8042_rig_expect (rig, "1c f0 1c");
  write_data (rig, 0xfd); /* A: make only */
  write_data (rig, 0x1c);
  i8042_rig_expect (rig, "fa fa");
  input_key (rig->input, KEY_A, TRUE);
  run_ms (rig, 2000);
  input_key (rig->input, KEY_A, FALSE);
  i8042_rig_expect (rig, "1c");
  press (rig, KEY_F1);
  i8042_rig_expect (rig, "07 f0 07");
}

static void
test_mouse_packets (I8042Rig *rig, gconstpointer data)
{
  to_mouse (rig, 0xff);
  i8042_rig_expect (rig, "fa aa 00");
  input_motion (rig->input, 5, 5);
  i8042_rig_expect (rig, ""); /* not enabled */
  to_mouse (rig, 0xf4);
  i8042_rig_expect (rig, "fa");
  to_mouse (rig, 0xf6);
  to_mouse (rig, 0xf4);
  i8042_rig_expect (rig, "fa fa");
  input_motion (rig->input, 5, 3);
  g_assert_true (rig->irq12.level);
  i8042_rig_expect (rig, "28 05 fd"); /* up is positive */
  input_button (rig->input, INPUT_BUTTON_LEFT, TRUE);
  input_button (rig->input, INPUT_BUTTON_LEFT, FALSE);
  i8042_rig_expect (rig, "09 00 00 08 00 00");
  /* What a slow host does not read is summed up. */
  for (unsigned i = 0; i < 100; i++)
    input_motion (rig->input, 1, 0);
  i8042_rig_expect (rig, "08 01 00 08 63 00");
}

static void
test_the_wheel_answers_the_knock (I8042Rig *rig, gconstpointer data)
{
  static const uint8_t rates[] = { 200, 100, 80 };

  for (unsigned i = 0; i < 3; i++)
    {
      to_mouse (rig, 0xf3);
      to_mouse (rig, rates[i]);
    }
  i8042_rig_expect (rig, "fa fa fa fa fa fa");
  to_mouse (rig, 0xf2);
  i8042_rig_expect (rig, "fa 03");
  to_mouse (rig, 0xf4);
  i8042_rig_expect (rig, "fa");
  input_scroll (rig->input, 0, 1);
  i8042_rig_expect (rig, "08 00 00 01");
  input_scroll (rig->input, 0, -2);
  i8042_rig_expect (rig, "08 00 00 fe");
  input_button (rig->input, INPUT_BUTTON_SIDE, TRUE); /* not on this mouse yet */
  i8042_rig_expect (rig, "08 00 00 00");
  to_mouse (rig, 0xff);
  to_mouse (rig, 0xf2);
  i8042_rig_expect (rig, "fa aa 00 fa 00");
}

static void
test_five_buttons (I8042Rig *rig, gconstpointer data)
{
  static const uint8_t rates[] = { 200, 100, 80, 200, 200, 80 };

  for (unsigned i = 0; i < sizeof rates; i++)
    {
      to_mouse (rig, 0xf3);
      to_mouse (rig, rates[i]);
    }
  to_mouse (rig, 0xf2);
  to_mouse (rig, 0xf4);
  i8042_rig_expect (rig, "fa fa fa fa fa fa fa fa fa fa fa fa fa 04 fa");
  input_button (rig->input, INPUT_BUTTON_SIDE, TRUE);
  i8042_rig_expect (rig, "08 00 00 10");
  input_button (rig->input, INPUT_BUTTON_EXTRA, TRUE);
  input_scroll (rig->input, 0, -1);
  i8042_rig_expect (rig, "08 00 00 30 08 00 00 3f");
}

/* Polled by the host, echoing, and asked for its state. */
static void
test_other_modes_of_the_mouse (I8042Rig *rig, gconstpointer data)
{
  to_mouse (rig, 0xf0);
  to_mouse (rig, 0xf4);
  i8042_rig_expect (rig, "fa fa");
  input_motion (rig->input, 2, 0);
  input_button (rig->input, INPUT_BUTTON_RIGHT, TRUE);
  i8042_rig_expect (rig, "");
  to_mouse (rig, 0xeb);
  i8042_rig_expect (rig, "fa 0a 02 00");
  to_mouse (rig, 0xe8);
  to_mouse (rig, 0x03);
  to_mouse (rig, 0xe9);
  i8042_rig_expect (rig, "fa fa fa 61 03 64");
  to_mouse (rig, 0xee);
  to_mouse (rig, 0x55);
  to_mouse (rig, 0xf2);
  to_mouse (rig, 0xec);
  i8042_rig_expect (rig, "fa 55 f2 fa");
  to_mouse (rig, 0xea);
  i8042_rig_expect (rig, "fa");
  input_motion (rig->input, 1000, 0); /* nine bits a packet */
  i8042_rig_expect (rig, "0a ff 00 0a ff 00 0a ff 00 0a eb 00");
}

static void
test_reset_and_state (I8042Rig *rig, gconstpointer data)
{
  StateSection sections[] = { i8042_state (rig->i8042), ps2_keyboard_state (rig->keyboard),
                              ps2_mouse_state (rig->mouse) };

  press (rig, KEY_A);
  command (rig, 0xd4);
  for (unsigned i = 0; i < G_N_ELEMENTS (sections); i++)
    test_state_same (&sections[i]);
  ps2_keyboard_reset (rig->keyboard);
  i8042_reset (rig->i8042);
  g_assert_false (rig->irq1.level);
  i8042_rig_expect (rig, "");
  write_data (rig, 0xee); /* to the keyboard: the command for the mouse is forgotten */
  i8042_rig_expect (rig, "ee");
}

#define ADD(path, function)                                                                        \
  g_test_add (path, I8042Rig, NULL, i8042_rig_set_up, function, i8042_rig_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/i8042/commands", test_controller_commands);
  ADD ("/ps2-keyboard/keys", test_keys_in_each_set);
  ADD ("/i8042/read-twice", test_a_byte_can_be_read_twice);
  ADD ("/ps2-keyboard/commands", test_keyboard_commands);
  ADD ("/ps2-keyboard/defaults", test_defaults_are_of_set_2);
  ADD ("/ps2-keyboard/print-screen", test_print_screen_with_modifiers);
  ADD ("/ps2-keyboard/overrun", test_a_full_buffer_says_so);
  ADD ("/ps2-keyboard/typematic", test_typematic);
  ADD ("/ps2-keyboard/key-types", test_key_types_of_set_3);
  ADD ("/ps2-mouse/packets", test_mouse_packets);
  ADD ("/ps2-mouse/wheel", test_the_wheel_answers_the_knock);
  ADD ("/ps2-mouse/five-buttons", test_five_buttons);
  ADD ("/ps2-mouse/modes", test_other_modes_of_the_mouse);
  ADD ("/i8042/reset-state", test_reset_and_state);
  return g_test_run ();
}
