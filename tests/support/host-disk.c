/* SPDX-License-Identifier: GPL-3.0-or-later */
/* To be loaded into guesthouse-vm (LD_PRELOAD): a host's disk that hangs, is full or fails, for the
 * file HOST_DISK_IMAGE alone. What it does stands in the file HOST_DISK_MODE, which a test writes:
 * hang, full, error, or nothing. While a call hangs, or after one failed, HOST_DISK_MODE.hit is
 * there. Mode lost takes the display memory away (SIGBUS) at the next call. */
#undef _FILE_OFFSET_BITS /* pread and pread64 are two names here */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAUSE_US 10000
#define DISPLAY_MEMORY (16u << 20)

static void *display_memory;

static bool
is_image (int fd)
{
  const char *path = getenv ("HOST_DISK_IMAGE");
  struct stat image, file;

  return path != NULL && stat (path, &image) == 0 && fstat (fd, &file) == 0
         && image.st_dev == file.st_dev && image.st_ino == file.st_ino;
}

static char
read_mode (void)
{
  int fd = open (getenv ("HOST_DISK_MODE"), O_RDONLY | O_CLOEXEC);
  char mode = '\0';

  if (fd >= 0)
    {
      if (read (fd, &mode, 1) != 1)
        mode = '\0';
      close (fd);
    }
  return mode;
}

static void
tell_hit (void)
{
  char path[4096];
  int fd;

  snprintf (path, sizeof path, "%s.hit", getenv ("HOST_DISK_MODE"));
  fd = open (path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  if (fd >= 0)
    close (fd);
}

void *
mmap64 (void *address, size_t length, int protection, int flags, int fd, off64_t offset)
{
  void *at = (void *) syscall (SYS_mmap, address, length, protection, flags, fd, offset);

  if (length == DISPLAY_MEMORY && fd < 0)
    display_memory = at;
  return at;
}

void *
mmap (void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
  return mmap64 (address, length, protection, flags, fd, offset);
}

static void
lose_display_memory (void)
{
  int empty = memfd_create ("empty", MFD_CLOEXEC);

  mmap64 (display_memory, DISPLAY_MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, empty, 0);
  close (empty);
  tell_hit ();
}

/* What the call shall fail with, or 0; once the disk does not hang any more. */
static int
meet_disk (int fd, bool writing)
{
  char mode;
  int error;

  if (!is_image (fd))
    return 0;
  for (mode = read_mode (); mode == 'h'; mode = read_mode ())
    {
      tell_hit ();
      usleep (PAUSE_US);
    }
  if (mode == 'l')
    lose_display_memory ();
  error = mode == 'e' ? EIO : mode == 'f' && writing ? ENOSPC : 0;
  if (error != 0)
    tell_hit ();
  return error;
}

ssize_t
pread64 (int fd, void *buffer, size_t length, off64_t offset)
{
  errno = meet_disk (fd, false);
  return errno != 0 ? -1 : syscall (SYS_pread64, fd, buffer, length, offset);
}

ssize_t
pread (int fd, void *buffer, size_t length, off_t offset)
{
  return pread64 (fd, buffer, length, offset);
}

ssize_t
pwrite64 (int fd, const void *buffer, size_t length, off64_t offset)
{
  errno = meet_disk (fd, true);
  return errno != 0 ? -1 : syscall (SYS_pwrite64, fd, buffer, length, offset);
}

ssize_t
pwrite (int fd, const void *buffer, size_t length, off_t offset)
{
  return pwrite64 (fd, buffer, length, offset);
}

int
fdatasync (int fd)
{
  errno = meet_disk (fd, false);
  return errno != 0 ? -1 : syscall (SYS_fdatasync, fd);
}
