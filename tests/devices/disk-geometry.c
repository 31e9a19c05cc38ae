/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cylinders, heads and sectors: by size, and as a disk was partitioned or formatted; what IDENTIFY,
 * CMOS RAM and the firmware's file say of them. */
#include "devices/firmware/bios-disks.h"
#include "devices/image/image-format.h"
#include "devices/storage/disk-geometry.h"
#include "ide-rig.h"

#define MIB (UINT64_C (1) << 20)
#define GIB (UINT64_C (1) << 30)

/* Disks of any size that hold nothing but what was written to them last. */

static uint64_t
get_size (void *data)
{
  return *(uint64_t *) data;
}

static int
get_fd (void *data)
{
  return -1;
}

static int
read_nothing (void *data, uint64_t offset, void *buffer, size_t length)
{
  memset (buffer, 0, length);
  return 0;
}

static int
write_nothing (void *data, uint64_t offset, const void *buffer, size_t length)
{
  return 0;
}

static Image *
make_disk (uint64_t size)
{
  static const ImageFormat format = { .close = g_free,
                                      .get_size = get_size,
                                      .get_fd = get_fd,
                                      .read = read_nothing,
                                      .write = write_nothing };

  return image_new (&format, g_memdup2 (&size, sizeof size), "disk", 0, NULL, NULL);
}

static void
assert_geometry (Image *disk, DiskGeometry drive, DiskGeometry firmware)
{
  DiskGeometry d, f;

  disk_geometry_find (disk, &d, &f);
  g_assert_cmpuint (d.cylinders, ==, drive.cylinders);
  g_assert_cmpuint (d.heads, ==, drive.heads);
  g_assert_cmpuint (d.sectors, ==, drive.sectors);
  g_assert_cmpuint (f.cylinders, ==, firmware.cylinders);
  g_assert_cmpuint (f.heads, ==, firmware.heads);
  g_assert_cmpuint (f.sectors, ==, firmware.sectors);
}

static void
test_sizes (void)
{
  static const struct
  {
    uint64_t size;
    DiskGeometry drive, firmware;
  } disks[] = {
    { 512, { 1, 1, 1 }, { 1, 1, 1 } },
    { 20 << 10, { 2, 1, 20 }, { 2, 1, 20 } },
    { 100 << 10, { 3, 1, 63 }, { 3, 1, 63 } },
    { 503 << 10, { 2, 7, 63 }, { 2, 7, 63 } },
    { 504 << 10, { 2, 8, 63 }, { 2, 8, 63 } },
    { 1008 << 10, { 2, 16, 63 }, { 2, 16, 63 } },
    { 500 * MIB, { 1015, 16, 63 }, { 1015, 16, 63 } },
    { 504 * MIB, { 1024, 16, 63 }, { 1024, 16, 63 } },
    { 505 * MIB, { 1026, 16, 63 }, { 1024, 16, 63 } },
    { 600 * MIB, { 1219, 16, 63 }, { 609, 32, 63 } },
    { 2 * GIB, { 4161, 16, 63 }, { 520, 128, 63 } },
    { 4 * GIB, { 8322, 16, 63 }, { 522, 255, 63 } },
    { 8 * GIB, { 16383, 16, 63 }, { 1024, 255, 63 } },
    { 200 * GIB, { 16383, 16, 63 }, { 1024, 255, 63 } },
  };

  for (unsigned i = 0; i < G_N_ELEMENTS (disks); i++)
    {
      g_autoptr (Image) disk = make_disk (disks[i].size);

      assert_geometry (disk, disks[i].drive, disks[i].firmware);
    }
}

typedef struct
{
  uint8_t boot[512];
  unsigned heads, track, partitions;
} Table;

static void
put_chs (uint8_t *chs, uint32_t lba, unsigned heads, unsigned track)
{
  uint32_t cylinder = lba / (heads * track);
  bool beyond = cylinder > 1023;

  cylinder = beyond ? 1023 : cylinder;
  chs[0] = beyond ? 254 : lba / track % heads;
  chs[1] = (beyond ? 63 : lba % track + 1) | (cylinder >> 2 & 0xc0);
  chs[2] = cylinder;
}

