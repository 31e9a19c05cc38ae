/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

/* What a Multiboot kernel's file says of itself: its header, and what of the file goes where. */

#define MULTIBOOT_MAX_SEGMENTS 16

/* As in the file. */
typedef struct
{
  uint32_t magic, flags, checksum;
  uint32_t header_addr, load_addr, load_end_addr, bss_end_addr, entry_addr; /* with flag 16 */
} MultibootHeader;

/* file_size bytes at offset of the file go to address, followed by zeros to make memory_size. */
typedef struct
{
  uint64_t offset, file_size, address, memory_size;
} MultibootSegment;

typedef struct
{
  MultibootSegment segments[MULTIBOOT_MAX_SEGMENTS];
  unsigned n_segments;
  uint32_t entry; /* physical */
  uint64_t end;   /* behind the last byte of all segments */
} MultibootImage;

/* TRUE if there is a header in the first 8 KiB. */
gboolean multiboot_find_header (GBytes *kernel, MultibootHeader *header);

/* Fills *image; every segment is inside the file and in memory that is
 * free below top. path is for messages.
 * FALSE with error if the file is damaged or asks for what cannot be had. */
gboolean multiboot_image_parse (MultibootImage *image, const char *path, GBytes *kernel,
                                uint64_t top, GError **error);
