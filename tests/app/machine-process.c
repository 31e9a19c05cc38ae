/* SPDX-License-Identifier: GPL-3.0-or-later */
/* guesthouse-vm and guesthousectl as a person meets them: programs with options, a library in a
 * folder of its own, exit states and sentences. Machines run without a CPU. */
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "machine-interface.h"
#include "vmm-core/control-names.h"

typedef struct
{
  char *home;
} Fixture;

static const char *vm_program, *ctl_program;

/* Runs a program to its end: its exit state; what it printed is appended to said. */
static int
run (GString *said, const char *program, ...)
{
  g_autoptr (GPtrArray) arguments = g_ptr_array_new ();
  g_autofree char *out = NULL;
  g_autofree char *err = NULL;
  g_autoptr (GError) error = NULL;
  va_list rest;
  int status;

  g_ptr_array_add (arguments, (char *) program);
  va_start (rest, program);
  for (char *word = va_arg (rest, char *); word != NULL; word = va_arg (rest, char *))
    g_ptr_array_add (arguments, word);
  va_end (rest);
  g_ptr_array_add (arguments, NULL);
  g_spawn_sync (NULL, (char **) arguments->pdata, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, &err,
                &status, &error);
  g_assert_no_error (error);
  g_string_assign (said, out);
  g_string_append (said, err);
  g_assert_true (WIFEXITED (status));
  g_test_message ("%s", said->str);
  return WEXITSTATUS (status);
}

#define VM(said, ...) run (said, vm_program, __VA_ARGS__, NULL)
#define CTL(said, ...) run (said, ctl_program, __VA_ARGS__, NULL)

static char *
make_file (Fixture *f, const char *name, gsize size)
{
  char *path = g_build_filename (f->home, name, NULL);
  g_autofree char *zeros = g_malloc0 (size + 1);

  g_assert_true (g_file_set_contents (path, zeros, size, NULL));
  return path;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autofree char *sockets = NULL;

  f->home = g_dir_make_tmp ("guesthouse-XXXXXX", NULL);
  g_setenv ("XDG_DATA_HOME", f->home, TRUE);
  sockets = g_build_filename (f->home, "sockets", NULL);
  g_mkdir (sockets, 0700);
  g_setenv ("XDG_RUNTIME_DIR", sockets, TRUE);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) said = g_string_new (NULL);

  run (said, "/bin/rm", "-rf", f->home, NULL);
  g_free (f->home);
}

static void
test_options (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) said = g_string_new (NULL);
  g_autofree char *torn = make_file (f, "torn.img", 700);
  g_autofree char *notes = make_file (f, "notes.txt", 100);

  g_assert_cmpint (VM (said, "--version"), ==, 0);
  g_assert_cmpint (VM (said, "--help"), ==, 0);
  g_assert_nonnull (strstr (said->str, "--cdrom"));
  g_assert_cmpint (VM (said, "--memory", "lots"), ==, 1);
  g_assert_nonnull (strstr (said->str, "lots"));
  g_assert_cmpint (VM (said, "--cpus", "99"), ==, 1);
  g_assert_cmpint (VM (said, "--accel", "magic"), ==, 1);
  g_assert_cmpint (VM (said, "--boot", "q"), ==, 1);
  g_assert_cmpint (VM (said, "--window", "--headless"), ==, 1);
  g_assert_cmpint (VM (said, "--time-limit", "-1"), ==, 1);
  g_assert_cmpint (VM (said, "--serial", "moon"), ==, 1);
  g_assert_cmpint (VM (said, "--cdrom", "/nowhere/x.iso"), ==, 1);
  g_assert_nonnull (strstr (said->str, "/nowhere/x.iso"));
  g_assert_cmpint (VM (said, "--disk", torn), ==, 1);
  g_assert_nonnull (strstr (said->str, torn));
  g_assert_cmpint (VM (said, f->home), ==, 1);
  g_assert_nonnull (strstr (said->str, "machine.conf"));
  /* A file in the place of the socket stays. */
  g_assert_cmpint (VM (said, "--accel", "none", "--control", notes), ==, 1);
  g_assert_true (g_file_test (notes, G_FILE_TEST_IS_REGULAR));
}

static void
test_time_limit (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) said = g_string_new (NULL);

  g_assert_cmpint (VM (said, "--accel", "none", "--memory", "16", "--time-limit", "1"), ==, 2);
  g_assert_nonnull (strstr (said->str, "time limit"));
}

