/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A machine as the application sees it: machine.conf, and the process in all that can become of it.
 * Processes are real; their machines have no CPU. */
#include "app/model/machine.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "app/model/machine-folder.h"
#include "app/model/machine-process.h"
#include "vmm-core/run/socket-folder.h"

static int made;

/* A folder whose machine.conf has these lines below [machine]. */
static char *
make_folder (const char *lines)
{
  char *folder = g_strdup_printf ("%s/machine %d", g_get_user_data_dir (), ++made);
  g_autofree char *path = g_build_filename (folder, MACHINE_CONFIG_FILE, NULL);
  g_autofree char *text
    = g_strconcat ("# mine\n[machine]\nmemory=16\naccelerator=none\n", lines, NULL);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0755), ==, 0);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  return folder;
}

static void
expect_state (Machine *machine, MachineState state)
{
  while (machine_get_state (machine) != state)
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (1000);
    }
}

/* The machine's process, by its last argument; or 0. */
static GPid
find_process (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc", 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc", name, "cmdline", NULL);
      g_autofree char *words = NULL;
      gsize length;

      if (g_ascii_isdigit (*name) && g_file_get_contents (path, &words, &length, NULL)
          && length > strlen (folder) && strstr (words, "guesthouse-vm") != NULL
          && g_str_equal (words + length - strlen (folder) - 1, folder))
        return atoi (name);
    }
  return 0;
}

/* Until the process is gone and has given the folder back. */
static void
expect_no_process (const char *folder)
{
  g_autoptr (GError) error = NULL;
  int lock = -1;

  while (lock < 0)
    {
      g_main_context_iteration (NULL, FALSE);
      lock = machine_config_lock_folder (folder, 20, NULL);
    }
  close (lock);
}

static void
count (gpointer data)
{
  ++*(unsigned *) data;
}

