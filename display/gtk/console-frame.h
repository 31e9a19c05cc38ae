/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

/* A copy of the guest's screen, cut into bands so that only what changed is drawn, or sent to the
 * graphics processor, again. The machine that supplies it is not trusted: sizes are checked, and
 * its memory is read by pread, never mapped, so that it cannot be pulled away. */
typedef struct ConsoleFrame ConsoleFrame;

ConsoleFrame *console_frame_new (void);
void console_frame_free (ConsoleFrame *frame);

/* The picture lies in a file from offset, stride bytes a line, in pixman_format. fd is taken.
 * FALSE: the size or format is not one to show, or the file is no memfd sealed against shrinking
 * that holds all of it, and nothing is shown. */
gboolean console_frame_set_file (ConsoleFrame *frame, int fd, unsigned offset, unsigned width,
                                 unsigned height, unsigned stride, unsigned pixman_format);
/* The picture is given. */
gboolean console_frame_set_data (ConsoleFrame *frame, unsigned width, unsigned height,
                                 unsigned stride, unsigned pixman_format, const uint8_t *data,
                                 size_t length);
/* No picture: a size of 0. */
void console_frame_clear (ConsoleFrame *frame);

/* A part of the file has changed; the part of it outside the picture is ignored. */
void console_frame_damage (ConsoleFrame *frame, int x, int y, int width, int height);
/* A part of the picture is replaced. FALSE: it does not fit. */
gboolean console_frame_put (ConsoleFrame *frame, int x, int y, int width, int height,
                            unsigned stride, unsigned pixman_format, const uint8_t *data,
                            size_t length);

unsigned console_frame_get_width (const ConsoleFrame *frame);
unsigned console_frame_get_height (const ConsoleFrame *frame);

/* Draws the picture into target, which counts in device pixels; scale of them make one unit of
 * snapshot. cairo: it will be drawn by a processor, with cairo, and not from textures. */
void console_frame_snapshot (ConsoleFrame *frame, GtkSnapshot *snapshot,
                             const cairo_rectangle_int_t *target, int scale, gboolean cairo);
/* The whole picture as it is now; NULL if there is none. */
GdkTexture *console_frame_dup_texture (ConsoleFrame *frame);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ConsoleFrame, console_frame_free)
