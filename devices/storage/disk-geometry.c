/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ATA/ATAPI-4 annex B (translations), Microsoft's FAT specification 1.03 (BIOS parameter block),
 * the partition table of PC DOS. */
#include "disk-geometry.h"

#include <stdbool.h>

#define SECTOR 512
#define DRIVE_HEADS 16
#define DRIVE_CYLINDERS 16383
#define TRACK 63
#define FIRMWARE_HEADS 255
#define FIRMWARE_CYLINDERS 1024
#define PARTITIONS 446

static unsigned
get16 (const uint8_t *p)
{
  return p[0] | p[1] << 8;
}

static uint32_t
get32 (const uint8_t *p)
{
  return get16 (p) | (uint32_t) get16 (p + 2) << 16;
}

static DiskGeometry
cover (uint64_t sectors, unsigned heads, unsigned track, unsigned max_cylinders)
{
  return (DiskGeometry){ MIN (sectors / (heads * track), max_cylinders), heads, track };
}

/* A small disk has fewer heads, so that there are two cylinders: firmware keeps the last one from
 * whoever asks it, as it once was for diagnostics. */
static DiskGeometry
usual_drive (uint64_t sectors)
{
  unsigned track = CLAMP (sectors / 2, 1, TRACK);

  return cover (sectors, CLAMP (sectors / track / 2, 1, DRIVE_HEADS), track, DRIVE_CYLINDERS);
}

/* LBA assist: as many heads as it takes for 1024 cylinders. */
static DiskGeometry
usual_firmware (uint64_t sectors)
{
  uint64_t tracks = sectors / TRACK / FIRMWARE_CYLINDERS;
  unsigned heads = 16;

  while (heads < tracks && heads < 256)
    heads *= 2;
  return cover (sectors, MIN (heads, FIRMWARE_HEADS), TRACK, FIRMWARE_CYLINDERS);
}

/* Whether cylinder, head and sector of a table entry are where they should be. What lies beyond the
 * last cylinder that an entry can name says nothing. */
static bool
agrees (const uint8_t chs[3], uint32_t lba, unsigned heads, unsigned track, bool *tells)
{
  uint32_t cylinder = lba / (heads * track);

  if (cylinder >= FIRMWARE_CYLINDERS - 1)
    return true;
  *tells = *tells || cylinder > 0;
  return (chs[2] | (chs[1] & 0xc0u) << 2) == cylinder && chs[0] == lba / track % heads
         && (chs[1] & 63u) == lba % track + 1;
}

static bool
fits_partitions (const uint8_t *boot, unsigned heads, unsigned track)
{
  bool tells = false;

  for (unsigned i = 0; i < 4; i++)
    {
      const uint8_t *entry = boot + PARTITIONS + i * 16;
      uint32_t first = get32 (entry + 8), n = get32 (entry + 12);

      if (entry[4] != 0 && n != 0
          && (!agrees (entry + 1, first, heads, track, &tells)
              || !agrees (entry + 5, first + n - 1, heads, track, &tells)))
        return false;
    }
  return tells;
}

/* Partitions used to end with a cylinder, so their last sector tells how large one is; those of
 * today end anywhere, but were counted with usual numbers of heads. */
static bool
guess_from_partitions (const uint8_t *boot, unsigned *heads, unsigned *track)
{
  static const uint8_t usual_heads[] = { 255, 240, 128, 64, 32, 16 };

  for (unsigned i = 0; i < 4; i++)
    {
      const uint8_t *entry = boot + PARTITIONS + i * 16;

      *heads = entry[5] + 1;
      *track = entry[6] & 63;
      if (entry[4] != 0 && *track != 0 && *heads <= FIRMWARE_HEADS
          && fits_partitions (boot, *heads, *track))
        return true;
    }
  *track = TRACK;
  for (unsigned i = 0; i < G_N_ELEMENTS (usual_heads); i++)
    {
      *heads = usual_heads[i];
      if (fits_partitions (boot, *heads, *track))
        return true;
    }
  return false;
}

/* A disk without partitions that is one FAT file system. */
static bool
guess_from_file_system (const uint8_t *boot, uint64_t sectors, unsigned *heads, unsigned *track)
{
  uint32_t total = get16 (boot + 0x13) != 0 ? get16 (boot + 0x13) : get32 (boot + 0x20);

  *track = get16 (boot + 0x18);
  *heads = get16 (boot + 0x1a);
  return (boot[0] == 0xeb || boot[0] == 0xe9) && get16 (boot + 0x0b) == SECTOR && boot[0x15] >= 0xf0
         && total != 0 && total <= sectors && *track >= 1 && *track <= TRACK && *heads >= 1
         && *heads <= FIRMWARE_HEADS;
}

void
disk_geometry_find (Image *disk, DiskGeometry *drive, DiskGeometry *firmware)
{
  uint64_t sectors = image_get_size (disk) / SECTOR;
  const uint8_t *boot = image_get_first_sector (disk);
  unsigned heads, track;

  *drive = usual_drive (sectors);
  if (get16 (boot + 510) == 0xaa55
      && (guess_from_file_system (boot, sectors, &heads, &track)
          || guess_from_partitions (boot, &heads, &track))
      && heads * track <= sectors)
    {
      *firmware = cover (sectors, heads, track, FIRMWARE_CYLINDERS);
      if (heads <= DRIVE_HEADS)
        *drive = cover (sectors, heads, track, DRIVE_CYLINDERS);
    }
  else
    *firmware = drive->cylinders <= FIRMWARE_CYLINDERS ? *drive : usual_firmware (sectors);
}
