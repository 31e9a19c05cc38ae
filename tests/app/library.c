/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of machines follows what happens in its folder, whoever does it. */
#undef _FILE_OFFSET_BITS /* stat and stat64 are two names here */
#include "app/model/library.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmm-core/run/machine-config.h"

typedef struct
{
  char *folder;
  Library *library;
} Fixture;

static void
put_machine (Fixture *f, const char *base, const char *lines)
{
  g_autofree char *folder = g_build_filename (f->folder, base, NULL);
  g_autofree char *path = g_build_filename (folder, MACHINE_CONFIG_FILE, NULL);
  g_autofree char *text = g_strconcat ("[machine]\n", lines, NULL);

  g_mkdir (folder, 0755);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

/* The names in their order, with commas. */
static char *
dup_names (Fixture *f)
{
  g_autoptr (GString) names = g_string_new (NULL);

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (f->library)); i++)
    {
      g_autoptr (Machine) machine = g_list_model_get_item (G_LIST_MODEL (f->library), i);
      g_string_append_printf (names, "%s%s", i > 0 ? "," : "", machine_get_name (machine));
    }
  return g_string_free (g_steal_pointer (&names), FALSE);
}

static void
expect_names (Fixture *f, const char *expected)
{
  g_autofree char *names = dup_names (f);

  while (strcmp (names, expected) != 0)
    {
      g_main_context_iteration (NULL, FALSE);
      g_usleep (1000);
      g_free (names);
      names = dup_names (f);
    }
}

/* A disk of the host that hangs: whoever looks at a file waits. */

static int hangs, waiting;

static void
meet_disk (const char *path)
{
  while (g_atomic_int_get (&hangs) && strstr (path, MACHINE_CONFIG_FILE) != NULL)
    {
      g_assert_cmpint (gettid (), !=, getpid ()); /* the window hangs */
      g_atomic_int_set (&waiting, TRUE);
      g_usleep (1000);
    }
}

int
stat (const char *path, struct stat *about)
{
  meet_disk (path);
  return (int) syscall (SYS_newfstatat, AT_FDCWD, path, about, 0);
}

int
stat64 (const char *path, struct stat64 *about)
{
  return stat (path, (struct stat *) about);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->folder = g_build_filename (g_get_user_data_dir (), g_test_get_path () + 1, NULL);
  g_mkdir_with_parents (f->folder, 0755);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_object (&f->library);
  g_free (f->folder);
}

static void
note_problem (Library *library, const char *sentence, GPtrArray *problems)
{
  g_ptr_array_add (problems, g_strdup (sentence));
}

/* A broken machine is listed as such; a folder that is no machine's is told about once, and again
 * when asked. */
static void
test_problems (Fixture *f, gconstpointer data)
{
  g_autoptr (GPtrArray) problems = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *strange = g_build_filename (f->folder, "strange", NULL);
  g_autofree char *link = g_build_filename (strange, MACHINE_CONFIG_FILE, NULL);

  put_machine (f, "bad", "uuid=x\n");
  g_mkdir (strange, 0700);
  g_assert_cmpint (symlink ("/etc/passwd", link), ==, 0);
  f->library = library_new (f->folder);
  g_signal_connect (f->library, "problem", G_CALLBACK (note_problem), problems);
  library_rescan (f->library);
  g_assert_cmpuint (problems->len, ==, 0); /* told before anybody listened */
  library_repeat_problems (f->library);
  library_rescan (f->library);
  g_assert_cmpuint (problems->len, ==, 1);
  g_assert_nonnull (strstr (problems->pdata[0], "strange/machine.conf"));
  expect_names (f, "bad");
  g_autoptr (Machine) bad = g_list_model_get_item (G_LIST_MODEL (f->library), 0);
  g_assert_cmpint (machine_get_state (bad), ==, MACHINE_BROKEN);
  g_assert_nonnull (strstr (machine_get_failure (bad), "bad/machine.conf"));
  put_machine (f, "bad", "name=Good\n");
  expect_names (f, "Good");
  g_assert_cmpint (machine_get_state (bad), ==, MACHINE_OFF);
}

