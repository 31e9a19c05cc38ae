/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Linux: Documentation/filesystems/proc.rst (mountinfo), Documentation/ABI/stable/sysfs-block. */
#include "image-host-use.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

typedef struct
{
  const char *path; /* of the image */
  gboolean read_only;
  const char *sys;
  GStrv mounts, swaps; /* lines */
} Host;

/* A device's number is "MAJOR:MINOR", as /proc and /sys write it. */
static char *
dup_number (dev_t device)
{
  return g_strdup_printf ("%u:%u", major (device), minor (device));
}

static char *
read_attribute (const Host *host, const char *number, const char *name)
{
  g_autofree char *path = g_build_filename (host->sys, "dev", "block", number, name, NULL);
  char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) ? g_strchomp (text) : NULL;
}

/* "/dev/sda1" */
static char *
dup_name (const Host *host, const char *number)
{
  g_autofree char *event = read_attribute (host, number, "uevent");
  const char *name = event != NULL ? strstr (event, "DEVNAME=") : NULL;

  if (name == NULL)
    return g_strdup (host->path);
  name += strlen ("DEVNAME=");
  return g_strdup_printf ("/dev/%.*s", (int) strcspn (name, "\n"), name);
}

/* The number of the device that a path in /dev leads to; NULL: to none. */
static char *
dup_number_of_path (const Host *host, const char *path)
{
  g_autofree char *base = g_path_get_basename (path);
  g_autofree char *attribute = g_build_filename (host->sys, "class", "block", base, "dev", NULL);
  char *text = NULL;
  GStatBuf status;

  if (!g_str_has_prefix (path, "/dev/"))
    return NULL;
  if (g_file_get_contents (attribute, &text, NULL, NULL))
    return g_strchomp (text);
  return g_stat (path, &status) == 0 && S_ISBLK (status.st_mode) ? dup_number (status.st_rdev)
                                                                 : NULL;
}

static gboolean
refuse (GError **error, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  g_propagate_error (error, g_error_new_valist (G_IO_ERROR, G_IO_ERROR_BUSY, format, arguments));
  va_end (arguments);
  return FALSE;
}

/* A line of mountinfo: 2 is the device, 4 the place; behind a lone hyphen stand kind, source and
 * options. Some file systems have a device of their own invention, but name the true one as the
 * source. */
static gboolean
check_mounts (const Host *host, const char *number, GError **error)
{
  for (unsigned i = 0; host->mounts[i] != NULL; i++)
    {
      g_auto (GStrv) words = g_strsplit (host->mounts[i], " ", -1);
      unsigned n = g_strv_length (words), at = 5;
      g_autofree char *source = NULL;

      while (at < n && !g_str_equal (words[at], "-"))
        at++;
      if (at + 3 >= n)
        continue;
      source = dup_number_of_path (host, words[at + 2]);
      if (!g_str_equal (words[2], number) && g_strcmp0 (source, number) != 0)
        continue;
      if (!host->read_only || !g_str_has_prefix (words[at + 3], "ro"))
        {
          g_autofree char *name = dup_name (host, number);
          g_autofree char *place = g_strcompress (words[4]);

          return refuse (error,
                         _ ("“%s” cannot be a disk, because this computer uses it: “%s” is mounted "
                            "at “%s”. Unmount that, or choose another disk."),
                         host->path, name, place);
        }
    }
  return TRUE;
}

/* number NULL: it is a file. */
static gboolean
is_swap (const Host *host, const char *path, const char *number, const struct stat *file)
{
  g_autofree char *device = dup_number_of_path (host, path);
  GStatBuf status;

  if (number != NULL)
    return g_strcmp0 (device, number) == 0;
  return g_stat (path, &status) == 0 && status.st_dev == file->st_dev
         && status.st_ino == file->st_ino;
}

static gboolean
check_swaps (const Host *host, const char *number, const struct stat *file, GError **error)
{
  for (unsigned i = 0; host->swaps[i] != NULL; i++)
    {
      g_autofree char *escaped = g_strndup (host->swaps[i], strcspn (host->swaps[i], " \t"));
      g_autofree char *path = g_strcompress (escaped);

      if (is_swap (host, path, number, file))
        return refuse (error,
                       _ ("“%s” cannot be a disk, because this computer swaps to “%s”: turn that "
                          "off, or choose another disk."),
                       host->path, path);
    }
  return TRUE;
}

static gboolean check_device (const Host *host, const char *number, GError **error);

