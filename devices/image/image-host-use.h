/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <sys/stat.h>

/* Whether this computer itself uses what an image lies on: two systems that write the same file
 * system destroy it. status is what fstat tells of it; proc and sys are where those file
 * systems are mounted. FALSE, with a sentence
 * that says who uses it: a file system (of a partition, too), swap, a volume or RAID on top, a loop
 * device, or the machine that has the file of a loop device. A medium that is only read is refused
 * only where others may write to it. */
gboolean image_host_use_check (const struct stat *status, const char *path, gboolean read_only,
                               const char *proc, const char *sys, GError **error);
