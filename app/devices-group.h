/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "app/model/machine.h"

/* The devices of a machine beside its drives: a row for each, with its options, and a menu of all
 * that the catalogue has. */
#define DEVICES_GROUP_TYPE (devices_group_get_type ())
G_DECLARE_FINAL_TYPE (DevicesGroup, devices_group, DEVICES, GROUP, AdwPreferencesGroup)

/* Once. */
void devices_group_set_machine (DevicesGroup *self, Machine *machine);
