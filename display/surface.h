/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

/* A picture in a memfd: 32 bits a pixel, x8r8g8b8 little endian (blue first in memory). Sizes are
 * 1 to 8192 pixels. Reference counted, because a console outside may still show the previous
 * one. */
typedef struct Surface Surface;

Surface *surface_new (unsigned width, unsigned height, GError **error);
Surface *surface_copy (const Surface *surface, GError **error);
Surface *surface_ref (Surface *surface);
void surface_unref (Surface *surface);

unsigned surface_get_width (const Surface *surface);
unsigned surface_get_height (const Surface *surface);
unsigned surface_get_stride (const Surface *surface); /* bytes */
uint32_t *surface_get_pixels (Surface *surface);
/* To be shown to others: they can read it, and nothing else. */
int surface_get_fd (const Surface *surface);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Surface, surface_unref)
