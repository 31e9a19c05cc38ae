/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <string.h>

#include "devices/image/image-format.h"

/* A host's disk that does what a test wants: it hangs, or fails with an error. */

#define FAKE_DISK_SIZE (1u << 20)

typedef struct
{
  GMutex mutex;
  GCond changed;
  gboolean stuck;   /* requests wait until it is not */
  unsigned entered; /* requests that came so far */
  int error;        /* of every request; 0: none */
  gboolean closed;
  uint8_t bytes[FAKE_DISK_SIZE];
} FakeDisk;

static inline int
fake_disk_enter (void *data)
{
  FakeDisk *disk = data;
  int error;

  g_mutex_lock (&disk->mutex);
  disk->entered++;
  g_cond_broadcast (&disk->changed);
  while (disk->stuck)
    g_cond_wait (&disk->changed, &disk->mutex);
  error = disk->error;
  g_mutex_unlock (&disk->mutex);
  return error;
}

static inline int
fake_disk_read (void *data, uint64_t offset, void *buffer, size_t length)
{
  int error = fake_disk_enter (data);

  memcpy (buffer, ((FakeDisk *) data)->bytes + offset, length);
  return error;
}

static inline int
fake_disk_write (void *data, uint64_t offset, const void *buffer, size_t length)
{
  int error = fake_disk_enter (data);

  if (error == 0)
    memcpy (((FakeDisk *) data)->bytes + offset, buffer, length);
  return error;
}

static inline int
fake_disk_discard (void *data, uint64_t offset, uint64_t length)
{
  return fake_disk_enter (data);
}

static inline uint64_t
fake_disk_get_size (void *data)
{
  return FAKE_DISK_SIZE;
}

static inline int
fake_disk_get_fd (void *data)
{
  return -1;
}

static inline void
fake_disk_close (void *data)
{
  FakeDisk *disk = data;

  g_mutex_lock (&disk->mutex);
  disk->closed = TRUE;
  g_cond_broadcast (&disk->changed);
  g_mutex_unlock (&disk->mutex);
}

static inline FakeDisk *
fake_disk_new (void)
{
  FakeDisk *disk = g_new0 (FakeDisk, 1);

  g_mutex_init (&disk->mutex);
  g_cond_init (&disk->changed);
  return disk;
}

/* Waits until its image is closed. */
static inline void
fake_disk_free (FakeDisk *disk)
{
  g_mutex_lock (&disk->mutex);
  while (!disk->closed)
    g_cond_wait (&disk->changed, &disk->mutex);
  g_mutex_unlock (&disk->mutex);
  g_mutex_clear (&disk->mutex);
  g_cond_clear (&disk->changed);
  g_free (disk);
}

static inline Image *
fake_disk_open (FakeDisk *disk)
{
  static const ImageFormat format = {
    .name = "fake",
    .close = fake_disk_close,
    .get_size = fake_disk_get_size,
    .get_fd = fake_disk_get_fd,
    .read = fake_disk_read,
    .write = fake_disk_write,
    .flush = fake_disk_enter,
    .discard = fake_disk_discard,
  };

  return image_new (&format, disk, "/fake/disk.img", 0, NULL, NULL);
}

static inline void
fake_disk_set (FakeDisk *disk, gboolean stuck, int error)
{
  g_mutex_lock (&disk->mutex);
  disk->stuck = stuck;
  disk->error = error;
  g_cond_broadcast (&disk->changed);
  g_mutex_unlock (&disk->mutex);
}

/* Returns when the disk has been given n requests in all. */
static inline void
fake_disk_wait_entered (FakeDisk *disk, unsigned n)
{
  g_mutex_lock (&disk->mutex);
  while (disk->entered < n)
    g_cond_wait (&disk->changed, &disk->mutex);
  g_mutex_unlock (&disk->mutex);
}
