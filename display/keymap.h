/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* Keys under their different names: Linux input event codes, the numbers of the console protocol
 * ("qnum": set 1 scan codes, with bit 7 for those behind an E0 prefix), words, and characters. */

/* 0 where there is no counterpart. */
unsigned keymap_code_from_qnum (unsigned qnum);
unsigned keymap_qnum_from_code (unsigned code);

/* A key's code by its name in any case: "a", "f2", "delete", "ctrl" (left), "ctrl_r"; 0 if
 * unknown. */
unsigned keymap_code_from_name (const char *name);

/* The keys of "ctrl+alt+delete" in order, at most n; returns how many, 0 with error for a name
 * that is no key. */
unsigned keymap_parse_chord (const char *chord, unsigned *codes, unsigned n, GError **error);

/* The key that types a character on a US keyboard and whether Shift is held; 0: there is none. */
unsigned keymap_code_from_char (gunichar c, gboolean *shift);
