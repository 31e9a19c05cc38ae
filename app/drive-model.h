/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "app/model/machine.h"

G_BEGIN_DECLS

/* A choice of what a drive is to its system, for its row; NULL where the catalogue has only one
 * model of its kind. title is what the drive is called; what goes wrong is told by the machine's
 * "problem". */
GtkWidget *drive_model_new (Machine *machine, const char *drive, const char *title);

G_END_DECLS
