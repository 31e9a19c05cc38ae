/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The task file of an IDE channel: which registers there are, interrupts, resets, saved states. */
#include "devices/storage/ide-internal.h"
#include "ide-rig.h"

static void
test_empty_channel (void)
{
  g_autoptr (Bus) io = bus_new ("io", 0x10000, NULL);
  g_autoptr (Clock) clock = clock_new_manual ();
  IdeChannel *channel = ide_channel_new (io, PRIMARY, PRIMARY_CONTROL, clock, IRQ_NONE, "ide0");

  /* The bus floats with bit 7 pulled down: never busy. */
  g_assert_cmphex (bus_read (io, PRIMARY + 7, 1), ==, 0x7f);
  g_assert_cmphex (bus_read (io, PRIMARY_CONTROL, 1), ==, 0x7f);
  ide_channel_free (channel);
}

static void
test_missing_slave (void)
{
  IdeRig *rig = ide_rig_new ();

  ide_out (rig, PRIMARY, 6, 0xb0);
  g_assert_cmphex (ide_status (rig, PRIMARY), ==, 0);
  ide_out (rig, PRIMARY, 7, 0xec);
  g_assert_cmphex (ide_status (rig, PRIMARY), ==, 0);
  g_assert_false (rig->lines[0].level);
  ide_rig_free (rig);
}

static void
test_signatures (void)
{
  IdeRig *rig = ide_rig_new ();

  g_assert_cmphex (ide_in (rig, PRIMARY, 2), ==, 1);
  g_assert_cmphex (ide_in (rig, PRIMARY, 3), ==, 1);
  g_assert_cmphex (ide_in (rig, PRIMARY, 4), ==, 0);
  g_assert_cmphex (ide_in (rig, PRIMARY, 5), ==, 0);
  g_assert_cmphex (ide_status (rig, PRIMARY), ==, DRDY | 0x10);
  g_assert_cmphex (ide_in (rig, SECONDARY, 4), ==, 0x14);
  g_assert_cmphex (ide_in (rig, SECONDARY, 5), ==, 0xeb);
  g_assert_cmphex (ide_status (rig, SECONDARY), ==, 0);
  ide_rig_free (rig);
}

static void
test_task_file (void)
{
  IdeRig *rig = ide_rig_new ();

  for (unsigned reg = 2; reg <= 5; reg++)
    {
      ide_out (rig, PRIMARY, reg, 0x10 + reg);
      ide_out (rig, PRIMARY, reg, 0x20 + reg);
    }
  for (unsigned reg = 2; reg <= 5; reg++)
    {
      ide_out (rig, PRIMARY_CONTROL, 0, 0);
      g_assert_cmphex (ide_in (rig, PRIMARY, reg), ==, 0x20 + reg);
      /* HOB shows what was written before. */
      ide_out (rig, PRIMARY_CONTROL, 0, 0x80);
      g_assert_cmphex (ide_in (rig, PRIMARY, reg), ==, 0x10 + reg);
    }
  ide_rig_free (rig);
}

static void
test_interrupt (void)
{
  IdeRig *rig = ide_rig_new ();

  ide_command (rig, 0x20, 0, 1);
  g_assert_true (rig->lines[0].level);
  g_assert_cmphex (ide_in (rig, PRIMARY_CONTROL, 0), ==, DRDY | 0x10 | DRQ);
  g_assert_true (rig->lines[0].level); /* Alternate Status acknowledges nothing */
  g_assert_cmphex (ide_status (rig, PRIMARY), ==, DRDY | 0x10 | DRQ);
  g_assert_false (rig->lines[0].level);
  ide_rig_free (rig);
}

static void
test_nien (void)
{
  IdeRig *rig = ide_rig_new ();

  ide_out (rig, PRIMARY_CONTROL, 0, 2);
  ide_command (rig, 0x20, 0, 1);
  g_assert_false (rig->lines[0].level);
  /* Pending all the time: it appears when it is let through. */
  ide_out (rig, PRIMARY_CONTROL, 0, 0);
  g_assert_true (rig->lines[0].level);
  ide_rig_free (rig);
}

static void
run_ms (IdeRig *rig, unsigned ms)
{
  clock_advance (rig->clock, ms * INT64_C (1000000));
}