static void
test_reading (Fixture *f, gconstpointer data)
{
  put_machine (f, "b", "name=Beta\n");
  put_machine (f, "a", "name=Gamma\nuuid=01234567-89ab-4cde-8f01-23456789abcd\n");
  put_machine (f, "c", "name=Alpha\n");
  put_machine (f, ".hidden", "name=Hidden\n");
  put_machine (f, "bad", "uuid=x\n");
  f->library = library_new (f->folder);
  expect_names (f, "Alpha,Beta,Gamma,bad");

  g_autofree char *folder = g_build_filename (f->folder, "a", NULL);
  Machine *machine = library_find (f->library, folder);
  g_assert_cmpstr (machine_get_name (machine), ==, "Gamma");
  g_assert_true (library_find (f->library, machine_get_uuid (machine)) == machine);
  g_assert_null (library_find (f->library, "Gamma"));
  g_assert_null (g_list_model_get_item (G_LIST_MODEL (f->library), 4));
  g_assert_cmpuint (library_count_on (f->library), ==, 0);
}

static void
test_following (Fixture *f, gconstpointer data)
{
  g_autofree char *one = g_build_filename (f->folder, "one", NULL);
  g_autofree char *conf = g_build_filename (one, MACHINE_CONFIG_FILE, NULL);
  g_autofree char *two = g_build_filename (f->folder, "two", NULL);
  g_autofree char *moved = g_build_filename (f->folder, "moved", NULL);

  f->library = library_new (f->folder);
  expect_names (f, "");
  put_machine (f, "one", "name=One\n");
  expect_names (f, "One");

  /* A folder first, its machine.conf much later. */
  g_mkdir (two, 0755);
  library_rescan (f->library);
  expect_names (f, "One");
  put_machine (f, "two", "name=Another\n");
  expect_names (f, "Another,One");

  g_assert_cmpint (g_rename (two, moved), ==, 0);
  library_rescan (f->library);
  expect_names (f, "Another,One");
  g_assert_nonnull (library_find (f->library, moved));
  g_assert_null (library_find (f->library, two));

  g_assert_cmpint (g_unlink (conf), ==, 0);
  g_assert_cmpint (g_rmdir (one), ==, 0);
  expect_names (f, "Another");
}

static void
note_change (GListModel *model, guint at, guint removed, guint added, GString *changes)
{
  g_string_append_printf (changes, "%u-%u+%u;", at, removed, added);
}

/* A new name is a new place in the list: the same machine leaves and comes. */
static void
test_renaming (Fixture *f, gconstpointer data)
{
  g_autoptr (GString) changes = g_string_new (NULL);

  put_machine (f, "a", "name=A\n");
  put_machine (f, "b", "name=B\n");
  put_machine (f, "c", "name=C\n");
  f->library = library_new (f->folder);
  g_signal_connect (f->library, "items-changed", G_CALLBACK (note_change), changes);
  g_autoptr (Machine) machine = g_list_model_get_item (G_LIST_MODEL (f->library), 0);

  g_key_file_set_string (machine_get_conf (machine), "machine", "name", "Ab");
  g_assert_true (machine_save (machine, NULL));
  g_assert_cmpstr (changes->str, ==, "");
  g_key_file_set_string (machine_get_conf (machine), "machine", "name", "D");
  g_assert_true (machine_save (machine, NULL));
  g_assert_cmpstr (changes->str, ==, "0-1+0;2-0+1;");
  expect_names (f, "B,C,D");
}

/* What somebody else writes into machine.conf is seen, and the application's next change keeps
 * it. */
static void
test_edited (Fixture *f, gconstpointer data)
{
  put_machine (f, "a", "name=A\n");
  f->library = library_new (f->folder);
  g_autoptr (Machine) machine = g_list_model_get_item (G_LIST_MODEL (f->library), 0);
  g_autofree char *lines
    = g_strdup_printf ("name=Edited\nmemory=77\nuuid=%s\n", machine_get_uuid (machine));

  put_machine (f, "a", lines);
  expect_names (f, "Edited");
  g_key_file_set_integer (machine_get_conf (machine), "machine", "cpus", 2);
  g_assert_true (machine_save (machine, NULL));
  g_assert_cmpint (machine_get_integer (machine, "machine", "memory", 0), ==, 77);
}

