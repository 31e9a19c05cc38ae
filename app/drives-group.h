/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "app/model/machine.h"

G_BEGIN_DECLS

/* The drives of a machine, to be added, filled and removed. What goes wrong
 * is told by the machine's "problem". */
#define DRIVES_GROUP_TYPE (drives_group_get_type ())
G_DECLARE_FINAL_TYPE (DrivesGroup, drives_group, DRIVES, GROUP, AdwPreferencesGroup)

/* Once: whose drives these are. */
void drives_group_set_machine (DrivesGroup *self, Machine *machine);

G_END_DECLS
