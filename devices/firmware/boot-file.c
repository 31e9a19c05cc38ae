/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "boot-file.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm-core/plain-file.h"

struct BootFile
{
  char *path;
  int fd;
  struct stat opened; /* what it was then */
  bool told;
};

BootFile *
boot_file_open (const char *path, uint64_t limit, GBytes **contents, GError **error)
{
  g_autoptr (GError) reason = NULL;
  g_autoptr (GBytes) bytes = NULL;
  BootFile *file;
  int fd;

  bytes = plain_file_open (path, limit, &fd, &reason);
  if (g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                 _ ("The machine has too little memory for “%s”. Give it more."), path);
  else if (bytes == NULL)
    g_propagate_error (error, g_steal_pointer (&reason));
  if (bytes == NULL)
    return NULL;
  file = g_new0 (BootFile, 1);
  file->path = g_strdup (path);
  file->fd = fd;
  fstat (fd, &file->opened);
  file->opened.st_size = g_bytes_get_size (bytes);
  if (contents != NULL)
    *contents = g_steal_pointer (&bytes);
  return file;
}

void
boot_file_free (BootFile *file)
{
  if (file == NULL)
    return;
  close (file->fd);
  g_free (file->path);
  g_free (file);
}

uint64_t
boot_file_get_size (const BootFile *file)
{
  return file->opened.st_size;
}

static bool
is_as_opened (const BootFile *file)
{
  struct stat now;

  return fstat (file->fd, &now) == 0 && now.st_size == file->opened.st_size
         && now.st_mtim.tv_sec == file->opened.st_mtim.tv_sec
         && now.st_mtim.tv_nsec == file->opened.st_mtim.tv_nsec;
}

bool
boot_file_read (BootFile *file, uint64_t offset, void *buffer, size_t length)
{
  if (is_as_opened (file) && pread (file->fd, buffer, length, offset) == (ssize_t) length)
    return true;
  if (!file->told)
    g_warning (_ ("“%s”, which the guest starts from, was changed or cannot be read any more: "
                  "power the machine off and start it again."),
               file->path);
  file->told = true;
  return false;
}
