/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "direct-boot.h"

/* Whether a file has a Multiboot header; multiboot_add may find fault with it still. */
gboolean multiboot_recognizes (GBytes *kernel);

/* kernel is the contents of boot's kernel: an ELF file of 32 or 64 bits, or one whose header has
 * addresses. FALSE with error when one of the files cannot be read, is damaged or does not fit. */
gboolean multiboot_add (FwCfg *fw_cfg, const DirectBoot *boot, GBytes *kernel, GError **error);
