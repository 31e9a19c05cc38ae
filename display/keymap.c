/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "keymap.h"

#include <gio/gio.h>
#include <glib/gi18n-lib.h>
#include <linux/input-event-codes.h>
#include <string.h>

/* Codes up to 83 (Scroll Lock, keypad) are set 1 scan codes already; the others: code, qnum. */
static const struct
{
  unsigned char code, qnum;
  /* clang-format off */
} extended[] = {
  { KEY_102ND, 0x56 },      { KEY_F11, 0x57 },        { KEY_F12, 0x58 },       { KEY_RO, 0x73 },
  { KEY_HENKAN, 0x79 },     { KEY_KATAKANAHIRAGANA, 0x70 }, { KEY_MUHENKAN, 0x7b },
  { KEY_KPENTER, 0x9c },    { KEY_RIGHTCTRL, 0x9d },  { KEY_KPSLASH, 0xb5 },   { KEY_SYSRQ, 0xb7 },
  { KEY_RIGHTALT, 0xb8 },   { KEY_HOME, 0xc7 },       { KEY_UP, 0xc8 },        { KEY_PAGEUP, 0xc9 },
  { KEY_LEFT, 0xcb },       { KEY_RIGHT, 0xcd },      { KEY_END, 0xcf },       { KEY_DOWN, 0xd0 },
  { KEY_PAGEDOWN, 0xd1 },   { KEY_INSERT, 0xd2 },     { KEY_DELETE, 0xd3 },    { KEY_MUTE, 0xa0 },
  { KEY_VOLUMEDOWN, 0xae }, { KEY_VOLUMEUP, 0xb0 },   { KEY_POWER, 0xde },     { KEY_PAUSE, 0xc6 },
  { KEY_YEN, 0x7d },        { KEY_LEFTMETA, 0xdb },   { KEY_RIGHTMETA, 0xdc },
  { KEY_COMPOSE, 0xdd }, { KEY_ZENKAKUHANKAKU, 0x76 }, { KEY_KATAKANA, 0x78 },
  { KEY_HIRAGANA, 0x77 }, { KEY_KPJPCOMMA, 0x5c }, { KEY_KPEQUAL, 0x59 }, { KEY_KPCOMMA, 0x7e },
  { KEY_HANGEUL, 0x72 }, { KEY_HANJA, 0x71 }, { KEY_STOP, 0xe8 }, { KEY_CALC, 0xa1 },
  { KEY_SLEEP, 0xdf }, { KEY_WAKEUP, 0xe3 }, { KEY_MAIL, 0xec }, { KEY_BOOKMARKS, 0xe6 },
  { KEY_COMPUTER, 0xeb }, { KEY_BACK, 0xea }, { KEY_FORWARD, 0xe9 }, { KEY_NEXTSONG, 0x99 },
  { KEY_PLAYPAUSE, 0xa2 }, { KEY_PREVIOUSSONG, 0x90 }, { KEY_STOPCD, 0xa4 },
  { KEY_HOMEPAGE, 0xb2 }, { KEY_REFRESH, 0xe7 }, { KEY_SEARCH, 0xe5 }, { KEY_MEDIA, 0xed },
  { KEY_F13, 0x5d }, { KEY_F14, 0x5e }, { KEY_F15, 0x5f }, { KEY_F16, 0x55 }, { KEY_F17, 0x83 },
  { KEY_F18, 0xf7 }, { KEY_F19, 0x84 }, { KEY_F20, 0x5a }, { KEY_F21, 0x74 }, { KEY_F22, 0xf9 },
  { KEY_F23, 0x6d }, { KEY_F24, 0x6f },
};
/* clang-format on */

