/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image-file.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image-host-use.h"
#include "vmm-core/real-path.h"

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
  { N_ ("compressed with xz"),
    "\xfd"
    "7zXZ",
    5, 0 },
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
lock_file (int fd, const char *path, gboolean read_only, GError **error)
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
check_kind (int fd, const char *path, GError **error)
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

/* A block device is opened once more, so that nobody else takes it while the machine has it. Takes
 * fd over. */
static int
claim_device (int fd, const char *path, GError **error)
{
  g_autofree char *same = g_strdup_printf ("/proc/self/fd/%d", fd);
  int claimed = open (same, O_RDWR | O_EXCL | O_CLOEXEC | O_NONBLOCK);

  if (claimed < 0)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                 _ ("“%s” cannot be a disk, because this computer or another machine uses it: stop "
                    "that use, or choose another disk."),
                 path);
  close (fd);
  return claimed;
}

/* Takes fd over. */
static int
check_and_claim (int fd, const char *path, gboolean read_only, GError **error)
{
  struct stat status;

  if (!check_kind (fd, path, error) || fstat (fd, &status) < 0
      || !image_host_use_check (&status, path, read_only, "/proc", "/sys", error))
    {
      close (fd);
      return -1;
    }
  return S_ISBLK (status.st_mode) && !read_only ? claim_device (fd, path, error) : fd;
}

int
image_file_open (const char *path, gboolean read_only, GError **error)
{
  int fd = real_path_open (path, (read_only ? O_RDONLY : O_RDWR) | O_NONBLOCK, 0);
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
  fd = check_and_claim (fd, path, read_only, error);
  if (fd >= 0 && !lock_file (fd, path, read_only, error))
    {
      close (fd);
      return -1;
    }
  return fd;
}
