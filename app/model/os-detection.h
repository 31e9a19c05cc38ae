/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

/* What is known of a disc image. */
typedef struct
{
  gboolean known;  /* the system is; all else is a guess otherwise */
  char *id;        /* "http://debian.org/debian/12", or NULL when libosinfo knows none like it */
  char *name;      /* for people: "Debian 12", or that of the file */
  unsigned memory; /* MiB that the system recommends */
  unsigned disk;   /* GiB that it recommends, if it is to have a disk */
  gboolean live;   /* runs from the disc and needs no disk */
} OsDetection;

void os_detection_free (OsDetection *detection);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (OsDetection, os_detection_free)
