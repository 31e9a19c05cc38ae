/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image-format.h"

#define WORKERS 2

typedef enum
{
  TRANSFER_READ,
  TRANSFER_WRITE,
  TRANSFER_FLUSH,
  TRANSFER_DISCARD
} TransferKind;

typedef struct
{
  Image *image;
  TransferKind kind;
  uint64_t offset;
  void *buffer;
  uint64_t length;
  ImageDone done;
  void *data;
  int result;
  gboolean cancelled;
} Transfer;

struct Image
{
  char *path;
  const ImageFormat *format; /* NULL: in memory */
  void *format_data;
  uint8_t *memory;
  uint64_t size;
  gboolean read_only;

  GMainContext *context;
  MachineLock *lock;
  GThreadPool *workers;
  GMutex mutex;
  GCond changed;
  GPtrArray *under_way; /* of Transfer, from submission until its callback */
  GQueue finished;      /* done by a worker, callback still to run */
  GSource *source;      /* dispatches finished */
};

/* Formats that are not raw, by what their files begin (or, VHD, end) with. */
static const struct
{
  const char *name;
  const char *magic;
  unsigned length;
  int64_t offset;
} foreign[] = {
  { N_ ("a QCOW2 image"), "QFI\xfb", 4, 0 },
  { N_ ("a VMDK image"), "KDMV", 4, 0 },
  { N_ ("a VMDK image"), "# Disk DescriptorFile", 21, 0 },
  { N_ ("a VDI image"), "\x7f\x10\xda\xbe", 4, 64 },
  { N_ ("a VHDX image"), "vhdxfile", 8, 0 },
  { N_ ("a VHD image"), "conectix", 8, 0 },
  { N_ ("a VHD image"), "conectix", 8, -512 },
  { N_ ("compressed with gzip"), "\x1f\x8b\x08", 3, 0 },
  { N_ ("compressed with xz"), "\xfd" "7zXZ", 5, 0 },
  { N_ ("compressed with Zstandard"), "\x28\xb5\x2f\xfd", 4, 0 },
  { N_ ("compressed with bzip2"), "BZh", 3, 0 },
  { N_ ("a ZIP archive"), "PK\x03\x04", 4, 0 },
};

/* What kind of other file it is, or NULL. */
static const char *
foreign_format (int fd)
{
  off_t end = lseek (fd, 0, SEEK_END);

  for (unsigned i = 0; i < G_N_ELEMENTS (foreign); i++)
    {
      char bytes[32];
      off_t at = foreign[i].offset >= 0 ? foreign[i].offset : end + foreign[i].offset;

      if (at >= 0 && pread (fd, bytes, foreign[i].length, at) == (ssize_t) foreign[i].length
          && memcmp (bytes, foreign[i].magic, foreign[i].length) == 0)
        return foreign[i].name;
    }
  return NULL;
}

static gboolean
image_lock_file (int fd, const char *path, gboolean read_only, GError **error)
{
  struct flock region = { .l_type = read_only ? F_RDLCK : F_WRLCK, .l_whence = SEEK_SET };

  if (fcntl (fd, F_OFD_SETLK, &region) == 0)
    return TRUE;
  if (errno == EAGAIN || errno == EACCES)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                 _ ("“%s” is in use by another machine: stop that machine, or choose another "
                    "disk."),
                 path);
  else
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                 _ ("“%s” cannot be locked: %s. Move it to a file system that supports locks."),
                 path, g_strerror (errno));
  return FALSE;
}

static gboolean
image_check_file (int fd, const char *path, GError **error)
{
  struct stat status;
  const char *kind;

  if (fstat (fd, &status) == 0 && !S_ISREG (status.st_mode) && !S_ISBLK (status.st_mode))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE,
                   _ ("“%s” is %s, not a disk image: choose a file."), path,
                   S_ISDIR (status.st_mode) ? _ ("a folder") : _ ("a device or pipe"));
      return FALSE;
    }
  kind = foreign_format (fd);
  if (kind != NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   _ ("“%s” is %s, which this version cannot use: convert it to a raw image."),
                   path, _ (kind));
      return FALSE;
    }
  return TRUE;
}

