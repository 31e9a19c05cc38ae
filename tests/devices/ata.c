/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The ATA disk: identification, transfers by PIO and DMA in every addressing, and refusals. */
#include "ide-rig.h"

static uint16_t
word (const uint8_t *identity, unsigned index)
{
  return identity[2 * index] | identity[2 * index + 1] << 8;
}

static void
assert_failed (IdeRig *rig, uint8_t error)
{
  g_assert_true (rig->lines[0].level);
  g_assert_cmphex (ide_status (rig, PRIMARY) & (BSY | DRQ | ERR), ==, ERR);
  g_assert_cmphex (ide_in (rig, PRIMARY, 1), ==, error);
}

static void
assert_succeeded (IdeRig *rig)
{
  g_assert_cmphex (ide_status (rig, PRIMARY), ==, DRDY | 0x10);
}

static void
test_identify (void)
{
  IdeRig *rig = ide_rig_new ();
  uint8_t id[512];

  ide_command (rig, 0xec, 0, 0);
  ide_read_data (rig, PRIMARY, id, sizeof id);
  assert_succeeded (rig);
  g_assert_cmphex (word (id, 0), ==, 0x0040);
  g_assert_cmpuint (word (id, 60) | word (id, 61) << 16, ==, IDE_RIG_DISK_SECTORS);
  g_assert_cmpuint (word (id, 100) | word (id, 101) << 16, ==, IDE_RIG_DISK_SECTORS);
  g_assert_cmphex (word (id, 49) & 0x0300, ==, 0x0300); /* LBA, DMA */
  g_assert_cmphex (word (id, 83) & 0x0400, ==, 0x0400); /* LBA48 */
  g_assert_cmphex (word (id, 88) & 0x3f, ==, 0x3f);     /* Ultra DMA 0 to 5 */
  g_assert_cmpmem (id + 54, 16, "uGsehtuoesD si k", 16);
  ide_rig_free (rig);
}

static void
test_read_pio (void)
{
  IdeRig *rig = ide_rig_new ();
  uint8_t data[3 * 512];

  ide_command (rig, 0x20, 1000, 3);
  for (unsigned i = 0; i < 3; i++)
    {
      g_assert_cmphex (ide_status (rig, PRIMARY), ==, DRDY | 0x10 | DRQ);
      ide_read_data (rig, PRIMARY, data + i * 512, 512);
    }
  assert_succeeded (rig);
  g_assert_cmpuint (rig->lines[0].rises, ==, 3); /* one for each sector, none for the end */
  ide_rig_assert_sectors (data, 512, 1000, 3);
  ide_rig_free (rig);
}

static void
test_read_wide (void)
{
  IdeRig *rig = ide_rig_new ();
  uint32_t data[128];

  ide_command (rig, 0x20, 9, 1);
  for (unsigned i = 0; i < 128; i++)
    data[i] = bus_read (rig->io, PRIMARY, 4);
  ide_rig_assert_sectors (data, 512, 9, 1);
  ide_rig_free (rig);
}

static void
test_count_zero_is_256 (void)
{
  IdeRig *rig = ide_rig_new ();
  g_autofree uint8_t *data = g_malloc (256 * 512);

  ide_command (rig, 0x20, 100, 0);
  ide_read_data (rig, PRIMARY, data, 256 * 512);
  assert_succeeded (rig);
  ide_rig_assert_sectors (data, 512, 100, 256);
  ide_rig_free (rig);
}

static void
test_write_pio (void)
{
  IdeRig *rig = ide_rig_new ();
  uint8_t data[1024], back[1024];

  memset (data, 0x5a, 512);
  memset (data + 512, 0xa5, 512);
  ide_command (rig, 0x30, 20, 2);
  g_assert_false (rig->lines[0].level); /* the first sector is asked for without an interrupt */
  g_assert_cmphex (ide_status (rig, PRIMARY), ==, DRDY | 0x10 | DRQ);
  ide_write_data (rig, PRIMARY, data, 512);
  g_assert_true (rig->lines[0].level);
  g_assert_cmphex (ide_status (rig, PRIMARY), ==, DRDY | 0x10 | DRQ);
  ide_write_data (rig, PRIMARY, data + 512, 512);
  g_assert_true (rig->lines[0].level);
  assert_succeeded (rig);
  ide_command (rig, 0x20, 20, 2);
  ide_read_data (rig, PRIMARY, back, 1024);
  g_assert_cmpmem (back, 1024, data, 1024);
  ide_rig_free (rig);
}

