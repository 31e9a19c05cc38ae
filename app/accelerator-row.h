/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "app/model/machine.h"

/* Lets the accelerator be chosen in the list of a row, which says when that counts. The key is
 * written, and changed then saves it; a machine that is on is asked to change at once. */
void accelerator_row_attach (AdwActionRow *row, GtkDropDown *list, Machine *machine,
                             void (*changed) (gpointer data), gpointer data);
