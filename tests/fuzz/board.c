/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The whole PC: ports, configuration space, input from outside, resets, and damaged states. */
#include "fuzz-driver.h"
#include "tests/devices/board-rig.h"

static BoardRig rig;

static uint64_t
forward_read (void *bus, uint64_t offset, unsigned size)
{
  return bus_read (bus, offset, size);
}

static void
forward_write (void *bus, uint64_t offset, unsigned size, uint64_t value)
{
  bus_write (bus, offset, size, value);
}

static void *
open_board (FuzzBoard *board)
{
  static const BusOps ops = { .read = forward_read, .write = forward_write, .max_size = 4 };

  board_rig_open (&rig, board->clock);
  bus_map (board->io, 0, 0x10000, &ops, board_machine.io);
  bus_map (board->mmio, 0, 1ull << 32, &ops, board_machine.mmio);
  return rig.board;
}

static void
close_board (void *device)
{
  board_rig_close (&rig);
}

static void
reload (BoardPc *board, uint32_t at, uint8_t flip)
{
  g_autoptr (GByteArray) stream = g_byte_array_new ();
  const uint8_t *cursor;

  board_pc_save (board, stream);
  stream->data[at % stream->len] ^= flip;
  cursor = stream->data;
  if (!board_pc_load (board, &cursor, stream->data + stream->len, NULL))
    board_pc_reset (board);
}

static void
outside (void *board, const uint8_t bytes[4])
{
  uint32_t value = bytes[0] | bytes[1] << 8 | bytes[2] << 16;

  if (bytes[3] == 0)
    board_pc_reset (board);
  else if (bytes[3] < 4)
    reload (board, value * 2654435761u, bytes[0]);
  else if (bytes[3] < 10)
    board_pc_press_power_button (board);
  else if (bytes[3] < 40)
    input_key (rig.input, bytes[0], bytes[1] & 1);
  else if (bytes[3] < 60)
    chardev_feed (rig.serial, bytes, 3);
  else if (bytes[3] < 80)
    console_refresh (rig.console);
  else
    board_rig_write_config (bytes[0] & 0x1f, bytes[1] & 0xfc, 4, value << 8 | bytes[3]);
}

const FuzzTarget fuzz_target = { .name = "board", .open = open_board, .close = close_board,
                                 .outside = outside,
                                 .ranges = { { 0, 0x100, false }, { 0x1f0, 8, false },
                                             { 0x3b0, 0x50, false }, { 0xcf8, 8, false },
                                             { 0x510, 12, false }, { 0xc000, 0x10, false },
                                             { 0xa0000, 0x20000, true } } };
