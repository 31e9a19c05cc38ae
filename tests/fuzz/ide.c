/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands, packets and bus-master programs at random: a disk and a CD drive on one channel. */
#include "fuzz-driver.h"
#include "tests/devices/ide-rig.h"

static IdeRig *rig;

static void *
open_ide (FuzzBoard *board)
{
  rig = ide_rig_new_on (board->io, board->mmio, board->memory, board->clock);
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

/* A whole command with small parameters, so that many are carried out; a descriptor; a medium
 * change. */
static void
outside (void *device, const uint8_t bytes[4])
{
  static const uint8_t commands[]
    = { 0x20, 0x24, 0x25, 0x30, 0x35, 0x39, 0xc4, 0xc5, 0xc8, 0xca, 0xa0, 0xec };
  uint8_t packet[12] = { bytes[1], bytes[3], 0, 0, 0, bytes[2], 0, 0, bytes[3], 0x10 };

  memory_write (rig->memory, 0x1000 + (bytes[2] & 0x78), bytes, 4);
  if (bytes[0] < 16)
    ide_channel_change_medium (device, 1, bytes[1] & 1 ? rig->cd : NULL, bytes[1] & 2, NULL);
  ide_out (rig, PRIMARY, 1, bytes[3] & 1);
  ide_command (rig, commands[bytes[0] % sizeof commands], bytes[1] | (bytes[2] & 1) << 28,
               bytes[3]);
  if (bytes[0] % sizeof commands == 10)
    ide_write_data (rig, PRIMARY, packet, sizeof packet);
  ide_rig_start_dma (rig, 0, bytes[3] & 8);
}

const FuzzTarget fuzz_target = { "ide",
                                 open_ide,
                                 close_ide,
                                 state,
                                 outside,
                                 { { PRIMARY, 8, false },
                                   { PRIMARY, 4, false },
                                   { PRIMARY_CONTROL, 1, false },
                                   { IDE_RIG_BAR, 8, false } } };
