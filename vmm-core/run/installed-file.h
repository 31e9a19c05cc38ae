/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Where a file lies that was installed with the programs, by its name below the prefix: in the
 * prefix that this program runs from, which may have been moved, if it is there, or else in the one
 * that the programs were built for. Free it with g_free. */
char *installed_file_dup_path (const char *name);

/* The folder that the running program is in. */
char *installed_file_dup_program_folder (void);
