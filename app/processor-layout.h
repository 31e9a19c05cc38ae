/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "app/model/machine.h"

/* Keeps the number of a machine's processors and what its system sees them as together: layout
 * offers what the number in cpus can be divided into. Both are shown and, when the person changes
 * them, written into machine.conf; then changed runs, to save it. */
void processor_layout_attach (GtkSpinButton *cpus, GtkDropDown *layout, Machine *machine,
                              void (*changed) (gpointer data), gpointer data);
