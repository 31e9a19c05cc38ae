/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The commands of a CD/DVD drive that read sectors: MMC-5. */
#include "atapi-internal.h"

#include <string.h>

#include "cd-sector.h"

/* Fields of READ CD's main channel selection. A sector of mode 1 has no subheader. */
#define FIELD_SYNC 0x80
#define FIELD_HEADER 0x20
#define FIELD_USER_DATA 0x10
#define FIELD_EDC_ECC 0x08
#define FIELDS 0xf8
#define C2_ERRORS 0x06
#define SUBCHANNELS 0x07

static void
start (IdeDrive *drive, uint32_t lba, uint32_t count, uint8_t fields)
{
  IdeDriveState *s = &drive->state;
  uint32_t sectors = atapi_cd_get_sectors (drive);

  if (lba > sectors || count > sectors - lba || count > 65535)
    atapi_cd_fail (drive, ATAPI_ILLEGAL_REQUEST, ATAPI_LBA_OUT_OF_RANGE, 0);
  else if (count == 0)
    atapi_cd_succeed (drive);
  else
    {
      s->sense_key = s->asc = s->ascq = 0;
      s->raw_fields = fields != FIELD_USER_DATA ? fields : 0;
      ide_start_transfer (drive, (uint64_t) lba * ATAPI_SECTOR, count * ATAPI_SECTOR,
                          atapi_cd_get_byte_count_limit (drive), true,
                          s->features[0] & ATAPI_FEATURE_DMA);
    }
}

void
atapi_read_sectors (IdeDrive *drive, uint32_t lba, uint32_t count)
{
  start (drive, lba, count, FIELD_USER_DATA);
}

/* Where in a sector the fields are; FALSE if something between them was left out. */
static bool
find_fields (uint8_t fields, unsigned *from, unsigned *to)
{
  static const struct
  {
    uint8_t field;
    uint16_t from, to;
  } parts[] = {
    { FIELD_SYNC, 0, CD_SECTOR_HEADER },
    { FIELD_HEADER, CD_SECTOR_HEADER, CD_SECTOR_USER },
    { FIELD_USER_DATA, CD_SECTOR_USER, CD_SECTOR_EDC },
    { FIELD_EDC_ECC, CD_SECTOR_EDC, CD_SECTOR_SIZE },
  };

  *from = *to = 0;
  for (unsigned i = 0; i < G_N_ELEMENTS (parts); i++)
    if (fields & parts[i].field)
      {
        if (*to == 0)
          *from = parts[i].from;
        else if (*to != parts[i].from)
          return false;
        *to = parts[i].to;
      }
  return true;
}

bool
atapi_read_are_fields (uint8_t fields)
{
  unsigned from, to;

  return (fields & ~FIELDS) == 0 && find_fields (fields, &from, &to) && from < to;
}

/* The sector type that is expected: any, or mode 1, which is all that an image has. */
static bool
has_type (unsigned type)
{
  return type == 0 || type == 2;
}

static void
read_cd (IdeDrive *drive, uint32_t lba, uint32_t count)
{
  const uint8_t *p = drive->state.packet;
  uint8_t fields = p[9] & FIELDS;
  unsigned from, to;

  if (!find_fields (fields, &from, &to) || (p[9] & C2_ERRORS) || (p[10] & SUBCHANNELS))
    atapi_cd_fail (drive, ATAPI_ILLEGAL_REQUEST, ATAPI_INVALID_FIELD, 0);
  else if (!has_type (p[1] >> 2 & 7))
    atapi_cd_fail (drive, ATAPI_ILLEGAL_REQUEST, ATAPI_ILLEGAL_MODE, 0);
  else if (from == to)
    atapi_cd_succeed (drive);
  else if (fields != FIELD_USER_DATA && atapi_disc_is_dvd (drive))
    atapi_cd_fail (drive, ATAPI_ILLEGAL_REQUEST, ATAPI_INCOMPATIBLE_MEDIUM, 2);
  else
    start (drive, lba, count, fields);
}

void
atapi_read_cd (IdeDrive *drive)
{
  const uint8_t *p = drive->state.packet;

  read_cd (drive, atapi_get32 (p + 2), p[6] << 16 | p[7] << 8 | p[8]);
}

/* From one place in minutes, seconds and frames up to another. */
void
atapi_read_cd_msf (IdeDrive *drive)
{
  const uint8_t *p = drive->state.packet;
  uint32_t first = (p[3] * 60u + p[4]) * 75 + p[5], end = (p[6] * 60u + p[7]) * 75 + p[8];

  if (first < CD_FRAME_OF_SECTOR_0 || end < first)
    atapi_cd_fail (drive, ATAPI_ILLEGAL_REQUEST, ATAPI_LBA_OUT_OF_RANGE, 0);
  else
    read_cd (drive, first - CD_FRAME_OF_SECTOR_0, end - first);
}

void
atapi_read_make_raw (IdeDrive *drive)
{
  IdeDriveState *s = &drive->state;
  uint32_t first = s->offset / ATAPI_SECTOR, n = s->filled / ATAPI_SECTOR;
  uint8_t sector[CD_SECTOR_SIZE];
  unsigned from, to;

  find_fields (s->raw_fields, &from, &to);
  for (uint32_t i = 0; i < n; i++)
    {
      /* In place: what grows is made from the end on, what shrinks from the start. */
      uint32_t at = to - from > ATAPI_SECTOR ? n - 1 - i : i;

      memcpy (sector + CD_SECTOR_USER, s->buffer + at * ATAPI_SECTOR, ATAPI_SECTOR);
      cd_sector_complete (sector, first + at);
      memcpy (s->buffer + at * (to - from), sector + from, to - from);
    }
  s->filled = n * (to - from);
}
