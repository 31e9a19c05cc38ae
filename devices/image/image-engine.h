/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "image-format.h"

/* The thread that moves an image's data. It does what it is given one after another, so a request
 * never overtakes one that was given up while the host's disk still worked on it. Nobody waits for
 * the host here: requests own their bytes, and what was given up is dropped when it ends. */
typedef struct ImageEngine ImageEngine;

typedef enum
{
  IMAGE_REQUEST_READ,
  IMAGE_REQUEST_WRITE,
  IMAGE_REQUEST_FLUSH,
  IMAGE_REQUEST_DISCARD
} ImageRequestKind;

/* Takes format_data over; path is borrowed. Callbacks run on context, with lock held. */
ImageEngine *image_engine_new (const ImageFormat *format, void *format_data, const char *path,
                               GMainContext *context, MachineLock *lock);
/* If the host's disk is at work, the thread closes the file when that ends: nobody waits. */
void image_engine_free (ImageEngine *engine);

void image_engine_set_listener (ImageEngine *engine, ImageTroubled troubled, void *data);
/* The range lies inside the image. buffer is not touched any more after the callback or cancel. */
void image_engine_submit (ImageEngine *engine, ImageRequestKind kind, uint64_t offset, void *buffer,
                          uint64_t length, ImageDone done, void *data);
void image_engine_cancel (ImageEngine *engine, void *data);
/* What found no room is tried again. */
void image_engine_retry (ImageEngine *engine);
