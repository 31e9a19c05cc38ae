/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <gtk/gtk.h>

/* Shows PNG bytes in a picture; NULL, or bytes that are none, show nothing. */
void picture_show (GtkPicture *picture, GBytes *png);
