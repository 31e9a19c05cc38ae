/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "fw-cfg.h"

/* An option ROM that the BIOS boots: one of those made with boot-rom.inc, which has fw_cfg copy what
 * a list of accesses names and then enters it. */

/* What is at the start of a list: four numbers of which the list's ROM knows the meaning of the
 * first, then the accesses. */
#define BOOT_ROM_MAX_COPIES 80

/* One access of fw_cfg's DMA interface: length bytes to address. Consecutive copies with select FALSE
 * read on in the item of the one before. An item that is not there is read as zeros. */
typedef struct
{
  unsigned key;
  bool select;
  uint32_t length;
  uint64_t address;
} BootRomCopy;

/* Adds image, size bytes of a ROM with its list (boot_rom.inc) at offset list, as the file name and
 * as the first thing to boot. entry is what the ROM shall enter, as far as it has a choice. */
void boot_rom_add (FwCfg *fw_cfg, const char *name, const uint8_t *image, gsize size, gsize list,
                   uint32_t entry, const BootRomCopy *copies, unsigned n_copies);
