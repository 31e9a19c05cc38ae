/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/* The groups and keys of machine.conf that mean something. */

/* FALSE with one sentence, which names the nearest, if there is no such group or key. key NULL: any
 * key. */
gboolean machine_keys_check (const char *group, const char *key, GError **error);

/* All groups; all keys of one, NULL if it is unknown. */
char **machine_keys_dup_groups (void);
char **machine_keys_dup_keys (const char *group);
