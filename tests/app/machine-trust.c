/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Machine folders of somebody else: nothing of the user's outside is read or written before the
 * user has agreed to it. Programs as a person starts them; machines run without a CPU. */
#include "vmm-core/run/machine-trust.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/model/machine-folder.h"

#define UUID "e3b7e9f2-0d2c-4d3a-9d53-1a1f0c0f2a11"
#define SECRET "the user's own"

static const char *vm_program, *ctl_program;

typedef struct
{
  char *home, *folder;
  char *victim; /* the user's file, of 64 KiB */
  GString *said;
} Fixture;

static int
run (Fixture *f, ...)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  g_autofree char *out = NULL, *err = NULL;
  g_autoptr (GError) error = NULL;
  va_list rest;
  int status;

  va_start (rest, f);
  for (char *word = va_arg (rest, char *); word != NULL; word = va_arg (rest, char *))
    g_ptr_array_add (words, word);
  va_end (rest);
  g_ptr_array_add (words, NULL);
  g_spawn_sync (NULL, (char **) words->pdata, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, &err,
                &status, &error);
  g_assert_no_error (error);
  g_string_assign (f->said, out);
  g_string_append (f->said, err);
  g_test_message ("%s", f->said->str);
  g_assert_true (WIFEXITED (status));
  return WEXITSTATUS (status);
}

#define CTL(...) run (f, "/usr/bin/timeout", "100", ctl_program, __VA_ARGS__, NULL)

static void
write_text (const char *folder, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

/* The machine.conf that came with the folder: a machine that runs, and more. */
static void
write_conf (Fixture *f, const char *more)
{
  g_autofree char *text = g_strconcat ("[machine]\nname=Strange\nuuid=" UUID "\nmemory=16\n"
                                       "accelerator=none\n",
                                       more, NULL);

  write_text (f->folder, MACHINE_CONFIG_FILE, text);
}

static void
make_link (Fixture *f, const char *target, const char *name)
{
  g_autofree char *path = g_build_filename (f->folder, name, NULL);

  g_assert_cmpint (symlink (target, path), ==, 0);
}

static void
expect_untouched (Fixture *f)
{
  g_autofree char *text = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (f->victim, &text, &length, NULL));
  g_assert_cmpuint (length, ==, 65536);
  g_assert_cmpstr (text, ==, SECRET);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autofree char *root = NULL, *sockets = NULL;
  g_autofree char *bytes = g_malloc0 (65536);

  f->said = g_string_new (NULL);
  f->home = g_dir_make_tmp ("guesthouse-XXXXXX", NULL);
  /* Child processes and this one have the same folders. */
  root = g_build_filename (g_get_user_data_dir (), "guesthouse", "machines", NULL);
  sockets = g_build_filename (f->home, "sockets", NULL);
  g_mkdir (sockets, 0700);
  g_setenv ("XDG_DATA_HOME", g_get_user_data_dir (), TRUE);
  g_setenv ("XDG_RUNTIME_DIR", sockets, TRUE);
  f->folder = g_build_filename (root, "Strange", NULL);
  g_assert_cmpint (g_mkdir_with_parents (f->folder, 0700), ==, 0);
  f->victim = g_build_filename (f->home, "letter.img", NULL);
  strcpy (bytes, SECRET);
  g_assert_true (g_file_set_contents (f->victim, bytes, 65536, NULL));
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_autofree char *all = g_build_filename (g_get_user_data_dir (), "guesthouse", NULL);

  run (f, "/bin/rm", "-rf", f->home, all, NULL);
  g_string_free (f->said, TRUE);
  g_free (f->home);
  g_free (f->folder);
  g_free (f->victim);
}

/* Refused in words that name the file and the remedy. */
static void
expect_question (Fixture *f)
{
  g_assert_cmpint (CTL ("start", "Strange"), ==, 1);
  g_assert_nonnull (strstr (f->said->str, f->victim));
  g_assert_nonnull (strstr (f->said->str, "guesthousectl trust"));
  expect_untouched (f);
}

static void
test_named_outside (Fixture *f, gconstpointer data)
{
  static const char *const keys[]
    = { "[serial0]\noutput=file:", "[debug]\nconsole=file:", "[serial3]\noutput=socket:",
        "[disk0]\nfile=",          "[cd0]\nfile=",           "[machine]\nbios=",
        "[machine]\nvga-bios=",    "[kernel]\nfile=" };
  g_autofree char *relative = g_build_filename ("..", "..", "..", NULL);

  for (unsigned i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_autofree char *absolute = g_strconcat (keys[i], f->victim, "\n", NULL);
      g_autofree char *linked = g_strconcat (keys[i], "inside/letter.img\n", NULL);
      g_autofree char *dots = g_strconcat (keys[i], "inside/../inside/letter.img\n", NULL);
      g_autofree char *inside = g_build_filename (f->folder, "inside", NULL);

      write_conf (f, absolute);
      expect_question (f);
      make_link (f, f->home, "inside");
      write_conf (f, linked);
      expect_question (f);
      unlink (inside);
      g_mkdir (inside, 0700);
      make_link (f, f->victim, "inside/letter.img");
      write_conf (f, dots);
      expect_question (f);
      run (f, "/bin/rm", "-r", inside, NULL);
    }
}