/* Busy while SRST is set, and for a while after. */
static void
test_soft_reset_ends_a_transfer (void)
{
  IdeRig *rig = ide_rig_new ();

  ide_command (rig, 0x20, 7, 4);
  ide_out (rig, PRIMARY_CONTROL, 0, 4);
  run_ms (rig, 100);
  g_assert_cmphex (ide_in (rig, PRIMARY_CONTROL, 0), ==, BSY);
  ide_out (rig, PRIMARY, 7, 0xec); /* falls on deaf ears */
  ide_out (rig, PRIMARY_CONTROL, 0, 0);
  g_assert_cmphex (ide_status (rig, PRIMARY), ==, BSY);
  run_ms (rig, 2);
  g_assert_cmphex (ide_status (rig, PRIMARY), ==, DRDY | 0x10);
  g_assert_cmphex (ide_in (rig, PRIMARY, 1), ==, 1);
  g_assert_cmphex (ide_in (rig, PRIMARY, 3), ==, 1);
  g_assert_false (rig->lines[0].level);
  ide_rig_free (rig);
}

static void
test_diagnostic (void)
{
  IdeRig *rig = ide_rig_new (), *other = ide_rig_new ();
  StateSection from = ide_channel_state (rig->channels[0]),
               to = ide_channel_state (other->channels[0]);

  ide_out (rig, PRIMARY, 6, 0xb0); /* either drive may be selected */
  ide_out (rig, PRIMARY, 7, 0x90);
  g_assert_cmphex (ide_in (rig, PRIMARY_CONTROL, 0), ==, BSY);
  g_assert_false (rig->lines[0].level);
  test_state_round_trip (&from, &to);
  run_ms (other, 2);
  g_assert_true (other->lines[0].level);
  g_assert_cmphex (ide_status (other, PRIMARY), ==, DRDY | 0x10);
  g_assert_cmphex (ide_in (other, PRIMARY, 1), ==, 1);
  g_assert_cmphex (ide_in (other, PRIMARY, 2), ==, 1);
  ide_rig_free (rig);
  ide_rig_free (other);
}

static void
test_bus_reset (void)
{
  IdeRig *rig = ide_rig_new ();

  ide_command (rig, 0x25, 0, 8); /* waits for the bus master */
  pci_bus_reset (rig->pci);
  g_assert_cmphex (ide_status (rig, PRIMARY), ==, DRDY | 0x10);
  g_assert_cmphex (bus_read (rig->io, IDE_RIG_BAR, 1), ==, 0xff); /* the BAR is gone */
  ide_rig_free (rig);
}

/* A state saved between two words of a sector goes on with the next word in another machine. */
static void
test_state_in_a_transfer (void)
{
  IdeRig *rig = ide_rig_new (), *other = ide_rig_new ();
  StateSection from[2] = { ide_channel_state (rig->channels[0]), piix_ide_state (rig->ide) };
  StateSection to[2] = { ide_channel_state (other->channels[0]), piix_ide_state (other->ide) };
  uint8_t data[1024];

  ide_command (rig, 0x20, 5, 2);
  ide_read_data (rig, PRIMARY, data, 100);
  bus_write (rig->io, IDE_RIG_BAR + 4, 4, 0x12345678);
  for (unsigned i = 0; i < 2; i++)
    test_state_round_trip (&from[i], &to[i]);
  ide_read_data (other, PRIMARY, data + 100, 924);
  ide_rig_assert_sectors (data, 512, 5, 2);
  g_assert_cmphex (bus_read (other->io, IDE_RIG_BAR + 4, 4), ==, 0x12345678);
  ide_rig_free (rig);
  ide_rig_free (other);
}

static void
test_state_waiting_for_dma (void)
{
  IdeRig *rig = ide_rig_new (), *other = ide_rig_new ();
  StateSection from = ide_channel_state (rig->channels[0]),
               to = ide_channel_state (other->channels[0]);

  ide_command (rig, 0xc8, 3, 2);
  test_state_round_trip (&from, &to);
  ide_rig_prd (other, 0, 0x2000, 1024, true);
  ide_rig_start_dma (other, 0, true);
  ide_rig_assert_sectors (other->ram + 0x2000, 512, 3, 2);
  ide_rig_free (rig);
  ide_rig_free (other);
}

