/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "direct-boot.h"

/* Whether a file looks like a Linux kernel image; linux_boot_add may find fault with it still. */
gboolean linux_boot_recognizes (GBytes *kernel);

/* kernel is the contents of boot's kernel. FALSE with error when one of the files cannot be read,
 * is damaged or does not fit. */
gboolean linux_boot_add (FwCfg *fw_cfg, const DirectBoot *boot, GBytes *kernel, GError **error);
