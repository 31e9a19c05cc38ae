/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "console-frame.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_SIDE 8192
#define MAX_ZOOM 4
#define BAND_LINES 64
#define MAX_BANDS (MAX_SIDE / BAND_LINES)

/* Names of pixman: 32 bits a pixel, blue in the lowest byte. */
#define PIXMAN_X8R8G8B8 0x20020888
#define PIXMAN_A8R8G8B8 0x20028888

struct ConsoleFrame
{
  unsigned width, height;
  uint32_t *pixels; /* width × height, alpha set */
  int fd;           /* -1: pixels are all there is */
  unsigned offset, stride;
  gboolean stale[MAX_BANDS]; /* the file is newer than pixels */
  GdkTexture *bands[MAX_BANDS];
  unsigned zoom; /* pixels of a texture for a pixel of the guest, each way */
};

ConsoleFrame *
console_frame_new (void)
{
  ConsoleFrame *frame = g_new0 (ConsoleFrame, 1);

  frame->fd = -1;
  frame->zoom = 1;
  return frame;
}

static void
drop_textures (ConsoleFrame *frame)
{
  for (unsigned i = 0; i < MAX_BANDS; i++)
    g_clear_object (&frame->bands[i]);
}

void
console_frame_clear (ConsoleFrame *frame)
{
  drop_textures (frame);
  memset (frame->stale, 0, sizeof frame->stale);
  g_clear_pointer (&frame->pixels, g_free);
  if (frame->fd >= 0)
    close (frame->fd);
  frame->fd = -1;
  frame->width = frame->height = 0;
}

void
console_frame_free (ConsoleFrame *frame)
{
  console_frame_clear (frame);
  g_free (frame);
}

static gboolean
console_frame_set_size (ConsoleFrame *frame, unsigned width, unsigned height, unsigned stride,
                        unsigned pixman_format)
{
  console_frame_clear (frame);
  if (width < 1 || width > MAX_SIDE || height < 1 || height > MAX_SIDE || stride < width * 4
      || stride > MAX_SIDE * 16
      || (pixman_format != PIXMAN_X8R8G8B8 && pixman_format != PIXMAN_A8R8G8B8))
    return FALSE;
  frame->pixels = g_try_malloc0_n ((size_t) width * height, 4);
  if (frame->pixels == NULL)
    return FALSE;
  frame->width = width;
  frame->height = height;
  frame->stride = stride;
  return TRUE;
}

/* Only memory that cannot be cut off: reading it never waits, as a file of the machine's choice
 * might make it, and all of the picture stays there. */
static gboolean
is_sealed_memory (int fd, uint64_t size)
{
  int seals = fcntl (fd, F_GET_SEALS);
  struct stat about;

  return seals >= 0 && (seals & F_SEAL_SHRINK) && fstat (fd, &about) == 0
         && size <= (uint64_t) about.st_size;
}

gboolean
console_frame_set_file (ConsoleFrame *frame, int fd, unsigned offset, unsigned width,
                        unsigned height, unsigned stride, unsigned pixman_format)
{
  if (!console_frame_set_size (frame, width, height, stride, pixman_format)
      || !is_sealed_memory (fd, (uint64_t) stride * height + offset))
    {
      console_frame_clear (frame);
      close (fd);
      return FALSE;
    }
  frame->fd = fd;
  frame->offset = offset;
  console_frame_damage (frame, 0, 0, (int) width, (int) height);
  return TRUE;
}

gboolean
console_frame_set_data (ConsoleFrame *frame, unsigned width, unsigned height, unsigned stride,
                        unsigned pixman_format, const uint8_t *data, size_t length)
{
  return console_frame_set_size (frame, width, height, stride, pixman_format)
         && console_frame_put (frame, 0, 0, (int) width, (int) height, stride, pixman_format, data,
                               length);
}

/* Cuts a rectangle to the picture; FALSE if nothing is left. */
static gboolean
console_frame_clip (const ConsoleFrame *frame, int x, int y, int width, int height,
                    GdkRectangle *clipped)
{
  GdkRectangle rectangle = { x, y, width, height };
  GdkRectangle all = { 0, 0, (int) frame->width, (int) frame->height };

  return x >= 0 && y >= 0 && width > 0 && height > 0 && x < MAX_SIDE && y < MAX_SIDE
         && width <= MAX_SIDE && height <= MAX_SIDE
         && gdk_rectangle_intersect (&rectangle, &all, clipped);
}

void
console_frame_damage (ConsoleFrame *frame, int x, int y, int width, int height)
{
  GdkRectangle clipped;

  if (!console_frame_clip (frame, x, y, width, height, &clipped))
    return;
  for (int band = clipped.y / BAND_LINES; band <= (clipped.y + clipped.height - 1) / BAND_LINES;
       band++)
    {
      frame->stale[band] = frame->fd >= 0;
      g_clear_object (&frame->bands[band]);
    }
}

static void
copy_line (uint32_t *to, const uint8_t *from, unsigned n)
{
  memcpy (to, from, (size_t) n * 4);
  for (unsigned x = 0; x < n; x++)
    to[x] |= 0xff000000u;
}

