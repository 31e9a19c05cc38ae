/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands of an ATA disk: ATA/ATAPI-7 volume 1, chapter 6. */
#include "ide-internal.h"

#include <string.h>

#define SECTOR 512
#define DEVICE_LBA 0x40

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
native_sectors_of (const IdeDrive *drive)
{
  return image_get_size (drive->image) / SECTOR;
}

/* Without the host protected area that SET MAX ADDRESS makes. */
static uint64_t
sectors_of (const IdeDrive *drive)
{
  uint64_t native = native_sectors_of (drive), max = drive->state.max_sectors;

  return max != 0 ? MIN (max, native) : native;
}

static unsigned
cylinders_of (const IdeDrive *drive, unsigned heads, unsigned sectors)
{
  return MIN (sectors_of (drive) / (heads * sectors), 16383);
}

uint8_t
ata_checksum (const uint8_t sector[512])
{
  uint8_t sum = 0;

  for (unsigned i = 0; i < SECTOR - 1; i++)
    sum += sector[i];
  return -sum;
}

void
ata_disk_identify (IdeDrive *drive)
{
  uint8_t *w = drive->state.buffer;
  const IdeDriveState *s = &drive->state;
  uint64_t sectors = sectors_of (drive);
  uint32_t lba28 = MIN (sectors, 0x0fffffff);
  unsigned heads = s->default_heads, track = s->default_sectors;
  unsigned current = cylinders_of (drive, s->heads, s->sectors);
  uint32_t capacity = current * s->heads * s->sectors;
  char serial[21];

  g_snprintf (serial, sizeof serial, "GH-%s-%u", drive->channel->id, drive->unit);
  memset (w, 0, SECTOR);
  ata_put_word (w, 0, 0x0040); /* fixed disk */
  ata_put_word (w, 1, cylinders_of (drive, heads, track));
  ata_put_word (w, 2, 0xc837); /* spins up by itself; this answer is complete */
  ata_put_word (w, 3, heads);
  ata_put_word (w, 6, track);
  ata_put_string (w + 2 * 10, serial, 20);
  ata_put_string (w + 2 * 23, "1.0", 8);
  ata_put_string (w + 2 * 27, "Guesthouse Disk", 40);
  ata_put_word (w, 47, 0x8000 | ATA_MAX_MULTIPLE);
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
  /* NOP, host protected area, look-ahead, write cache, power management, security, SMART. */
  ata_put_word (w, 82, 0x446b);
  ata_put_word (w, 83, 0x7400); /* FLUSH CACHE (EXT), LBA48 */
  ata_put_word (w, 84, 0x4001); /* SMART error log */
  ata_put_word (w, 85,
                0x4408 | (s->look_ahead_off ? 0 : 0x40) | (s->write_cache_off ? 0 : 0x20)
                  | (s->smart_off ? 0 : 1));
  ata_put_word (w, 86, 0x3400);
  ata_put_word (w, 87, 0x4001);
  ata_put_word (
    w, 88, 0x003f | ((s->transfer_mode & 0xf8) == 0x40 ? 0x100u << (s->transfer_mode & 7) : 0));
  ata_put_word (w, 93,
                drive->unit == 0 ? 0x600b : 0x6b00); /* 80-conductor cable, diagnostics passed */
  for (unsigned i = 0; i < 4; i++)
    ata_put_word (w, 100 + i, sectors >> 16 * i);
  ata_put_word (w, 128, 0x0009); /* security: supported, frozen */
  w[510] = 0xa5;
  w[511] = ata_checksum (w);
}

static uint64_t
lba_of (const IdeDriveState *s, bool ext)
{
  uint64_t low = s->lba_high[0] << 16 | s->lba_mid[0] << 8 | s->lba_low[0];

  if (!ext)
    return (s->device & 15u) << 24 | low;
  return (uint64_t) s->lba_high[1] << 40 | (uint64_t) s->lba_mid[1] << 32
         | (uint64_t) s->lba_low[1] << 24 | low;
}

static void
put_lba (IdeDriveState *s, uint64_t lba, bool ext)
{
  s->lba_low[0] = lba;
  s->lba_mid[0] = lba >> 8;
  s->lba_high[0] = lba >> 16;
  if (ext)
    {
      s->lba_low[1] = lba >> 24;
      s->lba_mid[1] = lba >> 32;
      s->lba_high[1] = lba >> 40;
    }
  else
    s->device = (s->device & 0xf0) | (lba >> 24 & 15);
}

static bool
is_ext (uint8_t command)
{
  return command == 0x24 || command == 0x25 || command == 0x29 || command == 0x34 || command == 0x35
         || command == 0x39;
}

