/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Takes the user's locale, and finds the translations of sentences for the user: in the build tree
 * the program runs from, else where they were installed. At the beginning of main. */
void translations_init (void);
