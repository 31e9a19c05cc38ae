/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#include "boot-file.h"
#include "vmm-core/bus.h"
#include "vmm-core/clock.h"
#include "vmm-core/memory.h"
#include "vmm-core/state.h"

/* The firmware configuration interface at ports 510h, 511h and (DMA) 514h: numbered items and
 * named files that SeaBIOS, OVMF, option ROMs and Linux read. */
typedef struct FwCfg FwCfg;

/* Items of the x86 machines. */
enum
{
  FW_CFG_RAM_SIZE = 0x03,    /* bytes, 64 bits */
  FW_CFG_NOGRAPHIC = 0x04,   /* 16 bits */
  FW_CFG_NB_CPUS = 0x05,     /* 16 bits */
  FW_CFG_KERNEL_ADDR = 0x07, /* addresses and sizes: 32 bits */
  FW_CFG_KERNEL_SIZE = 0x08,
  FW_CFG_INITRD_ADDR = 0x0a,
  FW_CFG_INITRD_SIZE = 0x0b,
  FW_CFG_BOOT_MENU = 0x0e, /* 16 bits */
  FW_CFG_MAX_CPUS = 0x0f,  /* 16 bits */
  FW_CFG_KERNEL_DATA = 0x11,
  FW_CFG_INITRD_DATA = 0x12,
  FW_CFG_CMDLINE_ADDR = 0x13,
  FW_CFG_CMDLINE_SIZE = 0x14,
  FW_CFG_CMDLINE_DATA = 0x15,
  FW_CFG_SETUP_ADDR = 0x16,
  FW_CFG_SETUP_SIZE = 0x17,
  FW_CFG_SETUP_DATA = 0x18
};

#define FW_CFG_MAX_FILES 64

/* A DMA transfer of more than a piece goes on by the clock, and the guest waits as the
 * specification says. */
FwCfg *fw_cfg_new (Bus *io, Memory *memory, Clock *clock);
void fw_cfg_free (FwCfg *fw_cfg);
void fw_cfg_reset (FwCfg *fw_cfg);

/* Items by number: bytes, which are referenced, or a little-endian number of size bytes. */
void fw_cfg_add_item (FwCfg *fw_cfg, unsigned key, GBytes *bytes);
/* The bytes of a file from offset on; takes file over. */
void fw_cfg_add_boot_file (FwCfg *fw_cfg, unsigned key, BootFile *file, uint64_t offset);
void fw_cfg_add_number (FwCfg *fw_cfg, unsigned key, uint64_t value, unsigned size);
/* A file; the name is at most 55 characters, unique. */
void fw_cfg_add_file (FwCfg *fw_cfg, const char *name, GBytes *bytes);
/* A file that holds a little-endian number of size bytes. */
void fw_cfg_add_number_file (FwCfg *fw_cfg, const char *name, uint64_t value, unsigned size);

/* Appends a device path to the file “bootorder”, which firmware tries from top to bottom. */
void fw_cfg_add_boot_entry (FwCfg *fw_cfg, const char *path);

/* What is selected; the contents are the board's to add again. */
StateSection fw_cfg_state (FwCfg *fw_cfg);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (FwCfg, fw_cfg_free)
