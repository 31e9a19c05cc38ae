/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>

/* Checks the values of [cpu]. */
gboolean machine_cpu_check (const char *model, gboolean nested, GError **error);
