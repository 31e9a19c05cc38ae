/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Thumbnails of machines: made once, kept beside the picture, and harmless whatever lies there. */
#include "app/picture.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WIDTH 72
#define HEIGHT 54

static char *folder;
static Machine *machine;

static char *
in_folder (const char *name)
{
  return g_build_filename (folder, name, NULL);
}

static void
remove_file (const char *name)
{
  g_autofree char *path = in_folder (name);

  g_unlink (path);
}

/* A screen: one colour on the left, another on the right. */
static void
write_screen (int width, int height, guint32 left, guint32 right)
{
  g_autoptr (GdkPixbuf) screen = gdk_pixbuf_new (GDK_COLORSPACE_RGB, FALSE, 8, width, height);
  g_autoptr (GdkPixbuf) half = gdk_pixbuf_new_subpixbuf (screen, 0, 0, MAX (width / 2, 1), height);
  g_autofree char *path = in_folder ("picture.png");

  gdk_pixbuf_fill (screen, right);
  gdk_pixbuf_fill (half, left);
  g_assert_true (gdk_pixbuf_save (screen, path, "png", NULL, NULL));
}

static void
loaded (GObject *source, GAsyncResult *result, gpointer data)
{
  *(GAsyncResult **) data = g_object_ref (result);
}

static GdkTexture *
load (void)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  GdkTexture *texture;

  picture_load_thumbnail_async (machine, WIDTH, HEIGHT, NULL, loaded, &result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  texture = picture_load_finish (result, &error);
  g_assert_no_error (error);
  return texture;
}

/* The colour of a pixel, RGB. */
static guint32
pixel (GdkTexture *texture, int x, int y)
{
  guint32 pixels[WIDTH * HEIGHT];

  g_assert_cmpint (gdk_texture_get_width (texture), ==, WIDTH);
  g_assert_cmpint (gdk_texture_get_height (texture), ==, HEIGHT);
  gdk_texture_download (texture, (guchar *) pixels, WIDTH * 4);
  return pixels[y * WIDTH + x] & 0xffffff;
}

static ino_t
inode (const char *name)
{
  g_autofree char *path = in_folder (name);
  GStatBuf about;

  return g_lstat (path, &about) == 0 ? about.st_ino : 0;
}

static void
test_once (void)
{
  ino_t first;

  write_screen (1920, 1080, 0xff0000ff, 0x0000ffff);
  g_autoptr (GdkTexture) made = load ();
  g_assert_cmphex (pixel (made, 5, 27), ==, 0xff0000);
  g_assert_cmphex (pixel (made, 66, 27), ==, 0x0000ff);
  first = inode ("thumbnail.png");
  g_assert_cmpuint (first, !=, 0);

  g_autoptr (GdkTexture) kept = load ();
  g_assert_cmphex (pixel (kept, 5, 27), ==, 0xff0000);
  g_assert_cmpuint (inode ("thumbnail.png"), ==, first);

  write_screen (640, 480, 0x00ff00ff, 0x00ff00ff);
  g_autoptr (GdkTexture) renewed = load ();
  g_assert_cmphex (pixel (renewed, 5, 27), ==, 0x00ff00);
}

/* The clock may have been put back since the thumbnail was made. */
static void
test_clock (void)
{
  g_autofree char *path = in_folder ("picture.png");
  const struct timespec past[] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000000 } };

  write_screen (640, 480, 0xff0000ff, 0xff0000ff);
  g_autoptr (GdkTexture) before = load ();
  g_assert_cmphex (pixel (before, 5, 27), ==, 0xff0000);
  write_screen (640, 480, 0x00ff00ff, 0x00ff00ff);
  g_assert_cmpint (utimensat (AT_FDCWD, path, past, 0), ==, 0);
  g_autoptr (GdkTexture) after = load ();
  g_assert_cmphex (pixel (after, 5, 27), ==, 0x00ff00);
}

/* Any shape of screen fills the thumbnail. */
static void
test_shapes (void)
{
  static const int shapes[][2] = { { 80, 60 }, { 1, 1 }, { 8000, 8 }, { 8, 8000 }, { 2560, 1600 } };

  for (gsize i = 0; i < G_N_ELEMENTS (shapes); i++)
    {
      write_screen (shapes[i][0], shapes[i][1], 0x00ff00ff, 0x00ff00ff);
      remove_file ("thumbnail.png");
      g_autoptr (GdkTexture) texture = load ();
      g_assert_cmphex (pixel (texture, 0, 0), ==, 0x00ff00);
      g_assert_cmphex (pixel (texture, WIDTH - 1, HEIGHT - 1), ==, 0x00ff00);
    }
}

/* A link in place of the thumbnail is replaced, and what it leads to stays as it is. */
static void
test_link (void)
{
  g_autofree char *path = in_folder ("thumbnail.png");
  g_autofree char *victim = in_folder ("victim");
  g_autofree char *text = NULL;

  write_screen (640, 480, 0x00ff00ff, 0x00ff00ff);
  remove_file ("thumbnail.png");
  g_assert_true (g_file_set_contents (victim, "precious", -1, NULL));
  g_assert_cmpint (symlink (victim, path), ==, 0);
  g_autoptr (GdkTexture) texture = load ();
  g_assert_nonnull (texture);
  g_assert_true (g_file_get_contents (victim, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, "precious");
  g_assert_false (g_file_test (path, G_FILE_TEST_IS_SYMLINK));
}

/* What is no picture, or says that it is huge, is none; and a broken thumbnail is made again. */
static void
test_broken (void)
{
  static const guint8 huge[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\1\0\0\0\1\0\0\10\2\0\0\0";
  g_autofree char *picture = in_folder ("picture.png");
  g_autofree char *thumbnail = in_folder ("thumbnail.png");

  remove_file ("thumbnail.png");
  g_assert_true (g_file_set_contents (picture, (const char *) huge, sizeof huge, NULL));
  g_assert_null (load ());
  g_assert_true (g_file_set_contents (picture, "GIF89a", -1, NULL));
  g_assert_null (load ());
  g_unlink (picture);
  g_assert_null (load ());
  g_assert_cmpuint (inode ("thumbnail.png"), ==, 0);

  write_screen (640, 480, 0x00ff00ff, 0x00ff00ff);
  g_assert_true (g_file_set_contents (thumbnail, (const char *) huge, sizeof huge, NULL));
  g_autoptr (GdkTexture) texture = load ();
  g_assert_cmphex (pixel (texture, 5, 27), ==, 0x00ff00);
}

int
main (int argc, char **argv)
{
  g_autofree char *conf = NULL;
  g_autofree char *command = NULL;
  int status;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("guesthouse-XXXXXX", NULL);
  conf = in_folder ("machine.conf");
  g_assert_true (g_file_set_contents (conf, "[machine]\nname=Test\n", -1, NULL));
  machine = machine_new (folder, NULL);
  g_assert_nonnull (machine);
  g_test_add_func ("/picture/once", test_once);
  g_test_add_func ("/picture/clock", test_clock);
  g_test_add_func ("/picture/shapes", test_shapes);
  g_test_add_func ("/picture/link", test_link);
  g_test_add_func ("/picture/broken", test_broken);
  status = g_test_run ();
  g_object_unref (machine);
  command = g_strdup_printf ("rm -rf '%s'", folder);
  g_assert_true (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL));
  g_free (folder);
  return status;
}
