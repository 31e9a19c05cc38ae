/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Machines on disk: what is made, found, refused and removed. Every test has a data folder of its
 * own. */
#include "app/model/machine-folder.h"
#include "app/model/machine-root.h"
#include "app/model/machine-name.h"
#include "app/model/machine-peer.h"
#include "vmm-core/run/machine-trust.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static const MachineFolderPlan small = { .name = "Small", .memory = 64, .cpus = 2 };

static const char *
get_file (const MachineConfig *config, const char *drive)
{
  return device_spec_get (machine_devices_find (config->devices, drive), "file");
}

static void
test_create (void)
{
  g_autoptr (GError) error = NULL;
  MachineFolderPlan plan = small;
  GStatBuf status;

  plan.disc = "/discs/live.iso";
  plan.disk_size = (guint64) 3 << 30;
  plan.os = "http://debian.org/debian/12";
  g_autofree char *folder = machine_folder_create (&plan, &error);
  g_assert_no_error (error);
  g_autoptr (MachineConfig) config = machine_config_load (folder, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (config->name, ==, "Small");
  g_assert_cmpuint (config->memory, ==, 64);
  g_assert_cmpuint (config->cpus, ==, 2);
  g_assert_cmpstr (get_file (config, "cd0"), ==, "/discs/live.iso");

  /* A disk is as large as was wanted and takes no room yet. */
  g_assert_cmpint (g_stat (get_file (config, "disk0"), &status), ==, 0);
  g_assert_cmpuint (status.st_size, ==, plan.disk_size);
  g_assert_cmpuint (status.st_blocks, <, 64);
  g_assert_true (g_str_has_prefix (get_file (config, "disk0"), folder));
}

/* An image that exists already is used where it is; without discs and disks the CD drive is
 * empty. */
static void
test_drives (void)
{
  MachineFolderPlan plan = small;

  plan.disk = "/disks/mine.img";
  plan.disk_size = 1 << 30;
  g_autofree char *with_disk = machine_folder_create (&plan, NULL);
  g_autoptr (MachineConfig) config = machine_config_load (with_disk, NULL);
  g_assert_cmpstr (get_file (config, "disk0"), ==, "/disks/mine.img");
  g_assert_null (get_file (config, "cd0"));

  /* What machine.conf cannot name makes no machine. */
  g_autoptr (GError) error = NULL;
  plan = small;
  plan.name = "Odd";
  plan.disc = "/discs/odd\xff.iso";
  g_assert_null (machine_folder_create (&plan, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME);
  g_assert_null (machine_folder_find ("Odd", NULL));

  plan = small;
  plan.name = "Empty";
  g_autofree char *empty = machine_folder_create (&plan, NULL);
  g_autoptr (MachineConfig) nothing = machine_config_load (empty, NULL);
  g_assert_null (machine_devices_find (nothing->devices, "disk0"));
  g_assert_nonnull (machine_devices_find (nothing->devices, "cd0"));
}

static void
test_more_disks (void)
{
  g_autoptr (GError) error = NULL;
  MachineFolderPlan plan = small;

  plan.disk_size = 1 << 20;
  g_autofree char *folder = machine_folder_create (&plan, NULL);
  g_autofree char *second = machine_folder_add_disk (folder, 1 << 20, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (second, ==, "disks/disk1.img");
  /* Larger than any file can be. */
  g_assert_null (machine_folder_add_disk (folder, (guint64) G_MAXINT64 + 1, &error));
  g_assert_nonnull (strstr (error->message, "disks/disk2.img"));
  g_autofree char *third = g_build_filename (folder, "disks", "disk2.img", NULL);
  g_assert_false (g_file_test (third, G_FILE_TEST_EXISTS));
}

static void
test_names (void)
{
  static const char *const refused[]
    = { "",     ".",  "..",   ".hidden",   "a/b",          "../evil",
        "\xff", "  ", "a\nb", "a\x1b[2Jb", "a\u202egpj.b", "\u200b\u200d" };
  /* The same to who reads it: in case, in how Unicode spells it, in what cannot be seen. */
  static const char *const alike[]
    = { "möhre “1” = [x]", "Mo\u0308hre “1” = [x]", "Mö\u200bhre  “1” = [x] ", " MÖHRE “1” = [X]" };
  g_autofree char *long_name = g_strnfill (256, 'n');
  g_autoptr (GError) error = NULL;
  MachineFolderPlan plan = small;

  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      plan.name = refused[i];
      g_assert_null (machine_folder_create (&plan, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
      g_clear_error (&error);
    }
  plan.name = long_name;
  g_assert_null (machine_folder_create (&plan, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  plan.name = "Möhre “1” = [x]";
  g_autofree char *odd = machine_folder_create (&plan, &error);
  g_assert_no_error (error);
  g_autoptr (MachineConfig) config = machine_config_load (odd, NULL);
  g_assert_cmpstr (config->name, ==, plan.name);

  g_assert_null (machine_folder_create (&plan, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS);
  for (gsize i = 0; i < G_N_ELEMENTS (alike); i++)
    {
      MachineFolderPlan other = small;

      other.name = alike[i];
      g_clear_error (&error);
      g_assert_null (machine_folder_create (&other, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS);
    }
  g_autofree char *next = machine_name_dup_free (plan.name);
  g_assert_cmpstr (next, ==, "Möhre “1” = [x] 2");
  g_autofree char *same = machine_name_dup_free ("Other");
  g_assert_cmpstr (same, ==, "Other");
}

static void
test_find (void)
{
  g_autoptr (GError) error = NULL;
  MachineFolderPlan plan = small;
  g_autofree char *root = machine_root_dup ();
  g_autofree char *other = g_build_filename (root, "no machine", NULL);

  g_autofree char *second = machine_folder_create (&plan, NULL);
  plan.name = "Another";
  g_autofree char *first = machine_folder_create (&plan, NULL);
  g_mkdir (other, 0755);
  g_autoptr (GPtrArray) folders = machine_folder_list ();
  g_assert_cmpuint (folders->len, ==, 2);
  g_assert_cmpstr (folders->pdata[0], ==, first);
  g_assert_cmpstr (folders->pdata[1], ==, second);

  g_autoptr (MachineConfig) config = machine_config_load (second, NULL);
  const char *const names[] = { "Small", config->uuid, second };
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *found = machine_folder_find (names[i], NULL);
      g_assert_cmpstr (found, ==, second);
    }
  g_assert_null (machine_folder_find ("Nobody", &error));
  g_assert_nonnull (strstr (error->message, "Nobody"));
}

/* A file's words with what may stand in the folder, and out of it. */
static void
set_paths (const char *folder)
{
  g_autoptr (GKeyFile) conf = machine_config_load_key_file (folder, NULL);
  g_autofree char *inside = g_build_filename (folder, "disks", "a.img", NULL);
  g_autofree char *output = g_strdup_printf ("file:%s/logs/serial", folder);

  g_key_file_set_string (conf, "disk0", "file", inside);
  g_key_file_set_string (conf, "serial0", "output", output);
  g_key_file_set_string (conf, "cd0", "file", "/discs/live.iso");
  g_assert_true (machine_trust_save (conf, folder, NULL));
}

/* The folder is called like the machine; nothing that refers to it is lost, and its old name means
 * nothing. */
static void
test_rename (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = machine_folder_create (&small, NULL);
  g_autofree char *uuid = machine_folder_dup_uuid (folder);
  MachineFolderPlan plan = small;

  set_paths (folder);
  g_autofree char *moved = machine_name_change (folder, " Large ", &error);
  g_assert_no_error (error);
  g_assert_true (g_str_has_suffix (moved, "/Large"));
  g_assert_false (g_file_test (folder, G_FILE_TEST_EXISTS));
  g_autoptr (MachineConfig) config = machine_config_load (moved, &error);
  g_assert_cmpstr (config->name, ==, "Large");
  g_assert_cmpstr (config->uuid, ==, uuid);
  g_assert_true (g_str_has_prefix (get_file (config, "disk0"), moved));
  g_assert_nonnull (
    strstr (device_spec_get (machine_devices_find (config->devices, "serial0"), "output"),
            "/Large/logs/serial"));
  machine_trust_resolve (config);
  g_assert_true (machine_trust_check (config, &error)); /* the disc was agreed to */
  g_assert_no_error (error);
  g_assert_null (machine_folder_find ("Small", NULL));

  /* The old name is free again; while it runs, a machine keeps its folder. */
  g_autofree char *other = machine_folder_create (&plan, &error);
  g_assert_cmpstr (other, ==, folder);
  int lock = machine_config_lock_folder (moved, 0, NULL);
  g_autofree char *kept = machine_name_change (moved, "Medium", &error);
  close (lock);
  g_assert_cmpstr (kept, ==, moved);
  plan.name = "Large";
  g_autofree char *beside = machine_folder_create (&plan, &error);
  g_assert_no_error (error);
  g_assert_true (g_str_has_suffix (beside, "/Large 2"));
  g_autofree char *found = machine_folder_find ("Medium", NULL);
  g_assert_cmpstr (found, ==, moved);

  /* Another's name, in any case; its own, in another. */
  g_assert_null (machine_name_change (beside, "MEDIUM", &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS);
  g_autofree char *upper = machine_name_change (beside, "LARGE", NULL);
  g_assert_true (g_str_has_suffix (upper, "/LARGE"));
}

/* Made by hand: two of one name, and one without. */
static void
test_ambiguous (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *first = machine_folder_create (&small, NULL);
  g_autofree char *root = machine_root_dup ();
  g_autofree char *second = g_build_filename (root, "By hand", NULL);
  g_autofree char *conf = g_build_filename (second, MACHINE_CONFIG_FILE, NULL);

  g_mkdir (second, 0700);
  g_assert_true (g_file_set_contents (conf, "[machine]\nname=Small\n", -1, NULL));
  g_autoptr (MachineConfig) config = machine_config_load (second, NULL);
  g_assert_null (machine_folder_find ("Small", &error));
  g_assert_nonnull (strstr (error->message, config->uuid));
  g_autofree char *found = machine_folder_find (config->uuid, NULL);
  g_assert_cmpstr (found, ==, second);
  g_assert_true (g_file_set_contents (conf, "[machine]\n", -1, NULL));
  g_autofree char *nameless = machine_folder_find ("By hand", NULL);
  g_assert_cmpstr (nameless, ==, second);
}

/* A copied folder is another machine; one that runs keeps its uuid. */
static void
test_copy (void)
{
  g_autofree char *original = machine_folder_create (&small, NULL);
  g_autofree char *root = machine_root_dup ();
  g_autofree char *copy = g_build_filename (root, "A copy", NULL);
  g_autofree char *from = g_build_filename (original, MACHINE_CONFIG_FILE, NULL);
  g_autofree char *to = g_build_filename (copy, MACHINE_CONFIG_FILE, NULL);
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (from, &text, NULL, NULL));
  g_mkdir (copy, 0755);
  g_assert_true (g_file_set_contents (to, text, -1, NULL));
  int lock = machine_config_lock_folder (original, 0, NULL);
  g_autoptr (GPtrArray) folders = machine_folder_list ();
  close (lock);
  g_assert_cmpuint (folders->len, ==, 2);
  g_autoptr (MachineConfig) kept = machine_config_load (original, NULL);
  g_autoptr (MachineConfig) changed = machine_config_load (copy, NULL);
  g_assert_nonnull (strstr (text, kept->uuid));
  g_assert_cmpstr (changed->uuid, !=, kept->uuid);
  g_assert_cmpstr (changed->name, ==, kept->name);
}

/* What a link points at is not part of the machine. */
static void
test_delete (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = machine_folder_create (&small, NULL);
  g_autofree char *mine = g_build_filename (g_get_user_data_dir (), "mine", NULL);
  g_autofree char *file = g_build_filename (mine, "letter", NULL);
  g_autofree char *link = g_build_filename (folder, "disks", "link", NULL);

  g_mkdir (mine, 0755);
  g_assert_true (g_file_set_contents (file, "x", 1, NULL));
  g_assert_cmpint (symlink (mine, link), ==, 0);

  /* Somebody uses it. */
  int lock = machine_config_lock_folder (folder, 0, NULL);
  g_assert_false (machine_folder_trash (folder, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_clear_error (&error);
  g_assert_false (machine_folder_delete (folder, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_clear_error (&error);
  g_assert_true (g_file_test (link, G_FILE_TEST_IS_SYMLINK));
  close (lock);

  g_assert_true (machine_folder_delete (folder, &error));
  g_assert_no_error (error);
  g_assert_false (g_file_test (folder, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (file, G_FILE_TEST_EXISTS));
}

static void
test_picture (void)
{
  g_autofree char *folder = machine_folder_create (&small, NULL);
  g_autoptr (GBytes) picture = g_bytes_new_static ("png", 3);

  g_assert_null (machine_folder_load_picture (folder));
  machine_folder_save_picture (folder, picture);
  g_autoptr (GBytes) again = machine_folder_load_picture (folder);
  g_assert_true (g_bytes_equal (picture, again));
}

/* Guests' disks and what they show are nobody's business, whatever the umask. */
static void
test_private (void)
{
  static const mode_t umasks[] = { 0, 022 };
  static const char *const made[]
    = { "", "disks", "disks/disk0.img", "logs", "machine.conf", "picture.png" };
  g_autofree char *root = machine_root_dup ();
  g_autoptr (GBytes) picture = g_bytes_new_static ("png", 3);
  mode_t before = umask (0);
  GStatBuf status;

  for (unsigned i = 0; i < G_N_ELEMENTS (umasks); i++)
    {
      MachineFolderPlan plan = small;

      umask (umasks[i]);
      plan.disk_size = 1 << 20;
      g_autofree char *folder = machine_folder_create (&plan, NULL);
      machine_folder_save_picture (folder, picture);
      for (unsigned n = 0; n < G_N_ELEMENTS (made); n++)
        {
          g_autofree char *path = g_build_filename (folder, made[n], NULL);

          g_assert_cmpint (g_stat (path, &status), ==, 0);
          g_assert_cmpint (status.st_mode & 0777, ==, S_ISDIR (status.st_mode) ? 0700 : 0600);
        }
      g_assert_true (machine_folder_delete (folder, NULL));
    }
  umask (before);
  g_assert_cmpint (g_stat (root, &status), ==, 0);
  g_assert_cmpint (status.st_mode & 0777, ==, 0700);
}

/* What somebody who was ended has left half made, or half removed, is no machine, and goes when the
 * next is made; what somebody works on stays. */
static void
test_drafts (void)
{
  g_autofree char *root = machine_root_dup ();
  g_autofree char *left = g_build_filename (root, ".guesthouse-aaaaaa", NULL);
  g_autofree char *left_conf = g_build_filename (left, MACHINE_CONFIG_FILE, NULL);
  g_autofree char *held = g_build_filename (root, ".guesthouse-bbbbbb", NULL);
  int lock;

  g_assert_cmpint (g_mkdir_with_parents (left, 0700), ==, 0);
  g_assert_cmpint (g_mkdir_with_parents (held, 0700), ==, 0);
  g_assert_true (g_file_set_contents (left_conf, "[machine]\nname=Half\n", -1, NULL));
  lock = machine_config_lock_folder (held, 0, NULL);
  g_autoptr (GPtrArray) before = machine_folder_list ();
  g_assert_cmpuint (before->len, ==, 0);
  g_autofree char *folder = machine_folder_create (&small, NULL);
  g_assert_true (g_str_has_suffix (folder, "/Small"));
  g_assert_false (g_file_test (left, G_FILE_TEST_EXISTS));
  g_assert_true (g_file_test (held, G_FILE_TEST_IS_DIR));
  close (lock);
  g_assert_true (machine_folder_delete (folder, NULL));
}

/* Whoever holds the lock is found, and nobody else who has the folder open. */
static void
test_locker (void)
{
  g_autofree char *folder = machine_folder_create (&small, NULL);
  int open_only = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int lock, peer;

  g_assert_cmpint (machine_peer_open_locker (folder), ==, -1);
  lock = machine_config_lock_folder (folder, 0, NULL);
  peer = machine_peer_open_locker (folder);
  g_assert_cmpint (peer, >=, 0);
  g_assert_false (machine_peer_wait (peer, 0));
  close (peer);
  close (lock);
  g_assert_cmpint (machine_peer_open_locker (folder), ==, -1);
  close (open_only);
  g_assert_true (machine_folder_delete (folder, NULL));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);
  g_test_add_func ("/machine-folder/create", test_create);
  g_test_add_func ("/machine-folder/drives", test_drives);
  g_test_add_func ("/machine-folder/more-disks", test_more_disks);
  g_test_add_func ("/machine-folder/names", test_names);
  g_test_add_func ("/machine-folder/find", test_find);
  g_test_add_func ("/machine-folder/rename", test_rename);
  g_test_add_func ("/machine-folder/ambiguous", test_ambiguous);
  g_test_add_func ("/machine-folder/copy", test_copy);
  g_test_add_func ("/machine-folder/delete", test_delete);
  g_test_add_func ("/machine-folder/drafts", test_drafts);
  g_test_add_func ("/machine-folder/locker", test_locker);
  g_test_add_func ("/machine-folder/picture", test_picture);
  g_test_add_func ("/machine-folder/private", test_private);
  return g_test_run ();
}
