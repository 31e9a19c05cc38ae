/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

/* What went wrong between an image and the host's disk, in words. */
typedef struct
{
  const char *path;
  int fd;           /* of the host's file */
  uint64_t size;    /* of the image */
  gboolean writing; /* else reading */
  uint64_t length;  /* bytes of the request */
  int error;        /* a positive errno; ENODATA: the file ends before the image does */
} ImageTroubleCause;

/* Errors that go away when the user makes room: the same request succeeds then. */
gboolean image_trouble_is_lack_of_room (int error);
/* Whether the file is still there, and as long as the image: 0, ENOENT or ENODATA. */
int image_trouble_find (int fd, uint64_t size);
/* One sentence that names the file and the remedy. Asks the host, which may take its time. */
char *image_trouble_describe (const ImageTroubleCause *cause);
