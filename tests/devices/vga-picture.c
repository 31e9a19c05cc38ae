/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every graphics mode drawn and looked at, pixel by pixel where it matters, and only what changed
 * redrawn. */
#include "vga-board.h"

static void
test_mode_13 (void)
{
  Board board;

  board_open (&board);
  board_set_mode (&board, &vga_mode_13);
  window_write (&board, 0xa0000, 1);
  window_write (&board, 0xa0000 + 319, 2);
  window_write (&board, 0xa0000 + 199 * 320, 3);
  board_draw (&board);
  assert_size (&board, 640, 400);
  g_assert_cmphex (pixel (&board, 0, 0), ==, grey (1));
  g_assert_cmphex (pixel (&board, 1, 1), ==, grey (1)); /* each pixel is a square of four dots */
  g_assert_cmphex (pixel (&board, 2, 0), ==, 0);
  g_assert_cmphex (pixel (&board, 639, 0), ==, grey (2));
  g_assert_cmphex (pixel (&board, 0, 399), ==, grey (3));
  board_close (&board);
}

static void
test_mode_x (void)
{
  Board board;

  board_open (&board);
  board_set_mode (&board, &vga_mode_13);
  out_indexed (&board, 0x3c4, 4, 0x06); /* planes side by side, not chained */
  out_indexed (&board, 0x3d4, 0x14, 0x00);
  out_indexed (&board, 0x3d4, 0x17, 0xe3);
  out_indexed (&board, 0x3c4, 2, 0x02);
  window_write (&board, 0xa0000, 5); /* pixel 1 */
  out_indexed (&board, 0x3c4, 2, 0x08);
  window_write (&board, 0xa0000 + 80, 6); /* pixel 3 of the next line */
  board_draw (&board);
  g_assert_cmphex (pixel (&board, 2, 0), ==, grey (5));
  g_assert_cmphex (pixel (&board, 0, 0), ==, 0);
  g_assert_cmphex (pixel (&board, 6, 2), ==, grey (6));
  board_close (&board);
}

static void
test_mode_12 (void)
{
  Board board;

  board_open (&board);
  board_set_mode (&board, &vga_mode_12);
  out_indexed (&board, 0x3c4, 2, 0x0a);
  window_write (&board, 0xa0000 + 80 * 479 + 79, 0x01);
  board_draw (&board);
  assert_size (&board, 640, 480);
  g_assert_cmphex (pixel (&board, 639, 479), ==,
                   grey (0x3a)); /* colour 10 through the attributes */
  g_assert_cmphex (pixel (&board, 638, 479), ==, 0);
  board_close (&board);
}

static void
test_mode_0d (void)
{
  Board board;

  board_open (&board);
  board_set_mode (&board, &vga_mode_0d);
  window_write (&board, 0xa0000 + 40, 0x80);
  board_draw (&board);
  assert_size (&board, 640, 400);
  g_assert_cmphex (pixel (&board, 0, 2), ==, grey (0x17));
  g_assert_cmphex (pixel (&board, 1, 3), ==, grey (0x17));
  g_assert_cmphex (pixel (&board, 2, 2), ==, 0);
  g_assert_cmphex (pixel (&board, 0, 1), ==, 0);
  board_close (&board);
}

static void
test_cga_modes_interleave_lines (void)
{
  Board board;

  board_open (&board);
  board_set_mode (&board, &vga_mode_04);
  window_write (&board, 0xb8000, 0x1b);          /* line 0: colours 0, 1, 2, 3 */
  window_write (&board, 0xb8000 + 0x2000, 0xc0); /* line 1: colour 3 */
  window_write (&board, 0xb8000 + 80, 0x40);     /* line 2: colour 1 */
  board_draw (&board);
  assert_size (&board, 640, 400);
  g_assert_cmphex (pixel (&board, 0, 0), ==, 0);
  g_assert_cmphex (pixel (&board, 2, 0), ==, grey (0x13));
  g_assert_cmphex (pixel (&board, 4, 0), ==, grey (0x15));
  g_assert_cmphex (pixel (&board, 6, 1), ==, grey (0x17));
  g_assert_cmphex (pixel (&board, 0, 2), ==, grey (0x17));
  g_assert_cmphex (pixel (&board, 0, 4), ==, grey (0x13));

  board_set_mode (&board, &vga_mode_06);
  window_write (&board, 0xb8000 + 0x2000 + 79, 0x01);
  board_draw (&board);
  assert_size (&board, 640, 400);
  g_assert_cmphex (pixel (&board, 639, 2), ==, grey (0x17));
  g_assert_cmphex (pixel (&board, 639, 0), ==, 0);
  board_close (&board);
}