gboolean
console_frame_put (ConsoleFrame *frame, int x, int y, int width, int height, unsigned stride,
                   unsigned pixman_format, const uint8_t *data, size_t length)
{
  GdkRectangle clipped;

  if (!console_frame_clip (frame, x, y, width, height, &clipped) || clipped.width != width
      || clipped.height != height || stride < (unsigned) width * 4
      || length < (size_t) stride * (height - 1) + (size_t) width * 4
      || (pixman_format != PIXMAN_X8R8G8B8 && pixman_format != PIXMAN_A8R8G8B8))
    return FALSE;
  for (int line = 0; line < height; line++)
    copy_line (frame->pixels + (size_t) (y + line) * frame->width + x,
               data + (size_t) line * stride, width);
  console_frame_damage (frame, x, y, width, height);
  return TRUE;
}

unsigned
console_frame_get_width (const ConsoleFrame *frame)
{
  return frame->width;
}

unsigned
console_frame_get_height (const ConsoleFrame *frame)
{
  return frame->height;
}

static unsigned
band_height (const ConsoleFrame *frame, unsigned band)
{
  return MIN (BAND_LINES, frame->height - band * BAND_LINES);
}

/* Reads a band from the file; what is not there keeps its old picture. */
static void
refresh_band (ConsoleFrame *frame, unsigned band)
{
  unsigned first = band * BAND_LINES, lines = band_height (frame, band);
  size_t size = (size_t) lines * frame->stride;
  g_autofree uint8_t *bytes = NULL;
  ssize_t got;

  if (!frame->stale[band])
    return;
  frame->stale[band] = FALSE;
  bytes = g_malloc (size);
  got = pread (frame->fd, bytes, size, (off_t) frame->offset + (off_t) first * frame->stride);
  for (unsigned line = 0;
       line < lines && (ssize_t) ((size_t) line * frame->stride + frame->width * 4) <= got; line++)
    copy_line (frame->pixels + (size_t) (first + line) * frame->width,
               bytes + (size_t) line * frame->stride, frame->width);
}

/* Every pixel zoom × zoom times. */
static GBytes *
enlarge_band (const ConsoleFrame *frame, unsigned band)
{
  unsigned zoom = frame->zoom, lines = band_height (frame, band);
  size_t width = (size_t) frame->width * zoom;
  uint32_t *enlarged = g_malloc_n (width * lines * zoom, 4);
  const uint32_t *from = frame->pixels + (size_t) band * BAND_LINES * frame->width;

  for (unsigned line = 0; line < lines; line++, from += frame->width)
    {
      uint32_t *to = enlarged + (size_t) line * zoom * width;

      for (unsigned x = 0; x < frame->width; x++)
        for (unsigned i = 0; i < zoom; i++)
          to[x * zoom + i] = from[x];
      for (unsigned i = 1; i < zoom; i++)
        memcpy (to + i * width, to, width * 4);
    }
  return g_bytes_new_take (enlarged, width * lines * zoom * 4);
}

static GdkTexture *
band_texture (ConsoleFrame *frame, unsigned band)
{
  if (frame->bands[band] == NULL)
    {
      g_autoptr (GBytes) bytes = NULL;

      refresh_band (frame, band);
      bytes = enlarge_band (frame, band);
      frame->bands[band] = gdk_memory_texture_new (
        (int) (frame->width * frame->zoom), (int) (band_height (frame, band) * frame->zoom),
        GDK_MEMORY_B8G8R8A8_PREMULTIPLIED, bytes, (size_t) frame->width * frame->zoom * 4);
    }
  return frame->bands[band];
}

void
console_frame_snapshot (ConsoleFrame *frame, GtkSnapshot *snapshot,
                        const cairo_rectangle_int_t *target, int scale)
{
  unsigned zoom;

  if (frame->pixels == NULL || target->width < 1 || target->height < 1)
    return;
  /* GTK enlarges with smoothing. Whole multiples are made here, sharp; it smooths the rest only. */
  zoom = CLAMP ((unsigned) target->width / frame->width, 1, MAX_ZOOM);
  if (zoom != frame->zoom)
    drop_textures (frame);
  frame->zoom = zoom;
  for (unsigned band = 0; band * BAND_LINES < frame->height; band++)
    {
      /* Edges of bands lie on edges of pixels: no seam shows. */
      unsigned first = band * BAND_LINES, end = first + band_height (frame, band);
      int top = (int) (((int64_t) first * target->height + frame->height / 2) / frame->height);
      int bottom = (int) (((int64_t) end * target->height + frame->height / 2) / frame->height);
      graphene_rect_t area
        = GRAPHENE_RECT_INIT ((float) target->x / scale, (float) (target->y + top) / scale,
                              (float) target->width / scale, (float) (bottom - top) / scale);

      if (bottom > top)
        gtk_snapshot_append_texture (snapshot, band_texture (frame, band), &area);
    }
}

GdkTexture *
console_frame_dup_texture (ConsoleFrame *frame)
{
  g_autoptr (GBytes) bytes = NULL;

  if (frame->pixels == NULL)
    return NULL;
  for (unsigned band = 0; band * BAND_LINES < frame->height; band++)
    refresh_band (frame, band);
  bytes = g_bytes_new (frame->pixels, (size_t) frame->width * frame->height * 4);
  return gdk_memory_texture_new ((int) frame->width, (int) frame->height,
                                 GDK_MEMORY_B8G8R8A8_PREMULTIPLIED, bytes,
                                 (size_t) frame->width * 4);
}
