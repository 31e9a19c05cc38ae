/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>
#include <stdint.h>

#include "vmm-core/machine-lock.h"

/* A disk image: an array of bytes behind a file format. Transfers run on worker threads and
 * complete on the I/O thread under the machine lock. */
typedef struct Image Image;

typedef enum
{
  IMAGE_READ_ONLY = 1 << 0
} ImageFlags;

/* result is 0 or a positive errno. */
typedef void (*ImageDone) (void *data, int result);

/* Opens and locks (an OFD lock: shared for read only, else exclusive) a file. Says in error, with
 * the file's name and the remedy, what is wrong: missing, not readable, not a regular file or block
 * device, empty or truncated, a foreign format, in use by another machine. context and lock are
 * where completions run. Raw is the only format so far; files that carry another format's magic are
 * refused as foreign. */
Image *image_open (const char *path, ImageFlags flags, GMainContext *context, MachineLock *lock,
                   GError **error);
/* An image in memory, for tests: transfers complete before the call returns. */
Image *image_new_memory (uint64_t size, gboolean read_only);
void image_free (Image *image); /* waits for transfers under way; their callbacks do not run */

const char *image_get_path (const Image *image);
uint64_t image_get_size (const Image *image); /* bytes */
gboolean image_is_read_only (const Image *image);

/* Asynchronous. buffer stays the caller's and must live until done runs. Ranges beyond the size
 * complete with EINVAL. cancel returns when no transfer with that data is under way any more. */
void image_read (Image *image, uint64_t offset, void *buffer, size_t length, ImageDone done,
                 void *data);
void image_write (Image *image, uint64_t offset, const void *buffer, size_t length, ImageDone done,
                  void *data);
void image_flush (Image *image, ImageDone done, void *data);
void image_discard (Image *image, uint64_t offset, uint64_t length, ImageDone done, void *data);
void image_cancel (Image *image, void *data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Image, image_free)
