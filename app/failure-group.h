/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "app/model/machine.h"

G_BEGIN_DECLS

/* Why a machine crashed, could not start or cannot be used, with what helps; not visible else. The
 * actions behind it are of the group "vm". */
#define FAILURE_GROUP_TYPE (failure_group_get_type ())
G_DECLARE_FINAL_TYPE (FailureGroup, failure_group, FAILURE, GROUP, AdwPreferencesGroup)

/* Once: whose failures these are. */
void failure_group_set_machine (FailureGroup *self, Machine *machine);

G_END_DECLS