/* Loads what drive 0 of a channel has, changed as a made-up stream would have it. */
static gboolean
load_changed (IdeChannel *channel, void (*change) (IdeDriveState *drive))
{
  StateSection section = ide_channel_state (channel), changed = section;
  g_autoptr (GByteArray) stream = g_byte_array_new ();
  g_autofree IdeChannelState *state = NULL;
  const uint8_t *cursor;
  g_autoptr (GError) error = NULL;
  gboolean loaded;

  section.before_save (section.device);
  state = g_memdup2 (section.state, sizeof *state);
  change (&state->drives[0]);
  changed.state = state;
  changed.before_save = NULL;
  state_save (&changed, stream);
  cursor = stream->data;
  loaded = state_load (&section, &cursor, stream->data + stream->len, &error);
  g_assert_true (loaded || g_error_matches (error, STATE_ERROR, STATE_ERROR_BAD_STREAM));
  return loaded;
}

static void
same (IdeDriveState *drive)
{
}

static void
block_of_a_mebibyte (IdeDriveState *drive)
{
  drive->phase = IDE_PHASE_DATA_OUT;
  drive->block = drive->remaining = 1 << 20;
  drive->filled = drive->drq_end = 512;
}

static void
multiple_beyond_the_buffer (IdeDriveState *drive)
{
  drive->multiple = 255;
}

static void
no_heads (IdeDriveState *drive)
{
  drive->heads = 0;
}

/* A write that waits for the bus master, with nothing left to write and perhaps no image. */
static void
waiting_to_write_nothing (IdeDriveState *drive)
{
  drive->phase = IDE_PHASE_DMA_WAIT;
  drive->dma = true;
  drive->to_guest = false;
  drive->block = 512;
  drive->remaining = drive->filled = drive->drq_end = drive->at = 0;
}

static void
writing (IdeDriveState *drive)
{
  drive->phase = IDE_PHASE_IMAGE_WRITE;
  drive->block = drive->filled = 2048;
}

static void
data_behind_the_block (IdeDriveState *drive)
{
  drive->phase = IDE_PHASE_DATA_IN;
  drive->block = drive->filled = drive->drq_end = 512;
  drive->at = 513;
}

static void
test_states_that_cannot_be (void)
{
  static void (*const never[]) (IdeDriveState *drive)
    = { block_of_a_mebibyte, multiple_beyond_the_buffer, no_heads, waiting_to_write_nothing,
        data_behind_the_block };
  IdeRig *rig = ide_rig_new ();

  g_assert_true (load_changed (rig->channels[0], same));
  for (unsigned i = 0; i < G_N_ELEMENTS (never); i++)
    g_assert_false (load_changed (rig->channels[0], never[i]));
  g_assert_true (load_changed (rig->channels[0], writing));
  g_assert_false (load_changed (rig->channels[1], writing)); /* a CD */
  ide_channel_change_medium (rig->channels[1], 0, NULL, TRUE, NULL);
  g_assert_false (load_changed (rig->channels[1], waiting_to_write_nothing));
  /* What was refused has changed nothing. */
  ide_channel_reset (rig->channels[0]);
  ide_command (rig, 0x20, 7, 1);
  ide_read_data (rig, PRIMARY, rig->ram, 512);
  ide_rig_assert_sectors (rig->ram, 512, 7, 1);
  ide_rig_free (rig);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ide/empty-channel", test_empty_channel);
  g_test_add_func ("/ide/missing-slave", test_missing_slave);
  g_test_add_func ("/ide/signatures", test_signatures);
  g_test_add_func ("/ide/task-file", test_task_file);
  g_test_add_func ("/ide/interrupt", test_interrupt);
  g_test_add_func ("/ide/nien", test_nien);
  g_test_add_func ("/ide/soft-reset-ends-a-transfer", test_soft_reset_ends_a_transfer);
  g_test_add_func ("/ide/diagnostic", test_diagnostic);
  g_test_add_func ("/ide/bus-reset", test_bus_reset);
  g_test_add_func ("/ide/state-in-a-transfer", test_state_in_a_transfer);
  g_test_add_func ("/ide/state-waiting-for-dma", test_state_waiting_for_dma);
  g_test_add_func ("/ide/states-that-cannot-be", test_states_that_cannot_be);
  return g_test_run ();
}
