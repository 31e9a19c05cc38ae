/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "image-trouble.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <sys/statvfs.h>

gboolean
image_trouble_is_lack_of_room (int error)
{
  return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

int
image_trouble_find (int fd, uint64_t size)
{
  struct stat status;

  if (fstat (fd, &status) < 0 || !S_ISREG (status.st_mode))
    return 0;
  return status.st_nlink == 0 ? ENOENT : (uint64_t) status.st_size < size ? ENODATA : 0;
}

/* The topmost folder on the file's own file system: where that is mounted. */
static char *
find_mount_point (const ImageTroubleCause *cause)
{
  g_autofree char *link = g_strdup_printf ("/proc/self/fd/%d", cause->fd);
  char *at = g_file_read_link (link, NULL);
  GStatBuf file, folder;

  if (at == NULL || g_stat (at, &file) < 0)
    {
      g_free (at);
      return g_path_get_dirname (cause->path);
    }
  for (;;)
    {
      char *above = g_path_get_dirname (at);

      if (g_str_equal (above, at) || g_stat (above, &folder) < 0 || folder.st_dev != file.st_dev)
        {
          g_free (above);
          return at;
        }
      g_free (at);
      at = above;
    }
}

static char *
describe_lack_of_room (const ImageTroubleCause *cause)
{
  g_autofree char *mount = find_mount_point (cause);
  g_autofree char *needed = g_format_size_full (cause->length, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *left = NULL;
  g_autofree char *growth = NULL;
  struct statvfs room = { 0 };
  struct stat file = { 0 };
  uint64_t used;

  fstatvfs (cause->fd, &room);
  fstat (cause->fd, &file);
  used = file.st_blocks * UINT64_C (512);
  left = g_format_size_full ((guint64) room.f_bavail * room.f_frsize, G_FORMAT_SIZE_IEC_UNITS);
  growth
    = g_format_size_full (cause->size > used ? cause->size - used : 0, G_FORMAT_SIZE_IEC_UNITS);
  if (S_ISBLK (file.st_mode))
    return g_strdup_printf (_ ("The device “%s” has no room for what the guest writes: extend the "
                               "volume, then resume the machine."),
                            cause->path);
  if (cause->error == EFBIG)
    return g_strdup_printf (_ ("The disk “%s” has reached the largest size of a file that is "
                               "allowed here, and the guest writes %s more: raise that limit, then "
                               "resume the machine."),
                            cause->path, needed);
  if (cause->error == EDQUOT)
    return g_strdup_printf (_ ("Your quota on “%s” is used up: the disk “%s” needs %s more for "
                               "what the guest writes, and %s until it can grow no further. Free "
                               "some room there, then resume the machine."),
                            mount, cause->path, needed, growth);
  return g_strdup_printf (_ ("The file system “%s” is full, with %s left: the disk “%s” needs %s "
                             "more for what the guest writes, and %s until it can grow no further. "
                             "Free some room there, then resume the machine."),
                          mount, left, cause->path, needed, growth);
}

static char *
describe_shorter_file (const ImageTroubleCause *cause)
{
  struct stat file = { 0 };
  g_autofree char *now = NULL;
  g_autofree char *before = g_format_size_full (cause->size, G_FORMAT_SIZE_IEC_UNITS);

  fstat (cause->fd, &file);
  now = g_format_size_full (file.st_size, G_FORMAT_SIZE_IEC_UNITS);
  return g_strdup_printf (_ ("The file of the disk “%s” was cut off while the machine used it: it "
                             "has %s now and had %s. Power the machine off and bring the file back "
                             "from a copy."),
                          cause->path, now, before);
}

char *
image_trouble_describe (const ImageTroubleCause *cause)
{
  if (image_trouble_is_lack_of_room (cause->error))
    return describe_lack_of_room (cause);
  switch (cause->error)
    {
    case ENODATA:
      return describe_shorter_file (cause);
    case ENOENT:
      return g_strdup_printf (_ ("The file of the disk “%s” was deleted while the machine uses it: "
                                 "save what matters inside the guest to another disk before you "
                                 "power off."),
                              cause->path);
    case ESTALE:
    case ENXIO:
    case ENODEV:
      return g_strdup_printf (_ ("The disk “%s” is gone (%s): connect it again, then power the "
                                 "machine off and on."),
                              cause->path, g_strerror (cause->error));
    default:
      return g_strdup_printf (
        cause->writing
          ? _ ("The disk “%s” cannot be written (%s), and the guest was told so: check the "
               "host's disk below it.")
          : _ ("The disk “%s” cannot be read (%s), and the guest was told so: check the host's "
               "disk below it."),
        cause->path, g_strerror (cause->error));
    }
}
