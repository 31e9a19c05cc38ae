/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "app/model/machine.h"

/* Moves things to the trash. Where that does not take them, it is asked whether they are to be
 * deleted at once. What fails is told by the machine's "problem". */

/* Asks first. */
void removal_ask_machine (Machine *machine, GtkWindow *parent);
/* A disk image that the machine does not use any more. */
void removal_of_disk (Machine *machine, const char *path, GtkWindow *parent);
