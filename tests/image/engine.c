/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Images on a host's disk that hangs or fails: nobody waits for it, nothing is lost for want of
 * room, and the user is told. */
#include <errno.h>
#include <glib/gstdio.h>
#include <unistd.h>

#include "tests/support/fake-disk.h"
#include "tests/support/image-outcome.h"

#define BLOCK 4096

typedef struct
{
  unsigned full, failed;
  char *sentence;
} Troubles;

static void
note_trouble (void *data, ImageTrouble trouble, const char *sentence)
{
  Troubles *troubles = data;

  troubles->full += trouble == IMAGE_TROUBLE_FULL;
  troubles->failed += trouble == IMAGE_TROUBLE_FAILED;
  g_free (troubles->sentence);
  troubles->sentence = g_strdup (sentence);
}

static void
wait_for_full (Troubles *troubles, unsigned n)
{
  while (troubles->full < n)
    g_main_context_iteration (NULL, TRUE);
}

static void
run_what_is_ready (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

/* The buffer is the caller's again while the host still reads for the request. */
static void
test_cancelled_read (void)
{
  FakeDisk *disk = fake_disk_new ();
  Image *image = fake_disk_open (disk);
  Outcome lost = { 0 }, next = { 0 };
  uint8_t buffer[BLOCK], other[BLOCK];

  memset (disk->bytes, 0x11, BLOCK);
  memset (buffer, 0x22, BLOCK);
  fake_disk_set (disk, TRUE, 0);
  image_read (image, 0, buffer, BLOCK, outcome_note, &lost);
  fake_disk_wait_entered (disk, 1);
  image_cancel (image, &lost);
  image_read (image, 0, other, BLOCK, outcome_note, &next);
  fake_disk_set (disk, FALSE, 0);
  g_assert_cmpint (outcome_wait (&next), ==, 0);
  g_assert_cmphex (other[0], ==, 0x11);
  g_assert_cmphex (buffer[0], ==, 0x22);
  g_assert_false (lost.done);
  image_free (image);
  fake_disk_free (disk);
}

/* A write that was given up and comes late must not undo one that followed it. */
static void
test_cancelled_write_stays_first (void)
{
  FakeDisk *disk = fake_disk_new ();
  Image *image = fake_disk_open (disk);
  Outcome lost = { 0 }, skipped = { 0 }, next = { 0 };
  uint8_t buffer[BLOCK];

  fake_disk_set (disk, TRUE, 0);
  memset (buffer, 1, BLOCK);
  image_write (image, 0, buffer, BLOCK, outcome_note, &lost);
  fake_disk_wait_entered (disk, 1);
  image_cancel (image, &lost);
  memset (buffer, 2, BLOCK);
  image_write (image, BLOCK, buffer, BLOCK, outcome_note, &skipped);
  image_cancel (image, &skipped); /* not begun: it never will be */
  memset (buffer, 3, BLOCK);
  image_write (image, 0, buffer, BLOCK, outcome_note, &next);
  memset (buffer, 4, BLOCK); /* what was to be written has been copied */
  fake_disk_set (disk, FALSE, 0);
  g_assert_cmpint (outcome_wait (&next), ==, 0);
  g_assert_cmphex (disk->bytes[0], ==, 3);
  g_assert_cmphex (disk->bytes[BLOCK], ==, 0);
  g_assert_cmpuint (disk->entered, ==, 2);
  image_free (image);
  fake_disk_free (disk);
}

static void
test_free_does_not_wait (void)
{
  FakeDisk *disk = fake_disk_new ();
  Image *image = fake_disk_open (disk);
  Outcome lost = { 0 };
  uint8_t buffer[BLOCK] = { 0 };

  fake_disk_set (disk, TRUE, 0);
  image_read (image, 0, buffer, BLOCK, outcome_note, &lost);
  image_read (image, 0, buffer, BLOCK, outcome_note, &lost);
  fake_disk_wait_entered (disk, 1);
  image_free (image);
  g_assert_false (disk->closed);
  fake_disk_set (disk, FALSE, 0);
  fake_disk_free (disk);
  run_what_is_ready ();
  g_assert_false (lost.done);
}

static void
test_no_room_is_not_an_error (void)
{
  static const int errors[] = { ENOSPC, EDQUOT, EFBIG };
  FakeDisk *disk = fake_disk_new ();
  Image *image = fake_disk_open (disk);
  Outcome outcome = { 0 };
  uint8_t buffer[BLOCK];

  for (unsigned i = 0; i < G_N_ELEMENTS (errors); i++)
    {
      Troubles troubles = { 0 };

      image_set_listener (image, note_trouble, &troubles);
      memset (buffer, i + 1, BLOCK);
      fake_disk_set (disk, FALSE, errors[i]);
      image_write (image, 0, buffer, BLOCK, outcome_note, &outcome);
      memset (buffer, 0, BLOCK);
      wait_for_full (&troubles, 1);
      image_retry (image); /* there is none yet */
      wait_for_full (&troubles, 2);
      g_assert_false (outcome.done);
      g_assert_nonnull (strstr (troubles.sentence, "/fake/disk.img"));
      fake_disk_set (disk, FALSE, 0);
      run_what_is_ready ();
      g_assert_false (outcome.done); /* it waits to be asked */
      image_retry (image);
      g_assert_cmpint (outcome_wait (&outcome), ==, 0);
      g_assert_cmphex (disk->bytes[BLOCK - 1], ==, i + 1);
      g_assert_cmpuint (troubles.failed, ==, 0);
      g_free (troubles.sentence);
    }
  image_free (image);
  fake_disk_free (disk);
}

static void
test_what_found_no_room_can_be_given_up (void)
{
  FakeDisk *disk = fake_disk_new ();
  Image *image = fake_disk_open (disk);
  Troubles troubles = { 0 };
  Outcome lost = { 0 }, next = { 0 };
  uint8_t buffer[BLOCK] = { 1 };

  image_set_listener (image, note_trouble, &troubles);
  fake_disk_set (disk, FALSE, ENOSPC);
  image_write (image, 0, buffer, BLOCK, outcome_note, &lost);
  wait_for_full (&troubles, 1);
  image_cancel (image, &lost);
  fake_disk_set (disk, FALSE, 0);
  image_retry (image);
  image_flush (image, outcome_note, &next);
  g_assert_cmpint (outcome_wait (&next), ==, 0);
  g_assert_false (lost.done);
  g_assert_cmphex (disk->bytes[0], ==, 0);
  /* And what is kept goes with the image. */
  fake_disk_set (disk, FALSE, ENOSPC);
  image_write (image, 0, buffer, BLOCK, outcome_note, &lost);
  wait_for_full (&troubles, 2);
  image_free (image);
  fake_disk_free (disk);
  g_free (troubles.sentence);
}

/* The host may have dropped what it could not write: trying again would only look well. */
static void
test_failed_flush_is_an_error (void)
{
  FakeDisk *disk = fake_disk_new ();
  Image *image = fake_disk_open (disk);
  Troubles troubles = { 0 };
  Outcome outcome = { 0 };

  image_set_listener (image, note_trouble, &troubles);
  fake_disk_set (disk, FALSE, ENOSPC);
  image_flush (image, outcome_note, &outcome);
  g_assert_cmpint (outcome_wait (&outcome), ==, ENOSPC);
  g_assert_cmpuint (troubles.failed, ==, 1);
  g_assert_cmpuint (troubles.full, ==, 0);
  g_free (troubles.sentence);
  image_free (image);
  fake_disk_free (disk);
}

static void
test_errors_are_told (void)
{
  FakeDisk *disk = fake_disk_new ();
  Image *image = fake_disk_open (disk);
  Troubles troubles = { 0 };
  Outcome outcome = { 0 };
  uint8_t buffer[BLOCK] = { 0 };

  image_set_listener (image, note_trouble, &troubles);
  fake_disk_set (disk, FALSE, EIO);
  image_write (image, 0, buffer, BLOCK, outcome_note, &outcome);
  g_assert_cmpint (outcome_wait (&outcome), ==, EIO);
  g_assert_nonnull (strstr (troubles.sentence, "cannot be written"));
  image_read (image, 0, buffer, BLOCK, outcome_note, &outcome);
  g_assert_cmpint (outcome_wait (&outcome), ==, EIO);
  g_assert_nonnull (strstr (troubles.sentence, "cannot be read"));
  fake_disk_set (disk, FALSE, ESTALE);
  image_read (image, 0, buffer, BLOCK, outcome_note, &outcome);
  g_assert_cmpint (outcome_wait (&outcome), ==, ESTALE);
  g_assert_nonnull (strstr (troubles.sentence, "is gone"));
  g_free (troubles.sentence);
  image_free (image);
  fake_disk_free (disk);
}

/* The same on real files: deleted and cut off under a machine. */
static void
test_lost_files (void)
{
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;
  int fd = g_file_open_tmp ("guesthouse-XXXXXX.img", &path, NULL);
  Troubles troubles = { 0 };
  Outcome outcome = { 0 };
  char buffer[512];
  Image *image;

  g_assert_cmpint (ftruncate (fd, 1 << 20), ==, 0);
  image = image_open (path, 0, NULL, NULL, &error);
  g_assert_no_error (error);
  image_set_listener (image, note_trouble, &troubles);
  image_flush (image, outcome_note, &outcome);
  g_assert_cmpint (outcome_wait (&outcome), ==, 0);
  g_assert_cmpuint (troubles.failed, ==, 0);
  g_assert_cmpint (ftruncate (fd, 4096), ==, 0);
  image_read (image, 8192, buffer, sizeof buffer, outcome_note, &outcome);
  g_assert_cmpint (outcome_wait (&outcome), ==, ENODATA);
  g_assert_nonnull (strstr (troubles.sentence, "cut off"));
  g_assert_nonnull (strstr (troubles.sentence, "it has 4.0"));
  g_unlink (path);
  image_flush (image, outcome_note, &outcome);
  g_assert_cmpint (outcome_wait (&outcome), ==, 0);
  g_assert_nonnull (strstr (troubles.sentence, "deleted"));
  g_assert_nonnull (strstr (troubles.sentence, path));
  image_free (image);
  close (fd);
  g_free (troubles.sentence);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/engine/cancelled-read", test_cancelled_read);
  g_test_add_func ("/engine/cancelled-write-stays-first", test_cancelled_write_stays_first);
  g_test_add_func ("/engine/free-does-not-wait", test_free_does_not_wait);
  g_test_add_func ("/engine/no-room-is-not-an-error", test_no_room_is_not_an_error);
  g_test_add_func ("/engine/what-found-no-room-can-be-given-up",
                   test_what_found_no_room_can_be_given_up);
  g_test_add_func ("/engine/failed-flush-is-an-error", test_failed_flush_is_an_error);
  g_test_add_func ("/engine/errors-are-told", test_errors_are_told);
  g_test_add_func ("/engine/lost-files", test_lost_files);
  return g_test_run ();
}
