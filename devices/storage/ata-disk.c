/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands of an ATA disk: ATA/ATAPI-7 volume 1, chapter 6. */
#include "ide-internal.h"

#include <string.h>

#define SECTOR 512
#define DEVICE_LBA 0x40
#define MAX_MULTIPLE 16

void
ata_put_word (uint8_t *words, unsigned index, uint16_t value)
{
  words[2 * index] = value;
  words[2 * index + 1] = value >> 8;
}

void
ata_put_string (uint8_t *words, const char *text, unsigned length)
{
  for (unsigned i = 0; i < length; i++)
    words[i ^ 1] = *text != '\0' ? *text++ : ' ';
}

static uint64_t
sectors_of (const IdeDrive *drive)
{
  return image_get_size (drive->image) / SECTOR;
}

static unsigned
cylinders_of (const IdeDrive *drive, unsigned heads, unsigned sectors)
{
  return MIN (sectors_of (drive) / (heads * sectors), 16383);
}

void
ata_disk_identify (IdeDrive *drive)
{
  uint8_t *w = drive->state.buffer;
  const IdeDriveState *s = &drive->state;
  uint64_t sectors = sectors_of (drive);
  uint32_t lba28 = MIN (sectors, 0x0fffffff);
  unsigned cylinders = cylinders_of (drive, 16, 63);
  unsigned current = cylinders_of (drive, s->heads, s->sectors);
  uint32_t capacity = current * s->heads * s->sectors;

  memset (w, 0, SECTOR);
  ata_put_word (w, 0, 0x0040); /* fixed disk */
  ata_put_word (w, 1, cylinders);
  ata_put_word (w, 3, 16);
  ata_put_word (w, 6, 63);
  ata_put_string (w + 2 * 10, drive->unit == 0 ? "GH00000001" : "GH00000002", 20);
  ata_put_string (w + 2 * 23, "1.0", 8);
  ata_put_string (w + 2 * 27, "Guesthouse Disk", 40);
  ata_put_word (w, 47, 0x8000 | MAX_MULTIPLE);
  ata_put_word (w, 49, 0x0f00); /* IORDY, LBA, DMA */
  ata_put_word (w, 50, 0x4000);
  ata_put_word (w, 51, 0x0200);
  ata_put_word (w, 53, 0x0007); /* words 54-58, 64-70 and 88 are valid */
  ata_put_word (w, 54, current);
  ata_put_word (w, 55, s->heads);
  ata_put_word (w, 56, s->sectors);
  ata_put_word (w, 57, capacity);
  ata_put_word (w, 58, capacity >> 16);
  ata_put_word (w, 59, s->multiple != 0 ? 0x0100 | s->multiple : 0);
  ata_put_word (w, 60, lba28);
  ata_put_word (w, 61, lba28 >> 16);
  ata_put_word (
      w, 63, 0x0007 | ((s->transfer_mode & 0xf8) == 0x20 ? 0x100u << (s->transfer_mode & 7) : 0));
  ata_put_word (w, 64, 0x0003); /* PIO 3 and 4 */
  for (unsigned i = 65; i <= 68; i++)
    ata_put_word (w, i, 120);
  ata_put_word (w, 80, 0x00f0); /* ATA-4 to ATA-7 */
  ata_put_word (w, 82, 0x4020); /* NOP, write cache */
  ata_put_word (w, 83, 0x7400); /* FLUSH CACHE (EXT), LBA48 */
  ata_put_word (w, 84, 0x4000);
  ata_put_word (w, 85, 0x4020);
  ata_put_word (w, 86, 0x3400);
  ata_put_word (w, 87, 0x4000);
  ata_put_word (
      w, 88, 0x003f | ((s->transfer_mode & 0xf8) == 0x40 ? 0x100u << (s->transfer_mode & 7) : 0));
  ata_put_word (w, 93,
                drive->unit == 0 ? 0x600b : 0x6b00); /* 80-conductor cable, diagnostics passed */
  for (unsigned i = 0; i < 4; i++)
    ata_put_word (w, 100 + i, sectors >> 16 * i);
}

/* The address in the task file; FALSE if it is none of this disk. count is 1 to 65536. */
static bool
address (IdeDrive *drive, bool ext, uint64_t *lba, uint32_t *count)
{
  const IdeDriveState *s = &drive->state;

  if (ext)
    {
      *count = s->count[1] << 8 | s->count[0];
      *count = *count != 0 ? *count : 65536;
      *lba = (uint64_t)s->lba_high[1] << 40 | (uint64_t)s->lba_mid[1] << 32
             | (uint64_t)s->lba_low[1] << 24 | s->lba_high[0] << 16 | s->lba_mid[0] << 8
             | s->lba_low[0];
    }
  else
    {
      *count = s->count[0] != 0 ? s->count[0] : 256;
      *lba = (s->device & 15u) << 24 | s->lba_high[0] << 16 | s->lba_mid[0] << 8 | s->lba_low[0];
      if (!(s->device & DEVICE_LBA))
        {
          unsigned cylinder = s->lba_high[0] << 8 | s->lba_mid[0];

          if (s->lba_low[0] == 0 || s->lba_low[0] > s->sectors || (s->device & 15u) >= s->heads)
            return false;
          *lba
              = ((uint64_t)cylinder * s->heads + (s->device & 15)) * s->sectors + s->lba_low[0] - 1;
        }
    }
  return *lba < sectors_of (drive) && *count <= sectors_of (drive) - *lba;
}