/* Waits for the machine's socket. */
static GhMachine1 *
connect_to (const char *socket)
{
  g_autofree char *address = g_strdup_printf ("unix:path=%s", socket);

  for (;;)
    {
      g_autoptr (GDBusConnection) connection = g_dbus_connection_new_for_address_sync (
        address, G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT, NULL, NULL, NULL);

      if (connection != NULL)
        return gh_machine1_proxy_new_sync (connection, G_DBUS_PROXY_FLAGS_NONE, NULL,
                                           CONTROL_MACHINE_PATH, NULL, NULL);
      g_usleep (20000);
    }
}

static void
expect_state (GhMachine1 *machine, const char *state)
{
  while (g_strcmp0 (gh_machine1_get_state (machine), state) != 0)
    {
      while (g_main_context_iteration (NULL, FALSE))
        ;
      g_usleep (10000);
    }
}

static void
expect_refusal (gboolean done, GError **error)
{
  g_assert_false (done);
  g_assert_nonnull (strstr ((*error)->message, "org.guesthouse.Error."));
  g_clear_error (error);
}

static void
check_life (GhMachine1 *machine)
{
  g_autoptr (GError) error = NULL;

  expect_refusal (gh_machine1_call_power_off_sync (machine, NULL, &error), &error);
  expect_refusal (gh_machine1_call_reset_sync (machine, NULL, &error), &error);
  expect_refusal (gh_machine1_call_power_button_sync (machine, NULL, &error), &error);
  expect_refusal (gh_machine1_call_send_keys_sync (machine, "a", NULL, &error), &error);
  g_assert_true (gh_machine1_call_power_on_sync (machine, NULL, &error));
  expect_state (machine, "running");
  expect_refusal (gh_machine1_call_power_on_sync (machine, NULL, &error), &error);
  expect_refusal (gh_machine1_call_resume_sync (machine, NULL, &error), &error);
  g_assert_true (gh_machine1_call_pause_sync (machine, NULL, &error));
  expect_state (machine, "paused");
  expect_refusal (gh_machine1_call_pause_sync (machine, NULL, &error), &error);
  g_assert_true (gh_machine1_call_resume_sync (machine, NULL, &error));
  g_assert_true (gh_machine1_call_reset_sync (machine, NULL, &error));
  g_assert_true (gh_machine1_call_power_button_sync (machine, NULL, &error));
  expect_state (machine, "running");
}

static void
check_looking_and_typing (GhMachine1 *machine)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) counters = NULL;
  g_autoptr (GVariant) answer = g_dbus_proxy_call_sync (G_DBUS_PROXY (machine), "Screenshot", NULL,
                                                        G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
  g_autoptr (GVariant) bytes = NULL;
  gsize length;
  guint64 size;

  g_assert_no_error (error);
  g_variant_get (answer, "(@ay)", &bytes);
  g_assert_cmpmem (g_variant_get_fixed_array (bytes, &length, 1), 4, "\x89PNG", 4);
  g_assert_true (gh_machine1_call_statistics_sync (machine, &counters, NULL, &error));
  g_assert_true (g_variant_lookup (counters, "ram-size", "t", &size));
  g_assert_cmpuint (size, ==, 16 << 20);
  g_assert_true (gh_machine1_call_send_keys_sync (machine, "ctrl+alt+delete", NULL, &error));
  expect_refusal (gh_machine1_call_send_keys_sync (machine, "", NULL, &error), &error);
  expect_refusal (gh_machine1_call_send_keys_sync (machine, "a+b+c+d+e+f+g+h+i+j", NULL, &error),
                  &error);
  expect_refusal (gh_machine1_call_type_text_sync (machine, "\xe2\x98\x83", NULL, &error), &error);
  g_assert_true (gh_machine1_call_set_trace_sync (machine, "", NULL, &error));
}

static void
check_medium (GhMachine1 *machine, const char *disc)
{
  g_autoptr (GError) error = NULL;

  expect_refusal (gh_machine1_call_insert_medium_sync (machine, "cd9", disc, NULL, &error), &error);
  expect_refusal (gh_machine1_call_insert_medium_sync (machine, "disk0", disc, NULL, &error),
                  &error);
  expect_refusal (
    gh_machine1_call_insert_medium_sync (machine, "cd0", "relative.iso", NULL, &error), &error);
  expect_refusal (gh_machine1_call_insert_medium_sync (machine, "cd0", "/nowhere", NULL, &error),
                  &error);
  g_assert_true (gh_machine1_call_eject_medium_sync (machine, "cd0", FALSE, NULL, &error));
  g_assert_true (gh_machine1_call_insert_medium_sync (machine, "cd0", disc, NULL, &error));
}

