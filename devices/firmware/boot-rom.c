/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plug and Play BIOS Specification 1.0A, 3.2 “Expansion header”; fw_cfg's specification for the
 * accesses. */
#include "boot-rom.h"

#include <string.h>

#define PNP_HEADER 0x20
#define PNP_CHECKSUM 9
#define PNP_SIZE 32

#define LIST_ENTRY 0
#define LIST_COUNT 4
#define LIST_COPIES 16

#define ACCESS_READ 0x02
#define ACCESS_SELECT 0x08

static uint8_t
negative_sum (const uint8_t *bytes, gsize n)
{
  uint8_t sum = 0;

  for (gsize i = 0; i < n; i++)
    sum += bytes[i];
  return -sum;
}

static void
put_copy (uint8_t *at, const BootRomCopy *copy)
{
  uint32_t control = ACCESS_READ | (copy->select ? copy->key << 16 | ACCESS_SELECT : 0);
  uint32_t length = GUINT32_TO_BE (copy->length);
  uint64_t address = GUINT64_TO_BE (copy->address);

  control = GUINT32_TO_BE (control);
  memcpy (at, &control, 4);
  memcpy (at + 4, &length, 4);
  memcpy (at + 8, &address, 8);
}

void
boot_rom_add (FwCfg *fw_cfg, const char *name, const uint8_t *image, gsize size, gsize list,
              uint32_t entry, const BootRomCopy *copies, unsigned n_copies)
{
  uint8_t *rom = g_memdup2 (image, size);
  uint16_t count = GUINT16_TO_LE (n_copies);
  g_autofree char *path = g_strconcat ("/rom@", name, NULL);
  g_autoptr (GBytes) bytes = NULL;

  g_assert (n_copies <= BOOT_ROM_MAX_COPIES);
  entry = GUINT32_TO_LE (entry);
  memcpy (rom + list + LIST_ENTRY, &entry, sizeof entry);
  memcpy (rom + list + LIST_COUNT, &count, sizeof count);
  for (unsigned i = 0; i < n_copies; i++)
    put_copy (rom + list + LIST_COPIES + 16 * i, &copies[i]);
  rom[PNP_HEADER + PNP_CHECKSUM] = negative_sum (rom + PNP_HEADER, PNP_SIZE);
  rom[size - 1] = negative_sum (rom, size - 1);
  bytes = g_bytes_new_take (rom, size);
  fw_cfg_add_file (fw_cfg, name, bytes);
  fw_cfg_add_boot_entry (fw_cfg, path);
}
