/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The linker/loader script of the fw_cfg specification: commands of 128 bytes, little endian. */
#include "table-loader.h"

#include <string.h>

#include "vmm-core/little-endian.h"

#define COMMAND_SIZE 128
#define FILE_NAME_SIZE 56

enum
{
  COMMAND_ALLOCATE = 1,
  COMMAND_ADD_POINTER = 2,
  COMMAND_ADD_CHECKSUM = 3
};

static void
put_name (uint8_t *at, const char *name)
{
  g_assert (strlen (name) < FILE_NAME_SIZE);
  memcpy (at, name, strlen (name));
}

void
table_loader_allocate (GByteArray *script, const char *file, uint32_t alignment,
                       TableLoaderZone zone)
{
  uint8_t command[COMMAND_SIZE] = { 0 };

  little_endian_put (command, COMMAND_ALLOCATE, 4);
  put_name (command + 4, file);
  little_endian_put (command + 4 + FILE_NAME_SIZE, alignment, 4);
  command[8 + FILE_NAME_SIZE] = zone;
  g_byte_array_append (script, command, sizeof command);
}

void
table_loader_add_pointer (GByteArray *script, const char *file, uint32_t offset, unsigned size,
                          const char *source)
{
  uint8_t command[COMMAND_SIZE] = { 0 };

  little_endian_put (command, COMMAND_ADD_POINTER, 4);
  put_name (command + 4, file);
  put_name (command + 4 + FILE_NAME_SIZE, source);
  little_endian_put (command + 4 + 2 * FILE_NAME_SIZE, offset, 4);
  command[8 + 2 * FILE_NAME_SIZE] = size;
  g_byte_array_append (script, command, sizeof command);
}

void
table_loader_add_checksum (GByteArray *script, const char *file, uint32_t offset, uint32_t start,
                           uint32_t length)
{
  uint8_t command[COMMAND_SIZE] = { 0 };

  little_endian_put (command, COMMAND_ADD_CHECKSUM, 4);
  put_name (command + 4, file);
  little_endian_put (command + 4 + FILE_NAME_SIZE, offset, 4);
  little_endian_put (command + 8 + FILE_NAME_SIZE, start, 4);
  little_endian_put (command + 12 + FILE_NAME_SIZE, length, 4);
  g_byte_array_append (script, command, sizeof command);
}
