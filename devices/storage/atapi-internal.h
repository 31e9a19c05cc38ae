/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ide-internal.h"

/* What the files of the CD drive share: atapi-cd.c (commands), atapi-read.c (those that read
 * sectors), atapi-info.c (what the drive tells of itself) and atapi-disc.c (what it tells of the
 * disc). Numbers are big endian. */

enum
{
  ATAPI_NOT_READY = 2,
  ATAPI_ILLEGAL_REQUEST = 5,
  ATAPI_UNIT_ATTENTION = 6
};

enum
{
  ATAPI_INVALID_OPCODE = 0x20,
  ATAPI_LBA_OUT_OF_RANGE = 0x21,
  ATAPI_INVALID_FIELD = 0x24,
  ATAPI_MEDIUM_CHANGED = 0x28,
  ATAPI_POWERED_ON = 0x29,
  ATAPI_INCOMPATIBLE_MEDIUM = 0x30,
  ATAPI_SAVING_NOT_SUPPORTED = 0x39,
  ATAPI_NO_MEDIUM = 0x3a,
  ATAPI_REMOVAL_PREVENTED = 0x53,
  ATAPI_ILLEGAL_MODE = 0x64 /* for this track */
};

#define ATAPI_FEATURE_DMA 0x01 /* of the Features register: the data goes by bus master */

/* Events of GET EVENT STATUS NOTIFICATION, class media. */
enum
{
  ATAPI_EVENT_EJECT_REQUEST = 1,
  ATAPI_EVENT_NEW_MEDIUM = 2,
  ATAPI_EVENT_MEDIUM_REMOVED = 3
};

static inline uint16_t
atapi_get16 (const uint8_t *p)
{
  return p[0] << 8 | p[1];
}

static inline uint32_t
atapi_get32 (const uint8_t *p)
{
  return (uint32_t) p[0] << 24 | p[1] << 16 | p[2] << 8 | p[3];
}

static inline void
atapi_put16 (uint8_t *p, unsigned value)
{
  p[0] = value >> 8;
  p[1] = value;
}

static inline void
atapi_put32 (uint8_t *p, uint32_t value)
{
  atapi_put16 (p, value >> 16);
  atapi_put16 (p + 2, value);
}

/* atapi-cd.c */
/* Whether the tray is open, as far as the guest knows. */
bool atapi_cd_is_open (const IdeDrive *drive);
/* The most bytes that the guest wants at once: even, and 0 means as much as can be said. */
uint32_t atapi_cd_get_byte_count_limit (const IdeDrive *drive);
bool atapi_cd_has_medium (const IdeDrive *drive);
uint32_t atapi_cd_get_sectors (const IdeDrive *drive); /* 0 without a medium */
/* Ends a command well. */
void atapi_cd_succeed (IdeDrive *drive);
/* Sends the first length bytes of the buffer, cut to what the command allows. */
void atapi_cd_reply (IdeDrive *drive, uint32_t length, uint32_t allocation);

/* atapi-info.c: the packet commands of these names */
void atapi_info_inquiry (IdeDrive *drive);
void atapi_info_get_configuration (IdeDrive *drive);
void atapi_info_mode_sense (IdeDrive *drive);
void atapi_info_mechanism_status (IdeDrive *drive);
void atapi_info_event_status (IdeDrive *drive);

/* atapi-read.c */
void atapi_read_sectors (IdeDrive *drive, uint32_t lba, uint32_t count);
void atapi_read_cd (IdeDrive *drive);
void atapi_read_cd_msf (IdeDrive *drive);

/* atapi-disc.c: the same, of the disc */
void atapi_disc_read_toc (IdeDrive *drive);
void atapi_disc_read_information (IdeDrive *drive);
void atapi_disc_read_track_information (IdeDrive *drive);
void atapi_disc_read_dvd_structure (IdeDrive *drive);
bool atapi_disc_is_dvd (const IdeDrive *drive);
