/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "app/model/library.h"

G_BEGIN_DECLS

/* The end of the window: while machines run it is asked what becomes of them, and the window closes
 * when that is done. */
#define CLOSING_TYPE (closing_get_type ())
G_DECLARE_FINAL_TYPE (Closing, closing, GUESTHOUSE, CLOSING, GObject)

/* The window outlives it. Signal "waiting": for machines that shut down. */
Closing *closing_new (GtkWindow *window, Library *library);
/* TRUE if the window may close now; else the person was asked, and the window is closed later. */
gboolean closing_is_agreed (Closing *self);

G_END_DECLS
