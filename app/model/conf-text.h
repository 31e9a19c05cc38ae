/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* A machine.conf that is no key file any more, line by line: what can be found is, and whatever
 * else stands there stays. */

/* NULL: it is not there. */
char *conf_text_dup_value (const char *text, const char *group, const char *key);
/* The text with that value; value is as GKeyFile writes it. */
char *conf_text_dup_with (const char *text, const char *group, const char *key, const char *value);
