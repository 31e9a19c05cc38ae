/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "image.h"

/* What a format implements. All calls block; they come from the image's own thread. */
typedef struct
{
  const char *name;
  /* Takes the descriptor over on success. path is for messages. */
  void *(*open) (int fd, const char *path, gboolean read_only, GError **error);
  void (*close) (void *data);
  uint64_t (*get_size) (void *data);
  int (*get_fd) (void *data); /* of the host's file, to tell of it */
  /* 0 or a positive errno, ENODATA where the file ends too early; ranges lie inside the size. */
  int (*read) (void *data, uint64_t offset, void *buffer, size_t length);
  int (*write) (void *data, uint64_t offset, const void *buffer, size_t length);
  int (*flush) (void *data);
  int (*discard) (void *data, uint64_t offset, uint64_t length);
} ImageFormat;

extern const ImageFormat raw_format;

/* An image of what a format has opened; takes format_data over. */
Image *image_new (const ImageFormat *format, void *format_data, const char *path, ImageFlags flags,
                  GMainContext *context, MachineLock *lock);
