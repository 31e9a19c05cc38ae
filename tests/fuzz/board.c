/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The whole PC: ports, configuration space, input from outside and resets. */
#include "fuzz-board.h"

static void
outside (void *board, const uint8_t bytes[4])
{
  uint32_t value = bytes[0] | bytes[1] << 8 | bytes[2] << 16;

  if (bytes[3] == 0)
    board_pc_reset (board);
  else if (bytes[3] < 10)
    board_pc_press_power_button (board);
  else if (bytes[3] < 40)
    input_key (fuzz_board_rig.input, bytes[0], bytes[1] & 1);
  else if (bytes[3] < 60)
    chardev_feed (fuzz_board_rig.serial, bytes, 3);
  else if (bytes[3] < 80)
    console_refresh (fuzz_board_rig.console);
  else
    board_rig_write_config (bytes[0] & 0x1f, bytes[1] & 0xfc, 4, value << 8 | bytes[3]);
}

const FuzzTarget fuzz_target = { .name = "board",
                                 .open = fuzz_board_open,
                                 .close = fuzz_board_close,
                                 .outside = outside,
                                 .ranges = { { 0, 0x100, false },
                                             { 0x1f0, 8, false },
                                             { 0x3b0, 0x50, false },
                                             { 0xcf8, 8, false },
                                             { 0x510, 12, false },
                                             { 0xc000, 0x10, false },
                                             { 0xa0000, 0x20000, true } } };
