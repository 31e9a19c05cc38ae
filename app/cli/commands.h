/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/* The list of commands, for --help. */
extern const char commands_help[];

/* Runs words[0] with the words behind it. socket replaces the machine's name. FALSE with error, one
 * sentence, when it did not succeed. */
gboolean commands_run (char **words, int n_words, const char *socket, gboolean json,
                       GError **error);
