/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "output-fd.h"

#include <fcntl.h>
#include <glib.h>
#include <sys/stat.h>

int
output_fd_open (int fd)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
  struct stat about;

  if (fstat (fd, &about) < 0 || (!S_ISFIFO (about.st_mode) && !S_ISCHR (about.st_mode)))
    return -1;
  return open (path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}