static void
test_split_screen_and_panning (void)
{
  Board board;

  board_open (&board);
  board_set_mode (&board, &vga_mode_12);
  window_write (&board, 0xa0000, 0x80);
  window_write (&board, 0xa0000 + 0x4000, 0x08);
  out_indexed (&board, 0x3d4, 0x0c, 0x40); /* starts at 4000h */
  out_indexed (&board, 0x3d4, 0x18, 99);   /* from line 100 on: address 0 */
  out_indexed (&board, 0x3d4, 0x07, 0x2e);
  out_indexed (&board, 0x3d4, 0x09, 0x00);
  out_attribute (&board, 0x13, 3);
  out_attribute (&board, 0x10, 0x21); /* the lower part does not pan */
  clock_advance (board.clock, 20000000);
  board_draw (&board);
  g_assert_cmphex (pixel (&board, 1, 0), ==, grey (0x3f));
  g_assert_cmphex (pixel (&board, 4, 0), ==, 0);
  g_assert_cmphex (pixel (&board, 0, 100), ==, grey (0x3f));
  g_assert_cmphex (pixel (&board, 0, 101), ==, 0);
  board_close (&board);
}

/* A start address counts from the next retrace, so that its two bytes are never seen apart. */
static void
test_the_start_address_waits (void)
{
  Board board;

  board_open (&board);
  board_set_mode (&board, &vga_mode_12);
  clock_advance (board.clock, 20000000);
  window_write (&board, 0xa0000 + 0x40, 0x80);
  window_write (&board, 0xa0000 + 0x4000, 0x40);
  window_write (&board, 0xa0000 + 0x4040, 0x20);
  while (in (&board, 0x3da) & 8)
    clock_advance (board.clock, 10000);
  out_indexed (&board, 0x3d4, 0x0c, 0x40);
  board_draw (&board);
  g_assert_cmphex (pixel (&board, 1, 0), ==, 0);
  out_indexed (&board, 0x3d4, 0x0d, 0x40);
  board_draw (&board);
  g_assert_cmphex (pixel (&board, 2, 0), ==, 0);
  while (!(in (&board, 0x3da) & 8))
    clock_advance (board.clock, 10000);
  board_draw (&board);
  g_assert_cmphex (pixel (&board, 1, 0), ==, 0);
  g_assert_cmphex (pixel (&board, 2, 0), ==, grey (0x3f));
  board_close (&board);
}

/* Scrollers let the address counter run over the end of the 64 Ki words. */
static void
test_addresses_wrap (void)
{
  Board board;

  board_open (&board);
  board_set_mode (&board, &vga_mode_0d);
  out_indexed (&board, 0x3d4, 0x0c, 0xff);
  out_indexed (&board, 0x3d4, 0x0d, 0xf0);
  clock_advance (board.clock, 20000000);
  board_draw (&board);
  window_write (&board, 0xa0000 + 0xffff, 0x01);
  window_write (&board, 0xa0000, 0x80);
  board_draw (&board);
  g_assert_cmphex (pixel (&board, 15 * 16 + 14, 0), ==, grey (0x17));
  g_assert_cmphex (pixel (&board, 15 * 16 + 16, 0), ==, grey (0x17));
  g_assert_cmphex (pixel (&board, 15 * 16 + 18, 0), ==, 0);
  board_close (&board);
}

/* In 256 colours a pixel is two dots: panning counts 0, 2, 4, 6. Byte panning adds whole words, and
 * a preset row scan begins inside a doubled line. */
static void
test_fine_scrolling (void)
{
  Board board;

  board_open (&board);
  board_set_mode (&board, &vga_mode_13);
  for (unsigned i = 0; i < 16; i++)
    window_write (&board, 0xa0000 + i, i + 1);
  window_write (&board, 0xa0000 + 320, 40);
  out_attribute (&board, 0x13, 4);
  board_draw (&board);
  g_assert_cmphex (pixel (&board, 0, 0), ==, grey (3));
  out_indexed (&board, 0x3d4, 0x08, 0x40); /* two words: eight pixels */
  board_draw (&board);
  g_assert_cmphex (pixel (&board, 0, 0), ==, grey (11));
  g_assert_cmphex (pixel (&board, 0, 1), ==, grey (11));
  out_attribute (&board, 0x13, 0);
  out_indexed (&board, 0x3d4, 0x08, 0x01);
  board_draw (&board);
  g_assert_cmphex (pixel (&board, 0, 0), ==, grey (1));
  g_assert_cmphex (pixel (&board, 0, 1), ==, grey (40));
  board_close (&board);
}

