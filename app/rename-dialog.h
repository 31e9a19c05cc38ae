/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "app/model/machine.h"

/* Asks for a machine's new name. */
void rename_dialog_ask (Machine *machine, GtkWindow *parent);