static void
transfer (IdeDrive *drive, bool ext, bool multiple, bool to_guest, bool dma)
{
  uint64_t lba;
  uint32_t count;

  if (multiple && drive->state.multiple == 0)
    ide_abort (drive, IDE_ERROR_ABRT);
  else if (!address (drive, ext, &lba, &count))
    ide_abort (drive, IDE_ERROR_IDNF);
  else if (!to_guest && image_is_read_only (drive->image))
    ide_abort (drive, IDE_ERROR_ABRT);
  else
    ide_start_transfer (drive, lba * SECTOR, count * SECTOR,
                        multiple ? drive->state.multiple * SECTOR : SECTOR, to_guest, dma);
}

static void
verify (IdeDrive *drive, bool ext)
{
  uint64_t lba;
  uint32_t count;

  if (address (drive, ext, &lba, &count))
    ide_complete (drive);
  else
    ide_abort (drive, IDE_ERROR_IDNF);
}

static void
native_max (IdeDrive *drive, bool ext)
{
  IdeDriveState *s = &drive->state;
  uint64_t last = sectors_of (drive) - 1;

  if (!ext)
    last = MIN (last, 0x0fffffff);
  s->lba_low[0] = last;
  s->lba_mid[0] = last >> 8;
  s->lba_high[0] = last >> 16;
  if (ext)
    {
      s->lba_low[1] = last >> 24;
      s->lba_mid[1] = last >> 32;
      s->lba_high[1] = last >> 40;
    }
  else
    s->device = (s->device & 0xf0) | (last >> 24 & 15);
  ide_complete (drive);
}

static void
set_features (IdeDrive *drive)
{
  IdeDriveState *s = &drive->state;
  uint8_t kind = s->count[0] & 0xf8;

  switch (s->features[0])
    {
    case 0x03: /* transfer mode */
      if (kind > 0x08 && kind != 0x20 && kind != 0x40)
        break;
      s->transfer_mode = s->count[0];
      ide_complete (drive);
      return;
    case 0x02: /* write cache on */
    case 0x82:
    case 0x55: /* look-ahead off, on */
    case 0xaa:
    case 0x66: /* reverting to defaults off, on */
    case 0xcc:
      ide_complete (drive);
      return;
    default:
      break;
    }
  ide_abort (drive, IDE_ERROR_ABRT);
}

bool
ata_common_command (IdeDrive *drive, uint8_t command)
{
  switch (command)
    {
    case 0xe0: /* STANDBY IMMEDIATE */
    case 0xe1: /* IDLE IMMEDIATE */
    case 0xe2: /* STANDBY */
    case 0xe3: /* IDLE */
    case 0xe6: /* SLEEP */
    case 0x94 ... 0x97:
      ide_complete (drive);
      return true;
    case 0xe5: /* CHECK POWER MODE: active */
    case 0x98:
      ide_complete (drive);
      drive->state.count[0] = 0xff;
      return true;
    case 0xef:
      set_features (drive);
      return true;
    default:
      return false;
    }
}

static void
set_multiple (IdeDrive *drive)
{
  uint8_t n = drive->state.count[0];

  if (n > MAX_MULTIPLE || (n & (n - 1)) != 0)
    {
      ide_abort (drive, IDE_ERROR_ABRT);
      return;
    }
  drive->state.multiple = n;
  ide_complete (drive);
}

static void
set_translation (IdeDrive *drive)
{
  IdeDriveState *s = &drive->state;

  if (s->count[0] == 0)
    {
      ide_abort (drive, IDE_ERROR_ABRT);
      return;
    }
  s->heads = (s->device & 15) + 1;
  s->sectors = s->count[0];
  ide_complete (drive);
}

void
ata_disk_command (IdeDrive *drive, uint8_t command)
{
  if (ata_common_command (drive, command))
    return;
  switch (command)
    {
    case 0x10 ... 0x1f: /* RECALIBRATE */
    case 0x70 ... 0x7f: /* SEEK */
      ide_complete (drive);
      break;
    case 0x20:
    case 0x21:
    case 0x24: /* READ SECTORS (EXT) */
      transfer (drive, command == 0x24, false, true, false);
      break;
    case 0x30:
    case 0x31:
    case 0x34: /* WRITE SECTORS (EXT) */
      transfer (drive, command == 0x34, false, false, false);
      break;
    case 0xc4:
    case 0x29: /* READ MULTIPLE (EXT) */
      transfer (drive, command == 0x29, true, true, false);
      break;
    case 0xc5:
    case 0x39: /* WRITE MULTIPLE (EXT) */
      transfer (drive, command == 0x39, true, false, false);
      break;
    case 0xc8:
    case 0xc9:
    case 0x25: /* READ DMA (EXT) */
      transfer (drive, command == 0x25, false, true, true);
      break;
    case 0xca:
    case 0xcb:
    case 0x35: /* WRITE DMA (EXT) */
      transfer (drive, command == 0x35, false, false, true);
      break;
    case 0x40:
    case 0x41:
    case 0x42: /* READ VERIFY (EXT) */
      verify (drive, command == 0x42);
      break;
    case 0x27:
    case 0xf8: /* READ NATIVE MAX ADDRESS (EXT) */
      native_max (drive, command == 0x27);
      break;
    case 0x91:
      set_translation (drive);
      break;
    case 0xc6:
      set_multiple (drive);
      break;
    case 0xe7:
    case 0xea: /* FLUSH CACHE (EXT) */
      ide_start_flush (drive);
      break;
    case 0xec:
      ata_disk_identify (drive);
      ide_start_data_in (drive, SECTOR, SECTOR, false);
      break;
    default:
      ide_abort (drive, IDE_ERROR_ABRT);
      break;
    }
}
