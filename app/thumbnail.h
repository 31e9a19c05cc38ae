/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "app/model/machine.h"

G_BEGIN_DECLS

/* A machine's screen in small, or a symbol while there is no picture; dimmed when it is off. Loads
 * the picture when it is first drawn. */
#define THUMBNAIL_TYPE (thumbnail_get_type ())
G_DECLARE_FINAL_TYPE (Thumbnail, thumbnail, THUMBNAIL, VIEW, GtkWidget)

void thumbnail_set_machine (Thumbnail *self, Machine *machine);

G_END_DECLS
