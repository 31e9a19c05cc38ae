/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "devices/firmware/fw-cfg.h"

#include <string.h>

/* The firmware configuration device with 8 MiB of RAM, read as firmware does. */
typedef struct
{
  Bus *io;
  Memory *memory;
  Clock *clock;
  FwCfg *fw_cfg;
} FwCfgRig;

static inline void
fw_cfg_rig_open (FwCfgRig *rig)
{
  MemoryBlock *ram;

  rig->io = bus_new ("io", 0x10000, NULL);
  rig->memory = memory_new ();
  rig->clock = clock_new_manual ();
  ram = memory_block_new (rig->memory, "ram", 8 << 20, false, NULL);
  memory_map (rig->memory, 0, 8 << 20, ram, 0, MEMORY_RW, 0);
  rig->fw_cfg = fw_cfg_new (rig->io, rig->memory, rig->clock);
}

static inline void
fw_cfg_rig_close (FwCfgRig *rig)
{
  fw_cfg_free (rig->fw_cfg);
  clock_free (rig->clock);
  memory_free (rig->memory);
  bus_free (rig->io);
}

static inline void
fw_cfg_rig_read_item (FwCfgRig *rig, unsigned key, void *buffer, unsigned length)
{
  bus_write (rig->io, 0x510, 2, key);
  for (unsigned i = 0; i < length; i++)
    ((uint8_t *) buffer)[i] = bus_read (rig->io, 0x511, 1);
}

/* The contents of a file, found in the directory; NULL: there is none. */
static inline uint8_t *
fw_cfg_rig_read_file (FwCfgRig *rig, const char *name, uint32_t *size)
{
  uint8_t directory[4 + FW_CFG_MAX_FILES * 64];

  fw_cfg_rig_read_item (rig, 0x19, directory, sizeof directory);
  for (unsigned i = 0; i < directory[3]; i++)
    {
      const uint8_t *file = directory + 4 + i * 64;
      uint8_t *contents;

      if (strcmp ((const char *) file + 8, name) != 0)
        continue;
      *size = (uint32_t) file[0] << 24 | file[1] << 16 | file[2] << 8 | file[3];
      contents = g_malloc (*size);
      fw_cfg_rig_read_item (rig, file[4] << 8 | file[5], contents, *size);
      return contents;
    }
  return NULL;
}
