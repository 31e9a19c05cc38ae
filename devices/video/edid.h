/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>

#define EDID_SIZE 128

/* Describes a monitor that likes width × height pixels (to 4095 each) at 60 Hz best. */
void edid_make (uint8_t edid[EDID_SIZE], unsigned width, unsigned height);