static void
test_relative (Fixture *f, gconstpointer data)
{
  g_autofree char *bashrc = g_build_filename (g_get_user_data_dir (), ".bashrc", NULL);

  g_free (f->victim);
  f->victim = g_steal_pointer (&bashrc);
  write_text (g_get_user_data_dir (), ".bashrc", SECRET);
  g_assert_cmpint (truncate (f->victim, 65536), ==, 0);
  write_conf (f, "[serial0]\noutput=file:../../../.bashrc\n");
  expect_question (f);
  write_conf (f, "[serial0]\noutput=file:no/../../../../.bashrc\n");
  expect_question (f);
  write_conf (f, "[kernel]\nfile=linux\ninitrd=none,../../../.bashrc x,/nowhere/else\n");
  g_assert_cmpint (CTL ("start", "Strange"), ==, 1);
  g_assert_nonnull (strstr (f->said->str, "/nowhere/else"));
  unlink (f->victim);
}

/* What every start writes. */
static void
test_log (Fixture *f, gconstpointer data)
{
  g_autofree char *logs = g_build_filename (f->folder, "logs", NULL);
  g_autofree char *log = g_build_filename (logs, "guesthouse-vm.log", NULL);

  write_conf (f, "");
  g_mkdir (logs, 0700);
  make_link (f, f->victim, "logs/guesthouse-vm.log");
  g_assert_cmpint (CTL ("start", "Strange"), ==, 1);
  g_assert_nonnull (strstr (f->said->str, log));
  unlink (log);
  g_assert_cmpint (link (f->victim, log), ==, 0);
  g_assert_cmpint (CTL ("start", "Strange"), ==, 1);
  unlink (log);
  g_assert_cmpint (mkfifo (log, 0600), ==, 0);
  g_assert_cmpint (CTL ("start", "Strange"), ==, 1);
  unlink (log);
  g_rmdir (logs);
  make_link (f, f->home, "logs");
  g_assert_cmpint (CTL ("start", "Strange"), ==, 1);
  g_assert_nonnull (strstr (f->said->str, logs));
  unlink (logs);
  expect_untouched (f);
  g_assert_cmpint (CTL ("start", "Strange"), ==, 0);
  g_assert_cmpint (CTL ("quit", "Strange"), ==, 0);
}

static void
test_settings (Fixture *f, gconstpointer data)
{
  g_autofree char *guess = g_strdup_printf (MACHINE_CONFIG_FILE ".%d", (int) getpid ());
  g_autofree char *conf = g_build_filename (f->folder, MACHINE_CONFIG_FILE, NULL);
  g_autoptr (GBytes) picture = g_bytes_new_static ("png", 3);
  g_autoptr (GKeyFile) file = NULL;

  write_conf (f, "");
  file = machine_config_load_key_file (f->folder, NULL);
  make_link (f, f->victim, guess);
  g_assert_true (machine_config_write_key_file (file, f->folder, NULL));
  make_link (f, f->victim, "picture.png");
  g_assert_null (machine_folder_load_picture (f->folder));
  machine_folder_save_picture (f->folder, picture);
  make_link (f, f->home, "disks");
  g_assert_null (machine_folder_add_disk (f->folder, 1 << 20, NULL));
  expect_untouched (f);
  unlink (conf);
  make_link (f, f->victim, MACHINE_CONFIG_FILE);
  g_assert_null (machine_config_load_key_file (f->folder, NULL));
}

static void
test_hard_link (Fixture *f, gconstpointer data)
{
  g_autofree char *name = g_build_filename (f->folder, "serial.log", NULL);

  write_conf (f, "[serial0]\noutput=file:serial.log\n");
  g_assert_cmpint (link (f->victim, name), ==, 0);
  g_assert_cmpint (CTL ("start", "Strange"), ==, 1);
  g_assert_nonnull (strstr (f->said->str, name));
  expect_untouched (f);
}

static void
start_and_quit (Fixture *f, const char *machine)
{
  g_assert_cmpint (CTL ("start", machine), ==, 0);
  g_assert_cmpint (CTL ("quit", machine), ==, 0);
}

