/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "screenshot.h"

#include <gio/gio.h>
#include <png.h>

static void
append (png_structp png, png_bytep data, png_size_t length)
{
  g_byte_array_append (png_get_io_ptr (png), data, length);
}

static void
flush (png_structp png)
{
}

/* libpng reports errors by longjmp, so what must survive one lives in the caller. */
static gboolean
write_png (png_structp png, png_infop info, Surface *surface, GByteArray *bytes)
{
  if (setjmp (png_jmpbuf (png)))
    return FALSE;
  png_set_write_fn (png, bytes, append, flush);
  png_set_IHDR (png, info, surface_get_width (surface), surface_get_height (surface), 8,
                PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                PNG_FILTER_TYPE_DEFAULT);
  png_set_compression_level (png, 3);
  png_write_info (png, info);
  png_set_bgr (png);
  png_set_filler (png, 0, PNG_FILLER_AFTER);
  for (unsigned y = 0; y < surface_get_height (surface); y++)
    png_write_row (png, (png_const_bytep) surface_get_pixels (surface)
                          + (size_t) y * surface_get_stride (surface));
  png_write_end (png, NULL);
  return TRUE;
}

GByteArray *
screenshot_to_png (Surface *surface, GError **error)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  png_structp png = png_create_write_struct (PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
  png_infop info = png_create_info_struct (png);
  gboolean written = write_png (png, info, surface, bytes);

  png_destroy_write_struct (&png, &info);
  if (written)
    return g_steal_pointer (&bytes);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
               "The picture of the screen could not be written as PNG.");
  return NULL;
}
