/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* The wizard: source, hardware, review; or straight to the machine from the first page.
 * Signal "created" (folder, power_on): the machine was made, and is to be started if the person
 * said so. */
#define NEW_MACHINE_DIALOG_TYPE (new_machine_dialog_get_type ())
G_DECLARE_FINAL_TYPE (NewMachineDialog, new_machine_dialog, NEW_MACHINE, DIALOG, AdwWindow)

NewMachineDialog *new_machine_dialog_new (GtkWindow *parent, GSettings *settings);
/* Chooses a disc image and looks what is on it. The path is UTF-8. */
void new_machine_dialog_use_disc (NewMachineDialog *self, const char *path);

G_END_DECLS