/* Once agreed, it is not asked again, until other files are named, or for another use. */
static void
test_agreed (Fixture *f, gconstpointer data)
{
  g_autofree char *as_disc = g_strconcat ("[cd0]\nfile=", f->victim, "\n", NULL);
  g_autofree char *as_disk = g_strconcat ("[disk0]\nfile=", f->victim, "\n", NULL);
  g_autofree char *elsewhere = g_build_filename (f->home, "Elsewhere", NULL);
  g_autofree char *before = g_build_filename (f->folder, "..", "A copy", NULL);

  write_conf (f, as_disc);
  expect_question (f);
  g_assert_nonnull (strstr (f->said->str, "(read)"));
  g_assert_cmpint (CTL ("trust", "Strange"), ==, 0);
  g_assert_nonnull (strstr (f->said->str, f->victim));
  start_and_quit (f, "Strange");
  write_conf (f, as_disk);
  expect_question (f);
  write_conf (f, as_disc);
  start_and_quit (f, "Strange");

  /* Of an original and its copy only the original is agreed to, whichever gets another uuid. */
  run (f, "/bin/cp", "-a", f->folder, before, NULL);
  g_assert_cmpint (CTL ("list"), ==, 0);
  start_and_quit (f, f->folder);
  g_assert_cmpint (CTL ("start", before), ==, 1);
  g_assert_nonnull (strstr (f->said->str, f->victim));
  g_assert_cmpint (CTL ("delete", "--permanently", before), ==, 0);
  start_and_quit (f, f->folder);

  /* Another folder that says it is the same machine has not been agreed to. */
  run (f, "/bin/cp", "-a", f->folder, elsewhere, NULL);
  run (f, "/bin/rm", "-r", f->folder, NULL);
  g_assert_cmpint (CTL ("start", elsewhere), ==, 1);
  g_assert_nonnull (strstr (f->said->str, f->victim));
}

/* What is no agreement, or would never end, is none. */
static void
test_no_agreement (Fixture *f, gconstpointer data)
{
  g_autofree char *as_disc = g_strconcat ("[cd0]\nfile=", f->victim, "\n", NULL);
  g_autofree char *agreed
    = g_build_filename (g_get_user_data_dir (), "guesthouse", "agreed", UUID, NULL);
  g_autofree char *elsewhere = g_build_filename (g_get_user_data_dir (), "elsewhere", NULL);

  write_conf (f, as_disc);
  g_assert_cmpint (CTL ("trust", "Strange"), ==, 0);
  g_assert_cmpint (g_rename (agreed, elsewhere), ==, 0);
  g_assert_cmpint (symlink (elsewhere, agreed), ==, 0);
  expect_question (f);
  g_unlink (agreed);
  g_assert_cmpint (mkfifo (agreed, 0600), ==, 0);
  expect_question (f);
  g_unlink (agreed);
  g_assert_cmpint (g_rename (elsewhere, agreed), ==, 0);
  start_and_quit (f, "Strange");
}

/* What the user names is agreed to by that; what else stands in the file is not. */
static void
test_named_by_the_user (Fixture *f, gconstpointer data)
{
  g_autofree char *output = g_strconcat ("[serial0]\noutput=file:", f->victim, "\n", NULL);
  g_autofree char *disc = g_build_filename (f->home, "disc.iso", NULL);
  g_autofree char *zeros = g_malloc0 (65536);
  g_autofree char *serial = g_strconcat ("file:", f->home, "/serial.log", NULL);

  g_assert_true (g_file_set_contents (disc, zeros, 65536, NULL));
  g_assert_cmpint (CTL ("create", "Mine", "--memory", "16M", "--cdrom", disc), ==, 0);
  g_assert_cmpint (CTL ("set", "Mine", "machine", "accelerator", "none"), ==, 0);
  g_assert_cmpint (CTL ("add-disk", "Mine", f->victim), ==, 0);
  g_assert_cmpint (CTL ("set", "Mine", "serial0", "output", serial), ==, 0);
  start_and_quit (f, "Mine");
  g_assert_cmpint (CTL ("delete", "--permanently", "Mine"), ==, 0);
  expect_untouched (f);

  write_conf (f, output);
  g_assert_cmpint (CTL ("set", "Strange", "machine", "cpus", "2"), ==, 0);
  g_assert_cmpint (CTL ("insert", "Strange", disc), ==, 1); /* it has no drive */
  g_assert_cmpint (CTL ("add-cd", "Strange", disc), ==, 0);
  expect_question (f);
  g_assert_null (strstr (f->said->str, disc));
  /* Nor by mending it. */
  write_conf (f, "boot=moon\n[serial0]\noutput=file:../../letter\n");
  g_assert_cmpint (CTL ("start", "Strange"), ==, 1);
}

/* Options are the user's own words. */
static void
test_options (Fixture *f, gconstpointer data)
{
  g_autofree char *link_name = g_build_filename (f->home, "link.iso", NULL);

  write_conf (f, "");
  g_assert_cmpint (symlink (f->victim, link_name), ==, 0);
  g_assert_cmpint (run (f, vm_program, f->folder, "--cdrom", link_name, "--time-limit", "1", NULL),
                   ==, 2);
  expect_untouched (f);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*test) (Fixture *, gconstpointer);
  } tests[] = {
    { "/machine-trust/named-outside", test_named_outside },
    { "/machine-trust/relative", test_relative },
    { "/machine-trust/log", test_log },
    { "/machine-trust/settings", test_settings },
    { "/machine-trust/hard-link", test_hard_link },
    { "/machine-trust/agreed", test_agreed },
    { "/machine-trust/no-agreement", test_no_agreement },
    { "/machine-trust/named-by-the-user", test_named_by_the_user },
    { "/machine-trust/options", test_options },
  };

  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);
  if (argc != 3)
    return 1;
  vm_program = argv[1];
  ctl_program = argv[2];
  for (unsigned i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
  return g_test_run ();
}
