/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Made-up saved states: whatever a stream holds, the PC refuses it, or lives on with it. */
#include "fuzz-board.h"
#include "state-mutation.h"

static void
load (BoardPc *board, uint32_t seed)
{
  unsigned n;
  const StateSection *sections = board_pc_get_states (board, &n);
  g_autoptr (GByteArray) stream = state_mutation_save (sections, n, seed);
  const uint32_t count = GUINT32_TO_LE (n);
  const uint8_t *cursor;
  g_autoptr (GError) error = NULL;

  g_byte_array_prepend (stream, (const uint8_t *) &count, sizeof count);
  cursor = stream->data;

  if (board_pc_load (board, &cursor, stream->data + stream->len, &error))
    return;
  g_assert_error (error, STATE_ERROR, STATE_ERROR_BAD_STREAM);
  board_pc_reset (board);
}

static void
outside (void *board, const uint8_t bytes[4])
{
  if (bytes[3] < 64)
    load (board, bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (uint32_t) bytes[3] << 24);
  else if (bytes[3] < 96)
    console_refresh (fuzz_board_rig.console);
  else if (bytes[3] < 128)
    input_key (fuzz_board_rig.input, bytes[0], bytes[1] & 1);
  else
    chardev_feed (fuzz_board_rig.serial, bytes, 3);
}

const FuzzTarget fuzz_target = { .name = "board-state",
                                 .open = fuzz_board_open,
                                 .close = fuzz_board_close,
                                 .outside = outside,
                                 .ranges = { { 0, 0x100, false },
                                             { 0x170, 8, false },
                                             { 0x1f0, 8, false },
                                             { 0x3b0, 0x50, false },
                                             { 0x510, 12, false },
                                             { 0xc000, 0x10, false },
                                             { 0xa0000, 0x20000, true },
                                             { 0xfec00000, 0x50, true } } };
