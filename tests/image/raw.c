/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Raw images on files: transfers, bounds, locks, and the sentences for what cannot be used. */
#include "devices/image/image.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/image-outcome.h"

#define MIB (1u << 20)

static char *folder;

static char *
make_file (const char *name, const void *content, size_t length)
{
  char *path = g_build_filename (folder, name, NULL);

  g_assert_true (g_file_set_contents (path, content, length, NULL));
  return path;
}

static char *
make_disk (const char *name)
{
  g_autofree char *zeros = g_malloc0 (MIB);

  return make_file (name, zeros, MIB);
}

static Image *
open_image (const char *path, ImageFlags flags)
{
  g_autoptr (GError) error = NULL;
  Image *image = image_open (path, flags, NULL, NULL, &error);

  g_assert_no_error (error);
  return image;
}

/* Opening must fail with a sentence that names the file and holds the words. */
static void
assert_refused (const char *path, const char *words)
{
  g_autoptr (GError) error = NULL;
  Image *image = image_open (path, 0, NULL, NULL, &error);

  g_assert_null (image);
  g_assert_nonnull (error);
  g_assert_nonnull (strstr (error->message, path));
  if (strstr (error->message, words) == NULL)
    g_error ("“%s” does not say “%s”", error->message, words);
}

static void
test_transfers (void)
{
  g_autofree char *path = make_disk ("transfers.img");
  g_autoptr (Image) image = open_image (path, 0);
  uint8_t written[4096], read[4096];
  Outcome outcome = { 0 };

  g_assert_cmpuint (image_get_size (image), ==, MIB);
  g_assert_cmpstr (image_get_path (image), ==, path);
  for (unsigned i = 0; i < sizeof written; i++)
    written[i] = i * 7;
  image_write (image, 512, written, sizeof written, outcome_note, &outcome);
  g_assert_cmpint (outcome_wait (&outcome), ==, 0);
  image_flush (image, outcome_note, &outcome);
  g_assert_cmpint (outcome_wait (&outcome), ==, 0);
  image_read (image, 512, read, sizeof read, outcome_note, &outcome);
  g_assert_cmpint (outcome_wait (&outcome), ==, 0);
  g_assert_cmpmem (read, sizeof read, written, sizeof written);
}

static void
test_completion_waits_for_its_context (void)
{
  g_autofree char *path = make_disk ("context.img");
  g_autoptr (Image) image = open_image (path, 0);
  Outcome outcome = { 0 };
  char buffer[512];

  image_read (image, 0, buffer, sizeof buffer, outcome_note, &outcome);
  g_usleep (20000);
  g_assert_false (outcome.done);
  g_assert_cmpint (outcome_wait (&outcome), ==, 0);
}

static void
test_bounds (void)
{
  g_autofree char *path = make_disk ("bounds.img");
  g_autoptr (Image) image = open_image (path, 0);
  Outcome outcome = { 0 };
  char buffer[1024];

  image_read (image, MIB - 512, buffer, 1024, outcome_note, &outcome);
  g_assert_cmpint (outcome_wait (&outcome), ==, EINVAL);
  image_write (image, UINT64_MAX - 256, buffer, 512, outcome_note, &outcome);
  g_assert_cmpint (outcome_wait (&outcome), ==, EINVAL);
  image_read (image, MIB - 512, buffer, 512, outcome_note, &outcome);
  g_assert_cmpint (outcome_wait (&outcome), ==, 0);
}

static void
test_read_only (void)
{
  g_autofree char *path = make_disk ("read-only.img");
  g_autoptr (Image) image = open_image (path, IMAGE_READ_ONLY);
  Outcome outcome = { 0 };
  char buffer[512] = { 0 };

  g_assert_true (image_is_read_only (image));
  image_write (image, 0, buffer, 512, outcome_note, &outcome);
  g_assert_cmpint (outcome_wait (&outcome), ==, EROFS);
  image_discard (image, 0, 512, outcome_note, &outcome);
  g_assert_cmpint (outcome_wait (&outcome), ==, EROFS);
}

static void
test_discard (void)
{
  g_autofree char *path = make_disk ("discard.img");
  g_autoptr (Image) image = open_image (path, 0);
  uint8_t buffer[65536], zeros[65536] = { 0 };
  Outcome outcome = { 0 };

  memset (buffer, 0xaa, sizeof buffer);
  image_write (image, 0, buffer, sizeof buffer, outcome_note, &outcome);
  g_assert_cmpint (outcome_wait (&outcome), ==, 0);
  image_discard (image, 0, sizeof buffer, outcome_note, &outcome);
  g_assert_cmpint (outcome_wait (&outcome), ==, 0);
  image_read (image, 0, buffer, sizeof buffer, outcome_note, &outcome);
  g_assert_cmpint (outcome_wait (&outcome), ==, 0);
  /* A file system that cannot punch holes keeps the data: both are right, a mixture is not. */
  if (buffer[0] == 0)
    g_assert_cmpmem (buffer, sizeof buffer, zeros, sizeof zeros);
}

