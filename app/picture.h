/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

#include "app/model/machine.h"

/* A machine's screen, now or when it was last on. Pictures are read, decoded and scaled on a
 * thread, one after the other, and only what is shown is kept: a library has hundreds of them. */

/* Loads it to cover a thumbnail of that many pixels. What is in the machine's folder is scaled
 * once: the small picture is kept beside it. */
void picture_load_thumbnail_async (Machine *machine, int width, int height,
                                   GCancellable *cancellable, GAsyncReadyCallback callback,
                                   gpointer data);
/* NULL without error: there is none. */
GdkTexture *picture_load_finish (GAsyncResult *result, GError **error);

/* Shows it in a picture, which is hidden if there is none; the latest call counts. */
void picture_show (GtkPicture *picture, Machine *machine);
