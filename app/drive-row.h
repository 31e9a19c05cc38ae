/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

#include "app/model/drive-list.h"
#include "app/model/machine.h"

/* What a drive is called: "Disk", or "Disk 2" if the list has more than one of its kind. */
char *drive_row_dup_title (GPtrArray *drives, const DriveListEntry *drive);

/* A row that shows what the drive is and what is in it; when (or NULL) says when a change to it
 * applies. */
AdwActionRow *drive_row_new (Machine *machine, GPtrArray *drives, const DriveListEntry *drive,
                             const char *when);
