/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a CD/DVD drive tells of the disc: MMC-5. A disc is an image of data sectors: one finished
 * session with one track. */
#include "atapi-internal.h"

#include <string.h>

#include "cd-sector.h"

#define CD_SECTORS_MAX 360000 /* 80 minutes; larger discs are DVDs */
#define DATA_TRACK 0x14       /* ADR 1, uninterrupted data */
#define LEAD_OUT 0xaa
#define DVD_FIRST_SECTOR 0x30000

bool
atapi_disc_is_dvd (const IdeDrive *drive)
{
  return atapi_cd_get_sectors (drive) > CD_SECTORS_MAX;
}

/* Minutes, seconds, frames: 75 frames a second, two seconds before sector 0. What is farther than
 * 255 minutes cannot be told. */
static void
put_msf (uint8_t *p, uint32_t lba)
{
  uint32_t frames = MIN ((uint64_t) lba + CD_FRAME_OF_SECTOR_0, 256 * 60 * 75 - 1);

  p[0] = frames / 75 / 60;
  p[1] = frames / 75 % 60;
  p[2] = frames % 75;
}

static uint8_t *
put_track (uint8_t *b, uint8_t track, uint32_t lba, bool msf)
{
  memset (b, 0, 8);
  b[1] = DATA_TRACK;
  b[2] = track;
  if (msf)
    put_msf (b + 5, lba);
  else
    atapi_put32 (b + 4, lba);
  return b + 8;
}

/* An entry of the raw table of contents. */
static uint8_t *
put_point (uint8_t *b, uint8_t point, uint8_t m, uint8_t s, uint8_t f)
{
  const uint8_t entry[11] = { 1, DATA_TRACK, 0, point, 0, 0, 0, 0, m, s, f };

  memcpy (b, entry, sizeof entry);
  return b + sizeof entry;
}

static uint8_t *
put_raw_toc (const IdeDrive *drive, uint8_t *b)
{
  uint8_t msf[3];

  b = put_point (b, 0xa0, 1, 0, 0); /* first track, kind of disc */
  b = put_point (b, 0xa1, 1, 0, 0); /* last track */
  put_msf (msf, atapi_cd_get_sectors (drive));
  b = put_point (b, 0xa2, msf[0], msf[1], msf[2]); /* lead-out */
  put_msf (msf, 0);
  return put_point (b, 1, msf[0], msf[1], msf[2]);
}

void
atapi_disc_read_toc (IdeDrive *drive)
{
  const uint8_t *p = drive->state.packet;
  uint8_t *b = drive->state.buffer, *end = b + 4;
  bool msf = p[1] & 2;
  unsigned format = p[2] & 15 ? p[2] & 15 : p[9] >> 6;

  if (format > 2 || (format == 0 && p[6] > 1 && p[6] != LEAD_OUT))
    {
      atapi_cd_fail (drive, ATAPI_ILLEGAL_REQUEST, ATAPI_INVALID_FIELD, 0);
      return;
    }
  if (format == 0)
    {
      if (p[6] <= 1)
        end = put_track (end, 1, 0, msf);
      end = put_track (end, LEAD_OUT, atapi_cd_get_sectors (drive), msf);
    }
  else if (format == 1)
    end = put_track (end, 1, 0, msf); /* the first track of the last session */
  else
    end = put_raw_toc (drive, end);
  atapi_put16 (b, end - b - 2);
  b[2] = b[3] = 1; /* first and last track or session */
  atapi_cd_reply (drive, end - b, atapi_get16 (p + 7));
}

void
atapi_disc_read_information (IdeDrive *drive)
{
  const uint8_t *p = drive->state.packet;
  uint8_t *b = drive->state.buffer;

  if ((p[1] & 7) != 0) /* track resources and the like are those of recorders */
    {
      atapi_cd_fail (drive, ATAPI_ILLEGAL_REQUEST, ATAPI_INVALID_FIELD, 0);
      return;
    }
  memset (b, 0, 34);
  atapi_put16 (b, 32);
  b[2] = 0x0e; /* last session complete, disc finalized */
  b[3] = b[4] = b[5] = b[6] = 1;
  b[7] = 0x20; /* unrestricted use */
  atapi_cd_reply (drive, 34, atapi_get16 (p + 7));
}

void
atapi_disc_read_track_information (IdeDrive *drive)
{
  const uint8_t *p = drive->state.packet;
  uint8_t *b = drive->state.buffer;
  uint32_t address = atapi_get32 (p + 2), sectors = atapi_cd_get_sectors (drive);
  unsigned kind = p[1] & 3; /* what the address is: 0 a sector, 1 a track, 2 a session */

  if (kind == 3 || (kind == 0 && address >= sectors) || (kind != 0 && address != 1))
    {
      atapi_cd_fail (drive, ATAPI_ILLEGAL_REQUEST, ATAPI_INVALID_FIELD, 0);
      return;
    }
  memset (b, 0, 36);
  atapi_put16 (b, 34);
  b[2] = b[3] = 1; /* track, session */
  b[5] = 0x04;     /* track mode: data, uninterrupted */
  b[6] = 0x01;     /* data mode 1 */
  atapi_put32 (b + 24, sectors);
  atapi_cd_reply (drive, 36, atapi_get16 (p + 7));
}

/* The formats of READ DVD STRUCTURE and how long they are behind the header of 4 bytes. */
#define STRUCTURE_LIST 0xff

static const struct
{
  uint8_t format;
  uint16_t length;
} structures[] = {
  { 0x00, 2048 }, /* physical format */
  { 0x01, 4 },    /* copyright: none */
  { 0x04, 2048 }, /* manufacturing: nothing */
};

static uint8_t *
put_structures (uint8_t *b)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (structures); i++, b += 4)
    {
      b[0] = structures[i].format;
      b[1] = 0x40; /* readable */
      atapi_put16 (b + 2, structures[i].length + 4);
    }
  return b;
}

static void
put_physical_format (const IdeDrive *drive, uint8_t *b)
{
  b[0] = 0x01; /* DVD-ROM, version 1 */
  b[1] = 0x02; /* 120 mm, 10 Mbit/s */
  b[2] = 0x01; /* one layer, embossed */
  atapi_put32 (b + 4, DVD_FIRST_SECTOR);
  atapi_put32 (b + 8, DVD_FIRST_SECTOR + atapi_cd_get_sectors (drive) - 1);
}

void
atapi_disc_read_dvd_structure (IdeDrive *drive)
{
  const uint8_t *p = drive->state.packet;
  uint8_t *b = drive->state.buffer, *end = b + 4;

  if (!atapi_disc_is_dvd (drive))
    {
      atapi_cd_fail (drive, ATAPI_ILLEGAL_REQUEST, ATAPI_INCOMPATIBLE_MEDIUM, 2);
      return;
    }
  memset (b, 0, 4 + 2048);
  if (p[7] == STRUCTURE_LIST)
    end = put_structures (end);
  for (unsigned i = 0; i < G_N_ELEMENTS (structures); i++)
    if (structures[i].format == p[7])
      end += structures[i].length;
  if (end == b + 4 || (p[1] & 15) != 0 || p[6] != 0) /* there is no second layer, nor a BD */
    {
      atapi_cd_fail (drive, ATAPI_ILLEGAL_REQUEST, ATAPI_INVALID_FIELD, 0);
      return;
    }
  if (p[7] == 0x00)
    put_physical_format (drive, b + 4);
  atapi_put16 (b, end - b - 2);
  atapi_cd_reply (drive, end - b, atapi_get16 (p + 8));
}
