/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image-format.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR 512

typedef struct
{
  int fd;
  uint64_t size;
} Raw;

static void *
raw_open (int fd, const char *path, gboolean read_only, GError **error)
{
  struct stat status;
  uint64_t size = 0;
  Raw *raw;

  if (fstat (fd, &status) < 0 || (S_ISBLK (status.st_mode) && ioctl (fd, BLKGETSIZE64, &size) < 0))
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                   _ ("The size of “%s” cannot be found out: %s. Choose another disk image."), path,
                   g_strerror (errno));
      return NULL;
    }
  if (S_ISREG (status.st_mode))
    size = status.st_size;
  if (size == 0 || size % SECTOR != 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   size == 0
                     ? _ ("“%s” is empty: choose a disk image, or create one of the size you "
                          "want.")
                     : _ ("“%s” is cut off in the middle of a sector: copy or download it "
                          "again."),
                   path);
      return NULL;
    }
  raw = g_new (Raw, 1);
  *raw = (Raw){ fd, size };
  return raw;
}

static void
raw_close (void *data)
{
  close (((Raw *) data)->fd);
  g_free (data);
}

static uint64_t
raw_get_size (void *data)
{
  return ((Raw *) data)->size;
}

static int
raw_get_fd (void *data)
{
  return ((Raw *) data)->fd;
}

static int
raw_read (void *data, uint64_t offset, void *buffer, size_t length)
{
  uint8_t *to = buffer;

  while (length > 0)
    {
      ssize_t n = pread (((Raw *) data)->fd, to, length, offset);

      if (n == 0)
        return ENODATA; /* the file has become shorter meanwhile */
      if (n < 0 && errno != EINTR)
        return errno;
      if (n > 0)
        {
          to += n;
          offset += n;
          length -= n;
        }
    }
  return 0;
}

static int
raw_write (void *data, uint64_t offset, const void *buffer, size_t length)
{
  const uint8_t *from = buffer;

  while (length > 0)
    {
      ssize_t n = pwrite (((Raw *) data)->fd, from, length, offset);

      if (n == 0)
        return EIO;
      if (n < 0 && errno != EINTR)
        return errno;
      if (n > 0)
        {
          from += n;
          offset += n;
          length -= n;
        }
    }
  return 0;
}

static int
raw_flush (void *data)
{
  return fdatasync (((Raw *) data)->fd) < 0 ? errno : 0;
}

/* Discarding is advice: a file system that cannot punch holes keeps the data. */
static int
raw_discard (void *data, uint64_t offset, uint64_t length)
{
  if (fallocate (((Raw *) data)->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length) < 0
      && errno != EOPNOTSUPP && errno != ENODEV)
    return errno;
  return 0;
}

const ImageFormat raw_format = {
  .name = "raw",
  .open = raw_open,
  .close = raw_close,
  .get_size = raw_get_size,
  .get_fd = raw_get_fd,
  .read = raw_read,
  .write = raw_write,
  .flush = raw_flush,
  .discard = raw_discard,
};