/* Every method of the control interface, in the states where it works and where it is refused. */
static void
test_control (Fixture *f, gconstpointer data)
{
  g_autofree char *disc = make_file (f, "disc.iso", 64 * 1024);
  g_autofree char *disk = make_file (f, "disk.img", 1024 * 1024);
  g_autofree char *socket = g_build_filename (f->home, "control", NULL);
  g_autoptr (GString) said = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process = g_subprocess_new (
    G_SUBPROCESS_FLAGS_NONE, &error, vm_program, "--accel", "none", "--memory", "16", "--stopped",
    "--control", socket, "--cdrom", disc, "--disk", disk, NULL);
  g_autoptr (GhMachine1) machine = connect_to (socket);

  g_assert_cmpstr (gh_machine1_get_state (machine), ==, "off");
  g_assert_cmpstr (gh_machine1_get_accelerator (machine), ==, "none");
  check_life (machine);
  check_looking_and_typing (machine);
  check_medium (machine, disc);

  /* The disk belongs to this machine, and so does the socket. */
  g_assert_cmpint (VM (said, "--accel", "none", "--disk", disk), ==, 1);
  g_assert_nonnull (strstr (said->str, disk));
  g_assert_cmpint (VM (said, "--accel", "none", "--control", socket), ==, 1);
  g_assert_nonnull (strstr (said->str, socket));

  g_assert_true (gh_machine1_call_power_off_sync (machine, NULL, &error));
  expect_state (machine, "off");
  g_assert_true (gh_machine1_call_power_on_sync (machine, NULL, &error));
  g_assert_true (gh_machine1_call_quit_sync (machine, NULL, &error));
  g_assert_true (g_subprocess_wait (process, NULL, &error));
  g_assert_cmpint (g_subprocess_get_exit_status (process), ==, 0);
  g_assert_false (g_file_test (socket, G_FILE_TEST_EXISTS));
}

/* A socket that is farther down than the kernel's addresses reach is where it was wanted, and what
 * a machine that was killed left there is in nobody's way. */
static void
test_sockets (Fixture *f, gconstpointer data)
{
  g_autofree char *name = g_strnfill (120, 'x');
  g_autofree char *folder = g_build_filename (f->home, name, NULL);
  g_autofree char *control = g_build_filename (folder, "control", NULL);
  g_autofree char *serial = g_build_filename (folder, "serial", NULL);
  g_autofree char *line = g_strconcat ("socket:", serial, NULL);
  g_autoptr (GString) said = g_string_new (NULL);

  g_mkdir (folder, 0700);
  for (unsigned i = 0; i < 2; i++)
    {
      g_autoptr (GSubprocess) process
        = g_subprocess_new (G_SUBPROCESS_FLAGS_NONE, NULL, vm_program, "--accel", "none",
                            "--memory", "16", "--control", control, "--serial", line, NULL);

      while (CTL (said, "--socket", control, "state") != 0)
        g_usleep (50000);
      g_assert_cmpstr (said->str, ==, "running\n");
      g_assert_true (g_file_test (serial, G_FILE_TEST_EXISTS));
      if (i == 0)
        g_subprocess_force_exit (process);
      else
        g_assert_cmpint (CTL (said, "--socket", control, "quit"), ==, 0);
      g_assert_true (g_subprocess_wait (process, NULL, NULL));
      g_assert_true (g_file_test (serial, G_FILE_TEST_EXISTS) == (i == 0));
      g_assert_true (g_file_test (control, G_FILE_TEST_EXISTS) == (i == 0));
    }
}