static void
test_conf (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = make_folder ("unheard-of=yes\n[notes]\ntext=Hi\n");
  g_autoptr (Machine) machine = machine_new (folder, &error);
  g_autofree char *text = NULL;
  g_autofree char *base = g_path_get_basename (folder);
  unsigned changes = 0;

  g_assert_no_error (error);
  g_assert_cmpstr (machine_get_name (machine), ==, base); /* without one of its own */
  g_assert_true (g_uuid_string_is_valid (machine_get_uuid (machine)));
  g_assert_cmpint (machine_get_integer (machine, "machine", "memory", 1), ==, 16);
  g_assert_cmpint (machine_get_integer (machine, "machine", "cpus", 3), ==, 3);
  g_assert_null (machine_get_string (machine, "machine", "os"));
  g_autofree char *inside = machine_resolve_file (machine, "disks/a");
  g_assert_true (g_str_has_prefix (inside, folder));

  g_signal_connect_swapped (machine, "changed", G_CALLBACK (count), &changes);
  g_key_file_set_string (machine_get_conf (machine), "machine", "name", "Large");
  g_assert_true (machine_save (machine, &error));
  g_assert_cmpuint (changes, ==, 1);
  g_assert_cmpstr (machine_get_name (machine), ==, "Large");
  /* Its folder is called like it. */
  g_assert_true (g_str_has_suffix (machine_get_folder (machine), "/Large"));
  g_assert_false (g_file_test (folder, G_FILE_TEST_EXISTS));
  g_autofree char *path
    = g_build_filename (machine_get_folder (machine), MACHINE_CONFIG_FILE, NULL);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, "# mine\n"));
  g_assert_nonnull (strstr (text, "unheard-of=yes\n"));

  /* What cannot be a name is not kept. */
  g_key_file_set_string (machine_get_conf (machine), "machine", "name", " ");
  g_assert_false (machine_save (machine, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_cmpstr (machine_get_name (machine), ==, "Large");

  /* Somebody else was faster: theirs stays, and is read. */
  g_autofree char *theirs = g_strconcat (text, "[notes]\ntext=Theirs\n", NULL);
  g_assert_true (g_file_set_contents (path, theirs, -1, NULL));
  g_key_file_set_string (machine_get_conf (machine), "notes", "text", "Mine");
  g_assert_false (machine_save (machine, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WRONG_ETAG);
  g_autofree char *notes = machine_get_string (machine, "notes", "text");
  g_assert_cmpstr (notes, ==, "Theirs");
  g_key_file_set_string (machine_get_conf (machine), "notes", "text", "Mine");
  g_assert_true (machine_save (machine, NULL));
}

/* A file that cannot be used is a state of the machine, with a sentence that names it and the line;
 * what stands there is not written over. One that is not there is no machine. */
static void
test_bad_conf (void)
{
  static const char *const texts[]
    = { "[machine]\nno key\n", "[machine]\nuuid=../../etc\n", "[machine]\nmemory=lots\n" };
  g_autofree char *folder = make_folder ("");
  g_autofree char *path = g_build_filename (folder, MACHINE_CONFIG_FILE, NULL);
  g_autoptr (Machine) machine = machine_new (folder, NULL);
  g_autofree char *uuid = g_strdup (machine_get_uuid (machine));
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *text = NULL;

      g_assert_true (g_file_set_contents (path, texts[i], -1, NULL));
      g_autoptr (Machine) broken = machine_new (folder, NULL);
      g_assert_cmpint (machine_get_state (broken), ==, MACHINE_BROKEN);
      g_assert_nonnull (strstr (machine_get_failure (broken), path));
      g_assert_false (machine_is_on (broken));
      machine_poll (machine);
      g_assert_cmpint (machine_get_state (machine), ==, MACHINE_BROKEN);
      g_assert_cmpstr (machine_get_uuid (machine), ==, uuid);
      if (i > 0)
        continue;
      g_assert_nonnull (strstr (machine_get_failure (machine), "line 2"));
      g_key_file_set_string (machine_get_conf (machine), "notes", "text", "Hi");
      g_assert_false (machine_save (machine, NULL));
      g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
      g_assert_cmpstr (text, ==, texts[i]);
    }
  g_assert_true (g_file_set_contents (path, "[machine]\nname=Mended\n", -1, NULL));
  machine_poll (machine);
  g_assert_cmpint (machine_get_state (machine), ==, MACHINE_OFF);
  g_assert_null (machine_get_failure (machine));
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_null (machine_new (folder, &error));
  g_assert_nonnull (strstr (error->message, path));
}

static void
test_life (void)
{
  g_autofree char *folder = make_folder ("[cd0]\nfile=\n");
  g_autoptr (Machine) machine = machine_new (folder, NULL);
  g_autofree char *socket = socket_folder_dup_control (machine_get_uuid (machine));
  g_autofree char *sockets = g_path_get_dirname (socket);

  g_assert_false (machine_is_on (machine));
  g_assert_null (machine_get_accelerator (machine));
  machine_power_on (machine);
  g_assert_cmpint (machine_get_state (machine), ==, MACHINE_STARTING);
  expect_state (machine, MACHINE_RUNNING);
  g_assert_cmpstr (machine_get_accelerator (machine), ==, "none");
  g_assert_nonnull (machine_get_connection (machine));
  g_autoptr (GVariant) drives = machine_get_drives (machine);
  g_assert_cmpuint (g_variant_n_children (drives), ==, 1);

  machine_call (machine, "Pause", NULL);
  expect_state (machine, MACHINE_PAUSED);
  machine_call (machine, "Resume", NULL);
  expect_state (machine, MACHINE_RUNNING);
  g_assert_true (g_file_test (sockets, G_FILE_TEST_IS_DIR));

  /* An off machine has no process; switched on at once, it gets another. */
  machine_power_off (machine);
  expect_state (machine, MACHINE_OFF);
  machine_power_on (machine);
  expect_state (machine, MACHINE_RUNNING);
  machine_power_off (machine);
  expect_state (machine, MACHINE_OFF);
  while (machine_get_connection (machine) != NULL)
    g_main_context_iteration (NULL, TRUE);
  expect_no_process (folder);
  g_assert_null (machine_get_accelerator (machine));
  g_assert_null (machine_get_failure (machine));
  g_assert_false (g_file_test (sockets, G_FILE_TEST_EXISTS));
}

/* What the machine refuses is told; commands without a process are nothing. */
static void
test_problem (void)
{
  g_autofree char *folder = make_folder ("");
  g_autoptr (Machine) machine = machine_new (folder, NULL);
  unsigned problems = 0;

  machine_call (machine, "EjectMedium", g_variant_new ("(sb)", "cd0", FALSE));
  machine_power_off (machine);
  g_signal_connect_swapped (machine, "problem", G_CALLBACK (count), &problems);
  machine_power_on (machine);
  expect_state (machine, MACHINE_RUNNING);
  machine_call (machine, "InsertMedium", g_variant_new ("(ss)", "cd9", "/nowhere"));
  while (problems == 0)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (machine_get_state (machine), ==, MACHINE_RUNNING);
  machine_power_off (machine);
  expect_state (machine, MACHINE_OFF);
  expect_no_process (folder);
}

static void
test_cannot_start (void)
{
  g_autofree char *folder = make_folder ("[disk0]\nfile=gone.img\n");
  g_autoptr (Machine) machine = machine_new (folder, NULL);
  unsigned problems = 0;

  g_signal_connect_swapped (machine, "problem", G_CALLBACK (count), &problems);
  machine_power_on (machine);
  expect_state (machine, MACHINE_NOT_STARTED);
  g_assert_false (machine_is_on (machine));
  g_assert_nonnull (strstr (machine_get_failure (machine), "gone.img"));
  g_assert_cmpstr (machine_get_failed_drive (machine), ==, "disk0");
  g_assert_false (g_str_has_prefix (machine_get_failure (machine), "guesthouse-vm"));
  g_autofree char *log = machine_dup_log (machine);
  g_assert_nonnull (strstr (log, machine_get_failure (machine)));

  /* Mended, it starts: the failure is history, and so is the log. */
  g_key_file_remove_group (machine_get_conf (machine), "disk0", NULL);
  g_assert_true (machine_save (machine, NULL));
  machine_power_on (machine);
  expect_state (machine, MACHINE_RUNNING);
  g_assert_null (machine_get_failure (machine));
  g_autofree char *new_log = machine_dup_log (machine);
  g_assert_null (strstr (new_log, "gone.img"));
  g_assert_cmpuint (problems, ==, 0); /* it was told once, by the state */
  machine_power_off (machine);
  expect_state (machine, MACHINE_OFF);
  expect_no_process (folder);
}

/* A machine with a disk does not need the disc that is gone, and says so; one without needs it, or
 * is started without. */
static void
test_disc_gone (void)
{
  g_autofree char *folder = make_folder ("[cd0]\nfile=gone.iso\n");
  g_autofree char *disk = g_build_filename (folder, "disk.img", NULL);
  g_autofree char *file = NULL;
  g_autoptr (Machine) machine = machine_new (folder, NULL);

  machine_power_on (machine);
  expect_state (machine, MACHINE_NOT_STARTED);
  g_assert_cmpstr (machine_get_failed_drive (machine), ==, "cd0");
  machine_power_on_without_disc (machine);
  expect_state (machine, MACHINE_RUNNING);
  machine_power_off (machine);
  expect_state (machine, MACHINE_OFF);
  expect_no_process (folder);

  g_assert_true (g_file_set_contents (disk, "", 0, NULL));
  g_assert_cmpint (truncate (disk, 1 << 20), ==, 0);
  g_key_file_set_string (machine_get_conf (machine), "disk0", "file", "disk.img");
  g_assert_true (machine_save (machine, NULL));
  machine_power_on (machine);
  expect_state (machine, MACHINE_RUNNING);
  g_autofree char *trouble = machine_dup_trouble (machine);
  g_assert_nonnull (strstr (trouble, "gone.iso"));
  file = machine_get_string (machine, "cd0", "file");
  g_assert_cmpstr (file, ==, "gone.iso");
  machine_power_off (machine);
  expect_state (machine, MACHINE_OFF);
  expect_no_process (folder);
}

static void
note_result (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (machine_force_off_finish ((Machine *) source, result, &error));
  g_assert_no_error (error);
  *(gboolean *) data = TRUE;
}

static void
force_off (Machine *machine)
{
  gboolean done = FALSE;

  machine_force_off_async (machine, note_result, &done);
  while (!done)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (machine_get_state (machine), ==, MACHINE_OFF);
}

/* A process that does not answer is told from one that does, comes back, and can be ended: by who
 * started it, and by who only sees its socket. */
static void
test_not_responding (void)
{
  g_autofree char *folder = make_folder ("");
  g_autoptr (Machine) machine = machine_new (folder, NULL);

  machine_power_on (machine);
  expect_state (machine, MACHINE_RUNNING);
  kill (find_process (folder), SIGSTOP);
  while (machine_get_state (machine) != MACHINE_NOT_RESPONDING)
    {
      machine_poll (machine);
      g_main_context_iteration (NULL, TRUE);
    }
  g_assert_true (machine_is_on (machine));
  kill (find_process (folder), SIGCONT);
  while (machine_get_state (machine) != MACHINE_RUNNING)
    {
      machine_poll (machine);
      g_main_context_iteration (NULL, TRUE);
    }
  kill (find_process (folder), SIGSTOP);
  force_off (machine);
  expect_no_process (folder);

  machine_power_on (machine);
  expect_state (machine, MACHINE_RUNNING);
  kill (find_process (folder), SIGSTOP);
  g_autoptr (Machine) other = machine_new (folder, NULL);
  machine_poll (other);
  while (machine_get_state (other) != MACHINE_NOT_RESPONDING)
    g_main_context_iteration (NULL, TRUE);
  force_off (other);
  expect_no_process (folder);
  expect_state (machine, MACHINE_CRASHED); /* for who did not do it */
}

static void
test_crash (void)
{
  g_autofree char *folder = make_folder ("");
  g_autoptr (Machine) machine = machine_new (folder, NULL);

  machine_power_on (machine);
  expect_state (machine, MACHINE_RUNNING);
  g_assert_cmpint (kill (find_process (folder), SIGSEGV), ==, 0);
  expect_state (machine, MACHINE_CRASHED);
  g_assert_false (machine_is_on (machine));
  g_assert_nonnull (strstr (machine_get_failure (machine), g_strsignal (SIGSEGV)));
  g_assert_null (machine_get_connection (machine));

  /* What it left behind is in nobody's way. */
  machine_power_on (machine);
  expect_state (machine, MACHINE_RUNNING);
  machine_power_off (machine);
  expect_state (machine, MACHINE_OFF);
  expect_no_process (folder);
}

/* A process outlives the one who started it, and another finds it. */
static void
test_found_again (void)
{
  g_autofree char *folder = make_folder ("");
  g_autoptr (GError) error = NULL;
  Machine *first = machine_new (folder, NULL);

  machine_power_on (first);
  expect_state (first, MACHINE_RUNNING);
  g_object_unref (first);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpint (find_process (folder), !=, 0);

  g_autoptr (Machine) second = machine_new (folder, NULL);
  machine_poll (second);
  expect_state (second, MACHINE_RUNNING);
  g_assert_false (machine_trash (second, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);

  /* The end of somebody else's process is seen, too. */
  g_assert_cmpint (kill (find_process (folder), SIGKILL), ==, 0);
  expect_state (second, MACHINE_CRASHED);
  g_assert_nonnull (machine_get_failure (second));
  machine_poll (second); /* at the socket that was left behind */
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpint (machine_get_state (second), ==, MACHINE_CRASHED);
  expect_no_process (folder);
}

/* Nobody can throw away the disks of a machine that another program runs. */
static void
test_trash (void)
{
  g_autofree char *folder = make_folder ("");
  g_autoptr (Machine) machine = machine_new (folder, NULL);
  g_autoptr (GError) error = NULL;
  int lock = machine_config_lock_folder (folder, 0, NULL);

  g_assert_false (machine_trash (machine, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_true (g_file_test (folder, G_FILE_TEST_IS_DIR));
  close (lock);
}

static void
test_log (void)
{
  g_autofree char *folder = make_folder ("");
  g_autofree char *path = machine_process_dup_log_path (folder);
  g_autofree char *logs = g_path_get_dirname (path);
  g_autofree char *none = machine_process_dup_log (folder);
  g_autoptr (GString) text = g_string_new (NULL);

  g_assert_cmpstr (none, ==, "");
  g_assert_null (machine_process_dup_last_words (folder));
  g_assert_cmpint (g_mkdir (logs, 0755), ==, 0);
  for (unsigned i = 0; i < 5000; i++)
    g_string_append (text, "noise\xff\n");
  g_string_append (text, "guesthouse-vm: That was all.\n\n");
  g_assert_true (g_file_set_contents (path, text->str, (gssize) text->len, NULL));
  g_autofree char *words = machine_process_dup_last_words (folder);
  g_assert_cmpstr (words, ==, "That was all.");
  g_autofree char *log = machine_process_dup_log (folder);
  g_assert_true (g_utf8_validate (log, -1, NULL));
  g_assert_cmpuint (strlen (log), <, 40000);
}

int
main (int argc, char **argv)
{
  g_autofree char *home = g_dir_make_tmp ("guesthouse-XXXXXX", NULL);
  g_autofree char *remove = g_strdup_printf ("rm -rf '%s'", home);
  int status;

  /* Not GLib's: its paths are too long for sockets. */
  g_setenv ("XDG_DATA_HOME", home, TRUE);
  g_setenv ("XDG_RUNTIME_DIR", home, TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/machine/conf", test_conf);
  g_test_add_func ("/machine/bad-conf", test_bad_conf);
  g_test_add_func ("/machine/life", test_life);
  g_test_add_func ("/machine/problem", test_problem);
  g_test_add_func ("/machine/cannot-start", test_cannot_start);
  g_test_add_func ("/machine/disc-gone", test_disc_gone);
  g_test_add_func ("/machine/not-responding", test_not_responding);
  g_test_add_func ("/machine/crash", test_crash);
  g_test_add_func ("/machine/found-again", test_found_again);
  g_test_add_func ("/machine/trash", test_trash);
  g_test_add_func ("/machine/log", test_log);
  status = g_test_run ();
  g_assert_true (g_spawn_command_line_sync (remove, NULL, NULL, NULL, NULL));
  return status;
}
