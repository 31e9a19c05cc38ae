/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* From now on what this process has to say (g_warning and its like, g_printerr) comes to at most 20
 * lines a second: whatever makes it repeat itself must not fill the disk that the log is on. How
 * many were left out is said. */
void log_limit_init (void);
