/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* Whether OpenGL would be a processor's work on the display that GTK is going to open: there is no
 * GPU, or the display server has no way to one. Costs a connection to the display server, and loads
 * no OpenGL. */
gboolean software_graphics_expected (void);

/* Before GTK is initialized. Where OpenGL is software, GTK draws faster, and in less memory, with
 * its renderer that does without: that is chosen, unless the person has chosen (GSK_RENDERER). */
void software_graphics_choose_renderer (void);
