/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* JSON on one line, as it was always printed: "name": value, …. What is no UTF-8 is replaced. */

void json_add_string (GString *out, const char *text);
/* A member of an object, with a comma in front unless it is the first. */
void json_add_key (GString *out, const char *key);
void json_add_member (GString *out, const char *key, const char *text);
void json_add_number (GString *out, const char *key, guint64 number);
void json_add_boolean (GString *out, const char *key, gboolean value);
/* The comma between two elements of an array; nothing in front of the first. */
void json_add_separator (GString *out);
