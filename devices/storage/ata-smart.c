/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SMART of a disk that never fails: ATA/ATAPI-7 volume 1, 6.54; the layout of attributes is that of
 * SFF-8035i. */
#include "ide-internal.h"

#include <string.h>

#define SECTOR 512
#define KEY_MID 0x4f
#define KEY_HIGH 0xc2

enum
{
  SMART_READ_DATA = 0xd0,
  SMART_READ_THRESHOLDS = 0xd1,
  SMART_AUTOSAVE = 0xd2,
  SMART_SAVE = 0xd3,
  SMART_READ_LOG = 0xd5,
  SMART_ENABLE = 0xd8,
  SMART_DISABLE = 0xd9,
  SMART_RETURN_STATUS = 0xda
};

#define LOG_DIRECTORY 0x00
#define LOG_ERRORS 0x01
#define LOG_SELF_TESTS 0x06

#define ATTRIBUTES 2
#define ATTRIBUTE_SIZE 12
#define CAPABILITY 368

static const struct
{
  uint8_t id, flags, threshold;
} attributes[] = {
  { 1, 0x0b, 16 },  /* raw read error rate */
  { 5, 0x33, 5 },   /* reallocated sectors */
  { 197, 0x22, 0 }, /* sectors that wait for reallocation */
};

static void
send_sector (IdeDrive *drive)
{
  drive->state.buffer[SECTOR - 1] = ata_checksum (drive->state.buffer);
  ide_start_data_in (drive, SECTOR, SECTOR, false);
}

static void
read_data (IdeDrive *drive, bool thresholds)
{
  uint8_t *b = drive->state.buffer;

  memset (b, 0, SECTOR);
  b[0] = 0x10; /* revision */
  for (unsigned i = 0; i < G_N_ELEMENTS (attributes); i++)
    {
      uint8_t *at = b + ATTRIBUTES + i * ATTRIBUTE_SIZE;

      at[0] = attributes[i].id;
      at[1] = thresholds ? attributes[i].threshold : attributes[i].flags;
      if (!thresholds)
        at[3] = at[4] = 100; /* as good as new, now and at worst */
    }
  if (!thresholds)
    {
      b[CAPABILITY] = 0x03;     /* keeps attributes over power off, by itself, too */
      b[CAPABILITY + 2] = 0x01; /* has an error log */
    }
  send_sector (drive);
}

/* Logs in which nothing stands. */
static void
read_log (IdeDrive *drive)
{
  uint8_t *b = drive->state.buffer;
  uint8_t log = drive->state.lba_low[0];

  if ((log != LOG_DIRECTORY && log != LOG_ERRORS && log != LOG_SELF_TESTS)
      || drive->state.count[0] != 1)
    {
      ide_abort (drive, IDE_ERROR_ABRT);
      return;
    }
  memset (b, 0, SECTOR);
  b[0] = 1; /* version */
  if (log == LOG_DIRECTORY)
    b[2 * LOG_ERRORS] = b[2 * LOG_SELF_TESTS] = 1; /* a sector each */
  send_sector (drive);
}

void
ata_smart_command (IdeDrive *drive)
{
  IdeDriveState *s = &drive->state;
  uint8_t what = s->features[0];

  if (s->lba_mid[0] != KEY_MID || s->lba_high[0] != KEY_HIGH
      || (s->smart_off && what != SMART_ENABLE))
    {
      ide_abort (drive, IDE_ERROR_ABRT);
      return;
    }
  switch (what)
    {
    case SMART_READ_DATA:
    case SMART_READ_THRESHOLDS:
      read_data (drive, what == SMART_READ_THRESHOLDS);
      break;
    case SMART_READ_LOG:
      read_log (drive);
      break;
    case SMART_ENABLE:
    case SMART_DISABLE:
      s->smart_off = what == SMART_DISABLE;
      ide_complete (drive);
      break;
    case SMART_AUTOSAVE:
    case SMART_SAVE:
    case SMART_RETURN_STATUS: /* the key stays in the task file: no threshold is exceeded */
      ide_complete (drive);
      break;
    default:
      ide_abort (drive, IDE_ERROR_ABRT);
      break;
    }
}
