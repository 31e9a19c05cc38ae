/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "picture.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "app/model/machine-folder.h"
#include "vmm-core/plain-file.h"
#include "vmm-core/real-path.h"

#define PICTURE "picture.png"
#define THUMBNAIL "thumbnail.png"
#define MAX_THUMBNAIL (1 << 20) /* bytes */
#define KEPT_WIDTH 144          /* of thumbnails in folders: twice as large as in the list */
#define KEPT_HEIGHT 108
#define SHOWN_WIDTH 960 /* of a picture on a page */
#define SHOWN_HEIGHT 600
#define MAX_SIDE 8192 /* pixels of what is decoded */

typedef struct
{
  char *folder;
  GBytes *png; /* of a running machine; NULL: what the folder has */
  int width, height;
  gboolean thumbnail;
} Job;

static void
job_free (Job *job)
{
  g_free (job->folder);
  g_clear_pointer (&job->png, g_bytes_unref);
  g_free (job);
}

static guint32
get_32 (const guint8 *at)
{
  return (guint32) at[0] << 24 | at[1] << 16 | at[2] << 8 | at[3];
}

/* Whether a PNG file says that it is one of a sensible size: PNG 11.2.2. */
static gboolean
is_sensible (GBytes *png)
{
  gsize length;
  const guint8 *data = g_bytes_get_data (png, &length);

  return length > 24 && memcmp (data, "\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16) == 0
         && get_32 (data + 16) - 1 < MAX_SIDE && get_32 (data + 20) - 1 < MAX_SIDE;
}

static GdkPixbuf *
decode (GBytes *png)
{
  g_autoptr (GdkPixbufLoader) loader = NULL;
  GdkPixbuf *pixbuf = NULL;

  if (png == NULL || !is_sensible (png))
    return NULL;
  loader = gdk_pixbuf_loader_new_with_type ("png", NULL);
  if (loader != NULL && gdk_pixbuf_loader_write_bytes (loader, png, NULL)
      && gdk_pixbuf_loader_close (loader, NULL))
    pixbuf = gdk_pixbuf_loader_get_pixbuf (loader);
  else if (loader != NULL)
    gdk_pixbuf_loader_close (loader, NULL);
  return pixbuf != NULL ? g_object_ref (pixbuf) : NULL;
}

/* The middle of a picture, so that it fills an area. */
static GdkPixbuf *
cover (GdkPixbuf *pixbuf, int width, int height)
{
  int full_width = gdk_pixbuf_get_width (pixbuf), full_height = gdk_pixbuf_get_height (pixbuf);
  double scale = MAX ((double) width / full_width, (double) height / full_height);
  int part_width = CLAMP ((int) (width / scale), 1, full_width);
  int part_height = CLAMP ((int) (height / scale), 1, full_height);
  g_autoptr (GdkPixbuf) part
    = gdk_pixbuf_new_subpixbuf (pixbuf, (full_width - part_width) / 2,
                                (full_height - part_height) / 2, part_width, part_height);

  return gdk_pixbuf_scale_simple (part, width, height, GDK_INTERP_BILINEAR);
}

/* All of it, made smaller if need be. */
static GdkPixbuf *
fit (GdkPixbuf *pixbuf, int width, int height)
{
  int full_width = gdk_pixbuf_get_width (pixbuf), full_height = gdk_pixbuf_get_height (pixbuf);
  double scale = MIN ((double) width / full_width, (double) height / full_height);

  if (scale >= 1)
    return g_object_ref (pixbuf);
  return gdk_pixbuf_scale_simple (pixbuf, MAX ((int) (full_width * scale), 1),
                                  MAX ((int) (full_height * scale), 1), GDK_INTERP_BILINEAR);
}

/* Thumbnails in folders */

/* A thumbnail has its picture's time, which need not be that of a clock that only goes forwards;
 * 0: there is no such file. */
static struct timespec
get_time (const char *folder, const char *name)
{
  g_autofree char *path = real_path_in (folder, name);
  GStatBuf about = { 0 };

  g_lstat (path, &about);
  return about.st_mtim;
}

static GdkPixbuf *
load_thumbnail (const char *folder)
{
  g_autofree char *path = real_path_in (folder, THUMBNAIL);
  struct timespec its = get_time (folder, PICTURE), ours = get_time (folder, THUMBNAIL);
  g_autoptr (GBytes) png = NULL;

  if (its.tv_sec == 0 || ours.tv_sec != its.tv_sec || ours.tv_nsec != its.tv_nsec)
    return NULL;
  png = plain_file_read (path, MAX_THUMBNAIL, NULL);
  return decode (png);
}

/* One that cannot be kept is made again the next time. */
static void
keep_thumbnail (const char *folder, GdkPixbuf *pixbuf, struct timespec time)
{
  g_autofree char *path = g_build_filename (folder, THUMBNAIL, NULL);
  struct timespec times[] = { { .tv_nsec = UTIME_OMIT }, time };
  g_autofree char *data = NULL;
  gsize length;

  if (gdk_pixbuf_save_to_buffer (pixbuf, &data, &length, "png", NULL, NULL)
      && g_file_set_contents_full (path, data, (gssize) length, G_FILE_SET_CONTENTS_CONSISTENT,
                                   0600, NULL))
    utimensat (AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW);
}

/* On the thread */

static GdkPixbuf *
load_pixbuf (const Job *job)
{
  g_autoptr (GBytes) png = job->png != NULL ? g_bytes_ref (job->png) : NULL;
  g_autoptr (GdkPixbuf) full = NULL;
  g_autoptr (GdkPixbuf) kept = job->thumbnail && png == NULL ? load_thumbnail (job->folder) : NULL;

  if (kept == NULL)
    {
      struct timespec time = get_time (job->folder, PICTURE);

      if (png == NULL)
        png = machine_folder_load_picture (job->folder);
      full = decode (png);
      if (full == NULL)
        return NULL;
      if (!job->thumbnail)
        return fit (full, job->width, job->height);
      kept = cover (full, KEPT_WIDTH, KEPT_HEIGHT);
      if (job->png == NULL)
        keep_thumbnail (job->folder, kept, time);
    }
  return cover (kept, job->width, job->height);
}

static void
work (gpointer data, gpointer unused)
{
  g_autoptr (GTask) task = data;
  g_autoptr (GdkPixbuf) pixbuf = NULL;

  if (g_task_return_error_if_cancelled (task))
    return;
  pixbuf = load_pixbuf (g_task_get_task_data (task));
  g_task_return_pointer (task, pixbuf != NULL ? gdk_texture_new_for_pixbuf (pixbuf) : NULL,
                         g_object_unref);
}

static void
load_async (Machine *machine, int width, int height, gboolean thumbnail, GCancellable *cancellable,
            GAsyncReadyCallback callback, gpointer data)
{
  static GThreadPool *pool;
  GTask *task = g_task_new (machine, cancellable, callback, data);
  Job *job = g_new0 (Job, 1);
  GBytes *png = machine_get_picture (machine);

  if (pool == NULL)
    pool = g_thread_pool_new (work, NULL, 1, FALSE, NULL);
  job->folder = g_strdup (machine_get_folder (machine));
  job->png = png != NULL ? g_bytes_ref (png) : NULL;
  job->width = width;
  job->height = height;
  job->thumbnail = thumbnail;
  g_task_set_task_data (task, job, (GDestroyNotify) job_free);
  g_thread_pool_push (pool, task, NULL);
}

void
picture_load_thumbnail_async (Machine *machine, int width, int height, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer data)
{
  load_async (machine, width, height, TRUE, cancellable, callback, data);
}

GdkTexture *
picture_load_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Whoever cancels is gone, or wants another picture. */
static void
cancel (gpointer data)
{
  g_cancellable_cancel (data);
  g_object_unref (data);
}

static void
loaded (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GdkTexture) texture = picture_load_finish (result, &error);

  if (error != NULL)
    return;
  gtk_picture_set_paintable (data, GDK_PAINTABLE (texture));
  gtk_widget_set_visible (data, texture != NULL);
}

void
picture_show (GtkPicture *picture, Machine *machine)
{
  GCancellable *cancellable = g_cancellable_new ();

  g_object_set_data_full (G_OBJECT (picture), "loading", cancellable, cancel);
  load_async (machine, SHOWN_WIDTH, SHOWN_HEIGHT, FALSE, cancellable, loaded, picture);
}