static void
test_multiple (void)
{
  IdeRig *rig = ide_rig_new ();
  uint8_t data[10 * 512];

  ide_command (rig, 0xc6, 0, 4);
  assert_succeeded (rig);
  rig->lines[0].rises = 0;
  ide_command (rig, 0xc4, 50, 10);
  ide_read_data (rig, PRIMARY, data, sizeof data);
  assert_succeeded (rig);
  g_assert_cmpuint (rig->lines[0].rises, ==, 1); /* nobody acknowledged between the blocks */
  ide_rig_assert_sectors (data, 512, 50, 10);
  ide_command (rig, 0xc6, 0, 3);
  assert_failed (rig, 0x04);
  ide_command (rig, 0xc6, 0, 0);
  assert_succeeded (rig);
  ide_command (rig, 0xc4, 50, 1);
  assert_failed (rig, 0x04);
  ide_rig_free (rig);
}

static void
test_chs (void)
{
  IdeRig *rig = ide_rig_new ();
  uint8_t data[512];

  /* Cylinder 2, head 3, sector 4 of 16 heads and 63 sectors. */
  ide_out (rig, PRIMARY, 2, 1);
  ide_out (rig, PRIMARY, 3, 4);
  ide_out (rig, PRIMARY, 4, 2);
  ide_out (rig, PRIMARY, 5, 0);
  ide_out (rig, PRIMARY, 6, 0xa3);
  ide_out (rig, PRIMARY, 7, 0x20);
  ide_read_data (rig, PRIMARY, data, 512);
  ide_rig_assert_sectors (data, 512, (2 * 16 + 3) * 63 + 3, 1);
  ide_out (rig, PRIMARY, 3, 0); /* sectors count from 1 */
  ide_out (rig, PRIMARY, 7, 0x20);
  assert_failed (rig, 0x10);
  ide_rig_free (rig);
}

static void
test_lba48 (void)
{
  IdeRig *rig = ide_rig_new ();
  g_autofree uint8_t *data = g_malloc (300 * 512);

  ide_out (rig, PRIMARY, 2, 300 >> 8);
  ide_command (rig, 0x24, 77, 300 & 0xff);
  /* The three high bytes of the address are what was there before: signature 1, then 0. */
  assert_failed (rig, 0x10);
  for (unsigned reg = 3; reg <= 5; reg++)
    ide_out (rig, PRIMARY, reg, 0);
  ide_out (rig, PRIMARY, 2, 300 >> 8);
  ide_command (rig, 0x24, 77, 300 & 0xff);
  ide_read_data (rig, PRIMARY, data, 300 * 512);
  assert_succeeded (rig);
  ide_rig_assert_sectors (data, 512, 77, 300);
  ide_rig_free (rig);
}

static void
test_dma (void)
{
  IdeRig *rig = ide_rig_new ();

  ide_rig_prd (rig, 0, 0x3000, 700, false);
  ide_rig_prd (rig, 1, 0x8000, 324, true);
  ide_command (rig, 0xc8, 300, 2);
  g_assert_false (rig->lines[0].level);
  ide_rig_start_dma (rig, 0, true);
  g_assert_true (rig->lines[0].level);
  g_assert_cmphex (bus_read (rig->io, IDE_RIG_BAR + 2, 1) & 7, ==, 4); /* interrupt, not active */
  assert_succeeded (rig);
  memmove (rig->ram + 0x3000 + 700, rig->ram + 0x8000, 324);
  ide_rig_assert_sectors (rig->ram + 0x3000, 512, 300, 2);
  bus_write (rig->io, IDE_RIG_BAR, 1, 0);

  ide_rig_prd (rig, 0, 0x3000, 1024, true);
  ide_command (rig, 0xca, 600, 2);
  ide_rig_start_dma (rig, 0, false);
  assert_succeeded (rig);
  bus_write (rig->io, IDE_RIG_BAR, 1, 0);
  ide_rig_prd (rig, 0, 0x5000, 1024, true);
  ide_command (rig, 0xc8, 600, 2);
  ide_rig_start_dma (rig, 0, true);
  ide_rig_assert_sectors (rig->ram + 0x5000, 512, 300, 2);
  ide_rig_free (rig);
}

/* Drivers may start the bus master before they give the command. */
static void
test_dma_started_first (void)
{
  IdeRig *rig = ide_rig_new ();

  ide_rig_prd (rig, 0, 0x3000, 512, true);
  ide_rig_start_dma (rig, 0, true);
  ide_command (rig, 0xc8, 8, 1);
  assert_succeeded (rig);
  ide_rig_assert_sectors (rig->ram + 0x3000, 512, 8, 1);
  ide_rig_free (rig);
}

