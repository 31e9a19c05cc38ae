/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "fw-cfg.h"

/* Direct boot of a Linux kernel (a bzImage): its parts become items of fw_cfg, with an option ROM
 * that BIOS boots first. initrd and append may be NULL. memory_size is that of the RAM below 4 GiB,
 * in bytes. FALSE with error when a file cannot be read, is no kernel or does not fit. */
gboolean linux_boot_add (FwCfg *fw_cfg, const char *kernel, const char *initrd, const char *append,
                         uint64_t memory_size, GError **error);