/* A file that shrinks under a running machine is an I/O error, never a hang. */
static void
test_shrunk (void)
{
  g_autofree char *path = make_disk ("shrunk.img");
  g_autoptr (Image) image = open_image (path, 0);
  Outcome outcome = { 0 };
  char buffer[512];

  g_assert_cmpint (truncate (path, 4096), ==, 0);
  image_read (image, 8192, buffer, 512, outcome_note, &outcome);
  g_assert_cmpint (outcome_wait (&outcome), ==, ENODATA);
}

static void
test_cancel (void)
{
  g_autofree char *path = make_disk ("cancel.img");
  g_autoptr (Image) image = open_image (path, 0);
  g_autofree char *buffer = g_malloc (MIB);
  Outcome cancelled = { 0 }, kept = { 0 };

  for (unsigned i = 0; i < 50; i++)
    {
      image_read (image, 0, buffer, MIB, outcome_note, &cancelled);
      image_read (image, 0, buffer, 512, outcome_note, &kept);
      image_cancel (image, &cancelled);
      /* The buffer is ours again at once. */
      memset (buffer, i, MIB);
      g_assert_cmpint (outcome_wait (&kept), ==, 0);
    }
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_false (cancelled.done);
}

/* The file is let go of when the host is done with what it was at, and then it can be opened
 * again. */
static void
test_free_in_a_transfer (void)
{
  g_autofree char *path = make_disk ("free.img");
  g_autofree char *buffer = g_malloc (MIB);
  Outcome outcome = { 0 };

  for (unsigned i = 0; i < 20; i++)
    {
      Image *image;

      while ((image = image_open (path, 0, NULL, NULL, NULL)) == NULL)
        g_usleep (1000);
      image_read (image, 0, buffer, MIB, outcome_note, &outcome);
      image_free (image);
    }
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_false (outcome.done);
}

static void
test_locks (void)
{
  g_autofree char *path = make_disk ("locks.img");
  Image *first = open_image (path, IMAGE_READ_ONLY);
  Image *second = open_image (path, IMAGE_READ_ONLY);

  assert_refused (path, "in use by another machine");
  image_free (first);
  image_free (second);
  first = open_image (path, 0);
  assert_refused (path, "in use by another machine");
  image_free (first);
  image_free (open_image (path, 0));
}

static void
test_unusable_files (void)
{
  g_autofree char *missing = g_build_filename (folder, "missing.img", NULL);
  g_autofree char *empty = make_file ("empty.img", "", 0);
  g_autofree char *cut = make_file ("cut.img", "0123456789", 10);

  assert_refused (missing, "check the path");
  assert_refused (folder, "folder");
  assert_refused ("/dev/null", "device or pipe");
  assert_refused (empty, "empty");
  assert_refused (cut, "cut off");
}

static void
test_foreign_formats (void)
{
  static const struct
  {
    const char *magic;
    unsigned length, at;
    const char *words;
  } formats[] = {
    { "QFI\xfb", 4, 0, "QCOW2" },
    { "KDMV", 4, 0, "VMDK" },
    { "\x7f\x10\xda\xbe", 4, 64, "VDI" },
    { "vhdxfile", 8, 0, "VHDX" },
    { "conectix", 8, 0, "VHD" },
    { "conectix", 8, 4096 - 512, "VHD" },
    { "\x1f\x8b\x08", 3, 0, "gzip" },
    { "\xfd"
      "7zXZ",
      5, 0, "xz" },
    { "\x28\xb5\x2f\xfd", 4, 0, "Zstandard" },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (formats); i++)
    {
      char content[4096] = { 0 };
      g_autofree char *path = NULL;

      memcpy (content + formats[i].at, formats[i].magic, formats[i].length);
      path = make_file ("foreign.img", content, sizeof content);
      assert_refused (path, formats[i].words);
    }
}

int
main (int argc, char **argv)
{
  int result;
  g_autofree char *remove = NULL;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("guesthouse-image-XXXXXX", NULL);
  g_test_add_func ("/image/transfers", test_transfers);
  g_test_add_func ("/image/completion-waits-for-its-context",
                   test_completion_waits_for_its_context);
  g_test_add_func ("/image/bounds", test_bounds);
  g_test_add_func ("/image/read-only", test_read_only);
  g_test_add_func ("/image/discard", test_discard);
  g_test_add_func ("/image/shrunk", test_shrunk);
  g_test_add_func ("/image/cancel", test_cancel);
  g_test_add_func ("/image/free-in-a-transfer", test_free_in_a_transfer);
  g_test_add_func ("/image/locks", test_locks);
  g_test_add_func ("/image/unusable-files", test_unusable_files);
  g_test_add_func ("/image/foreign-formats", test_foreign_formats);
  result = g_test_run ();
  remove = g_strdup_printf ("rm -rf '%s'", folder);
  g_spawn_command_line_sync (remove, NULL, NULL, NULL, NULL);
  g_free (folder);
  return result;
}