static void
put32 (uint8_t *p, uint32_t value)
{
  for (unsigned i = 0; i < 4; i++)
    p[i] = value >> 8 * i;
}

static void
add_partition (Table *table, uint32_t first, uint32_t n)
{
  uint8_t *entry = table->boot + 446 + 16 * table->partitions++;

  entry[4] = 0x06;
  put_chs (entry + 1, first, table->heads, table->track);
  put_chs (entry + 5, first + n - 1, table->heads, table->track);
  put32 (entry + 8, first);
  put32 (entry + 12, n);
  table->boot[510] = 0x55;
  table->boot[511] = 0xaa;
}

static void
ignore (void *data, int result)
{
}

static void
assert_partitioned (const Table *table, uint64_t size, DiskGeometry drive, DiskGeometry firmware)
{
  g_autoptr (Image) disk = make_disk (size);

  image_write (disk, 0, table->boot, sizeof table->boot, ignore, NULL);
  assert_geometry (disk, drive, firmware);
}

static void
test_partitions (void)
{
  Table old = { .heads = 4, .track = 17 }, large = { .heads = 64, .track = 32 };
  Table today = { .heads = 255, .track = 63 }, huge = { .heads = 255, .track = 63 };
  Table strange = { .heads = 16, .track = 63 };

  /* A disk of 20 MB from an AT, in two parts: the drive itself is so. */
  add_partition (&old, 17, 300 * 68 - 17);
  add_partition (&old, 300 * 68, 315 * 68);
  assert_partitioned (&old, 615 * 68 * 512, (DiskGeometry){ 615, 4, 17 },
                      (DiskGeometry){ 615, 4, 17 });
  /* One from a SCSI adapter that translates; IDE has no such drives. */
  add_partition (&large, 32, 500 * 2048 - 32);
  assert_partitioned (&large, 500 * MIB, (DiskGeometry){ 1015, 16, 63 },
                      (DiskGeometry){ 500, 64, 32 });
  /* Aligned to 1 MiB, as it is done today, on a disk that is small enough to be named. */
  add_partition (&today, 2048, 1000000);
  assert_partitioned (&today, 600 * MIB, (DiskGeometry){ 1219, 16, 63 },
                      (DiskGeometry){ 76, 255, 63 });
  /* From the first cylinder to beyond all of them: nothing is said. */
  add_partition (&huge, 63, 200000000);
  assert_partitioned (&huge, 200 * GIB, (DiskGeometry){ 16383, 16, 63 },
                      (DiskGeometry){ 1024, 255, 63 });
  /* A table that contradicts itself. */
  add_partition (&strange, 63, 1008 * 10 - 63);
  strange.boot[446 + 8]++;
  assert_partitioned (&strange, 2 * GIB, (DiskGeometry){ 4161, 16, 63 },
                      (DiskGeometry){ 520, 128, 63 });
}

static void
test_file_system (void)
{
  Table fat = { { 0xeb, 0x3c, 0x90 } };
  uint8_t *b = fat.boot;

  memcpy (b + 3, "MSDOS5.0", 8);
  b[0x0c] = 2; /* 512 bytes a sector */
  b[0x15] = 0xf8;
  b[0x18] = 17;
  b[0x1a] = 8;
  put32 (b + 0x20, 40000);
  b[510] = 0x55;
  b[511] = 0xaa;
  assert_partitioned (&fat, 20 * MIB, (DiskGeometry){ 301, 8, 17 }, (DiskGeometry){ 301, 8, 17 });
  b[0x18] = 0; /* nonsense */
  assert_partitioned (&fat, 20 * MIB, (DiskGeometry){ 40, 16, 63 }, (DiskGeometry){ 40, 16, 63 });
}

static uint8_t
read_cmos (Bus *io, uint8_t index)
{
  bus_write (io, 0x70, 1, index);
  return bus_read (io, 0x71, 1);
}