/* A machine of the library from its making to its end. */
static void
test_library (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) said = g_string_new (NULL);
  g_autofree char *folder = g_build_filename (f->home, "guesthouse", "machines", "Small", NULL);
  g_autofree char *shot = g_build_filename (f->home, "shot.png", NULL);
  g_autofree char *sockets = g_build_filename (f->home, "sockets", "guesthouse", NULL);

  g_assert_cmpint (CTL (said, "list", "--json"), ==, 0);
  g_assert_cmpstr (said->str, ==, "[]\n");
  g_assert_cmpint (CTL (said, "start", "Small"), ==, 3);
  g_assert_nonnull (strstr (said->str, "Small"));
  g_assert_cmpint (CTL (said, "create", "../evil"), ==, 2);
  g_assert_cmpint (CTL (said, "create", "Small", "--memory", "16M", "--disk-size", "1G"), ==, 0);
  g_assert_cmpint (CTL (said, "create", "Small"), ==, 1);
  g_assert_cmpint (CTL (said, "set", "Small", "machine", "cpus", "77"), ==, 1);
  g_assert_cmpint (CTL (said, "set", "Small", "machine", "accelerator", "none"), ==, 0);
  g_assert_cmpint (CTL (said, "get", "Small", "machine", "accelerator"), ==, 0);
  g_assert_cmpstr (said->str, ==, "none\n");
  g_assert_cmpint (CTL (said, "--json", "list"), ==, 0);
  g_assert_nonnull (strstr (said->str, "\"name\": \"Small\", \"state\": \"off\""));
  g_assert_cmpint (CTL (said, "pause", "Small"), ==, 4);

  g_assert_cmpint (CTL (said, "start", "Small"), ==, 0);
  g_assert_cmpint (CTL (said, "state", "Small"), ==, 0);
  g_assert_cmpstr (said->str, ==, "running\n");
  g_assert_cmpint (CTL (said, "start", "Small"), ==, 4);
  g_assert_cmpint (CTL (said, "delete", "Small"), ==, 4);
  g_assert_cmpint (VM (said, folder, "--control", shot), ==, 1);
  g_assert_nonnull (strstr (said->str, folder));
  g_assert_cmpint (CTL (said, "keys", "Small", "ctrl+alt+delete"), ==, 0);
  g_assert_cmpint (CTL (said, "screenshot", "Small", shot), ==, 0);
  g_assert_true (g_file_test (shot, G_FILE_TEST_IS_REGULAR));
  g_assert_cmpint (CTL (said, "--json", "stats", "Small"), ==, 0);
  g_assert_nonnull (strstr (said->str, "\"ram-size\": 16777216"));
  g_assert_cmpint (CTL (said, "nonsense", "Small"), ==, 2);
  g_assert_cmpint (CTL (said, "stop", "Small"), ==, 0);
  g_assert_cmpint (CTL (said, "quit", "Small"), ==, 0);
  g_assert_cmpint (CTL (said, "delete", "Small", "--permanently"), ==, 0);
  g_assert_false (g_file_test (folder, G_FILE_TEST_EXISTS));
  g_assert_cmpint (g_rmdir (sockets), ==, 0); /* nothing was left behind there */
}

/* Files may be called anything, and so may those that are not there. */
static void
test_names_that_are_no_text (void)
{
  g_autofree char *folder = g_dir_make_tmp ("guesthouse-XXXXXX", NULL);
  g_autofree char *control = g_build_filename (folder, "control", NULL);
  g_autofree char *disk = g_build_filename (folder, "a\xff\xfe.img", NULL);
  g_autofree char *zeros = g_malloc0 (65536);
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autoptr (GString) said = g_string_new (NULL);

  g_subprocess_launcher_setenv (launcher, "G_DEBUG", "fatal-criticals", TRUE);
  for (int i = 0; i < 2; i++)
    {
      g_autoptr (GSubprocess) process = NULL;

      if (i == 0)
        g_assert_true (g_file_set_contents (disk, zeros, 65536, NULL));
      process = g_subprocess_launcher_spawn (launcher, NULL, vm_program, "--stopped", "--accel",
                                             "none", "--memory", "16", "--control", control,
                                             "--disk", disk, NULL);
      while (CTL (said, "--socket", control, "state") != 0)
        g_usleep (20000);
      g_assert_cmpint (CTL (said, "--socket", control, "start"), ==, i);
      g_assert_cmpint (CTL (said, "--socket", control, "state"), ==, 0);
      g_assert_true (g_str_has_prefix (said->str, i == 0 ? "running\n" : "crashed\n"));
      g_assert_cmpint (CTL (said, "--socket", control, "quit"), ==, 0);
      g_assert_true (g_subprocess_wait_check (process, NULL, NULL));
      g_unlink (disk);
    }
  g_rmdir (folder);
}