void
ata_disk_tell_address (IdeDrive *drive)
{
  IdeDriveState *s = &drive->state;
  uint64_t lba = s->offset / SECTOR, cylinder = lba / (s->heads * s->sectors);

  if (is_ext (s->command) || (s->device & DEVICE_LBA))
    {
      put_lba (s, lba, is_ext (s->command));
      return;
    }
  s->lba_low[0] = lba % s->sectors + 1;
  s->lba_mid[0] = cylinder;
  s->lba_high[0] = cylinder >> 8;
  s->device = (s->device & 0xf0) | (lba / s->sectors % s->heads);
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
      *lba = lba_of (s, true);
    }
  else
    {
      *count = s->count[0] != 0 ? s->count[0] : 256;
      *lba = lba_of (s, false);
      if (!(s->device & DEVICE_LBA))
        {
          unsigned cylinder = s->lba_high[0] << 8 | s->lba_mid[0];

          if (s->lba_low[0] == 0 || s->lba_low[0] > s->sectors || (s->device & 15u) >= s->heads)
            return false;
          *lba
            = ((uint64_t) cylinder * s->heads + (s->device & 15)) * s->sectors + s->lba_low[0] - 1;
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
  uint64_t last = native_sectors_of (drive) - 1;

  if (!ext)
    last = MIN (last, 0x0fffffff);
  put_lba (s, last, ext);
  s->max_was_read = true;
  ide_complete (drive);
}

/* SET MAX ADDRESS, right after READ NATIVE MAX ADDRESS. It lasts until the next hardware reset: an
 * image has no place to keep it, so bit 0 of the count is refused. */
static void
set_max (IdeDrive *drive, bool ext, bool max_was_read)
{
  IdeDriveState *s = &drive->state;
  uint64_t last = lba_of (s, ext);

  if (!max_was_read || (!ext && s->features[0] != 0) || !(s->device & DEVICE_LBA)
      || (s->count[0] & 1))
    ide_abort (drive, IDE_ERROR_ABRT);
  else if (last >= native_sectors_of (drive))
    ide_abort (drive, IDE_ERROR_IDNF);
  else
    {
      s->max_sectors = last + 1;
      ide_complete (drive);
    }
}

/* PIO 0 to 4 and its default, multiword DMA 0 to 2, Ultra DMA 0 to 5. */
static bool
is_transfer_mode (uint8_t mode)
{
  return mode <= 0x01 || (mode >= 0x08 && mode <= 0x0c) || (mode >= 0x20 && mode <= 0x22)
         || (mode >= 0x40 && mode <= 0x45);
}

static void
set_features (IdeDrive *drive)
{
  IdeDriveState *s = &drive->state;

  switch (s->features[0])
    {
    case 0x03:
      if (!is_transfer_mode (s->count[0]))
        {
          ide_abort (drive, IDE_ERROR_ABRT);
          return;
        }
      s->transfer_mode = s->count[0];
      break;
    case 0x02: /* write cache on, off */
    case 0x82:
      s->write_cache_off = s->features[0] == 0x82;
      break;
    case 0xaa: /* look-ahead on, off */
    case 0x55:
      s->look_ahead_off = s->features[0] == 0x55;
      break;
    case 0x66: /* reverting to defaults off, on */
    case 0xcc:
      break;
    default:
      ide_abort (drive, IDE_ERROR_ABRT);
      return;
    }
  ide_complete (drive);
}

bool
ata_common_command (IdeDrive *drive, uint8_t command)
{
  switch (command)
    {
    case 0xe0: /* STANDBY (IMMEDIATE), SLEEP: a command wakes the drive up */
    case 0xe2:
    case 0xe6:
    case 0x94:
    case 0x96:
    case 0x99:
      drive->state.power = IDE_POWER_STANDBY;
      ide_complete (drive);
      return true;
    case 0xe1: /* IDLE (IMMEDIATE) */
    case 0xe3:
    case 0x95:
    case 0x97:
      drive->state.power = IDE_POWER_IDLE;
      ide_complete (drive);
      return true;
    case 0xe5: /* CHECK POWER MODE */
    case 0x98:
      ide_complete (drive);
      drive->state.count[0] = drive->state.power;
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

  if (n > ATA_MAX_MULTIPLE || (n & (n - 1)) != 0)
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
  bool max_was_read = drive->state.max_was_read;

  drive->state.max_was_read = false;
  if (ata_common_command (drive, command))
    return;
  switch (command)
    {
    case 0x10 ... 0x1f: /* RECALIBRATE */
    case 0x70 ... 0x7f: /* SEEK */
    case 0xf5:          /* SECURITY FREEZE LOCK: it is */
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
    case 0x37:
    case 0xf9: /* SET MAX ADDRESS (EXT) */
      set_max (drive, command == 0x37, max_was_read);
      break;
    case 0xb0:
      ata_smart_command (drive);
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