static void
test_firmware (void)
{
  static const uint8_t first[] = { 0xf7, 0x03, 16, 0xff, 0xff, 0xc8, 0xf7, 0x03, 63 };
  static const char lines[] = "/pci@i0cf8/ide@1,1/drive@0/disk@1 520 128 63\n"
                              "/pci@i0cf8/ide@1,1/drive@1/disk@1 1024 255 63";
  Bus *io = bus_new ("io", 0x10000, NULL);
  Memory *memory = memory_new ();
  Clock *clock = clock_new_manual ();
  Rtc *rtc = rtc_new (io, clock, IRQ_NONE);
  FwCfg *fw_cfg = fw_cfg_new (io, memory, clock);
  Image *disks[BIOS_DISKS]
    = { make_disk (500 * MIB), make_disk (2 * GIB), NULL, make_disk (200 * GIB) };
  char found[sizeof lines] = { 0 };

  bios_disks_describe (rtc, fw_cfg, disks);
  g_assert_cmphex (read_cmos (io, 0x12), ==, 0xff);
  g_assert_cmphex (read_cmos (io, 0x19), ==, 47);
  g_assert_cmphex (read_cmos (io, 0x1a), ==, 47);
  for (unsigned i = 0; i < sizeof first; i++)
    g_assert_cmphex (read_cmos (io, 0x1b + i), ==, first[i]);
  g_assert_cmphex (read_cmos (io, 0x24), ==, 4161 & 0xff);
  g_assert_cmphex (read_cmos (io, 0x39), ==, 0x44); /* the second and the fourth disk: LBA */
  bus_write (io, 0x510, 2, 0x20);                   /* the first file */
  for (unsigned i = 0; i < sizeof lines - 1; i++)
    found[i] = bus_read (io, 0x511, 1);
  g_assert_cmpstr (found, ==, lines);
  for (unsigned i = 0; i < BIOS_DISKS; i++)
    image_free (disks[i]);
  fw_cfg_free (fw_cfg);
  rtc_free (rtc);
  clock_free (clock);
  memory_free (memory);
  bus_free (io);
}

static void
assert_identified (IdeRig *rig, unsigned cylinders, unsigned heads, unsigned sectors)
{
  uint16_t words[256];

  ide_command (rig, 0xec, 0, 0);
  ide_read_data (rig, PRIMARY, words, sizeof words);
  g_assert_cmpuint (words[1], ==, cylinders);
  g_assert_cmpuint (words[3], ==, heads);
  g_assert_cmpuint (words[6], ==, sectors);
}

/* The drive keeps its geometry while it is on, and in its saved state, whatever the guest
 * writes. */
static void
test_identify (void)
{
  IdeRig *rig = ide_rig_new (), *other = ide_rig_new ();
  StateSection from = ide_channel_state (rig->channels[0]),
               to = ide_channel_state (other->channels[0]);
  Image *disk = image_new_memory (615 * 68 * 512, FALSE);
  Table old = { .heads = 4, .track = 17 };

  add_partition (&old, 17, 615 * 68 - 17);
  image_write (disk, 0, old.boot, sizeof old.boot, ignore, NULL);
  ide_channel_attach (rig->channels[0], 0, IDE_DRIVE_DISK, disk);
  assert_identified (rig, 615, 4, 17);
  memset (old.boot, 0, sizeof old.boot);
  image_write (disk, 0, old.boot, sizeof old.boot, ignore, NULL);
  ide_channel_reset (rig->channels[0]);
  assert_identified (rig, 615, 4, 17);
  test_state_round_trip (&from, &to);
  assert_identified (other, IDE_RIG_DISK_SECTORS / 68, 4, 17);
  ide_channel_attach (rig->channels[0], 0, IDE_DRIVE_DISK, disk);
  assert_identified (rig, 41, 16, 63);
  ide_rig_free (rig);
  ide_rig_free (other);
  image_free (disk);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/disk-geometry/sizes", test_sizes);
  g_test_add_func ("/disk-geometry/partitions", test_partitions);
  g_test_add_func ("/disk-geometry/file-system", test_file_system);
  g_test_add_func ("/disk-geometry/firmware", test_firmware);
  g_test_add_func ("/disk-geometry/identify", test_identify);
  return g_test_run ();
}
