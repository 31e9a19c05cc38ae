/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An IDE disk whose image lies on a host's disk that hangs, fails or is full: the guest's CPU never
 * waits, and sees what a drive would show. */
#include <errno.h>

#include "ide-rig.h"
#include "tests/support/fake-disk.h"

typedef struct
{
  IdeRig *rig;
  FakeDisk *disk;
  Image *image;
  gboolean full;
} Fixture;

static void
note_trouble (void *data, ImageTrouble trouble, const char *sentence)
{
  ((Fixture *) data)->full |= trouble == IMAGE_TROUBLE_FULL;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->rig = ide_rig_new ();
  f->disk = fake_disk_new ();
  f->image = fake_disk_open (f->disk);
  image_set_listener (f->image, note_trouble, f);
  for (unsigned n = 0; n < FAKE_DISK_SIZE / 512; n++)
    ide_rig_sector (f->disk->bytes + n * 512, 512, n);
  ide_channel_attach (f->rig->channels[0], 0, IDE_DRIVE_DISK, f->image);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  ide_rig_free (f->rig);
  image_free (f->image);
  fake_disk_set (f->disk, FALSE, 0);
  fake_disk_free (f->disk);
}

static uint8_t
wait_idle (IdeRig *rig)
{
  while (ide_in (rig, PRIMARY_CONTROL, 0) & BSY)
    g_main_context_iteration (NULL, TRUE);
  return ide_status (rig, PRIMARY);
}

static void
write_sector (IdeRig *rig, uint32_t lba, uint8_t pattern)
{
  uint8_t sector[512];

  memset (sector, pattern, sizeof sector);
  ide_command (rig, 0x30, lba, 1);
  ide_write_data (rig, PRIMARY, sector, sizeof sector);
}

/* SRST is over in its time; only the next command meets the host's disk again. */
static void
test_soft_reset (Fixture *f, gconstpointer data)
{
  uint8_t sector[512];

  fake_disk_set (f->disk, TRUE, 0);
  write_sector (f->rig, 5, 0x55);
  fake_disk_wait_entered (f->disk, 1);
  g_assert_cmphex (ide_status (f->rig, PRIMARY), ==, BSY);
  ide_out (f->rig, PRIMARY_CONTROL, 0, 4);
  ide_out (f->rig, PRIMARY_CONTROL, 0, 0);
  clock_advance (f->rig->clock, 2000000);
  g_assert_cmphex (ide_status (f->rig, PRIMARY), ==, DRDY | 0x10);
  ide_command (f->rig, 0x20, 5, 1);
  g_main_context_iteration (NULL, FALSE);
  g_assert_cmphex (ide_status (f->rig, PRIMARY), ==, BSY);
  fake_disk_set (f->disk, FALSE, 0);
  g_assert_cmphex (wait_idle (f->rig), ==, DRDY | 0x10 | DRQ);
  ide_read_data (f->rig, PRIMARY, sector, sizeof sector);
  g_assert_cmphex (sector[511], ==, 0x55);
}

static void
test_other_ways_to_cancel (Fixture *f, gconstpointer data)
{
  fake_disk_set (f->disk, TRUE, 0);
  ide_rig_prd (f->rig, 0, 0x2000, 512, true);
  ide_command (f->rig, 0xc8, 3, 1);
  ide_rig_start_dma (f->rig, 0, true);
  fake_disk_wait_entered (f->disk, 1);
  bus_write (f->rig->io, IDE_RIG_BAR, 1, 0); /* the bus master is stopped */
  g_assert_cmphex (ide_status (f->rig, PRIMARY) & (BSY | ERR), ==, ERR);
  ide_command (f->rig, 0x20, 3, 1);
  ide_out (f->rig, PRIMARY, 7, 0x90); /* EXECUTE DEVICE DIAGNOSTIC */
  clock_advance (f->rig->clock, 2000000);
  ide_command (f->rig, 0xe7, 0, 0);
  pci_bus_reset (f->rig->pci);
  g_assert_cmphex (ide_status (f->rig, PRIMARY), ==, DRDY | 0x10);
  /* Memory that a late answer would have reached is as it was. */
  fake_disk_set (f->disk, FALSE, 0);
  ide_command (f->rig, 0x20, 9, 1);
  g_assert_cmphex (wait_idle (f->rig), ==, DRDY | 0x10 | DRQ);
  for (unsigned i = 0; i < 512; i++)
    g_assert_cmphex (f->rig->ram[0x2000 + i], ==, 0);
}

/* The machine is gone before its disk answers: tear_down frees all while the request is under
 * way. */
static void
test_power_off (Fixture *f, gconstpointer data)
{
  fake_disk_set (f->disk, TRUE, 0);
  ide_command (f->rig, 0x20, 3, 1);
  fake_disk_wait_entered (f->disk, 1);
}

static void
test_full (Fixture *f, gconstpointer data)
{
  fake_disk_set (f->disk, FALSE, ENOSPC);
  write_sector (f->rig, 5, 0x55);
  while (!f->full)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmphex (ide_status (f->rig, PRIMARY), ==, BSY);
  g_assert_false (f->rig->lines[0].level);
  fake_disk_set (f->disk, FALSE, 0);
  image_retry (f->image);
  g_assert_cmphex (wait_idle (f->rig), ==, DRDY | 0x10);
  g_assert_cmphex (f->disk->bytes[5 * 512], ==, 0x55);
}