/* Who is told that a machine has quit finds its folder free and can start it, whoever told it to
 * quit; and a process whose machine is off is in nobody's way. */
static void
test_end (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) said = g_string_new (NULL);
  g_autofree char *folder = g_build_filename (f->home, "guesthouse", "machines", "Small", NULL);

  g_assert_cmpint (CTL (said, "create", "Small", "--memory", "16M"), ==, 0);
  g_assert_cmpint (CTL (said, "set", "Small", "machine", "accelerator", "none"), ==, 0);
  for (unsigned i = 0; i < 8; i++)
    {
      int fd;

      g_assert_cmpint (CTL (said, "start", "Small"), ==, 0);
      g_assert_cmpint (CTL (said, "quit", "Small"), ==, 0);
      fd = open (folder, O_RDONLY | O_DIRECTORY);
      g_assert_cmpint (flock (fd, LOCK_EX | LOCK_NB), ==, 0);
      close (fd);
    }
  for (unsigned i = 0; i < 8; i++)
    {
      g_autoptr (GSubprocess) other = NULL;
      gboolean started;

      g_assert_cmpint (CTL (said, "start", "Small"), ==, 0);
      other = g_subprocess_new (G_SUBPROCESS_FLAGS_NONE, NULL, ctl_program, "quit", "Small", NULL);
      g_usleep (i * 3000);
      started = CTL (said, "start", "Small") == 0;
      g_assert_true (g_subprocess_wait_check (other, NULL, NULL));
      g_assert_cmpint (CTL (said, "state", "Small"), ==, 0);
      g_assert_cmpstr (said->str, ==, started ? "running\n" : "off\n");
      CTL (said, "quit", "Small");
    }
  g_assert_cmpint (CTL (said, "start", "Small"), ==, 0);
  g_assert_cmpint (CTL (said, "stop", "Small"), ==, 0);
  g_assert_cmpint (CTL (said, "start", "Small"), ==, 0);
  g_assert_cmpint (CTL (said, "stop", "Small"), ==, 0);
  g_assert_cmpint (CTL (said, "delete", "Small", "--permanently"), ==, 0);
  g_assert_false (g_file_test (folder, G_FILE_TEST_EXISTS));
}

/* Drives and discs of a machine of the library, off and running: machine.conf keeps them. */
static void
test_drives (Fixture *f, gconstpointer data)
{
  g_autofree char *disc = make_file (f, "disc.iso", 64 * 1024);
  g_autofree char *disk = make_file (f, "disk.img", 1024 * 1024);
  g_autoptr (GString) said = g_string_new (NULL);

  g_assert_cmpint (CTL (said, "create", "Small", "--memory", "16M"), ==, 0);
  g_assert_cmpint (CTL (said, "set", "Small", "machine", "accelerator", "none"), ==, 0);
  g_assert_cmpint (CTL (said, "add-disk", "Small", "--size", "1G"), ==, 0);
  g_assert_cmpstr (said->str, ==, "disk0\n");
  g_assert_cmpint (CTL (said, "add-disk", "Small", "--size", "lots"), ==, 2);
  g_assert_cmpint (CTL (said, "add-disk", "Small", "/nowhere/x.img"), ==, 1);
  g_assert_cmpint (CTL (said, "add-disk", "Small", disk), ==, 0);
  g_assert_cmpint (CTL (said, "add-cd", "Small"), ==, 0);
  g_assert_cmpstr (said->str, ==, "cd1\n");
  g_assert_cmpint (CTL (said, "add-cd", "Small"), ==, 1);
  g_assert_nonnull (strstr (said->str, "four drives"));
  g_assert_cmpint (CTL (said, "remove-drive", "Small", "disk1"), ==, 0);
  g_assert_cmpint (CTL (said, "remove-drive", "Small", "disk1"), ==, 1);
  g_assert_cmpint (CTL (said, "insert", "Small", "cd3", disc), ==, 1);
  g_assert_cmpint (CTL (said, "insert", "Small", disc), ==, 0);
  g_assert_cmpint (CTL (said, "get", "Small", "cd0", "file"), ==, 0);
  g_assert_nonnull (strstr (said->str, disc));

  g_assert_cmpint (CTL (said, "start", "Small"), ==, 0);
  g_assert_cmpint (CTL (said, "eject", "Small"), ==, 0);
  g_assert_cmpint (CTL (said, "get", "Small", "cd0", "file"), ==, 0);
  g_assert_cmpstr (said->str, ==, "\n");
  g_assert_cmpint (CTL (said, "insert", "Small", "cd1", "/nowhere/x.iso"), ==, 1);
  g_assert_cmpint (CTL (said, "insert", "Small", "cd1", disc), ==, 0);
  g_assert_cmpint (CTL (said, "get", "Small", "cd1", "file"), ==, 0);
  g_assert_nonnull (strstr (said->str, disc));
  g_assert_cmpint (CTL (said, "quit", "Small"), ==, 0);
}

