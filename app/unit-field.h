/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

/* Numbers with their unit. */

/* The field shows the unit behind its number: "1024 MiB". unit is a constant. */
void unit_field_set (GtkSpinButton *field, const char *unit);

/* Bytes as people write them: "1 GiB", "1.5 GiB", "512 MiB". */
char *unit_field_dup_size (guint64 bytes);
