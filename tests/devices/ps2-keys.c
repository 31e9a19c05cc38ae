/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every key on its way from the console's protocol to the bytes at port 60h, in each scan code set,
 * by the tables of IBM's manual and of the translation from USB HID. Print Screen and Pause, whose
 * sequences are their own, are among i8042's tests. */
#include "devices/input/i8042.h"

#include <linux/input-event-codes.h>

#include "display/keymap.h"
#include "tests/support/device-test.h"

typedef struct
{
  Bus *io;
  Clock *clock;
  Input *input;
  TestLine irq1, irq12, a20;
  Ps2Keyboard *keyboard;
  Ps2Mouse *mouse;
  I8042 *i8042;
} Rig;

/* Key, its number in the protocol, and its codes in sets 1 and 2, with E000h for those behind a
 * prefix, and 3; 0: it has none. */
static const struct
{
  unsigned key, qnum, set1, set2, set3;
  /* clang-format off */
} keys[] = {
  { KEY_ESC, 0x01, 0x01, 0x76, 0x08 }, { KEY_1, 0x02, 0x02, 0x16, 0x16 },
  { KEY_2, 0x03, 0x03, 0x1e, 0x1e }, { KEY_3, 0x04, 0x04, 0x26, 0x26 },
  { KEY_4, 0x05, 0x05, 0x25, 0x25 }, { KEY_5, 0x06, 0x06, 0x2e, 0x2e },
  { KEY_6, 0x07, 0x07, 0x36, 0x36 }, { KEY_7, 0x08, 0x08, 0x3d, 0x3d },
  { KEY_8, 0x09, 0x09, 0x3e, 0x3e }, { KEY_9, 0x0a, 0x0a, 0x46, 0x46 },
  { KEY_0, 0x0b, 0x0b, 0x45, 0x45 }, { KEY_MINUS, 0x0c, 0x0c, 0x4e, 0x4e },
  { KEY_EQUAL, 0x0d, 0x0d, 0x55, 0x55 }, { KEY_BACKSPACE, 0x0e, 0x0e, 0x66, 0x66 },
  { KEY_TAB, 0x0f, 0x0f, 0x0d, 0x0d }, { KEY_Q, 0x10, 0x10, 0x15, 0x15 },
  { KEY_W, 0x11, 0x11, 0x1d, 0x1d }, { KEY_E, 0x12, 0x12, 0x24, 0x24 },
  { KEY_R, 0x13, 0x13, 0x2d, 0x2d }, { KEY_T, 0x14, 0x14, 0x2c, 0x2c },
  { KEY_Y, 0x15, 0x15, 0x35, 0x35 }, { KEY_U, 0x16, 0x16, 0x3c, 0x3c },
  { KEY_I, 0x17, 0x17, 0x43, 0x43 }, { KEY_O, 0x18, 0x18, 0x44, 0x44 },
  { KEY_P, 0x19, 0x19, 0x4d, 0x4d }, { KEY_LEFTBRACE, 0x1a, 0x1a, 0x54, 0x54 },
  { KEY_RIGHTBRACE, 0x1b, 0x1b, 0x5b, 0x5b }, { KEY_ENTER, 0x1c, 0x1c, 0x5a, 0x5a },
  { KEY_LEFTCTRL, 0x1d, 0x1d, 0x14, 0x11 }, { KEY_A, 0x1e, 0x1e, 0x1c, 0x1c },
  { KEY_S, 0x1f, 0x1f, 0x1b, 0x1b }, { KEY_D, 0x20, 0x20, 0x23, 0x23 },
  { KEY_F, 0x21, 0x21, 0x2b, 0x2b }, { KEY_G, 0x22, 0x22, 0x34, 0x34 },
  { KEY_H, 0x23, 0x23, 0x33, 0x33 }, { KEY_J, 0x24, 0x24, 0x3b, 0x3b },
  { KEY_K, 0x25, 0x25, 0x42, 0x42 }, { KEY_L, 0x26, 0x26, 0x4b, 0x4b },
  { KEY_SEMICOLON, 0x27, 0x27, 0x4c, 0x4c }, { KEY_APOSTROPHE, 0x28, 0x28, 0x52, 0x52 },
  { KEY_GRAVE, 0x29, 0x29, 0x0e, 0x0e }, { KEY_LEFTSHIFT, 0x2a, 0x2a, 0x12, 0x12 },
  { KEY_BACKSLASH, 0x2b, 0x2b, 0x5d, 0x5c }, { KEY_Z, 0x2c, 0x2c, 0x1a, 0x1a },
  { KEY_X, 0x2d, 0x2d, 0x22, 0x22 }, { KEY_C, 0x2e, 0x2e, 0x21, 0x21 },
  { KEY_V, 0x2f, 0x2f, 0x2a, 0x2a }, { KEY_B, 0x30, 0x30, 0x32, 0x32 },
  { KEY_N, 0x31, 0x31, 0x31, 0x31 }, { KEY_M, 0x32, 0x32, 0x3a, 0x3a },
  { KEY_COMMA, 0x33, 0x33, 0x41, 0x41 }, { KEY_DOT, 0x34, 0x34, 0x49, 0x49 },
  { KEY_SLASH, 0x35, 0x35, 0x4a, 0x4a }, { KEY_RIGHTSHIFT, 0x36, 0x36, 0x59, 0x59 },
  { KEY_KPASTERISK, 0x37, 0x37, 0x7c, 0x7e }, { KEY_LEFTALT, 0x38, 0x38, 0x11, 0x19 },
  { KEY_SPACE, 0x39, 0x39, 0x29, 0x29 }, { KEY_CAPSLOCK, 0x3a, 0x3a, 0x58, 0x14 },
  { KEY_F1, 0x3b, 0x3b, 0x05, 0x07 }, { KEY_F2, 0x3c, 0x3c, 0x06, 0x0f },
  { KEY_F3, 0x3d, 0x3d, 0x04, 0x17 }, { KEY_F4, 0x3e, 0x3e, 0x0c, 0x1f },
  { KEY_F5, 0x3f, 0x3f, 0x03, 0x27 }, { KEY_F6, 0x40, 0x40, 0x0b, 0x2f },
  { KEY_F7, 0x41, 0x41, 0x83, 0x37 }, { KEY_F8, 0x42, 0x42, 0x0a, 0x3f },
  { KEY_F9, 0x43, 0x43, 0x01, 0x47 }, { KEY_F10, 0x44, 0x44, 0x09, 0x4f },
  { KEY_NUMLOCK, 0x45, 0x45, 0x77, 0x76 }, { KEY_SCROLLLOCK, 0x46, 0x46, 0x7e, 0x5f },
  { KEY_KP7, 0x47, 0x47, 0x6c, 0x6c }, { KEY_KP8, 0x48, 0x48, 0x75, 0x75 },
  { KEY_KP9, 0x49, 0x49, 0x7d, 0x7d }, { KEY_KPMINUS, 0x4a, 0x4a, 0x7b, 0x84 },
  { KEY_KP4, 0x4b, 0x4b, 0x6b, 0x6b }, { KEY_KP5, 0x4c, 0x4c, 0x73, 0x73 },
  { KEY_KP6, 0x4d, 0x4d, 0x74, 0x74 }, { KEY_KPPLUS, 0x4e, 0x4e, 0x79, 0x7c },
  { KEY_KP1, 0x4f, 0x4f, 0x69, 0x69 }, { KEY_KP2, 0x50, 0x50, 0x72, 0x72 },
  { KEY_KP3, 0x51, 0x51, 0x7a, 0x7a }, { KEY_KP0, 0x52, 0x52, 0x70, 0x70 },
  { KEY_KPDOT, 0x53, 0x53, 0x71, 0x71 }, { KEY_102ND, 0x56, 0x56, 0x61, 0x13 },
  { KEY_F11, 0x57, 0x57, 0x78, 0x56 }, { KEY_F12, 0x58, 0x58, 0x07, 0x5e },
  { KEY_RO, 0x73, 0x73, 0x51, 0x51 }, { KEY_KATAKANAHIRAGANA, 0x70, 0x70, 0x13, 0x87 },
  { KEY_YEN, 0x7d, 0x7d, 0x6a, 0x5d }, { KEY_HENKAN, 0x79, 0x79, 0x64, 0x86 },
  { KEY_MUHENKAN, 0x7b, 0x7b, 0x67, 0x85 }, { KEY_KPJPCOMMA, 0x5c, 0x5c, 0x27, 0x00 },
  { KEY_KATAKANA, 0x78, 0x78, 0x63, 0x00 }, { KEY_HIRAGANA, 0x77, 0x77, 0x62, 0x00 },
  { KEY_ZENKAKUHANKAKU, 0x76, 0x76, 0x5f, 0x00 }, { KEY_HANGEUL, 0x72, 0xf2, 0xf2, 0x00 },
  { KEY_HANJA, 0x71, 0xf1, 0xf1, 0x00 }, { KEY_KPEQUAL, 0x59, 0x59, 0x0f, 0x00 },
  { KEY_KPCOMMA, 0x7e, 0x7e, 0x6d, 0x00 }, { KEY_F13, 0x5d, 0x64, 0x08, 0x7f },
  { KEY_F14, 0x5e, 0x65, 0x10, 0x80 }, { KEY_F15, 0x5f, 0x66, 0x18, 0x81 },
  { KEY_F16, 0x55, 0x67, 0x20, 0x82 }, { KEY_F17, 0x83, 0x68, 0x28, 0x83 },
  { KEY_F18, 0xf7, 0x69, 0x30, 0x00 }, { KEY_F19, 0x84, 0x6a, 0x38, 0x00 },
  { KEY_F20, 0x5a, 0x6b, 0x40, 0x00 }, { KEY_F21, 0x74, 0x6c, 0x48, 0x00 },
  { KEY_F22, 0xf9, 0x6d, 0x50, 0x00 }, { KEY_F23, 0x6d, 0x6e, 0x57, 0x00 },
  { KEY_F24, 0x6f, 0x76, 0x5f, 0x00 }, { KEY_KPENTER, 0x9c, 0xe01c, 0xe05a, 0x79 },
  { KEY_RIGHTCTRL, 0x9d, 0xe01d, 0xe014, 0x58 }, { KEY_KPSLASH, 0xb5, 0xe035, 0xe04a, 0x77 },
  { KEY_RIGHTALT, 0xb8, 0xe038, 0xe011, 0x39 }, { KEY_HOME, 0xc7, 0xe047, 0xe06c, 0x6e },
  { KEY_UP, 0xc8, 0xe048, 0xe075, 0x63 }, { KEY_PAGEUP, 0xc9, 0xe049, 0xe07d, 0x6f },
  { KEY_LEFT, 0xcb, 0xe04b, 0xe06b, 0x61 }, { KEY_RIGHT, 0xcd, 0xe04d, 0xe074, 0x6a },
  { KEY_END, 0xcf, 0xe04f, 0xe069, 0x65 }, { KEY_DOWN, 0xd0, 0xe050, 0xe072, 0x60 },
  { KEY_PAGEDOWN, 0xd1, 0xe051, 0xe07a, 0x6d }, { KEY_INSERT, 0xd2, 0xe052, 0xe070, 0x67 },
  { KEY_DELETE, 0xd3, 0xe053, 0xe071, 0x64 }, { KEY_LEFTMETA, 0xdb, 0xe05b, 0xe01f, 0x8b },
  { KEY_RIGHTMETA, 0xdc, 0xe05c, 0xe027, 0x8c }, { KEY_COMPOSE, 0xdd, 0xe05d, 0xe02f, 0x8d },
  { KEY_POWER, 0xde, 0xe05e, 0xe037, 0x00 }, { KEY_SLEEP, 0xdf, 0xe05f, 0xe03f, 0x00 },
  { KEY_WAKEUP, 0xe3, 0xe063, 0xe05e, 0x00 }, { KEY_NEXTSONG, 0x99, 0xe019, 0xe04d, 0x93 },
  { KEY_PREVIOUSSONG, 0x90, 0xe010, 0xe015, 0x94 }, { KEY_STOPCD, 0xa4, 0xe024, 0xe03b, 0x98 },
  { KEY_PLAYPAUSE, 0xa2, 0xe022, 0xe034, 0x00 }, { KEY_MUTE, 0xa0, 0xe020, 0xe023, 0x9c },
  { KEY_VOLUMEUP, 0xb0, 0xe030, 0xe032, 0x95 }, { KEY_VOLUMEDOWN, 0xae, 0xe02e, 0xe021, 0x9d },
  { KEY_MEDIA, 0xed, 0xe06d, 0xe050, 0x00 }, { KEY_MAIL, 0xec, 0xe06c, 0xe048, 0x00 },
  { KEY_CALC, 0xa1, 0xe021, 0xe02b, 0xa3 }, { KEY_COMPUTER, 0xeb, 0xe06b, 0xe040, 0x00 },
  { KEY_SEARCH, 0xe5, 0xe065, 0xe010, 0x00 }, { KEY_HOMEPAGE, 0xb2, 0xe032, 0xe03a, 0x97 },
  { KEY_BACK, 0xea, 0xe06a, 0xe038, 0x00 }, { KEY_FORWARD, 0xe9, 0xe069, 0xe030, 0x00 },
  { KEY_STOP, 0xe8, 0xe068, 0xe028, 0x00 }, { KEY_REFRESH, 0xe7, 0xe067, 0xe020, 0x00 },
  { KEY_BOOKMARKS, 0xe6, 0xe066, 0xe018, 0x00 },
};
/* clang-format on */

