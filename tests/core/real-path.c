/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where paths lead, and files that are opened without following a link. */
#include "vmm-core/real-path.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

typedef struct
{
  char *folder, *file; /* folder/a/file */
} Fixture;

static char *
in (Fixture *f, const char *name)
{
  return g_build_filename (f->folder, name, NULL);
}

static void
make_link (Fixture *f, const char *target, const char *name)
{
  g_autofree char *path = in (f, name);

  g_assert_cmpint (symlink (target, path), ==, 0);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  g_autofree char *made = g_dir_make_tmp ("guesthouse-XXXXXX", NULL);
  g_autofree char *a = NULL;

  f->folder = real_path_resolve (made);
  f->file = in (f, "a/file");
  a = in (f, "a");
  g_mkdir (a, 0700);
  g_assert_true (g_file_set_contents (f->file, "text", -1, NULL));
  make_link (f, "a", "to-folder");
  make_link (f, "a/file", "to-file");
  make_link (f, "a/new", "to-nothing");
  make_link (f, "loop", "loop");
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_spawn_sync (NULL, (char *[]){ "/bin/rm", "-rf", f->folder, NULL }, NULL, 0, NULL, NULL, NULL,
                NULL, NULL, NULL);
  g_free (f->folder);
  g_free (f->file);
}

static void
test_resolve (Fixture *f, gconstpointer data)
{
  static const struct
  {
    const char *name, *real;
  } cases[] = {
    { "a/file", "a/file" },
    { "to-folder/file", "a/file" },
    { "to-file", "a/file" },
    { "a/../a/./file", "a/file" },
    { "to-nothing", "a/new" },
    { "to-folder/new", "a/new" },
    { "none/../../x", "../x" },
    { "to-folder/none/deeper", "a/none/deeper" },
    { "to-folder/../a/file", "a/file" },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = in (f, cases[i].name);
      g_autofree char *real = g_canonicalize_filename (cases[i].real, f->folder);
      g_autofree char *resolved = real_path_resolve (path);

      g_assert_cmpstr (resolved, ==, real);
    }
}

static void
test_open (Fixture *f, gconstpointer data)
{
  static const char *const refused[]
    = { "to-file", "to-folder/file", "to-nothing", "loop", "a/../a/file", "none/file", "a" };
  int fd = real_path_open (f->file, O_RDONLY, 0);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (fcntl (fd, F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);
  close (fd);
  for (unsigned i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autofree char *path = in (f, refused[i]);

      g_assert_cmpint (real_path_open (path, O_WRONLY | O_CREAT, 0600), ==, -1);
      g_assert_cmpint (errno, !=, 0);
    }
  g_autofree char *new = in (f, "a/new");
  g_assert_false (g_file_test (new, G_FILE_TEST_EXISTS));
  fd = real_path_open (new, O_WRONLY | O_CREAT | O_EXCL, 0600);
  g_assert_cmpint (fd, >=, 0);
  close (fd);
  fd = real_path_open ("/dev/stdin", O_RDONLY | O_NONBLOCK, 0); /* the system's links */
  g_assert_true (fd >= 0 || errno != ELOOP);
  if (fd >= 0)
    close (fd);
}

/* What lies in the system's folders only by its name is looked at as everything else. */
static void
test_not_of_the_system (Fixture *f, gconstpointer data)
{
  g_autofree char *folder = g_strdup ("/dev/shm/guesthouse-XXXXXX");
  g_autofree char *link = NULL;
  g_autofree char *around = g_strconcat ("/usr/..", f->folder, "/to-file", NULL);

  g_assert_nonnull (g_mkdtemp (folder));
  link = g_build_filename (folder, "log", NULL);
  g_assert_cmpint (symlink (f->file, link), ==, 0);
  g_assert_cmpint (real_path_open (link, O_WRONLY, 0), ==, -1);
  g_assert_cmpint (errno, ==, ELOOP);
  g_assert_cmpint (real_path_open (around, O_WRONLY, 0), ==, -1);
  g_unlink (link);
  g_rmdir (folder);
}

/* A folder that was looked at is exchanged for a link. */
static void
test_exchanged (Fixture *f, gconstpointer data)
{
  g_autofree char *a = in (f, "a");
  g_autofree char *elsewhere = in (f, "elsewhere");
  g_autofree char *real = real_path_resolve (f->file);

  g_assert_cmpint (g_rename (a, elsewhere), ==, 0);
  make_link (f, "elsewhere", "a");
  g_assert_cmpint (real_path_open (real, O_RDONLY, 0), ==, -1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/real-path/resolve", Fixture, NULL, set_up, test_resolve, tear_down);
  g_test_add ("/real-path/open", Fixture, NULL, set_up, test_open, tear_down);
  g_test_add ("/real-path/not-of-the-system", Fixture, NULL, set_up, test_not_of_the_system,
              tear_down);
  g_test_add ("/real-path/exchanged", Fixture, NULL, set_up, test_exchanged, tear_down);
  return g_test_run ();
}
