/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "surface.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_SIDE 8192

struct Surface
{
  gatomicrefcount references;
  unsigned width, height;
  size_t size;
  uint32_t *pixels;
  int fd;
};

/* Nobody who is shown the file can cut it off below whoever reads it, or paint into it: writing is
 * ours, by the mapping that is there already. */
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL)

Surface *
surface_new (unsigned width, unsigned height, GError **error)
{
  Surface *surface;
  int fd;

  g_assert (width >= 1 && width <= MAX_SIDE && height >= 1 && height <= MAX_SIDE);
  surface = g_new0 (Surface, 1);
  g_atomic_ref_count_init (&surface->references);
  surface->width = width;
  surface->height = height;
  surface->size = (size_t) width * height * 4;
  surface->fd = fd = memfd_create ("surface", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd >= 0 && ftruncate (fd, surface->size) == 0)
    surface->pixels = mmap (NULL, surface->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (surface->pixels != NULL && surface->pixels != MAP_FAILED
      && fcntl (fd, F_ADD_SEALS, SEALS) == 0)
    return surface;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
               "A screen of %u×%u pixels does not fit into the host's memory: %s.", width, height,
               g_strerror (errno));
  if (surface->pixels != NULL && surface->pixels != MAP_FAILED)
    munmap (surface->pixels, surface->size);
  if (fd >= 0)
    close (fd);
  g_free (surface);
  return NULL;
}

Surface *
surface_copy (const Surface *surface, GError **error)
{
  Surface *copy = surface_new (surface->width, surface->height, error);

  if (copy != NULL)
    memcpy (copy->pixels, surface->pixels, surface->size);
  return copy;
}

Surface *
surface_ref (Surface *surface)
{
  g_atomic_ref_count_inc (&surface->references);
  return surface;
}

void
surface_unref (Surface *surface)
{
  if (surface == NULL || !g_atomic_ref_count_dec (&surface->references))
    return;
  munmap (surface->pixels, surface->size);
  close (surface->fd);
  g_free (surface);
}

unsigned
surface_get_width (const Surface *surface)
{
  return surface->width;
}

unsigned
surface_get_height (const Surface *surface)
{
  return surface->height;
}

unsigned
surface_get_stride (const Surface *surface)
{
  return surface->width * 4;
}

uint32_t *
surface_get_pixels (Surface *surface)
{
  return surface->pixels;
}

int
surface_get_fd (const Surface *surface)
{
  return surface->fd;
}
