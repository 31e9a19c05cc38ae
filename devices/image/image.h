/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gio/gio.h>
#include <stdint.h>

#include "vmm-core/machine-lock.h"

/* A disk image: an array of bytes behind a file format. A thread of its own moves the data, in the
 * order of the requests; these complete on the I/O thread under the machine lock. Nothing here
 * waits for the host's disk but image_open. */
typedef struct Image Image;

typedef enum
{
  IMAGE_READ_ONLY = 1 << 0
} ImageFlags;

/* result is 0 or a positive errno. */
typedef void (*ImageDone) (void *data, int result);

typedef enum
{
  IMAGE_TROUBLE_FULL,  /* no room on the host: the request is kept until image_retry or cancel */
  IMAGE_TROUBLE_FAILED /* the request failed, or the host's file was deleted */
} ImageTrouble;

/* sentence tells the user; it comes on the I/O thread, lock held, before the request completes. */
typedef void (*ImageTroubled) (void *data, ImageTrouble trouble, const char *sentence);

/* Opens and locks (an OFD lock: shared for read only, else exclusive) a file. Says in error, with
 * the file's name and the remedy, what is wrong: missing, not readable, not a regular file or block
 * device, empty or truncated, a foreign format, in use by another machine. context and lock are
 * where completions run. Raw is the only format so far; files that carry another format's magic are
 * refused as foreign. path is a real one (real-path.h). */
Image *image_open (const char *path, ImageFlags flags, GMainContext *context, MachineLock *lock,
                   GError **error);
/* The same of any path, on a thread of its own, for the host's disk may take its time or hang;
 * opened runs in the caller's context. */
void image_open_async (const char *path, ImageFlags flags, GMainContext *context, MachineLock *lock,
                       GCancellable *cancellable, GAsyncReadyCallback opened, void *data);
Image *image_open_finish (GAsyncResult *result, GError **error);
/* An image in memory, for tests: requests complete before the call returns. */
Image *image_new_memory (uint64_t size, gboolean read_only);
/* Callbacks of what is under way do not run. The file is closed when the host lets go of it. */
void image_free (Image *image);
/* Without a listener, what finds no room fails as everything else does. */
void image_set_listener (Image *image, ImageTroubled troubled, void *data);

const char *image_get_path (const Image *image);
uint64_t image_get_size (const Image *image); /* bytes */
/* Bytes asked for so far, for activity lights. */
uint64_t image_get_bytes_read (const Image *image);
uint64_t image_get_bytes_written (const Image *image);
/* As it is, or will be when the writes under way are done; 512 bytes, zeros if it cannot be
 * read. */
const uint8_t *image_get_first_sector (const Image *image);
gboolean image_is_read_only (const Image *image);

/* Asynchronous. A read's buffer stays the caller's and must live until done runs or the request is
 * cancelled; what is written is copied. Ranges beyond the size complete with EINVAL. cancel gives
 * up every request with that data, at once: its callback does not run, though the host may still be
 * at work on it; later requests wait for that. */
void image_read (Image *image, uint64_t offset, void *buffer, size_t length, ImageDone done,
                 void *data);
void image_write (Image *image, uint64_t offset, const void *buffer, size_t length, ImageDone done,
                  void *data);
void image_flush (Image *image, ImageDone done, void *data);
void image_discard (Image *image, uint64_t offset, uint64_t length, ImageDone done, void *data);
void image_cancel (Image *image, void *data);
/* Issues again what found no room. */
void image_retry (Image *image);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Image, image_free)
