/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The folders in which machines live. Every test has folders of its own. */
#include "app/model/machine-root.h"

#include <glib/gstdio.h>
#include <unistd.h>

static char *
make_folder (const char *name)
{
  char *folder = g_build_filename (g_get_home_dir (), name, NULL);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  return folder;
}

static void
check_roots (const char *first, const char *second, const char *third)
{
  g_autoptr (GPtrArray) roots = machine_root_list ();
  const char *wanted[] = { first, second, third };
  guint n = third != NULL ? 3 : second != NULL ? 2 : 1;
  g_autofree char *root = machine_root_dup ();

  g_assert_cmpuint (roots->len, ==, n);
  for (guint i = 0; i < n; i++)
    g_assert_cmpstr (roots->pdata[i], ==, wanted[i]);
  g_assert_cmpstr (root, ==, first);
}

static void
test_set (void)
{
  g_autofree char *usual = machine_root_dup_usual ();
  g_autofree char *one = make_folder ("one");
  g_autofree char *two = make_folder ("two");
  g_autoptr (GError) error = NULL;

  check_roots (usual, NULL, NULL);
  g_assert_true (machine_root_set (one, &error));
  check_roots (one, usual, NULL);
  g_assert_true (machine_root_set (two, &error));
  check_roots (two, one, usual);
  g_assert_true (machine_root_set (NULL, &error));
  check_roots (usual, two, one);

  g_assert_false (machine_root_set ("/is/not/there", &error));
  g_assert_nonnull (strstr (error->message, "/is/not/there"));
  check_roots (usual, two, one);
}

/* What somebody wrote into the file, and a folder that is there by two names. */
static void
test_written (void)
{
  g_autofree char *usual = machine_root_dup_usual ();
  g_autofree char *one = make_folder ("one");
  g_autofree char *link = g_build_filename (g_get_home_dir (), "link", NULL);
  g_autofree char *folder = g_build_filename (g_get_user_config_dir (), "guesthouse", NULL);
  g_autofree char *file = g_build_filename (folder, "folders", NULL);
  g_autofree char *text = g_strdup_printf ("relative\n\n%s\n%s\n%s/\n", one, link, one);

  g_assert_cmpint (symlink (one, link), ==, 0);
  g_mkdir_with_parents (folder, 0700);
  g_assert_true (g_file_set_contents (file, text, -1, NULL));
  check_roots (one, usual, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);
  g_test_add_func ("/machine-root/set", test_set);
  g_test_add_func ("/machine-root/written", test_written);
  return g_test_run ();
}
