/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "devices/chipset/rtc.h"
#include "devices/image/image.h"
#include "fw-cfg.h"

#define BIOS_DISKS 4 /* primary master, primary slave, secondary master, secondary slave */

/* Tells the firmware of the IDE disks' geometries: CMOS RAM and the file “bios-geometry”. NULL:
 * there is no disk. */
void bios_disks_describe (Rtc *rtc, FwCfg *fw_cfg, Image *const disks[BIOS_DISKS]);