static int
image_open_file (const char *path, gboolean read_only, GError **error)
{
  int fd = open (path, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NONBLOCK);
  int saved = errno;

  if (fd < 0)
    {
      const char *remedy = saved == ENOENT   ? _ ("check the path, or choose another file")
                           : saved == EACCES ? _ ("change its permissions, or choose another file")
                           : saved == EISDIR ? _ ("it is a folder: choose a file")
                           : saved == EROFS
                               ? _ ("it lies on a read-only file system: copy it elsewhere")
                               : _ ("choose another file");

      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (saved),
                   _ ("“%s” cannot be opened (%s): %s."), path, g_strerror (saved), remedy);
      return -1;
    }
  if (!image_check_file (fd, path, error) || !image_lock_file (fd, path, read_only, error))
    {
      close (fd);
      return -1;
    }
  return fd;
}

static int
transfer_perform (Transfer *t)
{
  Image *image = t->image;

  switch (t->kind)
    {
    case TRANSFER_READ:
      return image->format->read (image->format_data, t->offset, t->buffer, t->length);
    case TRANSFER_WRITE:
      return image->format->write (image->format_data, t->offset, t->buffer, t->length);
    case TRANSFER_FLUSH:
      return image->format->flush (image->format_data);
    default:
      return image->format->discard (image->format_data, t->offset, t->length);
    }
}

static void
image_work (gpointer data, gpointer user_data)
{
  Transfer *t = data;
  Image *image = t->image;

  t->result = transfer_perform (t);
  g_mutex_lock (&image->mutex);
  g_queue_push_tail (&image->finished, t);
  g_cond_broadcast (&image->changed);
  g_source_set_ready_time (image->source, 0);
  g_mutex_unlock (&image->mutex);
}

/* Runs the callbacks of what the workers have finished, in that order. */
static gboolean
image_dispatch (gpointer data)
{
  Image *image = data;

  machine_lock_acquire (image->lock);
  for (;;)
    {
      Transfer *t;

      g_mutex_lock (&image->mutex);
      t = g_queue_pop_head (&image->finished);
      if (t == NULL)
        g_source_set_ready_time (image->source, -1);
      else
        g_ptr_array_remove_fast (image->under_way, t);
      g_mutex_unlock (&image->mutex);
      if (t == NULL)
        break;
      if (!t->cancelled)
        t->done (t->data, t->result);
      g_free (t);
    }
  machine_lock_release (image->lock);
  return G_SOURCE_CONTINUE;
}

static gboolean
source_dispatch (GSource *source, GSourceFunc callback, gpointer data)
{
  return callback (data);
}

static GSourceFuncs source_funcs = { .dispatch = source_dispatch };