static void
test_mode_x_240_lines_and_a_split (void)
{
  Board board;

  board_open (&board);
  board_set_mode (&board, &vga_mode_13);
  out (&board, 0x3c2, 0xe3); /* 320×240: 480 lines of which each two are one */
  out_indexed (&board, 0x3c4, 4, 0x06);
  out_indexed (&board, 0x3d4, 0x11, 0x0c); /* registers 0 to 7 are open */
  out_indexed (&board, 0x3d4, 0x06, 0x0d);
  out_indexed (&board, 0x3d4, 0x07, 0x3e);
  out_indexed (&board, 0x3d4, 0x12, 0xdf);
  out_indexed (&board, 0x3d4, 0x14, 0x00);
  out_indexed (&board, 0x3d4, 0x17, 0xe3);
  out_indexed (&board, 0x3c4, 2, 0x01);
  window_write (&board, 0xa0000, 9);
  window_write (&board, 0xa0000 + 239 * 80, 7);
  board_draw (&board);
  assert_size (&board, 640, 480);
  g_assert_cmphex (pixel (&board, 0, 0), ==, grey (9));
  g_assert_cmphex (pixel (&board, 0, 479), ==, grey (7));
  /* A status bar from line 400 on, which takes the memory at 0. */
  out_indexed (&board, 0x3d4, 0x0c, 0x10);
  out_indexed (&board, 0x3d4, 0x18, 399 & 0xff);
  out_indexed (&board, 0x3d4, 0x09, 0x01);
  clock_advance (board.clock, 20000000);
  board_draw (&board);
  g_assert_cmphex (pixel (&board, 0, 0), ==, 0);
  g_assert_cmphex (pixel (&board, 0, 399), ==, 0);
  g_assert_cmphex (pixel (&board, 0, 400), ==, grey (9));
  board_close (&board);
}

static void
test_graphics_redraw_dirty_lines_only (void)
{
  Board board;

  board_open (&board);
  board_set_mode (&board, &vga_mode_12);
  for (unsigned i = 0; i < 3; i++)
    board_draw (&board);
  g_assert_cmpuint (board.damage_lines, ==, 0);
  window_write (&board, 0xa0000 + 80 * 200, 0xff);
  board_draw (&board);
  /* A page is 4096 bytes, 12.8 lines of four planes. */
  g_assert_cmpuint (board.damage_lines, >=, 12);
  g_assert_cmpuint (board.damage_lines, <=, 15);
  g_assert_cmphex (pixel (&board, 0, 200), ==, grey (0x3f));
  board_close (&board);
}

static void
test_blank_screen (void)
{
  Board board;

  board_open (&board);
  board_set_mode (&board, &vga_mode_13);
  window_write (&board, 0xa0000, 1);
  board_draw (&board);
  out_indexed (&board, 0x3c4, 1, 0x21); /* Screen Off */
  board_draw (&board);
  g_assert_cmphex (pixel (&board, 0, 0), ==, 0);
  out_indexed (&board, 0x3c4, 1, 0x01);
  board_draw (&board);
  g_assert_cmphex (pixel (&board, 0, 0), ==, grey (1));
  board_close (&board);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vga-picture/mode-13", test_mode_13);
  g_test_add_func ("/vga-picture/mode-x", test_mode_x);
  g_test_add_func ("/vga-picture/mode-12", test_mode_12);
  g_test_add_func ("/vga-picture/mode-0d", test_mode_0d);
  g_test_add_func ("/vga-picture/cga-modes-interleave-lines", test_cga_modes_interleave_lines);
  g_test_add_func ("/vga-picture/split-screen-and-panning", test_split_screen_and_panning);
  g_test_add_func ("/vga-picture/start-address-waits", test_the_start_address_waits);
  g_test_add_func ("/vga-picture/addresses-wrap", test_addresses_wrap);
  g_test_add_func ("/vga-picture/fine-scrolling", test_fine_scrolling);
  g_test_add_func ("/vga-picture/mode-x-split", test_mode_x_240_lines_and_a_split);
  g_test_add_func ("/vga-picture/graphics-redraw-dirty-lines-only",
                   test_graphics_redraw_dirty_lines_only);
  g_test_add_func ("/vga-picture/blank-screen", test_blank_screen);
  return g_test_run ();
}
