/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* A kernel, RAM disk or module that must fit into limit bytes of the guest's memory; a device or
 * pipe, which might never end, is refused. Its bytes stay in the file: a guest that was reset reads
 * them once more. */
typedef struct BootFile BootFile;

/* Reads all of it once, into *contents unless that is NULL, so that whatever is wrong comes out
 * now. NULL with error: one sentence that names the file. */
BootFile *boot_file_open (const char *path, uint64_t limit, GBytes **contents, GError **error);
void boot_file_free (BootFile *file);

uint64_t boot_file_get_size (const BootFile *file); /* bytes */
/* FALSE if the file is no longer what it was when it was opened; the log tells once. */
bool boot_file_read (BootFile *file, uint64_t offset, void *buffer, size_t length);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BootFile, boot_file_free)