/* Saved while there was no room, it is not done yet; loaded, it is issued again. */
static void
test_state_while_full (Fixture *f, gconstpointer data)
{
  IdeRig *other = ide_rig_new ();
  StateSection from = ide_channel_state (f->rig->channels[0]);
  StateSection to = ide_channel_state (other->channels[0]);
  uint8_t sector[512];

  fake_disk_set (f->disk, FALSE, ENOSPC);
  write_sector (f->rig, 5, 0x55);
  while (!f->full)
    g_main_context_iteration (NULL, TRUE);
  {
    g_autoptr (GByteArray) stream = g_byte_array_new ();
    const uint8_t *cursor;
    g_autoptr (GError) error = NULL;

    state_save (&from, stream);
    cursor = stream->data;
    g_assert_true (state_load (&to, &cursor, stream->data + stream->len, &error));
    g_assert_no_error (error);
  }
  g_assert_cmphex (ide_status (other, PRIMARY), ==, DRDY | 0x10); /* in memory: done at once */
  ide_command (other, 0x20, 5, 1);
  ide_read_data (other, PRIMARY, sector, sizeof sector);
  g_assert_cmphex (sector[0], ==, 0x55);
  ide_rig_free (other);
}

static void
assert_address (IdeRig *rig, uint32_t lba)
{
  g_assert_cmphex (ide_in (rig, PRIMARY, 3), ==, lba & 0xff);
  g_assert_cmphex (ide_in (rig, PRIMARY, 4), ==, lba >> 8 & 0xff);
  g_assert_cmphex (ide_in (rig, PRIMARY, 5), ==, lba >> 16 & 0xff);
  g_assert_cmphex (ide_in (rig, PRIMARY, 6) & 15, ==, lba >> 24);
}

/* Data that cannot be read is uncorrectable; a drive that cannot write is at fault. */
static void
test_errors (Fixture *f, gconstpointer data)
{
  fake_disk_set (f->disk, FALSE, EIO);
  ide_command (f->rig, 0x20, 0x123, 2);
  g_assert_cmphex (wait_idle (f->rig), ==, DRDY | 0x10 | ERR);
  g_assert_cmphex (ide_in (f->rig, PRIMARY, 1), ==, 0x40);
  assert_address (f->rig, 0x123);
  write_sector (f->rig, 0x345, 1);
  g_assert_true (wait_idle (f->rig) == (DRDY | DF | ERR));
  g_assert_cmphex (ide_in (f->rig, PRIMARY, 1), ==, 0x04);
  assert_address (f->rig, 0x345);
  ide_command (f->rig, 0xe7, 0, 0);
  g_assert_cmphex (wait_idle (f->rig), ==, DRDY | DF | ERR);
  g_assert_cmphex (ide_in (f->rig, PRIMARY, 1), ==, 0x04);
  fake_disk_set (f->disk, FALSE, 0);
  ide_command (f->rig, 0xe7, 0, 0);
  g_assert_cmphex (wait_idle (f->rig), ==, DRDY | 0x10);
}

/* The address of what failed comes as it was given: cylinder, head and sector, or 48 bits. */
static void
test_addresses_of_errors (Fixture *f, gconstpointer data)
{
  fake_disk_set (f->disk, FALSE, EIO);
  ide_out (f->rig, PRIMARY, 2, 1);
  ide_out (f->rig, PRIMARY, 3, 7);
  ide_out (f->rig, PRIMARY, 4, 1);
  ide_out (f->rig, PRIMARY, 5, 0);
  ide_out (f->rig, PRIMARY, 6, 0xa3);
  ide_out (f->rig, PRIMARY, 7, 0x20);
  wait_idle (f->rig);
  g_assert_cmphex (ide_in (f->rig, PRIMARY, 3), ==, 7);
  g_assert_cmphex (ide_in (f->rig, PRIMARY, 4), ==, 1);
  g_assert_cmphex (ide_in (f->rig, PRIMARY, 5), ==, 0);
  g_assert_cmphex (ide_in (f->rig, PRIMARY, 6) & 0x4f, ==, 3);
  for (unsigned reg = 2; reg <= 5; reg++)
    ide_out (f->rig, PRIMARY, reg, 0);
  ide_out (f->rig, PRIMARY, 2, 1);
  ide_out (f->rig, PRIMARY, 3, 0x42);
  ide_out (f->rig, PRIMARY, 6, 0xe0);
  ide_out (f->rig, PRIMARY, 7, 0x24);
  wait_idle (f->rig);
  assert_address (f->rig, 0x42);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*test) (Fixture *f, gconstpointer data);
  } tests[] = {
    { "/ide-host/soft-reset", test_soft_reset },
    { "/ide-host/other-ways-to-cancel", test_other_ways_to_cancel },
    { "/ide-host/power-off", test_power_off },
    { "/ide-host/full", test_full },
    { "/ide-host/state-while-full", test_state_while_full },
    { "/ide-host/errors", test_errors },
    { "/ide-host/addresses-of-errors", test_addresses_of_errors },
  };

  g_test_init (&argc, &argv, NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
  return g_test_run ();
}
