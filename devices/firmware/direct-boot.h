/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "fw-cfg.h"

/* A kernel that is booted without a disk: its parts become items of fw_cfg, with an option ROM that
 * the BIOS boots first. */
typedef struct
{
  const char *kernel; /* a Linux bzImage or a Multiboot kernel */
  const char *initrd; /* a RAM disk; for Multiboot “FILE ARGUMENTS,FILE ARGUMENTS”; may be NULL */
  const char *append;   /* the command line; may be NULL */
  uint64_t memory_size; /* of the RAM below 4 GiB, in bytes */
} DirectBoot;

/* Where the BIOS keeps its tables, at the top of RAM. */
#define DIRECT_BOOT_FIRMWARE_RESERVE (1u << 20)

/* FALSE with error when a file cannot be read, is no kernel or does not fit. */
gboolean direct_boot_add (FwCfg *fw_cfg, const DirectBoot *boot, GError **error);
