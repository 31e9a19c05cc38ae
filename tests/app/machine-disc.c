/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Drives in machine.conf, and discs that are changed in a machine of the library, off and running:
 * the next start finds what is in the drive now. */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

#include "app/model/drive-list.h"
#include "app/model/machine-disc.h"
#include "app/model/machine-folder.h"

static const char *vm_program;
static char *home; /* of this process: GLib asks the environment but once */

static char *
list_text (GKeyFile *conf)
{
  g_autoptr (GPtrArray) drives = drive_list_read (conf);
  g_autoptr (GString) text = g_string_new (NULL);

  for (unsigned i = 0; i < drives->len; i++)
    {
      const DriveListEntry *drive = g_ptr_array_index (drives, i);

      g_string_append_printf (text, "%s=%s%s ", drive->id, drive->file != NULL ? drive->file : "",
                              drive->cd ? "*" : "");
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

#define ASSERT_LIST(conf, text)                                                                    \
  {                                                                                                \
    g_autofree char *list = list_text (conf);                                                      \
    g_assert_cmpstr (list, ==, text);                                                              \
  }

/* The lowest free number of a kind is taken, up to four drives in all. */
static void
test_list (void)
{
  g_autoptr (GKeyFile) conf = g_key_file_new ();

  ASSERT_LIST (conf, "");
  g_assert_cmpstr (drive_list_add (conf, TRUE, "/m", NULL), ==, "cd0");
  g_assert_cmpstr (drive_list_add (conf, FALSE, "/m", "/m/disks/a.img"), ==, "disk0");
  g_assert_cmpstr (drive_list_add (conf, FALSE, "/m", "/elsewhere/b.img"), ==, "disk1");
  ASSERT_LIST (conf, "disk0=disks/a.img disk1=/elsewhere/b.img cd0=* ");
  drive_list_remove (conf, "disk0");
  g_assert_cmpstr (drive_list_add (conf, FALSE, "/m", "/c.img"), ==, "disk0");
  g_assert_true (drive_list_has_room (conf));
  g_assert_cmpstr (drive_list_add (conf, TRUE, "/m", "/machine/not-inside.iso"), ==, "cd1");
  ASSERT_LIST (conf, "disk0=/c.img disk1=/elsewhere/b.img cd0=* cd1=/machine/not-inside.iso* ");
  g_assert_false (drive_list_has_room (conf));
  g_assert_null (drive_list_add (conf, TRUE, "/m", NULL));
  drive_list_set_file (conf, "cd1", "/m", NULL);
  ASSERT_LIST (conf, "disk0=/c.img disk1=/elsewhere/b.img cd0=* cd1=* ");
}

/* A library with one machine */

typedef struct
{
  char *disc;
  Machine *machine;
  GString *problems;
} Fixture;

static void
note_problem (Fixture *f, const char *sentence)
{
  g_string_append (f->problems, sentence);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *zeros = g_malloc0 (64 * 1024);
  g_autofree char *folder = NULL;

  f->disc = g_build_filename (home, "disc.iso", NULL);
  f->problems = g_string_new (NULL);
  g_assert_true (g_file_set_contents (f->disc, zeros, 64 * 1024, NULL));
  folder = machine_folder_create (
    &(MachineFolderPlan){ .name = "Small", .memory = 16, .cpus = 1, .disk_size = 1 << 20 }, &error);
  g_assert_no_error (error);
  f->machine = machine_new (folder, &error);
  g_assert_no_error (error);
  g_signal_connect_swapped (f->machine, "problem", G_CALLBACK (note_problem), f);
  g_key_file_set_string (machine_get_conf (f->machine), "machine", "accelerator", "none");
  g_assert_true (machine_save (f->machine, &error));
}

static void
remove_tree (const char *path)
{
  const char *const arguments[] = { "/bin/rm", "-rf", path, NULL };

  g_assert_true (g_spawn_sync (NULL, (char **) arguments, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL,
                               NULL, NULL, NULL));
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  remove_tree (machine_get_folder (f->machine));
  g_object_unref (f->machine);
  g_string_free (f->problems, TRUE);
  g_free (f->disc);
}

static gboolean
tick (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

/* Serves the main context until the file of a drive is what it should become, */
static void
expect_written (Fixture *f, const char *drive, const char *file)
{
  guint timer = g_timeout_add (20, tick, NULL);
  g_autofree char *now = NULL;

  do
    {
      g_main_context_iteration (NULL, TRUE);
      g_free (now);
      now = machine_get_string (f->machine, drive, "file");
    }
  while (g_strcmp0 (now, file) != 0);
  g_source_remove (timer);
}

static void
expect_state (Fixture *f, MachineState state)
{
  guint timer = g_timeout_add (20, tick, NULL);

  while (machine_get_state (f->machine) != state)
    {
      machine_poll (f->machine);
      g_main_context_iteration (NULL, TRUE);
    }
  g_source_remove (timer);
}

static void
test_off (Fixture *f, gconstpointer data)
{
  g_autofree char *path = NULL;

  g_assert_false (machine_disc_applies_now (f->machine, "cd0"));
  machine_disc_change (f->machine, "cd0", f->disc, FALSE);
  path = machine_disc_dup_path (f->machine, "cd0");
  g_assert_cmpstr (path, ==, f->disc);
  machine_disc_change (f->machine, "cd0", NULL, FALSE);
  g_assert_null (machine_disc_dup_path (f->machine, "cd0"));
  g_assert_cmpstr (f->problems->str, ==, "");
}

/* Somebody else wrote machine.conf, and nobody has told us yet: both changes are kept. */
static void
test_changed_elsewhere (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Machine) other = machine_new (machine_get_folder (f->machine), &error);
  g_autofree char *path = NULL;

  g_assert_no_error (error);
  g_key_file_set_integer (machine_get_conf (other), "machine", "memory", 32);
  g_assert_true (machine_save (other, &error));
  machine_disc_change (f->machine, "cd0", f->disc, FALSE);
  g_assert_cmpstr (f->problems->str, ==, "");
  g_assert_true (machine_reload (other, &error));
  path = machine_disc_dup_path (other, "cd0");
  g_assert_cmpstr (path, ==, f->disc);
  g_assert_cmpint (machine_get_integer (other, "machine", "memory", 0), ==, 32);
}

static void
test_running (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process = g_subprocess_new (G_SUBPROCESS_FLAGS_NONE, &error, vm_program,
                                                      machine_get_folder (f->machine), NULL);
  g_autofree char *missing = g_build_filename (home, "missing.iso", NULL);
  g_autofree char *path = NULL;

  g_assert_no_error (error);
  expect_state (f, MACHINE_RUNNING);
  g_assert_true (machine_disc_applies_now (f->machine, "cd0"));
  g_assert_false (machine_disc_applies_now (f->machine, "cd1"));
  g_assert_false (machine_disc_is_locked (f->machine, "cd0"));
  machine_disc_change (f->machine, "cd0", f->disc, FALSE);
  expect_written (f, "cd0", f->disc);
  path = machine_disc_dup_path (f->machine, "cd0");
  g_assert_cmpstr (path, ==, f->disc);

  /* What the machine refuses is not written. */
  machine_disc_change (f->machine, "cd0", missing, FALSE);
  while (f->problems->len == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_nonnull (strstr (f->problems->str, missing));
  expect_written (f, "cd0", f->disc);
  machine_disc_change (f->machine, "cd0", NULL, FALSE);
  expect_written (f, "cd0", "");

  machine_power_off (f->machine);
  expect_state (f, MACHINE_OFF);
  g_subprocess_force_exit (process);
  g_subprocess_wait (process, NULL, NULL);
}

int
main (int argc, char **argv)
{
  int failed;

  g_test_init (&argc, &argv, NULL);
  if (argc != 2)
    return 1;
  vm_program = argv[1];
  home = g_dir_make_tmp ("guesthouse-XXXXXX", NULL);
  g_setenv ("XDG_DATA_HOME", home, TRUE);
  g_setenv ("XDG_RUNTIME_DIR", home, TRUE);
  g_test_add_func ("/machine-disc/list", test_list);
  g_test_add ("/machine-disc/off", Fixture, NULL, set_up, test_off, tear_down);
  g_test_add ("/machine-disc/changed-elsewhere", Fixture, NULL, set_up, test_changed_elsewhere,
              tear_down);
  g_test_add ("/machine-disc/running", Fixture, NULL, set_up, test_running, tear_down);
  failed = g_test_run ();
  remove_tree (home);
  g_free (home);
  return failed;
}