static const struct
{
  const char *name;
  unsigned short code;
  /* clang-format off */
} names[] = {
  { "esc", KEY_ESC },           { "escape", KEY_ESC },          { "backspace", KEY_BACKSPACE },
  { "tab", KEY_TAB },           { "enter", KEY_ENTER },         { "return", KEY_ENTER },
  { "ctrl", KEY_LEFTCTRL },     { "control", KEY_LEFTCTRL },    { "leftctrl", KEY_LEFTCTRL },
  { "ctrl_r", KEY_RIGHTCTRL },  { "rightctrl", KEY_RIGHTCTRL }, { "shift", KEY_LEFTSHIFT },
  { "leftshift", KEY_LEFTSHIFT }, { "shift_r", KEY_RIGHTSHIFT }, { "rightshift", KEY_RIGHTSHIFT },
  { "alt", KEY_LEFTALT },       { "leftalt", KEY_LEFTALT },     { "alt_r", KEY_RIGHTALT },
  { "altgr", KEY_RIGHTALT },    { "rightalt", KEY_RIGHTALT },   { "super", KEY_LEFTMETA },
  { "meta", KEY_LEFTMETA },     { "leftmeta", KEY_LEFTMETA },   { "rightmeta", KEY_RIGHTMETA },
  { "menu", KEY_COMPOSE },      { "compose", KEY_COMPOSE },     { "space", KEY_SPACE },
  { "capslock", KEY_CAPSLOCK }, { "numlock", KEY_NUMLOCK },     { "scrolllock", KEY_SCROLLLOCK },
  { "print", KEY_SYSRQ },       { "sysrq", KEY_SYSRQ },         { "pause", KEY_PAUSE },
  { "insert", KEY_INSERT },     { "delete", KEY_DELETE },       { "home", KEY_HOME },
  { "end", KEY_END },           { "pageup", KEY_PAGEUP },       { "pagedown", KEY_PAGEDOWN },
  { "up", KEY_UP },             { "down", KEY_DOWN },           { "left", KEY_LEFT },
  { "right", KEY_RIGHT },       { "minus", KEY_MINUS },         { "equal", KEY_EQUAL },
  { "leftbrace", KEY_LEFTBRACE }, { "rightbrace", KEY_RIGHTBRACE }, { "semicolon", KEY_SEMICOLON },
  { "apostrophe", KEY_APOSTROPHE }, { "grave", KEY_GRAVE },     { "backslash", KEY_BACKSLASH },
  { "comma", KEY_COMMA },       { "dot", KEY_DOT },             { "slash", KEY_SLASH },
  { "102nd", KEY_102ND },       { "kpenter", KEY_KPENTER },     { "kpslash", KEY_KPSLASH },
  { "kpasterisk", KEY_KPASTERISK }, { "kpminus", KEY_KPMINUS }, { "kpplus", KEY_KPPLUS },
  { "kpdot", KEY_KPDOT },       { "f1", KEY_F1 },               { "f2", KEY_F2 },
  { "f3", KEY_F3 },             { "f4", KEY_F4 },               { "f5", KEY_F5 },
  { "f6", KEY_F6 },             { "f7", KEY_F7 },               { "f8", KEY_F8 },
  { "f9", KEY_F9 },             { "f10", KEY_F10 },             { "f11", KEY_F11 },
  { "f12", KEY_F12 },           { "f13", KEY_F13 },             { "f14", KEY_F14 },
  { "f15", KEY_F15 },           { "f16", KEY_F16 },             { "f17", KEY_F17 },
  { "f18", KEY_F18 },           { "f19", KEY_F19 },             { "f20", KEY_F20 },
  { "f21", KEY_F21 },           { "f22", KEY_F22 },             { "f23", KEY_F23 },
  { "f24", KEY_F24 },           { "win", KEY_LEFTMETA },        { "windows", KEY_LEFTMETA },
  { "win_r", KEY_RIGHTMETA },   { "super_r", KEY_RIGHTMETA },   { "meta_r", KEY_RIGHTMETA },
  { "kp0", KEY_KP0 },           { "kp1", KEY_KP1 },             { "kp2", KEY_KP2 },
  { "kp3", KEY_KP3 },           { "kp4", KEY_KP4 },             { "kp5", KEY_KP5 },
  { "kp6", KEY_KP6 },           { "kp7", KEY_KP7 },             { "kp8", KEY_KP8 },
  { "kp9", KEY_KP9 },           { "kpequal", KEY_KPEQUAL },     { "kpcomma", KEY_KPCOMMA },
  { "kpjpcomma", KEY_KPJPCOMMA }, { "printscreen", KEY_SYSRQ }, { "ins", KEY_INSERT },
  { "del", KEY_DELETE },        { "pgup", KEY_PAGEUP },         { "pgdn", KEY_PAGEDOWN },
  { "zenkakuhankaku", KEY_ZENKAKUHANKAKU }, { "katakana", KEY_KATAKANA },
  { "hiragana", KEY_HIRAGANA }, { "katakanahiragana", KEY_KATAKANAHIRAGANA },
  { "henkan", KEY_HENKAN },     { "muhenkan", KEY_MUHENKAN },   { "yen", KEY_YEN },
  { "ro", KEY_RO },             { "hangeul", KEY_HANGEUL },     { "hanja", KEY_HANJA },
  { "power", KEY_POWER },       { "sleep", KEY_SLEEP },         { "wakeup", KEY_WAKEUP },
  { "mute", KEY_MUTE },         { "volumedown", KEY_VOLUMEDOWN }, { "volumeup", KEY_VOLUMEUP },
  { "playpause", KEY_PLAYPAUSE }, { "stopcd", KEY_STOPCD },     { "nextsong", KEY_NEXTSONG },
  { "previoussong", KEY_PREVIOUSSONG }, { "media", KEY_MEDIA }, { "calc", KEY_CALC },
  { "mail", KEY_MAIL },         { "computer", KEY_COMPUTER },   { "homepage", KEY_HOMEPAGE },
  { "search", KEY_SEARCH },     { "bookmarks", KEY_BOOKMARKS }, { "back", KEY_BACK },
  { "forward", KEY_FORWARD },   { "stop", KEY_STOP },           { "refresh", KEY_REFRESH },
};
/* clang-format on */

