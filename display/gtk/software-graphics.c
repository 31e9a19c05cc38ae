/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "software-graphics.h"

#include <fcntl.h>
#include <gtk/gtk.h>
#include <sys/ioctl.h>
#include <unistd.h>
#ifdef GDK_WINDOWING_X11
#include <X11/Xlib.h>
#endif
#ifdef GDK_WINDOWING_WAYLAND
#include <wayland-client.h>
#endif

#define DEVICES "/dev/dri"

/* The kernel's virtgpu_drm.h, which not every distribution installs. */
typedef struct
{
  uint64_t parameter, value; /* value: where the answer goes */
} VirtgpuGetparam;
#define VIRTGPU_GETPARAM _IOWR ('d', 0x43, VirtgpuGetparam)
#define VIRTGPU_PARAM_3D_FEATURES 1

static gboolean
asked_for_by_environment (void)
{
  static const char *const names[] = { "llvmpipe", "softpipe", "swrast", NULL };
  const char *always = g_getenv ("LIBGL_ALWAYS_SOFTWARE");
  const char *driver = g_getenv ("GALLIUM_DRIVER");

  return (always != NULL && (g_str_equal (always, "1") || g_ascii_strcasecmp (always, "true") == 0))
         || (driver != NULL && g_strv_contains (names, driver));
}

/* Drivers of real GPUs have a render node only if they can render. */
static gboolean
can_render (const char *name)
{
  g_autofree char *path = g_build_filename (DEVICES, name, NULL);
  g_autofree char *link = g_strdup_printf ("/sys/class/drm/%s/device/driver", name);
  g_autofree char *target = g_file_read_link (link, NULL);
  g_autofree char *driver = g_path_get_basename (target != NULL ? target : "");
  int has_3d = 0;
  VirtgpuGetparam query = { VIRTGPU_PARAM_3D_FEATURES, (uintptr_t) &has_3d };
  int fd = g_str_has_prefix (name, "renderD") ? open (path, O_RDWR | O_CLOEXEC) : -1;
  gboolean can = fd >= 0;

  if (can && g_str_equal (driver, "virtio_gpu"))
    can = ioctl (fd, VIRTGPU_GETPARAM, &query) == 0 && has_3d;
  else if (g_str_equal (driver, "vgem"))
    can = FALSE;
  if (fd >= 0)
    close (fd);
  return can;
}

static gboolean
has_gpu (void)
{
  g_autoptr (GDir) dir = g_dir_open (DEVICES, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (can_render (name))
      return TRUE;
  return g_file_test ("/dev/nvidiactl", G_FILE_TEST_EXISTS);
}

static gboolean
may_use (const char *backend)
{
  const char *backends = g_getenv ("GDK_BACKEND");
  g_auto (GStrv) list = g_strsplit (backends != NULL ? backends : "*", ",", -1);

  return g_strv_contains ((const char *const *) list, backend)
         || g_strv_contains ((const char *const *) list, "*");
}

#ifdef GDK_WINDOWING_WAYLAND
static void
global_added (void *data, struct wl_registry *registry, uint32_t name, const char *interface,
              uint32_t version)
{
  static const char *const ways[]
    = { "zwp_linux_dmabuf_v1", "wl_drm", "wl_eglstream_display", NULL };

  if (g_strv_contains (ways, interface))
    *(gboolean *) data = TRUE;
}

static void
global_removed (void *data, struct wl_registry *registry, uint32_t name)
{
}
#endif

/* TRUE: there is a Wayland compositor, and *way whether it takes what a GPU has rendered. */
static gboolean
look_at_wayland (gboolean *way)
{
#ifdef GDK_WINDOWING_WAYLAND
  static const struct wl_registry_listener listener = { global_added, global_removed };
  struct wl_display *display = may_use ("wayland") ? wl_display_connect (NULL) : NULL;
  struct wl_registry *registry;

  if (display == NULL)
    return FALSE;
  registry = wl_display_get_registry (display);
  wl_registry_add_listener (registry, &listener, way);
  wl_display_roundtrip (display);
  wl_registry_destroy (registry);
  wl_display_disconnect (display);
  return TRUE;
#else
  return FALSE;
#endif
}

static gboolean
look_at_x11 (gboolean *way)
{
#ifdef GDK_WINDOWING_X11
  static const char *const ways[] = { "DRI3", "DRI2", "NV-GLX" };
  Display *display = may_use ("x11") ? XOpenDisplay (NULL) : NULL;
  int opcode, event, error;

  if (display == NULL)
    return FALSE;
  for (unsigned i = 0; i < G_N_ELEMENTS (ways); i++)
    *way |= XQueryExtension (display, ways[i], &opcode, &event, &error);
  XCloseDisplay (display);
  return TRUE;
#else
  return FALSE;
#endif
}

gboolean
software_graphics_expected (void)
{
  gboolean way = FALSE;

  if (asked_for_by_environment () || !has_gpu ())
    return TRUE;
  return (look_at_wayland (&way) || look_at_x11 (&way)) && !way;
}

/* OpenGL would be loaded to look at it alone, with a compiler for shaders: half of the memory. */
static void
keep_opengl_out (void)
{
  gboolean has_disable = gtk_get_major_version () > 4 || gtk_get_minor_version () >= 14;
  const char *name = has_disable ? "GDK_DISABLE" : "GDK_DEBUG";
  const char *value = has_disable ? "gl" : "gl-disable";
  const char *before = g_getenv (name);
  g_autofree char *both = before != NULL ? g_strconcat (before, ",", value, NULL) : NULL;

  g_setenv (name, both != NULL ? both : value, TRUE);
}

void
software_graphics_choose_renderer (void)
{
  if (g_getenv ("GSK_RENDERER") != NULL || !software_graphics_expected ())
    return;
  g_setenv ("GSK_RENDERER", "cairo", TRUE);
  keep_opengl_out ();
}
