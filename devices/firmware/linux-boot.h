/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "boot-file.h"
#include "direct-boot.h"

/* Whether a file looks like a Linux kernel image; linux_boot_add may find fault with it still. */
gboolean linux_boot_recognizes (GBytes *kernel);

/* file, which is taken over, is boot's kernel with these contents. FALSE with error when one of the
 * files cannot be read, is damaged or does not fit. */
gboolean linux_boot_add (FwCfg *fw_cfg, const DirectBoot *boot, BootFile *file, GBytes *contents,
                         GError **error);