/* What lies on top of a device: volumes, encrypted or not, and RAIDs. */
static gboolean
check_holder (const Host *host, const char *number, const char *holder, GError **error)
{
  g_autofree char *attribute = g_build_filename ("holders", holder, "dev", NULL);
  g_autofree char *above = read_attribute (host, number, attribute);
  g_autofree char *name = dup_name (host, number);

  if (host->read_only)
    return above == NULL || check_device (host, above, error);
  return refuse (error,
                 _ ("“%s” cannot be a disk, because this computer uses it: “%s” belongs to the "
                    "volume “/dev/%s”. Deactivate that, or choose another disk."),
                 host->path, name, holder);
}

static gboolean
check_device (const Host *host, const char *number, GError **error)
{
  g_autofree char *folder = g_build_filename (host->sys, "dev", "block", number, NULL);
  g_autofree char *holders = g_build_filename (folder, "holders", NULL);
  g_autoptr (GDir) above = g_dir_open (holders, 0, NULL);
  g_autoptr (GDir) parts = g_dir_open (folder, 0, NULL);
  const char *name;

  if (!check_mounts (host, number, error) || !check_swaps (host, number, NULL, error))
    return FALSE;
  while (above != NULL && (name = g_dir_read_name (above)) != NULL)
    if (!check_holder (host, number, name, error))
      return FALSE;
  while (parts != NULL && (name = g_dir_read_name (parts)) != NULL)
    {
      g_autofree char *mark = g_build_filename (folder, name, "partition", NULL);
      g_autofree char *attribute = g_build_filename (name, "dev", NULL);
      g_autofree char *partition = read_attribute (host, number, attribute);

      if (partition != NULL && g_file_test (mark, G_FILE_TEST_EXISTS)
          && !check_device (host, partition, error))
        return FALSE;
    }
  return TRUE;
}

/* The file behind a loop device may be a machine's disk: then it is locked. */
static gboolean
check_backing_file (const Host *host, const char *number, GError **error)
{
  struct flock region = { .l_type = host->read_only ? F_RDLCK : F_WRLCK, .l_whence = SEEK_SET };
  g_autofree char *own = read_attribute (host, number, "loop/backing_file");
  g_autofree char *whole = read_attribute (host, number, "../loop/backing_file");
  const char *backing = own != NULL ? own : whole;
  int fd = backing != NULL ? open (backing, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
  gboolean locked;

  if (fd < 0)
    return TRUE;
  locked = fcntl (fd, F_OFD_GETLK, &region) == 0 && region.l_type != F_UNLCK;
  close (fd);
  if (!locked)
    return TRUE;
  return refuse (error,
                 _ ("“%s” cannot be a disk, because the file behind it, “%s”, is in use by another "
                    "machine: stop that machine, or choose another disk."),
                 host->path, backing);
}

/* The file of an image may be behind a loop device, and so mounted. */
static gboolean
check_loops (const Host *host, const struct stat *file, GError **error)
{
  g_autofree char *folder = g_build_filename (host->sys, "block", NULL);
  g_autoptr (GDir) blocks = g_dir_open (folder, 0, NULL);
  const char *name;

  while (blocks != NULL && (name = g_dir_read_name (blocks)) != NULL)
    {
      g_autofree char *attribute = g_build_filename (folder, name, "loop", "backing_file", NULL);
      g_autofree char *device = g_strconcat ("/dev/", name, NULL);
      g_autofree char *number = dup_number_of_path (host, device);
      g_autofree char *backing = NULL;
      GStatBuf status;

      if (!g_file_get_contents (attribute, &backing, NULL, NULL)
          || g_stat (g_strchomp (backing), &status) < 0 || status.st_dev != file->st_dev
          || status.st_ino != file->st_ino)
        continue;
      if (host->read_only ? number != NULL && !check_device (host, number, error)
                          : !refuse (error,
                                     _ ("“%s” cannot be a disk, because this computer uses it as "
                                        "“%s”: detach that, or choose another disk."),
                                     host->path, device))
        return FALSE;
    }
  return TRUE;
}

static GStrv
read_lines (const char *folder, const char *name)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);
  g_autofree char *text = NULL;

  return g_strsplit (g_file_get_contents (path, &text, NULL, NULL) ? text : "", "\n", -1);
}

gboolean
image_host_use_check (const struct stat *status, const char *path, gboolean read_only,
                      const char *proc, const char *sys, GError **error)
{
  g_auto (GStrv) mounts = read_lines (proc, "self/mountinfo");
  g_auto (GStrv) swaps = read_lines (proc, "swaps");
  const Host host = { path, read_only, sys, mounts, swaps };
  g_autofree char *number = NULL;

  if (!S_ISBLK (status->st_mode))
    return check_swaps (&host, NULL, status, error) && check_loops (&host, status, error);
  number = dup_number (status->st_rdev);
  return check_device (&host, number, error) && check_backing_file (&host, number, error);
}