/* Lists in said what others may look into, of path and all below it. */
static void
list_open (GString *said, const char *path)
{
  g_autoptr (GDir) dir = NULL;
  const char *name;
  GStatBuf status;

  g_assert_cmpint (g_lstat (path, &status), ==, 0);
  if ((status.st_mode & 077) != 0)
    g_string_append_printf (said, "%s %o\n", path, status.st_mode & 07777);
  if (S_ISDIR (status.st_mode))
    dir = g_dir_open (path, 0, NULL);
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      list_open (said, child);
    }
}

/* What a machine leaves and where it listens is closed to others, whatever the umask, and so is the
 * folder of an older version; what a person saves by name follows the umask. */
static void
test_private (Fixture *f, gconstpointer data)
{
  static const mode_t umasks[] = { 0, 022 };
  g_autofree char *folder = g_build_filename (f->home, "guesthouse", "machines", "Small", NULL);
  g_autofree char *conf = g_build_filename (folder, "machine.conf", NULL);
  g_autofree char *shot = g_build_filename (f->home, "shot.png", NULL);
  mode_t before = umask (0);

  for (unsigned i = 0; i < G_N_ELEMENTS (umasks); i++)
    {
      g_autoptr (GString) said = g_string_new (NULL);
      GStatBuf status;

      umask (umasks[i]);
      g_assert_cmpint (CTL (said, "create", "Small", "--memory", "16M", "--disk-size", "1G"), ==,
                       0);
      g_chmod (folder, 0755);
      g_chmod (conf, 0644);
      g_assert_cmpint (CTL (said, "set", "Small", "machine", "accelerator", "none"), ==, 0);
      g_assert_cmpint (CTL (said, "set", "Small", "serial0", "output", "file:serial.log"), ==, 0);
      g_assert_cmpint (CTL (said, "set", "Small", "serial1", "output", "socket:serial"), ==, 0);
      g_string_truncate (said, 0);
      list_open (said, folder);
      g_assert_cmpstr (said->str, ==, "");
      g_chmod (folder, 0755);
      g_assert_cmpint (CTL (said, "start", "Small"), ==, 0);
      g_assert_cmpint (CTL (said, "screenshot", "Small", shot), ==, 0);
      g_assert_cmpint (g_stat (shot, &status), ==, 0);
      g_assert_cmpint (status.st_mode & 0777, ==, 0666 & ~umasks[i]);
      g_unlink (shot);
      g_string_truncate (said, 0);
      list_open (said, f->home);
      g_assert_cmpstr (said->str, ==, "");
      g_assert_cmpint (CTL (said, "quit", "Small"), ==, 0);
      g_assert_cmpint (CTL (said, "delete", "Small", "--permanently"), ==, 0);
    }
  umask (before);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (argc != 3)
    return 1;
  vm_program = argv[1];
  ctl_program = argv[2];
  g_test_add ("/machine-process/options", Fixture, NULL, set_up, test_options, tear_down);
  g_test_add ("/machine-process/time-limit", Fixture, NULL, set_up, test_time_limit, tear_down);
  g_test_add ("/machine-process/control", Fixture, NULL, set_up, test_control, tear_down);
  g_test_add ("/machine-process/sockets", Fixture, NULL, set_up, test_sockets, tear_down);
  g_test_add ("/machine-process/library", Fixture, NULL, set_up, test_library, tear_down);
  g_test_add ("/machine-process/end", Fixture, NULL, set_up, test_end, tear_down);
  g_test_add ("/machine-process/drives", Fixture, NULL, set_up, test_drives, tear_down);
  g_test_add ("/machine-process/private", Fixture, NULL, set_up, test_private, tear_down);
  g_test_add_func ("/machine-process/names", test_names_that_are_no_text);
  return g_test_run ();
}
