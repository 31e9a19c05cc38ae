/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "console-frame.h"

#include <errno.h>
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
  uint32_t *pixels; /* width × height; the highest byte means nothing */
  int fd;           /* -1: pixels are all there is */
  unsigned offset, stride;
  gboolean stale[MAX_BANDS]; /* the file is newer than pixels */
  GdkTexture *textures[MAX_BANDS];
  unsigned zoom; /* pixels of a texture for a pixel of the guest, each way */
  /* Without a graphics processor: bands are drawn from pixels themselves. */
  cairo_surface_t *surfaces[MAX_BANDS];
  GskRenderNode *nodes[MAX_BANDS]; /* of bands that have not changed since they were drawn, */
  cairo_rectangle_int_t target;    /* and where */
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
drop_band (ConsoleFrame *frame, unsigned band)
{
  g_clear_object (&frame->textures[band]);
  g_clear_pointer (&frame->nodes[band], gsk_render_node_unref);
}

static void
drop_bands (ConsoleFrame *frame)
{
  for (unsigned i = 0; i < MAX_BANDS; i++)
    drop_band (frame, i);
}

void
console_frame_clear (ConsoleFrame *frame)
{
  drop_bands (frame);
  for (unsigned i = 0; i < MAX_BANDS; i++)
    g_clear_pointer (&frame->surfaces[i], cairo_surface_destroy);
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
      drop_band (frame, (unsigned) band);
    }
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
    memcpy (frame->pixels + (size_t) (y + line) * frame->width + x, data + (size_t) line * stride,
            (size_t) width * 4);
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
  uint32_t *to = frame->pixels + (size_t) first * frame->width;
  off_t from = (off_t) frame->offset + (off_t) first * frame->stride;
  size_t line_size = (size_t) frame->width * 4;

  if (!frame->stale[band])
    return;
  frame->stale[band] = FALSE;
  if (frame->stride == line_size)
    {
      if (pread (frame->fd, to, lines * line_size, from) < 0)
        g_debug ("console frame: %s", g_strerror (errno));
      return;
    }
  for (unsigned line = 0; line < lines; line++, to += frame->width, from += frame->stride)
    if (pread (frame->fd, to, line_size, from) < 0)
      g_debug ("console frame: %s", g_strerror (errno));
}

/* Every pixel zoom × zoom times, opaque. */
static void
enlarge (uint32_t *to, const uint32_t *from, unsigned width, unsigned lines, unsigned zoom)
{
  size_t wide = (size_t) width * zoom;

  for (unsigned line = 0; line < lines; line++, from += width, to += zoom * wide)
    {
      if (zoom == 1)
        for (unsigned x = 0; x < width; x++)
          to[x] = from[x] | 0xff000000u;
      else
        for (size_t x = 0; x < wide; x++)
          to[x] = from[x / zoom] | 0xff000000u;
      for (unsigned i = 1; i < zoom; i++)
        memcpy (to + i * wide, to, wide * 4);
    }
}

/* Lines of the picture as a texture. */
static GdkTexture *
make_texture (const ConsoleFrame *frame, unsigned first, unsigned lines, unsigned zoom)
{
  size_t width = (size_t) frame->width * zoom, height = (size_t) lines * zoom;
  uint32_t *pixels = g_malloc_n (width * height, 4);
  g_autoptr (GBytes) bytes = g_bytes_new_take (pixels, width * height * 4);

  enlarge (pixels, frame->pixels + (size_t) first * frame->width, frame->width, lines, zoom);
  return gdk_memory_texture_new ((int) width, (int) height, GDK_MEMORY_B8G8R8A8_PREMULTIPLIED,
                                 bytes, width * 4);
}

static void
append_texture (ConsoleFrame *frame, unsigned band, GtkSnapshot *snapshot,
                const graphene_rect_t *area)
{
  if (frame->textures[band] == NULL)
    frame->textures[band]
      = make_texture (frame, band * BAND_LINES, band_height (frame, band), frame->zoom);
  gtk_snapshot_append_texture (snapshot, frame->textures[band], area);
}