static void
test_dma_with_short_table (void)
{
  IdeRig *rig = ide_rig_new ();

  ide_rig_prd (rig, 0, 0x3000, 512, true);
  ide_command (rig, 0xc8, 8, 2);
  ide_rig_start_dma (rig, 0, true);
  assert_failed (rig, 0x04);
  ide_rig_free (rig);
}

static void
test_dma_outside_memory (void)
{
  IdeRig *rig = ide_rig_new ();

  ide_rig_prd (rig, 0, 0xfffff000, 0, true); /* 64 KiB across the end of the address space */
  ide_command (rig, 0xc8, 8, 128);
  ide_rig_start_dma (rig, 0, true);
  g_assert_cmphex (ide_status (rig, PRIMARY) & BSY, ==, 0);
  bus_write (rig->io, IDE_RIG_BAR, 1, 0);
  bus_write (rig->io, IDE_RIG_BAR + 4, 4, 0xfffffffc); /* so is the table */
  ide_command (rig, 0xc8, 8, 1);
  bus_write (rig->io, IDE_RIG_BAR, 1, 9);
  g_assert_cmphex (ide_status (rig, PRIMARY) & BSY, ==, 0);
  ide_rig_free (rig);
}

static void
test_dma_stopped (void)
{
  IdeRig *rig = ide_rig_new ();

  ide_command (rig, 0xc8, 8, 1);
  g_assert_cmphex (ide_status (rig, PRIMARY) & (BSY | DRQ), !=, 0);
  ide_out (rig, PRIMARY_CONTROL, 0, 4);
  ide_out (rig, PRIMARY_CONTROL, 0, 0);
  clock_advance (rig->clock, 2000000);
  ide_rig_prd (rig, 0, 0x3000, 512, true);
  ide_rig_start_dma (rig, 0, true);
  for (unsigned i = 0; i < 512; i++)
    g_assert_cmphex (rig->ram[0x3000 + i], ==, 0);
  ide_rig_free (rig);
}

static void
test_out_of_range (void)
{
  IdeRig *rig = ide_rig_new ();

  ide_command (rig, 0x20, IDE_RIG_DISK_SECTORS - 1, 2);
  assert_failed (rig, 0x10);
  ide_command (rig, 0xca, IDE_RIG_DISK_SECTORS, 1);
  assert_failed (rig, 0x10);
  ide_command (rig, 0x40, 0x0fffffff, 1);
  assert_failed (rig, 0x10);
  ide_command (rig, 0x40, IDE_RIG_DISK_SECTORS - 1, 1);
  assert_succeeded (rig);
  ide_rig_free (rig);
}

static void
test_other_commands (void)
{
  static const uint8_t good[] = { 0x10, 0x70, 0xe7, 0xea, 0xe0, 0xe1, 0xe2, 0xe3, 0xf5 };
  IdeRig *rig = ide_rig_new ();

  for (unsigned i = 0; i < sizeof good; i++)
    {
      ide_command (rig, good[i], 0, 0);
      g_assert_true (rig->lines[0].level);
      assert_succeeded (rig);
    }
  ide_command (rig, 0xa1, 0, 0); /* IDENTIFY PACKET DEVICE is not for disks */
  assert_failed (rig, 0x04);
  ide_command (rig, 0xff, 0, 0);
  assert_failed (rig, 0x04);
  ide_rig_free (rig);
}

static void
assert_power (IdeRig *rig, uint8_t mode)
{
  ide_command (rig, 0xe5, 0, 0);
  g_assert_cmphex (ide_in (rig, PRIMARY, 2), ==, mode);
}

static void
test_power_modes (void)
{
  IdeRig *rig = ide_rig_new ();
  uint8_t data[512];

  assert_power (rig, 0xff);
  ide_command (rig, 0xe0, 0, 0); /* STANDBY IMMEDIATE */
  assert_power (rig, 0x00);
  ide_command (rig, 0xe1, 0, 0); /* IDLE IMMEDIATE */
  assert_power (rig, 0x80);
  ide_command (rig, 0x20, 0, 1); /* the medium turns again */
  ide_read_data (rig, PRIMARY, data, 512);
  assert_power (rig, 0xff);
  ide_rig_free (rig);
}

static uint32_t
read_native_max (IdeRig *rig)
{
  ide_command (rig, 0xf8, 0, 0);
  assert_succeeded (rig);
  return ide_in (rig, PRIMARY, 3) | ide_in (rig, PRIMARY, 4) << 8 | ide_in (rig, PRIMARY, 5) << 16
         | (ide_in (rig, PRIMARY, 6) & 15u) << 24;
}