static void
set_up (Rig *rig, gconstpointer data)
{
  *rig = (Rig){ .io = bus_new ("io", 0x10000, NULL),
                .clock = clock_new_manual (),
                .input = input_new () };
  rig->keyboard = ps2_keyboard_new (rig->input, rig->clock);
  rig->mouse = ps2_mouse_new (rig->input);
  rig->i8042
    = i8042_new (rig->io, rig->keyboard, rig->mouse, rig->clock, test_line_irq (&rig->irq1),
                 test_line_irq (&rig->irq12), test_line_irq (&rig->a20), NULL, NULL);
}

static void
tear_down (Rig *rig, gconstpointer data)
{
  i8042_free (rig->i8042);
  ps2_mouse_free (rig->mouse);
  ps2_keyboard_free (rig->keyboard);
  input_free (rig->input);
  clock_free (rig->clock);
  bus_free (rig->io);
}

/* The bytes that wait, as text. */
static char *
drain (Rig *rig)
{
  GString *text = g_string_new (NULL);

  while (bus_read (rig->io, 0x64, 1) & 1)
    {
      g_string_append_printf (text, "%02x ", (unsigned) bus_read (rig->io, 0x60, 1));
      clock_advance (rig->clock, 700000);
    }
  return g_string_free (text, FALSE);
}

