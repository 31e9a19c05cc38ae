/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "surface.h"

/* One monitor of the guest: a display device draws, listeners (a window, the D-Bus service, the
 * screenshot command) look. Everything runs on the I/O thread under the machine lock. */
typedef struct Console Console;

/* The display device. refresh looks at the guest's framebuffer, draws what changed into the
 * console's surface (after console_resize where the mode changed) and calls console_damage.
 * get_text appends the characters of a text mode as UTF-8 lines, FALSE in graphics modes. */
typedef struct
{
  void (*refresh) (void *device);
  gboolean (*get_text) (void *device, GString *text);
} ConsoleSource;

typedef struct
{
  void (*resized) (void *data, Surface *surface); /* ref it to keep it */
  void (*damaged) (void *data, unsigned x, unsigned y, unsigned width, unsigned height);
} ConsoleListener;

Console *console_new (void);
void console_free (Console *console);
void console_set_source (Console *console, const ConsoleSource *source, void *device);

/* For the source. A new size makes a new surface; the same size keeps it. */
void console_resize (Console *console, unsigned width, unsigned height);
void console_damage (Console *console, unsigned x, unsigned y, unsigned width, unsigned height);

/* For whoever looks. There is always a surface (640x480 black at first). */
Surface *console_get_surface (Console *console);
gboolean console_get_text (Console *console, GString *text);
/* A new listener is told resized at once. refresh asks the source to bring the surface up to
 * date. */
void console_add_listener (Console *console, const ConsoleListener *listener, void *data);
void console_remove_listener (Console *console, void *data);
gboolean console_has_listeners (const Console *console);
void console_refresh (Console *console);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Console, console_free)
