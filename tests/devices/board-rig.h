/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "devices/board-pc.h"
#include "devices/device-spec.h"
#include "vmm-core/none-accel.h"

/* A whole PC without a CPU: a disk, an empty CD drive, COM1. Its user is the guest, at the buses
 * that the accelerator was given. */
#define BOARD_RIG_RAM (8u << 20)

typedef struct
{
  Clock *clock;
  MachineLock *lock;
  Console *console;
  Input *input;
  Image *disk;
  Chardev *serial;
  DeviceSpec *specs[3]; /* disk, CD drive, serial port */
  BoardPc *board;
} BoardRig;

#define BOARD_RIG_CD 1 /* its index */

/* What the accelerator of the board made last was told. */
static AccelMachine board_machine;
static bool board_intr;
static AccelOps board_accel_ops;

static inline Accel *
board_rig_open_accel (const AccelMachine *wiring, GError **error)
{
  Accel *accel = none_accel_ops.open (wiring, error);

  accel->ops = &board_accel_ops;
  board_machine = *wiring;
  board_intr = false;
  return accel;
}

static inline void
board_rig_set_intr (Accel *accel, bool level)
{
  board_intr = level;
}

static inline void
board_rig_ignore (void *data, BoardEvent event)
{
}

/* The clock is borrowed. */
static inline void
board_rig_open (BoardRig *rig, Clock *clock)
{
  BoardDeviceConfig devices[3];
  BoardPcConfig config;

  rig->clock = clock;
  rig->lock = machine_lock_new ();
  rig->console = console_new ();
  rig->input = input_new ();
  rig->disk = image_new_memory (1 << 20, FALSE);
  rig->serial = chardev_new_buffer ();
  rig->specs[0] = device_spec_new (catalog_find ("disk", NULL), 0);
  rig->specs[BOARD_RIG_CD] = device_spec_new (catalog_find ("cd", NULL), 0);
  rig->specs[BOARD_RIG_CD]->place = 2;
  rig->specs[2] = device_spec_new (catalog_find ("serial", NULL), 0);
  for (unsigned i = 0; i < 3; i++)
    devices[i] = (BoardDeviceConfig){ .spec = rig->specs[i],
                                      .image = i == 0 ? rig->disk : NULL,
                                      .output = rig->serial };
  board_accel_ops = none_accel_ops;
  board_accel_ops.open = board_rig_open_accel;
  board_accel_ops.set_intr = board_rig_set_intr;
  config = (BoardPcConfig){
    .accel = &board_accel_ops,
    .topology = { 1, 1, 1 },
    .memory_size = BOARD_RIG_RAM,
    .lock = rig->lock,
    .clock = clock,
    .console = rig->console,
    .input = rig->input,
    .devices = devices,
    .n_devices = 3,
    .event = board_rig_ignore,
  };
  rig->board = board_pc_new (&config, NULL);
  g_assert_nonnull (rig->board);
}

static inline void
board_rig_close (BoardRig *rig)
{
  board_pc_free (rig->board);
  for (unsigned i = 0; i < 3; i++)
    device_spec_free (rig->specs[i]);
  chardev_free (rig->serial);
  image_free (rig->disk);
  input_free (rig->input);
  console_free (rig->console);
  machine_lock_free (rig->lock);
}

static inline void
board_rig_write_config (unsigned devfn, unsigned reg, unsigned size, uint32_t value)
{
  bus_write (board_machine.io, 0xcf8, 4, 0x80000000u | devfn << 8 | (reg & 0xfc));
  bus_write (board_machine.io, 0xcfc + (reg & 3), size, value);
}