static void
expect (Rig *rig, const char *bytes)
{
  g_autofree char *got = drain (rig);

  g_assert_cmpstr (g_strchomp (got), ==, bytes);
}

/* Commands to the keyboard, or to the controller before it. */
static void
choose_set (Rig *rig, unsigned set, bool translate)
{
  bus_write (rig->io, 0x64, 1, 0x60);
  bus_write (rig->io, 0x60, 1, translate ? 0x41 : 0x01);
  bus_write (rig->io, 0x60, 1, 0xf0);
  bus_write (rig->io, 0x60, 1, set);
  bus_write (rig->io, 0x60, 1, 0xfa); /* set 3: every key reports its release */
  g_free (drain (rig));
}

/* What a key sends when it is pressed and released, by its codes. */
static void
expect_key (Rig *rig, unsigned i, unsigned code, const char *release)
{
  g_autoptr (GString) bytes = g_string_new (NULL);
  const char *prefix = code >> 8 == 0xe0 ? "e0 " : "";
  unsigned low = code & 0xff;

  if (code != 0)
    g_string_append_printf (bytes, "%s%02x", prefix, low);
  if (code != 0 && low != 0xf1 && low != 0xf2) /* the Korean keys have no release */
    g_string_append_printf (bytes, " %s%s%02x", prefix, release, *release ? low : low | 0x80);
  for (unsigned down = 2; down-- > 0;)
    input_key (rig->input, keymap_code_from_qnum (keys[i].qnum), down);
  expect (rig, bytes->str);
}