static uint32_t
identified_sectors (IdeRig *rig)
{
  uint8_t id[512];

  ide_command (rig, 0xec, 0, 0);
  ide_read_data (rig, PRIMARY, id, sizeof id);
  g_assert_cmphex (id[510], ==, 0xa5);
  return word (id, 60) | word (id, 61) << 16;
}

/* What lies above SET MAX ADDRESS is hidden, until the next hardware reset. */
static void
test_host_protected_area (void)
{
  IdeRig *rig = ide_rig_new ();

  ide_command (rig, 0xf9, 1999, 0); /* only right after READ NATIVE MAX ADDRESS */
  assert_failed (rig, 0x04);
  g_assert_cmpuint (read_native_max (rig), ==, IDE_RIG_DISK_SECTORS - 1);
  ide_command (rig, 0xf9, 1999, 1); /* for good: an image cannot */
  assert_failed (rig, 0x04);
  read_native_max (rig);
  ide_command (rig, 0xf9, IDE_RIG_DISK_SECTORS, 0);
  assert_failed (rig, 0x10);
  read_native_max (rig);
  ide_command (rig, 0xf9, 1999, 0);
  assert_succeeded (rig);
  g_assert_cmpuint (identified_sectors (rig), ==, 2000);
  g_assert_cmpuint (read_native_max (rig), ==, IDE_RIG_DISK_SECTORS - 1);
  ide_command (rig, 0x40, 1999, 1);
  assert_succeeded (rig);
  ide_command (rig, 0x40, 2000, 1);
  assert_failed (rig, 0x10);
  ide_out (rig, PRIMARY_CONTROL, 0, 4);
  ide_out (rig, PRIMARY_CONTROL, 0, 0);
  clock_advance (rig->clock, 2000000);
  g_assert_cmpuint (identified_sectors (rig), ==, 2000);
  ide_channel_reset (rig->channels[0]);
  g_assert_cmpuint (identified_sectors (rig), ==, IDE_RIG_DISK_SECTORS);
  ide_rig_free (rig);
}

static void
smart (IdeRig *rig, uint8_t feature, uint8_t log)
{
  ide_out (rig, PRIMARY, 1, feature);
  ide_command (rig, 0xb0, 0xc24f00 | log, 1);
}

static uint8_t
sum_of (const uint8_t sector[512])
{
  uint8_t sum = 0;

  for (unsigned i = 0; i < 512; i++)
    sum += sector[i];
  return sum;
}

static void
test_smart (void)
{
  IdeRig *rig = ide_rig_new ();
  uint8_t data[512];

  smart (rig, 0xda, 0); /* the key comes back: the disk is well */
  assert_succeeded (rig);
  g_assert_cmphex (ide_in (rig, PRIMARY, 4), ==, 0x4f);
  g_assert_cmphex (ide_in (rig, PRIMARY, 5), ==, 0xc2);
  smart (rig, 0xd0, 0);
  ide_read_data (rig, PRIMARY, data, 512);
  g_assert_cmphex (data[2], ==, 1);
  g_assert_cmpuint (data[5], ==, 100);
  g_assert_cmpuint (sum_of (data), ==, 0);
  smart (rig, 0xd1, 0);
  ide_read_data (rig, PRIMARY, data, 512);
  g_assert_cmpuint (data[3], <, 100);
  g_assert_cmpuint (sum_of (data), ==, 0);
  smart (rig, 0xd5, 1);
  ide_read_data (rig, PRIMARY, data, 512);
  g_assert_cmpuint (data[0], ==, 1);
  g_assert_cmpuint (sum_of (data), ==, 0);
  smart (rig, 0xd5, 0x80);
  assert_failed (rig, 0x04);
  smart (rig, 0xd9, 0); /* off: nothing but on works */
  assert_succeeded (rig);
  smart (rig, 0xda, 0);
  assert_failed (rig, 0x04);
  smart (rig, 0xd8, 0);
  assert_succeeded (rig);
  ide_out (rig, PRIMARY, 1, 0xda);
  ide_command (rig, 0xb0, 0, 1); /* without the key */
  assert_failed (rig, 0x04);
  ide_rig_free (rig);
}

