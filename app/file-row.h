/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <adwaita.h>

/* Shows a file in a row: its name, of which the middle goes when there is no room, for its end
 * tells what it is; the folder is in the tooltip. path NULL: what is said instead. */
void file_row_show (AdwActionRow *row, const char *path, const char *otherwise);
