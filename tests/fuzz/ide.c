/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands, packets and bus-master programs at random: a disk and a CD drive on one channel. */
#include "fuzz-driver.h"
#include "tests/devices/ide-rig.h"

static IdeRig *rig;

static void *
open_ide (FuzzBoard *board)
{
  rig = ide_rig_new_on (board->io, board->mmio, board->memory);
  ide_channel_attach (rig->channels[0], 1, IDE_DRIVE_CD, rig->cd);
  return rig->channels[0];
}

static void
close_ide (void *device)
{
  ide_rig_free_devices (rig);
}

static StateSection
state (void *device)
{
  return ide_channel_state (device);
}

/* Writes a descriptor somewhere below 64 KiB; changes the medium. */
static void
outside (void *device, const uint8_t bytes[4])
{
  memory_write (rig->memory, (bytes[2] << 8 | bytes[3]) & ~7u, bytes, 4);
  if (bytes[0] < 16)
    ide_channel_change_medium (device, 1, bytes[1] & 1 ? rig->cd : NULL, bytes[1] & 2, NULL);
}

const FuzzTarget fuzz_target = {
  "ide", open_ide, close_ide, state, outside,
  { { PRIMARY, 8, false }, { PRIMARY, 8, false }, { PRIMARY_CONTROL, 1, false }, { IDE_RIG_BAR, 8, false } }
};
