/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "app/model/machine.h"

/* Lets the machine's processor model be chosen, and whether it can run virtual machines itself,
 * which only the host's own can. The keys are written; changed then saves them. */
void processor_model_attach (GtkDropDown *models, GtkSwitch *nested, Machine *machine,
                             void (*changed) (gpointer data), gpointer data);
