/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Disks and files that this computer uses itself are no machine's disks. /proc and /sys are folders
 * of the test's own. */
#include "devices/image/image-host-use.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "devices/image/image.h"

typedef struct
{
  char *root, *proc, *sys;
} Host;

static void
put (Host *host, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (host->root, name, NULL);
  g_autofree char *folder = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
add_device (Host *host, const char *number, const char *name)
{
  g_autofree char *uevent = g_strdup_printf ("sys/dev/block/%s/uevent", number);
  g_autofree char *event = g_strdup_printf ("MAJOR=8\nDEVNAME=%s\nDEVTYPE=disk\n", name);
  g_autofree char *class = g_strdup_printf ("sys/class/block/%s/dev", name);
  g_autofree char *line = g_strconcat (number, "\n", NULL);

  put (host, uevent, event);
  put (host, class, line);
}

/* sda with sda1 and sda2, sdb with nothing. */
static void
set_up (Host *host, gconstpointer data)
{
  host->root = g_dir_make_tmp ("guesthouse-host-XXXXXX", NULL);
  host->proc = g_build_filename (host->root, "proc", NULL);
  host->sys = g_build_filename (host->root, "sys", NULL);
  put (host, "proc/self/mountinfo", "22 27 0:21 / /proc rw,relatime - proc proc rw\n");
  put (host, "proc/swaps", "Filename\tType\tSize\tUsed\tPriority\n");
  add_device (host, "8:0", "sda");
  add_device (host, "8:1", "sda1");
  add_device (host, "8:2", "sda2");
  add_device (host, "8:16", "sdb");
  put (host, "sys/dev/block/8:0/sda1/partition", "1\n");
  put (host, "sys/dev/block/8:0/sda1/dev", "8:1\n");
  put (host, "sys/dev/block/8:0/sda2/partition", "2\n");
  put (host, "sys/dev/block/8:0/sda2/dev", "8:2\n");
}

static void
tear_down (Host *host, gconstpointer data)
{
  g_autofree char *remove = g_strdup_printf ("rm -rf '%s'", host->root);

  g_spawn_command_line_sync (remove, NULL, NULL, NULL, NULL);
  g_free (host->root);
  g_free (host->proc);
  g_free (host->sys);
}

/* NULL words: it may be used. */
static void
assert_use (Host *host, const struct stat *status, const char *path, gboolean read_only,
            const char *words)
{
  g_autoptr (GError) error = NULL;
  gboolean free = image_host_use_check (status, path, read_only, host->proc, host->sys, &error);

  if (words == NULL)
    {
      g_assert_no_error (error);
      g_assert_true (free);
      return;
    }
  g_assert_false (free);
  g_assert_true (strstr (error->message, path) != NULL);
  if (strstr (error->message, words) == NULL)
    g_error ("“%s” does not say “%s”", error->message, words);
}

static void
assert_device (Host *host, unsigned minor_number, gboolean read_only, const char *words)
{
  const struct stat status = { .st_mode = S_IFBLK, .st_rdev = makedev (8, minor_number) };

  assert_use (host, &status, "/dev/chosen", read_only, words);
}

static void
test_mounts (Host *host, gconstpointer data)
{
  assert_device (host, 0, FALSE, NULL);
  put (host, "proc/self/mountinfo",
       "22 27 0:21 / /proc rw,relatime - proc proc rw\n"
       "30 1 8:1 / /my\\040data rw,noatime shared:1 master:2 - ext4 /dev/sda1 rw\n");
  assert_device (host, 0, FALSE, "“/dev/sda1” is mounted at “/my data”");
  assert_device (host, 0, TRUE, "is mounted at");
  assert_device (host, 1, FALSE, "is mounted at");
  assert_device (host, 2, FALSE, NULL); /* the other partition */
  assert_device (host, 16, FALSE, NULL);
  /* Mounted only to be read: two may do that. */
  put (host, "proc/self/mountinfo", "30 1 8:16 / /media/cd ro - iso9660 /dev/sdb ro\n");
  assert_device (host, 16, TRUE, NULL);
  assert_device (host, 16, FALSE, "“/media/cd”");
  /* btrfs has a device number that no device has. */
  put (host, "proc/self/mountinfo", "30 1 0:33 /sub / rw - btrfs /dev/sda2 rw,subvol=/sub\n");
  assert_device (host, 0, FALSE, "“/dev/sda2” is mounted at “/”");
}

static void
test_swaps_and_holders (Host *host, gconstpointer data)
{
  put (host, "proc/swaps", "Filename\tType\n/dev/sda2                partition\t1048572\t0\t-2\n");
  assert_device (host, 0, FALSE, "swaps to “/dev/sda2”");
  assert_device (host, 1, FALSE, NULL);
  put (host, "proc/swaps", "Filename\tType\n");
  add_device (host, "253:0", "dm-0");
  put (host, "sys/dev/block/8:16/holders/dm-0/dev", "253:0\n");
  assert_device (host, 16, FALSE, "“/dev/sdb” belongs to the volume “/dev/dm-0”");
  assert_device (host, 16, TRUE, NULL); /* nothing writes to it */
  put (host, "proc/self/mountinfo", "30 1 253:0 / /home rw - ext4 /dev/mapper/home rw\n");
  assert_device (host, 16, TRUE, "“/dev/dm-0” is mounted at “/home”");
}

static void
test_files (Host *host, gconstpointer data)
{
  g_autofree char *path = g_build_filename (host->root, "disk.img", NULL);
  g_autofree char *line = g_strconcat ("Filename\tType\n", path, " file 1 0 -2\n", NULL);
  GStatBuf status;

  put (host, "disk.img", "");
  g_assert_cmpint (truncate (path, 1 << 20), ==, 0);
  g_assert_cmpint (g_stat (path, &status), ==, 0);
  assert_use (host, &status, path, FALSE, NULL);
  put (host, "proc/swaps", line);
  assert_use (host, &status, path, FALSE, "swaps to");
  put (host, "proc/swaps", "Filename\tType\n");
  add_device (host, "7:3", "loop3");
  put (host, "sys/block/loop3/loop/backing_file", path);
  assert_use (host, &status, path, FALSE, "as “/dev/loop3”");
  assert_use (host, &status, path, TRUE, NULL); /* attached, but not mounted */
  put (host, "proc/self/mountinfo", "30 1 7:3 / /mnt ro - iso9660 /dev/loop3 ro\n");
  assert_use (host, &status, path, TRUE, NULL);
  put (host, "proc/self/mountinfo", "30 1 7:3 / /mnt rw - ext4 /dev/loop3 rw\n");
  assert_use (host, &status, path, TRUE, "“/dev/loop3” is mounted at “/mnt”");
}

/* A loop device over the disk of a machine that runs. */
static void
test_backing_file (Host *host, gconstpointer data)
{
  g_autofree char *path = g_build_filename (host->root, "disk.img", NULL);
  const struct stat status = { .st_mode = S_IFBLK, .st_rdev = makedev (7, 3) };
  g_autoptr (GError) error = NULL;
  Image *image;

  put (host, "disk.img", "");
  g_assert_cmpint (truncate (path, 1 << 20), ==, 0);
  add_device (host, "7:3", "loop3");
  put (host, "sys/dev/block/7:3/loop/backing_file", path);
  assert_use (host, &status, "/dev/loop3", FALSE, NULL);
  image = image_open (path, 0, NULL, NULL, &error);
  g_assert_no_error (error);
  assert_use (host, &status, "/dev/loop3", FALSE, "in use by another machine");
  image_free (image);
  assert_use (host, &status, "/dev/loop3", FALSE, NULL);
}

/* Where there is nothing to read (a sandbox), nothing is known. */
static void
test_blind (Host *host, gconstpointer data)
{
  const struct stat status = { .st_mode = S_IFBLK, .st_rdev = makedev (8, 0) };

  g_assert_true (
    image_host_use_check (&status, "/dev/chosen", FALSE, "/nowhere", "/nowhere", NULL));
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*test) (Host *host, gconstpointer data);
  } tests[] = {
    { "/host-use/mounts", test_mounts }, { "/host-use/swaps-and-holders", test_swaps_and_holders },
    { "/host-use/files", test_files },   { "/host-use/backing-file", test_backing_file },
    { "/host-use/blind", test_blind },
  };

  g_test_init (&argc, &argv, NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Host, NULL, set_up, tests[i].test, tear_down);
  return g_test_run ();
}
