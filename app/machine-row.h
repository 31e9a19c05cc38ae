/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "app/model/machine.h"

G_BEGIN_DECLS

/* A machine in the sidebar: its screen, name and state. Signal "moved": it is on now, or off. */
#define MACHINE_ROW_TYPE (machine_row_get_type ())
G_DECLARE_FINAL_TYPE (MachineRow, machine_row, MACHINE, ROW, GtkListBoxRow)

GtkWidget *machine_row_new (Machine *machine);
Machine *machine_row_get_machine (MachineRow *self);

G_END_DECLS
