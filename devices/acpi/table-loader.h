/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

/* Commands for firmware that places files of fw_cfg in memory and links them: the script
 * etc/table-loader. Each function appends one command. */

typedef enum
{
  TABLE_LOADER_HIGH = 1, /* anywhere below 4 GiB */
  TABLE_LOADER_FSEG = 2  /* where the RSDP is looked for */
} TableLoaderZone;

void table_loader_allocate (GByteArray *script, const char *file, uint32_t alignment,
                            TableLoaderZone zone);
/* Adds the address of `source` to the size bytes at offset of file. */
void table_loader_add_pointer (GByteArray *script, const char *file, uint32_t offset, unsigned size,
                               const char *source);
/* Makes the bytes from start on add up to zero by the byte at offset. */
void table_loader_add_checksum (GByteArray *script, const char *file, uint32_t offset,
                                uint32_t start, uint32_t length);
