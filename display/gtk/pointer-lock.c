/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "pointer-lock.h"

#ifdef GDK_WINDOWING_WAYLAND
#include <gdk/wayland/gdkwayland.h>
#include <string.h>

#include "pointer-constraints-unstable-v1-client-protocol.h"
#include "relative-pointer-unstable-v1-client-protocol.h"

#define GLOBALS "guesthouse-pointer-globals" /* of a display: its PointerGlobals */

/* What the compositor has; NULL: not that. */
typedef struct
{
  struct zwp_pointer_constraints_v1 *constraints;
  struct zwp_relative_pointer_manager_v1 *relative;
} PointerGlobals;

struct PointerLock
{
  void (*moved) (void *data, double dx, double dy);
  void *data;
  struct zwp_locked_pointer_v1 *locked;
  struct zwp_relative_pointer_v1 *relative;
};

static void
global_added (void *data, struct wl_registry *registry, uint32_t name, const char *interface,
              uint32_t version)
{
  PointerGlobals *globals = data;

  if (g_str_equal (interface, zwp_pointer_constraints_v1_interface.name))
    globals->constraints
      = wl_registry_bind (registry, name, &zwp_pointer_constraints_v1_interface, 1);
  else if (g_str_equal (interface, zwp_relative_pointer_manager_v1_interface.name))
    globals->relative
      = wl_registry_bind (registry, name, &zwp_relative_pointer_manager_v1_interface, 1);
}

static void
global_removed (void *data, struct wl_registry *registry, uint32_t name)
{
}

/* Asks on a queue of its own, so that no event of GDK's runs meanwhile; what comes of it tells its
 * events on GDK's. */
static void
find_globals (struct wl_display *display, PointerGlobals *globals)
{
  static const struct wl_registry_listener listener = { global_added, global_removed };
  struct wl_event_queue *queue = wl_display_create_queue (display);
  struct wl_display *wrapper = wl_proxy_create_wrapper (display);
  struct wl_registry *registry;

  wl_proxy_set_queue ((struct wl_proxy *) wrapper, queue);
  registry = wl_display_get_registry (wrapper);
  wl_proxy_wrapper_destroy (wrapper);
  wl_registry_add_listener (registry, &listener, globals);
  wl_display_roundtrip_queue (display, queue);
  wl_registry_destroy (registry);
  if (globals->constraints != NULL)
    wl_proxy_set_queue ((struct wl_proxy *) globals->constraints, NULL);
  if (globals->relative != NULL)
    wl_proxy_set_queue ((struct wl_proxy *) globals->relative, NULL);
  wl_event_queue_destroy (queue);
}

/* They live as long as the display, which is as long as the program. */
static const PointerGlobals *
get_globals (GdkDisplay *display)
{
  PointerGlobals *globals = g_object_get_data (G_OBJECT (display), GLOBALS);

  if (globals == NULL)
    {
      globals = g_new0 (PointerGlobals, 1);
      find_globals (gdk_wayland_display_get_wl_display (display), globals);
      g_object_set_data (G_OBJECT (display), GLOBALS, globals);
    }
  return globals;
}

static void
relative_motion (void *data, struct zwp_relative_pointer_v1 *relative, uint32_t time_high,
                 uint32_t time_low, wl_fixed_t dx, wl_fixed_t dy, wl_fixed_t raw_dx,
                 wl_fixed_t raw_dy)
{
  PointerLock *lock = data;

  lock->moved (lock->data, wl_fixed_to_double (dx), wl_fixed_to_double (dy));
}

PointerLock *
pointer_lock_new (GtkWidget *widget, void (*moved) (void *data, double dx, double dy), void *data)
{
  static const struct zwp_relative_pointer_v1_listener listener = { relative_motion };
  GdkDisplay *display = gtk_widget_get_display (widget);
  GtkNative *native = gtk_widget_get_native (widget);
  GdkSurface *surface = native != NULL ? gtk_native_get_surface (native) : NULL;
  GdkSeat *seat = gdk_display_get_default_seat (display);
  struct wl_pointer *pointer;
  const PointerGlobals *globals;
  PointerLock *lock;

  if (surface == NULL || seat == NULL || !GDK_IS_WAYLAND_SURFACE (surface))
    return NULL;
  globals = get_globals (display);
  pointer = gdk_wayland_device_get_wl_pointer (gdk_seat_get_pointer (seat));
  if (globals->constraints == NULL || globals->relative == NULL || pointer == NULL)
    return NULL;
  lock = g_new0 (PointerLock, 1);
  lock->moved = moved;
  lock->data = data;
  lock->relative
    = zwp_relative_pointer_manager_v1_get_relative_pointer (globals->relative, pointer);
  zwp_relative_pointer_v1_add_listener (lock->relative, &listener, lock);
  lock->locked = zwp_pointer_constraints_v1_lock_pointer (
    globals->constraints, gdk_wayland_surface_get_wl_surface (surface), pointer, NULL,
    ZWP_POINTER_CONSTRAINTS_V1_LIFETIME_PERSISTENT);
  return lock;
}

void
pointer_lock_free (PointerLock *lock)
{
  zwp_locked_pointer_v1_destroy (lock->locked);
  zwp_relative_pointer_v1_destroy (lock->relative);
  g_free (lock);
}
#else
PointerLock *
pointer_lock_new (GtkWidget *widget, void (*moved) (void *data, double dx, double dy), void *data)
{
  return NULL;
}

void
pointer_lock_free (PointerLock *lock)
{
}
#endif
