/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "image-engine.h"
#include "image-file.h"
#include "vmm-core/real-path.h"

struct Image
{
  char *path;
  ImageEngine *engine; /* NULL: in memory */
  uint8_t *memory;
  uint64_t size;
  gboolean read_only;
  uint64_t bytes_read, bytes_written;
  uint8_t first_sector[512]; /* so that nobody has to wait for it */
};

Image *
image_open (const char *path, ImageFlags flags, GMainContext *context, MachineLock *lock,
            GError **error)
{
  gboolean read_only = (flags & IMAGE_READ_ONLY) != 0;
  int fd = image_file_open (path, read_only, error);
  void *data;
  Image *image;

  if (fd < 0)
    return NULL;
  data = raw_format.open (fd, path, read_only, error);
  if (data == NULL)
    {
      close (fd);
      return NULL;
    }
  image = image_new (&raw_format, data, path, flags, context, lock);
  raw_format.read (data, 0, image->first_sector, sizeof image->first_sector);
  return image;
}

/* What image_open is called with. */
typedef struct
{
  char *path;
  ImageFlags flags;
  GMainContext *context;
  MachineLock *lock;
} Opening;

static void
opening_free (gpointer data)
{
  g_free (((Opening *) data)->path);
  g_free (data);
}

static void
open_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Opening *opening = data;
  g_autofree char *path = real_path_resolve (opening->path);
  GError *error = NULL;
  Image *image = image_open (path, opening->flags, opening->context, opening->lock, &error);

  if (image != NULL)
    g_task_return_pointer (task, image, (GDestroyNotify) image_free);
  else
    g_task_return_error (task, error);
}

void
image_open_async (const char *path, ImageFlags flags, GMainContext *context, MachineLock *lock,
                  GCancellable *cancellable, GAsyncReadyCallback opened, void *data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, opened, data);
  Opening *opening = g_new (Opening, 1);

  *opening = (Opening){ g_strdup (path), flags, context, lock };
  g_task_set_task_data (task, opening, opening_free);
  g_task_run_in_thread (task, open_in_thread);
}

Image *
image_open_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

Image *
image_new (const ImageFormat *format, void *format_data, const char *path, ImageFlags flags,
           GMainContext *context, MachineLock *lock)
{
  Image *image = g_new0 (Image, 1);

  image->path = g_strdup (path);
  image->size = format->get_size (format_data);
  image->read_only = (flags & IMAGE_READ_ONLY) != 0;
  image->engine = image_engine_new (format, format_data, path, context, lock);
  return image;
}

Image *
image_new_memory (uint64_t size, gboolean read_only)
{
  Image *image = g_new0 (Image, 1);

  image->path = g_strdup ("memory");
  image->memory = g_malloc0 (size);
  image->size = size;
  image->read_only = read_only;
  return image;
}

void
image_free (Image *image)
{
  if (image == NULL)
    return;
  g_clear_pointer (&image->engine, image_engine_free);
  g_free (image->memory);
  g_free (image->path);
  g_free (image);
}

void
image_set_listener (Image *image, ImageTroubled troubled, void *data)
{
  if (image->engine != NULL)
    image_engine_set_listener (image->engine, troubled, data);
}

const char *
image_get_path (const Image *image)
{
  return image->path;
}

uint64_t
image_get_size (const Image *image)
{
  return image->size;
}

const uint8_t *
image_get_first_sector (const Image *image)
{
  return image->first_sector;
}

uint64_t
image_get_bytes_read (const Image *image)
{
  return image->bytes_read;
}

uint64_t
image_get_bytes_written (const Image *image)
{
  return image->bytes_written;
}

gboolean
image_is_read_only (const Image *image)
{
  return image->read_only;
}

static void
memory_perform (Image *image, ImageRequestKind kind, uint64_t offset, void *buffer, uint64_t length)
{
  if (kind == IMAGE_REQUEST_READ)
    memcpy (buffer, image->memory + offset, length);
  else if (kind == IMAGE_REQUEST_WRITE)
    memcpy (image->memory + offset, buffer, length);
  else if (kind == IMAGE_REQUEST_DISCARD)
    memset (image->memory + offset, 0, length);
}

static void
keep_first_sector (Image *image, uint64_t offset, const void *bytes, uint64_t length)
{
  uint8_t *kept = image->first_sector;

  if (offset < sizeof image->first_sector)
    memcpy (kept + offset, bytes, MIN (length, sizeof image->first_sector - offset));
}

static void
submit (Image *image, ImageRequestKind kind, uint64_t offset, void *buffer, uint64_t length,
        ImageDone done, void *data)
{
  gboolean changes = kind == IMAGE_REQUEST_WRITE || kind == IMAGE_REQUEST_DISCARD;

  if (offset > image->size || length > image->size - offset)
    done (data, EINVAL);
  else if (image->read_only && changes)
    done (data, EROFS);
  else
    {
      if (kind == IMAGE_REQUEST_WRITE)
        keep_first_sector (image, offset, buffer, length);
      if (image->engine != NULL)
        image_engine_submit (image->engine, kind, offset, buffer, length, done, data);
      else
        {
          memory_perform (image, kind, offset, buffer, length);
          done (data, 0);
        }
    }
}

void
image_read (Image *image, uint64_t offset, void *buffer, size_t length, ImageDone done, void *data)
{
  image->bytes_read += length;
  submit (image, IMAGE_REQUEST_READ, offset, buffer, length, done, data);
}

void
image_write (Image *image, uint64_t offset, const void *buffer, size_t length, ImageDone done,
             void *data)
{
  image->bytes_written += length;
  submit (image, IMAGE_REQUEST_WRITE, offset, (void *) buffer, length, done, data);
}

void
image_flush (Image *image, ImageDone done, void *data)
{
  submit (image, IMAGE_REQUEST_FLUSH, 0, NULL, 0, done, data);
}

void
image_discard (Image *image, uint64_t offset, uint64_t length, ImageDone done, void *data)
{
  submit (image, IMAGE_REQUEST_DISCARD, offset, NULL, length, done, data);
}

void
image_cancel (Image *image, void *data)
{
  if (image->engine != NULL)
    image_engine_cancel (image->engine, data);
}

void
image_retry (Image *image)
{
  if (image->engine != NULL)
    image_engine_retry (image->engine);
}
