/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>

/* A sector of a CD as it lies on the disc, mode 1: ECMA-130, clause 14. */

#define CD_FRAME_OF_SECTOR_0 150 /* two seconds behind the start of the program area */
#define CD_SECTOR_SIZE 2352
#define CD_SECTOR_HEADER 12 /* behind the synchronization field */
#define CD_SECTOR_USER 16
#define CD_SECTOR_EDC 2064

/* Puts synchronization, header, error detection and error correction around the 2048 bytes of user
 * data at CD_SECTOR_USER. */
void cd_sector_complete (uint8_t sector[CD_SECTOR_SIZE], uint32_t lba);
