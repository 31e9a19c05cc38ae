/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

/* Reads a kernel, RAM disk or module that must fit into limit bytes of the guest's memory; a device
 * or pipe, which might never end, is refused. NULL with error: one sentence that names the file. */
GBytes *boot_file_read (const char *path, uint64_t limit, GError **error);