Image *
image_open (const char *path, ImageFlags flags, GMainContext *context, MachineLock *lock,
            GError **error)
{
  gboolean read_only = (flags & IMAGE_READ_ONLY) != 0;
  int fd = image_open_file (path, read_only, error);
  void *format_data;
  Image *image;

  if (fd < 0)
    return NULL;
  format_data = raw_format.open (fd, path, read_only, error);
  if (format_data == NULL)
    {
      close (fd);
      return NULL;
    }
  image = g_new0 (Image, 1);
  image->path = g_strdup (path);
  image->format = &raw_format;
  image->format_data = format_data;
  image->size = raw_format.get_size (format_data);
  image->read_only = read_only;
  image->context = context;
  image->lock = lock;
  g_mutex_init (&image->mutex);
  g_cond_init (&image->changed);
  g_queue_init (&image->finished);
  image->under_way = g_ptr_array_new ();
  image->workers = g_thread_pool_new (image_work, image, WORKERS, FALSE, NULL);
  image->source = g_source_new (&source_funcs, sizeof (GSource));
  g_source_set_callback (image->source, image_dispatch, image, NULL);
  g_source_attach (image->source, context);
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
  if (image->format != NULL)
    {
      /* The workers first: they wake the source. */
      g_thread_pool_free (image->workers, FALSE, TRUE);
      g_source_destroy (image->source);
      g_source_unref (image->source);
      g_ptr_array_set_free_func (image->under_way, g_free);
      g_ptr_array_unref (image->under_way);
      g_queue_clear (&image->finished);
      image->format->close (image->format_data);
      g_mutex_clear (&image->mutex);
      g_cond_clear (&image->changed);
    }
  g_free (image->memory);
  g_free (image->path);
  g_free (image);
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

gboolean
image_is_read_only (const Image *image)
{
  return image->read_only;
}

static int
memory_perform (Image *image, TransferKind kind, uint64_t offset, void *buffer, uint64_t length)
{
  if (kind == TRANSFER_READ)
    memcpy (buffer, image->memory + offset, length);
  else if (kind == TRANSFER_WRITE)
    memcpy (image->memory + offset, buffer, length);
  else if (kind == TRANSFER_DISCARD)
    memset (image->memory + offset, 0, length);
  return 0;
}

static void
image_submit (Image *image, TransferKind kind, uint64_t offset, void *buffer, uint64_t length,
              ImageDone done, void *data)
{
  int refused = offset > image->size || length > image->size - offset ? EINVAL
                : image->read_only && (kind == TRANSFER_WRITE || kind == TRANSFER_DISCARD) ? EROFS
                                                                                           : 0;
  Transfer *t;

  if (refused != 0 || image->format == NULL)
    {
      done (data, refused != 0 ? refused : memory_perform (image, kind, offset, buffer, length));
      return;
    }
  t = g_new0 (Transfer, 1);
  *t = (Transfer){ .image = image, .kind = kind, .offset = offset, .buffer = buffer,
                   .length = length, .done = done, .data = data };
  g_mutex_lock (&image->mutex);
  g_ptr_array_add (image->under_way, t);
  g_mutex_unlock (&image->mutex);
  g_thread_pool_push (image->workers, t, NULL);
}

void
image_read (Image *image, uint64_t offset, void *buffer, size_t length, ImageDone done, void *data)
{
  image_submit (image, TRANSFER_READ, offset, buffer, length, done, data);
}

void
image_write (Image *image, uint64_t offset, const void *buffer, size_t length, ImageDone done,
             void *data)
{
  image_submit (image, TRANSFER_WRITE, offset, (void *) buffer, length, done, data);
}

void
image_flush (Image *image, ImageDone done, void *data)
{
  image_submit (image, TRANSFER_FLUSH, 0, NULL, 0, done, data);
}

void
image_discard (Image *image, uint64_t offset, uint64_t length, ImageDone done, void *data)
{
  image_submit (image, TRANSFER_DISCARD, offset, NULL, length, done, data);
}

/* Whether a worker still holds one of data's transfers. mutex held. */
static gboolean
image_is_working_for (Image *image, void *data)
{
  for (unsigned i = 0; i < image->under_way->len; i++)
    {
      Transfer *t = g_ptr_array_index (image->under_way, i);

      if (t->data == data && g_queue_find (&image->finished, t) == NULL)
        return TRUE;
    }
  return FALSE;
}

void
image_cancel (Image *image, void *data)
{
  if (image->format == NULL)
    return;
  g_mutex_lock (&image->mutex);
  for (unsigned i = 0; i < image->under_way->len; i++)
    {
      Transfer *t = g_ptr_array_index (image->under_way, i);

      if (t->data == data)
        t->cancelled = TRUE;
    }
  while (image_is_working_for (image, data))
    g_cond_wait (&image->changed, &image->mutex);
  g_mutex_unlock (&image->mutex);
}
