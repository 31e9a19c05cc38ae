/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "app/model/machine.h"

/* Powers a machine on; asks first if it uses files outside its folder to which the user has not
 * agreed. */
void trust_dialog_power_on (Machine *machine, GtkWindow *parent);
/* The same with empty CD drives. */
void trust_dialog_power_on_without_disc (Machine *machine, GtkWindow *parent);