/* The US keyboard: keys in the order of their codes, without and with Shift. */
static const struct
{
  unsigned first;
  const char *plain, *shifted;
  /* clang-format off */
} rows[] = {
  { KEY_1, "1234567890-=", "!@#$%^&*()_+" },
  { KEY_Q, "qwertyuiop[]", "QWERTYUIOP{}" },
  { KEY_A, "asdfghjkl;'`", "ASDFGHJKL:\"~" },
  { KEY_BACKSLASH, "\\zxcvbnm,./", "|ZXCVBNM<>?" },
  { KEY_SPACE, " ", " " },
  { KEY_ENTER, "\n", "\n" },
  { KEY_TAB, "\t", "\t" },
};
/* clang-format on */

unsigned
keymap_code_from_qnum (unsigned qnum)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (extended); i++)
    if (extended[i].qnum == qnum)
      return extended[i].code;
  return qnum <= KEY_KPDOT ? qnum : 0;
}

unsigned
keymap_qnum_from_code (unsigned code)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (extended); i++)
    if (extended[i].code == code)
      return extended[i].qnum;
  return code <= KEY_KPDOT ? code : 0;
}

unsigned
keymap_code_from_name (const char *name)
{
  gboolean shift;
  unsigned code;

  for (unsigned i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_ascii_strcasecmp (names[i].name, name) == 0)
      return names[i].code;
  if (strlen (name) != 1)
    return 0;
  code = keymap_code_from_char (g_ascii_tolower (*name), &shift);
  return shift ? 0 : code;
}

unsigned
keymap_parse_chord (const char *chord, unsigned *codes, unsigned n, GError **error)
{
  g_auto (GStrv) words = g_strsplit (chord, "+", -1);
  unsigned count = 0;

  for (char **word = words; *word != NULL; word++)
    {
      unsigned code = keymap_code_from_name (*word);

      if (code == 0 || count == n)
        {
          if (code == 0)
            g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                         _ ("“%s” is not the name of a key: use names such as “ctrl”, “f2” or "
                            "“delete”, joined by “+”."),
                         *word);
          else
            g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                         _ ("“%s” is one key too many: name at most %u to be pressed together."),
                         *word, n);
          return 0;
        }
      codes[count++] = code;
    }
  if (count == 0)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                         _ ("No key was named: use names such as “ctrl+alt+delete”."));
  return count;
}

unsigned
keymap_code_from_char (gunichar c, gboolean *shift)
{
  *shift = FALSE;
  if (c == 0 || c > 0x7f)
    return 0;
  for (unsigned i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const char *plain = strchr (rows[i].plain, (int) c);
      const char *shifted = strchr (rows[i].shifted, (int) c);

      if (plain != NULL)
        return rows[i].first + (plain - rows[i].plain);
      if (shifted != NULL)
        {
          *shift = TRUE;
          return rows[i].first + (shifted - rows[i].shifted);
        }
    }
  return 0;
}
