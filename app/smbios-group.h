/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "app/model/machine.h"

G_BEGIN_DECLS

/* What a machine calls itself to its system. What goes wrong is told by the
 * machine's "problem". */
#define SMBIOS_GROUP_TYPE (smbios_group_get_type ())
G_DECLARE_FINAL_TYPE (SmbiosGroup, smbios_group, SMBIOS, GROUP, AdwPreferencesGroup)

/* Once: whose texts these are. */
void smbios_group_set_machine (SmbiosGroup *self, Machine *machine);

G_END_DECLS
