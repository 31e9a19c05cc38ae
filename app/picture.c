/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "picture.h"

void
picture_show (GtkPicture *picture, GBytes *png)
{
  g_autoptr (GdkTexture) texture = png != NULL ? gdk_texture_new_from_bytes (png, NULL) : NULL;

  gtk_picture_set_paintable (picture, GDK_PAINTABLE (texture));
}
