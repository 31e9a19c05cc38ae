/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Files that are not what their names promise, and readers that stop: a machine refuses the former
 * in words, waits for neither, and can be ended at any time. */
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KIB 1024
#define BIOS_SIZE (64 * KIB)
#define RESET_VECTOR (BIOS_SIZE - 16)

static const char *vm_program;

typedef struct
{
  char *folder;
  char *pipe;  /* without a reader or writer */
  char *large; /* 32 MiB of zeros */
} Fixture;

static void
set_up (Fixture *f, gconstpointer data)
{
  f->folder = g_dir_make_tmp ("guesthouse-XXXXXX", NULL);
  f->pipe = g_build_filename (f->folder, "pipe", NULL);
  f->large = g_build_filename (f->folder, "large", NULL);
  g_assert_cmpint (mkfifo (f->pipe, 0600), ==, 0);
  g_assert_true (g_file_set_contents (f->large, "", 0, NULL));
  g_assert_cmpint (truncate (f->large, 32 * KIB * KIB), ==, 0);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_spawn_sync (NULL, (char *[]){ "/bin/rm", "-rf", f->folder, NULL }, NULL, 0, NULL, NULL, NULL,
                NULL, NULL, NULL);
  g_free (f->folder);
  g_free (f->pipe);
  g_free (f->large);
}

/* Starts a machine with one option, to its end: it must end by itself, in words that name the
 * file. */
static void
expect_refusal (const char *option, const char *value, const char *file)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *said = NULL;
  int status;

  g_spawn_sync (NULL,
                (char *[]){ "/usr/bin/timeout", "60", (char *) vm_program, "--accel", "none",
                            "--memory", "16", (char *) option, (char *) value, NULL },
                NULL, G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, &said, &status, &error);
  g_assert_no_error (error);
  g_test_message ("%s %s: %s", option, value, said);
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 1);
  g_assert_nonnull (strstr (said, file));
}

static void
test_firmware (Fixture *f, gconstpointer option)
{
  g_autofree char *small = g_build_filename (f->folder, "small", NULL);

  expect_refusal (option, f->pipe, f->pipe);
  expect_refusal (option, "/dev/zero", "/dev/zero");
  expect_refusal (option, f->large, f->large);
  expect_refusal (option, f->folder, f->folder);
  expect_refusal (option, small, small);
}

static void
test_drives (Fixture *f, gconstpointer data)
{
  static const char *const options[] = { "--disk", "--cdrom" };

  for (unsigned i = 0; i < G_N_ELEMENTS (options); i++)
    {
      expect_refusal (options[i], f->pipe, f->pipe);
      expect_refusal (options[i], "/dev/zero", "/dev/zero");
    }
}

static void
test_lines (Fixture *f, gconstpointer option)
{
  g_autofree char *file = g_strconcat ("file:", f->pipe, NULL);
  g_autofree char *socket = g_strconcat ("socket:", f->pipe, NULL);

  expect_refusal (option, file, f->pipe);
  expect_refusal (option, socket, f->pipe);
}

static void
test_configuration (Fixture *f, gconstpointer data)
{
  g_autofree char *path = g_build_filename (f->folder, "machine.conf", NULL);

  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  expect_refusal ("--", f->folder, path);
  unlink (path);
  g_assert_cmpint (symlink ("/dev/zero", path), ==, 0);
  expect_refusal ("--", f->folder, path);
}

/* A BIOS that does nothing but one thing. */
static char *
make_bios (Fixture *f, const char *code, gsize length)
{
  char *path = g_build_filename (f->folder, "bios", NULL);
  g_autofree char *image = g_malloc0 (BIOS_SIZE);

  memcpy (image + RESET_VECTOR, code, length);
  g_assert_true (g_file_set_contents (path, image, BIOS_SIZE, NULL));
  return path;
}

static void
expect_end (GSubprocess *process)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (g_subprocess_wait (process, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (g_subprocess_get_if_exited (process));
  g_assert_cmpint (g_subprocess_get_exit_status (process), ==, 0);
}

/* Nobody reads what the guest writes without end, to both standard streams at that: the machine
 * hears signals all the same. The signal is that of a terminal that closes, or of a user. */
static void
test_stopped_reader (Fixture *f, gconstpointer signal)
{
  static const char endless[] = "\xba\xf8\x03\xee\xeb\xfd"; /* mov dx, 3f8h; out dx, al; jmp -3 */
  g_autofree char *bios = make_bios (f, endless, sizeof endless - 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process = g_subprocess_new (
    G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE | G_SUBPROCESS_FLAGS_STDIN_PIPE,
    &error, "/usr/bin/timeout", "--foreground", "-s", "KILL", "120", vm_program, "--accel",
    "interpreter", "--memory", "16", "--bios", bios, "--serial", "stdio", "--trace", "uart.write",
    NULL);
  GInputStream *output = g_subprocess_get_stdout_pipe (process);
  char bytes[KIB];
  gsize n;

  g_assert_no_error (error);
  /* It writes; from now on, nobody reads. */
  g_assert_true (g_input_stream_read_all (output, bytes, sizeof bytes, &n, NULL, NULL));
  g_assert_cmpuint (n, ==, sizeof bytes);
  g_usleep (G_USEC_PER_SEC);
  g_subprocess_send_signal (process, GPOINTER_TO_INT (signal));
  expect_end (process);
}

#define ADD(path, data, function) g_test_add (path, Fixture, data, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  if (argc != 2)
    return 1;
  vm_program = argv[1];
  ADD ("/hostile-files/bios", "--bios", test_firmware);
  ADD ("/hostile-files/vga-bios", "--vga-bios", test_firmware);
  ADD ("/hostile-files/kernel", "--kernel", test_firmware);
  ADD ("/hostile-files/drives", NULL, test_drives);
  ADD ("/hostile-files/serial", "--serial", test_lines);
  ADD ("/hostile-files/debugcon", "--debugcon", test_lines);
  ADD ("/hostile-files/machine.conf", NULL, test_configuration);
  ADD ("/hostile-files/stopped-reader/terminate", GINT_TO_POINTER (SIGTERM), test_stopped_reader);
  ADD ("/hostile-files/stopped-reader/hang-up", GINT_TO_POINTER (SIGHUP), test_stopped_reader);
  return g_test_run ();
}