/* Nobody can lock the disk with a password. */
static void
test_security_is_frozen (void)
{
  static const uint8_t refused[] = { 0xf1, 0xf2, 0xf3, 0xf4, 0xf6 };
  IdeRig *rig = ide_rig_new ();
  uint8_t id[512];

  ide_command (rig, 0xec, 0, 0);
  ide_read_data (rig, PRIMARY, id, sizeof id);
  g_assert_cmphex (word (id, 128), ==, 0x0009);
  for (unsigned i = 0; i < sizeof refused; i++)
    {
      ide_command (rig, refused[i], 0, 0);
      assert_failed (rig, 0x04);
    }
  ide_rig_free (rig);
}

static void
test_caches (void)
{
  IdeRig *rig = ide_rig_new ();
  uint8_t id[512], data[512] = { 0 };

  ide_out (rig, PRIMARY, 1, 0x82);
  ide_command (rig, 0xef, 0, 0);
  ide_out (rig, PRIMARY, 1, 0x55);
  ide_command (rig, 0xef, 0, 0);
  ide_command (rig, 0xec, 0, 0);
  ide_read_data (rig, PRIMARY, id, sizeof id);
  g_assert_cmphex (word (id, 82) & 0x60, ==, 0x60);
  g_assert_cmphex (word (id, 85) & 0x60, ==, 0);
  ide_command (rig, 0x30, 3, 1); /* ends when the image has it for good */
  ide_write_data (rig, PRIMARY, data, 512);
  assert_succeeded (rig);
  ide_rig_free (rig);
}

static void
test_set_features (void)
{
  IdeRig *rig = ide_rig_new ();
  uint8_t id[512];

  ide_out (rig, PRIMARY, 1, 3);
  ide_command (rig, 0xef, 0, 0x45); /* Ultra DMA 5 */
  assert_succeeded (rig);
  ide_command (rig, 0xec, 0, 0);
  ide_read_data (rig, PRIMARY, id, sizeof id);
  g_assert_cmphex (word (id, 88), ==, 0x203f);
  ide_out (rig, PRIMARY, 1, 3);
  ide_command (rig, 0xef, 0, 0x46); /* there is no Ultra DMA 6 */
  assert_failed (rig, 0x04);
  ide_out (rig, PRIMARY, 1, 0x99);
  ide_command (rig, 0xef, 0, 0);
  assert_failed (rig, 0x04);
  ide_rig_free (rig);
}

static void
test_read_only (void)
{
  IdeRig *rig = ide_rig_new ();
  Image *image = image_new_memory (1 << 20, TRUE);

  ide_channel_attach (rig->channels[0], 0, IDE_DRIVE_DISK, image);
  ide_command (rig, 0x30, 0, 1);
  assert_failed (rig, 0x04);
  ide_rig_free (rig);
  image_free (image);
}

static void
test_traffic (void)
{
  IdeRig *rig = ide_rig_new ();
  uint64_t written = image_get_bytes_written (rig->disk);
  uint8_t data[1024];

  ide_command (rig, 0x20, 0, 2);
  ide_read_data (rig, PRIMARY, data, 1024);
  g_assert_cmpuint (image_get_bytes_read (rig->disk), ==, 1024);
  g_assert_cmpuint (image_get_bytes_written (rig->disk), ==, written);
  ide_rig_free (rig);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ata/identify", test_identify);
  g_test_add_func ("/ata/read-pio", test_read_pio);
  g_test_add_func ("/ata/read-wide", test_read_wide);
  g_test_add_func ("/ata/count-zero-is-256", test_count_zero_is_256);
  g_test_add_func ("/ata/write-pio", test_write_pio);
  g_test_add_func ("/ata/multiple", test_multiple);
  g_test_add_func ("/ata/chs", test_chs);
  g_test_add_func ("/ata/lba48", test_lba48);
  g_test_add_func ("/ata/dma", test_dma);
  g_test_add_func ("/ata/dma-started-first", test_dma_started_first);
  g_test_add_func ("/ata/dma-with-short-table", test_dma_with_short_table);
  g_test_add_func ("/ata/dma-outside-memory", test_dma_outside_memory);
  g_test_add_func ("/ata/dma-stopped", test_dma_stopped);
  g_test_add_func ("/ata/out-of-range", test_out_of_range);
  g_test_add_func ("/ata/other-commands", test_other_commands);
  g_test_add_func ("/ata/power-modes", test_power_modes);
  g_test_add_func ("/ata/host-protected-area", test_host_protected_area);
  g_test_add_func ("/ata/smart", test_smart);
  g_test_add_func ("/ata/security", test_security_is_frozen);
  g_test_add_func ("/ata/caches", test_caches);
  g_test_add_func ("/ata/set-features", test_set_features);
  g_test_add_func ("/ata/read-only", test_read_only);
  g_test_add_func ("/ata/traffic", test_traffic);
  return g_test_run ();
}
