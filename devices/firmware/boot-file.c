/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "boot-file.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <sys/stat.h>
#include <unistd.h>

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

GBytes *
boot_file_read (const char *path, uint64_t limit, GError **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  GBytes *bytes = NULL;
  struct stat about;

  if (fd < 0 || fstat (fd, &about) < 0)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                 "“%s” cannot be read: %s. Choose another file.", path, g_strerror (errno));
  else if (!S_ISREG (about.st_mode))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE,
                 "“%s” is not a regular file. Choose another file.", path);
  else if ((uint64_t) about.st_size > limit)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                 "The machine has too little memory for “%s”. Give it more.", path);
  else
    {
      bytes = read_bytes (fd, about.st_size);
      if (bytes == NULL)
        g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                     "“%s” cannot be read: %s. Choose another file.", path, g_strerror (errno));
    }
  if (fd >= 0)
    close (fd);
  return bytes;
}
