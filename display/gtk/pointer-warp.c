/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pointer-warp.h"

#ifdef GDK_WINDOWING_X11
#include <gdk/x11/gdkx.h>
#endif

gboolean
pointer_warp (GtkWidget *widget, double x, double y)
{
#ifdef GDK_WINDOWING_X11
  GtkNative *native = gtk_widget_get_native (widget);
  GdkSurface *surface = native != NULL ? gtk_native_get_surface (native) : NULL;
  double left, top, native_x, native_y;
  int scale;

  if (surface == NULL || !GDK_IS_X11_SURFACE (surface)
      || !gtk_widget_translate_coordinates (widget, GTK_WIDGET (native), x, y, &native_x, &native_y))
    return FALSE;
  gtk_native_get_surface_transform (native, &left, &top);
  scale = gdk_surface_get_scale_factor (surface);
  /* GDK deprecates its X11 functions in favour of nothing that could do this. */
  G_GNUC_BEGIN_IGNORE_DEPRECATIONS
  XWarpPointer (gdk_x11_display_get_xdisplay (gdk_surface_get_display (surface)), None,
                gdk_x11_surface_get_xid (surface), 0, 0, 0, 0, (int) ((native_x + left) * scale),
                (int) ((native_y + top) * scale));
  G_GNUC_END_IGNORE_DEPRECATIONS
  return TRUE;
#else
  return FALSE;
#endif
}