static void
test_every_key (Rig *rig, gconstpointer data)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_test_message ("key %u", keys[i].key);
      g_assert_cmpuint (keymap_code_from_qnum (keys[i].qnum), ==, keys[i].key);
      g_assert_cmphex (keymap_qnum_from_code (keys[i].key), ==, keys[i].qnum);
      choose_set (rig, 2, true);
      expect_key (rig, i, keys[i].set1, "");
      choose_set (rig, 1, false);
      expect_key (rig, i, keys[i].set1, "");
      choose_set (rig, 2, false);
      expect_key (rig, i, keys[i].set2, "f0 ");
      choose_set (rig, 3, false);
      expect_key (rig, i, keys[i].set3, "f0 ");
    }
}

/* A number of the protocol that is in no row reaches nobody. */
static void
test_no_other_key (void)
{
  for (unsigned qnum = 1; qnum < 256; qnum++)
    {
      unsigned i = 0;

      while (i < G_N_ELEMENTS (keys) && keys[i].qnum != qnum)
        i++;
      if (i == G_N_ELEMENTS (keys) && qnum != 0xb7 && qnum != 0xc6)
        g_assert_cmpuint (keymap_code_from_qnum (qnum), ==, 0);
    }
}

static void
set_key (Rig *rig, unsigned key, bool down, const char *bytes)
{
  input_key (rig->input, key, down);
  expect (rig, bytes);
}