/* A node that draws from pixels when it is drawn. It is kept as long as the band is the same, for
 * GTK draws nothing of nodes that it has drawn already. */
static GskRenderNode *
make_node (ConsoleFrame *frame, unsigned band, const graphene_rect_t *area, gboolean sharp)
{
  GskRenderNode *node = gsk_cairo_node_new (area);
  cairo_t *cairo = gsk_cairo_node_get_draw_context (node);
  unsigned lines = band_height (frame, band);

  if (frame->surfaces[band] == NULL)
    frame->surfaces[band] = cairo_image_surface_create_for_data (
      (unsigned char *) (frame->pixels + (size_t) band * BAND_LINES * frame->width),
      CAIRO_FORMAT_RGB24, (int) frame->width, (int) lines, (int) frame->width * 4);
  cairo_rectangle (cairo, area->origin.x, area->origin.y, area->size.width, area->size.height);
  cairo_translate (cairo, area->origin.x, area->origin.y);
  cairo_scale (cairo, area->size.width / frame->width, area->size.height / lines);
  cairo_set_source_surface (cairo, frame->surfaces[band], 0, 0);
  cairo_pattern_set_extend (cairo_get_source (cairo), CAIRO_EXTEND_PAD);
  cairo_pattern_set_filter (cairo_get_source (cairo),
                            sharp ? CAIRO_FILTER_NEAREST : CAIRO_FILTER_BILINEAR);
  cairo_fill (cairo);
  cairo_destroy (cairo);
  return node;
}

static void
append_node (ConsoleFrame *frame, unsigned band, GtkSnapshot *snapshot, const graphene_rect_t *area,
             gboolean sharp)
{
  if (frame->nodes[band] == NULL)
    frame->nodes[band] = make_node (frame, band, area, sharp);
  gtk_snapshot_append_node (snapshot, frame->nodes[band]);
}

void
console_frame_snapshot (ConsoleFrame *frame, GtkSnapshot *snapshot,
                        const cairo_rectangle_int_t *target, int scale, gboolean cairo)
{
  gboolean sharp;
  unsigned zoom;

  if (frame->pixels == NULL || target->width < 1 || target->height < 1)
    return;
  /* GTK enlarges with smoothing. Whole multiples are made here, sharp; it smooths the rest only. */
  zoom = CLAMP ((unsigned) target->width / frame->width, 1, MAX_ZOOM);
  sharp = (unsigned) target->width % frame->width == 0
          && (unsigned) target->height % frame->height == 0;
  if (zoom != frame->zoom || memcmp (target, &frame->target, sizeof *target) != 0)
    drop_bands (frame);
  frame->zoom = zoom;
  frame->target = *target;
  for (unsigned band = 0; band * BAND_LINES < frame->height; band++)
    {
      /* Edges of bands lie on edges of pixels: no seam shows. */
      unsigned first = band * BAND_LINES, end = first + band_height (frame, band);
      int top = (int) (((int64_t) first * target->height + frame->height / 2) / frame->height);
      int bottom = (int) (((int64_t) end * target->height + frame->height / 2) / frame->height);
      graphene_rect_t area
        = GRAPHENE_RECT_INIT ((float) target->x / scale, (float) (target->y + top) / scale,
                              (float) target->width / scale, (float) (bottom - top) / scale);

      if (bottom <= top)
        continue;
      refresh_band (frame, band);
      if (cairo)
        append_node (frame, band, snapshot, &area, sharp);
      else
        append_texture (frame, band, snapshot, &area);
    }
}

GdkTexture *
console_frame_dup_texture (ConsoleFrame *frame)
{
  if (frame->pixels == NULL)
    return NULL;
  for (unsigned band = 0; band * BAND_LINES < frame->height; band++)
    refresh_band (frame, band);
  return make_texture (frame, 0, frame->height, 1);
}
