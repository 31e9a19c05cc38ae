/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pointer-warp.h"

#ifdef GDK_WINDOWING_X11
#include <gdk/x11/gdkx.h>

gboolean
pointer_warp (GtkWidget *widget, double x, double y, double *was_x, double *was_y, guint32 *time)
{
  GtkNative *native = gtk_widget_get_native (widget);
  GdkSurface *surface = native != NULL ? gtk_native_get_surface (native) : NULL;
  double left, top, offset_x, offset_y;
  int root_x, root_y, at_x = 0, at_y = 0, scale;
  unsigned mask;
  Window root, child, window;
  Display *display;

  if (surface == NULL || !GDK_IS_X11_SURFACE (surface)
      || !gtk_widget_translate_coordinates (widget, GTK_WIDGET (native), 0, 0, &offset_x,
                                            &offset_y))
    return FALSE;
  gtk_native_get_surface_transform (native, &left, &top);
  offset_x += left;
  offset_y += top;
  scale = gdk_surface_get_scale_factor (surface);
  /* GDK deprecates its X11 functions in favour of nothing that could do this. */
  G_GNUC_BEGIN_IGNORE_DEPRECATIONS
  display = gdk_x11_display_get_xdisplay (gdk_surface_get_display (surface));
  window = gdk_x11_surface_get_xid (surface);
  if (!XQueryPointer (display, window, &root, &child, &root_x, &root_y, &at_x, &at_y, &mask))
    return FALSE;
  XWarpPointer (display, None, window, 0, 0, 0, 0, (int) ((x + offset_x) * scale),
                (int) ((y + offset_y) * scale));
  *time = gdk_x11_get_server_time (surface);
  G_GNUC_END_IGNORE_DEPRECATIONS
  *was_x = (double) at_x / scale - offset_x;
  *was_y = (double) at_y / scale - offset_y;
  return TRUE;
}
#else
gboolean
pointer_warp (GtkWidget *widget, double x, double y, double *was_x, double *was_y, guint32 *time)
{
  return FALSE;
}
#endif