static void
light (Rig *rig, uint8_t lamps)
{
  bus_write (rig->io, 0x60, 1, 0xed);
  bus_write (rig->io, 0x60, 1, lamps);
  g_free (drain (rig));
}

/* Shift and Num Lock have no meaning for the cursor keys beside the keypad: they undo them. */
static void
test_shifts_of_the_grey_keys (Rig *rig, gconstpointer data)
{
  light (rig, INPUT_LED_NUM_LOCK);
  set_key (rig, KEY_UP, true, "e0 2a e0 48");
  set_key (rig, KEY_UP, false, "e0 c8 e0 aa");
  set_key (rig, KEY_KPSLASH, true, "e0 35");
  set_key (rig, KEY_KPSLASH, false, "e0 b5");
  set_key (rig, KEY_RIGHTSHIFT, true, "36");
  set_key (rig, KEY_DELETE, true, "e0 53"); /* one undoes the other */
  set_key (rig, KEY_DELETE, false, "e0 d3");
  light (rig, 0);
  set_key (rig, KEY_DELETE, true, "e0 b6 e0 53");
  set_key (rig, KEY_DELETE, false, "e0 d3 e0 36");
  set_key (rig, KEY_LEFTSHIFT, true, "2a");
  set_key (rig, KEY_KPSLASH, true, "e0 aa e0 b6 e0 35");
  set_key (rig, KEY_KPSLASH, false, "e0 b5 e0 2a e0 36");
  set_key (rig, KEY_KPENTER, true, "e0 1c");
  set_key (rig, KEY_KPENTER, false, "e0 9c");
  set_key (rig, KEY_LEFTSHIFT, false, "aa");
  set_key (rig, KEY_RIGHTSHIFT, false, "b6");

  light (rig, INPUT_LED_NUM_LOCK);
  choose_set (rig, 2, false);
  input_key (rig->input, KEY_HOME, TRUE);
  expect (rig, "e0 12 e0 6c");
  clock_advance (rig->clock, INT64_C (510000000));
  expect (rig, "e0 6c"); /* repeated without them */
  set_key (rig, KEY_HOME, false, "e0 f0 6c e0 f0 12");
  choose_set (rig, 3, false);
  set_key (rig, KEY_HOME, true, "6e");
}

/* A release without a press, such as that of a key pressed while the machine was paused. */
static void
test_only_what_was_pressed_is_released (Rig *rig, gconstpointer data)
{
  set_key (rig, KEY_A, false, "");
  set_key (rig, KEY_A, true, "1e");
  set_key (rig, KEY_A, false, "9e");
  set_key (rig, KEY_A, false, "");
}

#define ADD(path, function) g_test_add (path, Rig, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/ps2-keys/every-key", test_every_key);
  g_test_add_func ("/ps2-keys/no-other-key", test_no_other_key);
  ADD ("/ps2-keys/shifts-of-the-grey-keys", test_shifts_of_the_grey_keys);
  ADD ("/ps2-keys/only-what-was-pressed-is-released", test_only_what_was_pressed_is_released);
  return g_test_run ();
}
