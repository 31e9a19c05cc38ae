/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "fuzz-driver.h"
#include "tests/devices/board-rig.h"

/* The whole PC as a fuzz target, with a disc in its drive: all of its ports and of its MMIO below
 * 4 GiB are the driver's. fuzz_board_open returns the BoardPc. */
static BoardRig fuzz_board_rig;
static Image *fuzz_board_disc;

static inline uint64_t
fuzz_board_read (void *bus, uint64_t offset, unsigned size)
{
  return bus_read (bus, offset, size);
}

static inline void
fuzz_board_write (void *bus, uint64_t offset, unsigned size, uint64_t value)
{
  bus_write (bus, offset, size, value);
}

static inline void *
fuzz_board_open (FuzzBoard *board)
{
  static const BusOps ops = { .read = fuzz_board_read, .write = fuzz_board_write, .max_size = 4 };

  board_rig_open (&fuzz_board_rig, board->clock);
  fuzz_board_disc = image_new_memory (1 << 20, TRUE);
  board_pc_change_medium (fuzz_board_rig.board, fuzz_board_rig.specs[BOARD_RIG_CD], fuzz_board_disc,
                          TRUE, NULL);
  bus_map (board->io, 0, 0x10000, &ops, board_machine.io);
  bus_map (board->mmio, 0, 1ull << 32, &ops, board_machine.mmio);
  return fuzz_board_rig.board;
}

static inline void
fuzz_board_close (void *device)
{
  board_rig_close (&fuzz_board_rig);
  image_free (fuzz_board_disc);
}
