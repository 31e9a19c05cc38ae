/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "devices/image/image.h"

/* Cylinders, heads and sectors a track of a disk, which has neither: the drive's own, as IDENTIFY
 * tells it, and that of the firmware's INT 13h, which counts 1024 cylinders at most and takes up to
 * 255 heads for it. */
typedef struct
{
  unsigned cylinders, heads, sectors;
} DiskGeometry;

/* A disk that was partitioned or formatted elsewhere keeps the geometry that this was done with. */
void disk_geometry_find (Image *disk, DiskGeometry *drive, DiskGeometry *firmware);
