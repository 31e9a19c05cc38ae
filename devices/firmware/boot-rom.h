/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "fw-cfg.h"

/* An option ROM that the BIOS boots: one of those made with boot-rom.inc, which has fw_cfg make a
 * list of copies and then enters what was copied. */

#define BOOT_ROM_MAX_COPIES 80 /* as in boot-rom.inc */

/* One access of fw_cfg's DMA interface: length bytes to address. Without select it reads on where
 * the one before stopped. An item that is not there is read as zeros. */
typedef struct
{
  unsigned key;
  bool select;
  uint32_t length;
  uint64_t address;
} BootRomCopy;

/* Adds image, size bytes of a ROM with its list (boot-rom.inc) at offset list, as the file name and
 * as something to boot. entry is what the ROM shall enter, as far as it has a choice. */
void boot_rom_add (FwCfg *fw_cfg, const char *name, const uint8_t *image, gsize size, gsize list,
                   uint32_t entry, const BootRomCopy *copies, unsigned n_copies);
