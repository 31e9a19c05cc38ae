/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plain-file.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gi18n.h>
#include <sys/stat.h>
#include <unistd.h>

#include "real-path.h"

static GBytes *
read_bytes (int fd, gsize size)
{
  g_autofree uint8_t *data = g_try_malloc (MAX (size, 1));
  gsize done = 0;

  while (data != NULL && done < size)
    {
      ssize_t n = read (fd, data + done, size - done);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return NULL;
      if (n == 0)
        break; /* the file became shorter */
      done += n;
    }
  if (data == NULL)
    {
      errno = ENOMEM;
      return NULL;
    }
  return g_bytes_new_take (g_steal_pointer (&data), done);
}

static GBytes *
read_checked (int fd, const char *path, uint64_t limit, GError **error)
{
  g_autofree char *most = g_format_size_full (limit, G_FORMAT_SIZE_IEC_UNITS);
  GBytes *bytes = NULL;
  struct stat about;

  if (fd >= 0 && fstat (fd, &about) == 0)
    {
      if (!S_ISREG (about.st_mode))
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE,
                       _ ("“%s” is not a regular file but a folder, a pipe or a device: choose "
                          "another file."),
                       path);
          return NULL;
        }
      if ((uint64_t) about.st_size > limit)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE,
                       _ ("“%s” has more than %s, the most that can be used here: choose another "
                          "file."),
                       path, most);
          return NULL;
        }
      bytes = read_bytes (fd, about.st_size);
    }
  if (bytes == NULL)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                 _ ("“%s” cannot be read: %s. Choose another file."), path, g_strerror (errno));
  return bytes;
}

static int
open_plain (const char *path)
{
  return real_path_open (path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
}

GBytes *
plain_file_open (const char *path, uint64_t limit, int *fd, GError **error)
{
  GBytes *bytes;

  *fd = open_plain (path);
  bytes = read_checked (*fd, path, limit, error);
  if (bytes == NULL && *fd >= 0)
    close (*fd);
  return bytes;
}

GBytes *
plain_file_read (const char *path, uint64_t limit, GError **error)
{
  int fd;
  GBytes *bytes = plain_file_open (path, limit, &fd, error);

  if (bytes != NULL)
    close (fd);
  return bytes;
}

GBytes *
plain_file_read_end (const char *path, uint64_t length)
{
  int fd = open_plain (path);
  GBytes *bytes = NULL;
  struct stat about;

  if (fd >= 0 && fstat (fd, &about) == 0 && S_ISREG (about.st_mode))
    {
      length = MIN (length, (uint64_t) about.st_size);
      lseek (fd, about.st_size - length, SEEK_SET);
      bytes = read_bytes (fd, length);
    }
  if (fd >= 0)
    close (fd);
  return bytes;
}