/* A copied folder is a copied machine: one that runs for itself. */
static void
test_copy (Fixture *f, gconstpointer data)
{
  static const char lines[] = "name=A\nuuid=01234567-89ab-4cde-8f01-23456789abcd\n"
                              "accelerator=none\nmemory=16\n";

  put_machine (f, "a", lines);
  f->library = library_new (f->folder);
  g_autoptr (Machine) original = g_list_model_get_item (G_LIST_MODEL (f->library), 0);
  machine_power_on (original);
  while (machine_get_state (original) != MACHINE_RUNNING)
    g_main_context_iteration (NULL, TRUE);

  put_machine (f, "b", lines);
  expect_names (f, "A,A");
  g_autoptr (Machine) copy = g_list_model_get_item (G_LIST_MODEL (f->library), 1);
  g_assert_cmpstr (machine_get_uuid (original), ==, "01234567-89ab-4cde-8f01-23456789abcd");
  g_assert_cmpstr (machine_get_uuid (copy), !=, machine_get_uuid (original));
  g_assert_cmpint (machine_get_state (copy), ==, MACHINE_OFF);
  machine_power_off (original);
  while (machine_get_connection (original) != NULL)
    g_main_context_iteration (NULL, TRUE);
}

/* Machines that run, whoever started them, are seen at once when the library opens. */
static void
test_running (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  put_machine (f, "a", "name=A\naccelerator=none\nmemory=16\n");
  put_machine (f, "b", "name=B\naccelerator=none\nmemory=16\n");
  f->library = library_new (f->folder);
  g_autoptr (Machine) machine = g_list_model_get_item (G_LIST_MODEL (f->library), 1);
  machine_power_on (machine);
  while (machine_get_state (machine) != MACHINE_RUNNING)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (library_count_on (f->library), ==, 1);

  g_object_unref (f->library);
  f->library = library_new (f->folder);
  while (library_count_on (f->library) == 0)
    g_main_context_iteration (NULL, TRUE);
  g_autoptr (Machine) found = g_list_model_get_item (G_LIST_MODEL (f->library), 1);
  g_assert_true (found != machine);
  g_assert_cmpint (machine_get_state (found), ==, MACHINE_RUNNING);
  machine_power_off (found);
  while (library_has_processes (f->library))
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpuint (library_count_on (f->library), ==, 0);
}

static gboolean
count (gpointer turns)
{
  ++*(unsigned *) turns;
  return G_SOURCE_CONTINUE;
}

/* The window lives on, however often it would look again, and sees what has changed afterwards. */
static void
test_hanging_disk (Fixture *f, gconstpointer data)
{
  unsigned turns = 0;
  guint source;

  put_machine (f, "a", "name=Before\n");
  f->library = library_new (f->folder);
  put_machine (f, "a", "name=After\n");
  g_atomic_int_set (&hangs, TRUE);
  while (!g_atomic_int_get (&waiting))
    g_main_context_iteration (NULL, TRUE);
  source = g_timeout_add_seconds (4, count, &turns);
  while (turns == 0)
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (source);
  g_atomic_int_set (&hangs, FALSE);
  expect_names (f, "After");
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
  g_test_add ("/library/reading", Fixture, NULL, set_up, test_reading, tear_down);
  g_test_add ("/library/problems", Fixture, NULL, set_up, test_problems, tear_down);
  g_test_add ("/library/following", Fixture, NULL, set_up, test_following, tear_down);
  g_test_add ("/library/renaming", Fixture, NULL, set_up, test_renaming, tear_down);
  g_test_add ("/library/edited", Fixture, NULL, set_up, test_edited, tear_down);
  g_test_add ("/library/copy", Fixture, NULL, set_up, test_copy, tear_down);
  g_test_add ("/library/hanging-disk", Fixture, NULL, set_up, test_hanging_disk, tear_down);
  g_test_add ("/library/running", Fixture, NULL, set_up, test_running, tear_down);
  status = g_test_run ();
  g_assert_true (g_spawn_command_line_sync (remove, NULL, NULL, NULL, NULL));
  return status;
}
