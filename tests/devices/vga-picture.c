/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every mode drawn and looked at, pixel by pixel where it matters, and only what changed redrawn. */
#include "vga-board.h"

/* Loads the rows of one character into plane 2, as the BIOS does. */
static void
load_glyph (Board *board, unsigned font_offset, uint8_t code, const uint8_t rows[16])
{
  out_indexed (board, 0x3c4, 2, 0x04);
  out_indexed (board, 0x3c4, 4, 0x06);
  out_indexed (board, 0x3ce, 5, 0x00);
  out_indexed (board, 0x3ce, 6, 0x04);
  for (unsigned i = 0; i < 16; i++)
    window_write (board, 0xa0000 + font_offset + code * 32 + i, rows[i]);
  out_indexed (board, 0x3c4, 2, 0x03);
  out_indexed (board, 0x3c4, 4, 0x02);
  out_indexed (board, 0x3ce, 5, 0x10);
  out_indexed (board, 0x3ce, 6, 0x0e);
}

static void
put_cell (Board *board, unsigned at, uint8_t code, uint8_t attribute)
{
  bus_write (board->mmio, 0xb8000 + at * 2, 2, code | attribute << 8);
}

static const uint8_t bar[16] = { 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81,
                                 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81 };

static void
test_text (void)
{
  Board board;

  board_open (&board);
  board_set_mode (&board, &vga_mode_03);
  out_indexed (&board, 0x3d4, 0x0a, 0x20); /* no cursor */
  load_glyph (&board, 0, 'A', bar);
  load_glyph (&board, 0, 0xc4, bar);
  put_cell (&board, 81, 'A', 0x17);
  put_cell (&board, 82, 0xc4, 0x17);
  board_draw (&board);
  assert_size (&board, 720, 400);
  g_assert_cmphex (pixel (&board, 9, 16), ==, grey (0x07));
  g_assert_cmphex (pixel (&board, 10, 16), ==, grey (0x01));
  g_assert_cmphex (pixel (&board, 16, 31), ==, grey (0x07));
  g_assert_cmphex (pixel (&board, 17, 16), ==, grey (0x01)); /* the ninth dot */
  g_assert_cmphex (pixel (&board, 26, 16), ==, grey (0x07)); /* continues line graphics */
  g_assert_cmphex (pixel (&board, 9, 32), ==, 0);
  board_close (&board);
}

static void
test_text_redraws_changed_cells_only (void)
{
  Board board;

  board_open (&board);
  board_set_mode (&board, &vga_mode_03);
  out_indexed (&board, 0x3d4, 0x0a, 0x20);
  board_draw (&board);
  board_draw (&board);
  g_assert_cmpuint (board.damage_lines, ==, 0);
  put_cell (&board, 5, 'x', 0x07);
  put_cell (&board, 6, 'y', 0x07);
  board_draw (&board);
  g_assert_cmpuint (board.damage_lines, ==, 16);
  g_assert_cmpuint (board.damage_width, ==, 18);
  board_close (&board);
}

static void
test_cursor (void)
{
  Board board;
  uint32_t colours[2];

  board_open (&board);
  board_set_mode (&board, &vga_mode_03);
  put_cell (&board, 3, ' ', 0x07);
  out_indexed (&board, 0x3d4, 0x0f, 3);
  for (unsigned i = 0; i < 2; i++)
    {
      board_draw (&board);
      colours[i] = pixel (&board, 27, 14);
      g_assert_cmphex (pixel (&board, 27, 12), ==, 0); /* above its first line */
      clock_advance (board.clock, 270000000);
    }
  g_assert_cmphex (colours[0], ==, grey (7));
  g_assert_cmphex (colours[1], ==, 0); /* it blinks */
  board_close (&board);
}

static void
test_blink_or_bright_background (void)
{
  Board board;

  board_open (&board);
  board_set_mode (&board, &vga_mode_03);
  out_indexed (&board, 0x3d4, 0x0a, 0x20);
  load_glyph (&board, 0, 'A', bar);
  put_cell (&board, 0, 'A', 0x97);
  board_draw (&board);
  g_assert_cmphex (pixel (&board, 0, 0), ==, grey (7));
  clock_advance (board.clock, 540000000);
  board_draw (&board);
  g_assert_cmphex (pixel (&board, 0, 0), ==, grey (1));
  out_attribute (&board, 0x10, 0x04);
  board_draw (&board);
  g_assert_cmphex (pixel (&board, 0, 0), ==, grey (7));
  g_assert_cmphex (pixel (&board, 1, 0), ==, grey (0x39)); /* colour 9 */
  board_close (&board);
}

static void
test_two_fonts (void)
{
  static const uint8_t full[16] = { 0xff, 0xff, 0xff, 0xff };
  Board board;

  board_open (&board);
  board_set_mode (&board, &vga_mode_03);
  out_indexed (&board, 0x3d4, 0x0a, 0x20);
  load_glyph (&board, 0, 'A', bar);
  load_glyph (&board, 0x4000, 'A', full);
  out_indexed (&board, 0x3c4, 3, 0x04); /* characters with attribute bit 3: the font at 4000h */
  put_cell (&board, 0, 'A', 0x07);
  put_cell (&board, 1, 'A', 0x0f);
  board_draw (&board);
  g_assert_cmphex (pixel (&board, 1, 0), ==, 0);
  g_assert_cmphex (pixel (&board, 10, 0), ==, grey (0x3f));
  board_close (&board);
}

static void
test_monochrome_underline (void)
{
  Board board;

  board_open (&board);
  board_set_mode (&board, &vga_mode_07);
  out_indexed (&board, 0x3b4, 0x0a, 0x20);
  out_indexed (&board, 0x3b4, 0x14, 0x0d);
  bus_write (board.mmio, 0xb0000, 2, ' ' | 0x01 << 8);
  board_draw (&board);
  g_assert_cmphex (pixel (&board, 0, 12), ==, 0);
  g_assert_cmphex (pixel (&board, 0, 13), ==, grey (0x08));
  board_close (&board);
}

static void
test_screen_text (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_auto (GStrv) lines = NULL;
  Board board;

  board_open (&board);
  board_set_mode (&board, &vga_mode_03);
  for (unsigned i = 0; i < 80 * 25; i++)
    put_cell (&board, i, ' ', 0x07);
  put_cell (&board, 80, 'H', 0x07);
  put_cell (&board, 81, 0x81, 0x07);
  put_cell (&board, 82, 0xc9, 0x07);
  g_assert_true (console_get_text (board.rig.console, text));
  lines = g_strsplit (text->str, "\n", -1);
  g_assert_cmpuint (g_strv_length (lines), ==, 26);
  g_assert_cmpstr (lines[0], ==, "");
  g_assert_cmpstr (lines[1], ==, "Hü╔");
  board_set_mode (&board, &vga_mode_13);
  g_assert_false (console_get_text (board.rig.console, text));
  board_close (&board);
}

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
  g_assert_cmphex (pixel (&board, 639, 479), ==, grey (0x3a)); /* colour 10 through the attributes */
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
  board_draw (&board);
  g_assert_cmphex (pixel (&board, 1, 0), ==, grey (0x3f));
  g_assert_cmphex (pixel (&board, 4, 0), ==, 0);
  g_assert_cmphex (pixel (&board, 0, 100), ==, grey (0x3f));
  g_assert_cmphex (pixel (&board, 0, 101), ==, 0);
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
  g_test_add_func ("/vga-picture/text", test_text);
  g_test_add_func ("/vga-picture/text-redraws-changed-cells-only", test_text_redraws_changed_cells_only);
  g_test_add_func ("/vga-picture/cursor", test_cursor);
  g_test_add_func ("/vga-picture/blink-or-bright-background", test_blink_or_bright_background);
  g_test_add_func ("/vga-picture/two-fonts", test_two_fonts);
  g_test_add_func ("/vga-picture/monochrome-underline", test_monochrome_underline);
  g_test_add_func ("/vga-picture/screen-text", test_screen_text);
  g_test_add_func ("/vga-picture/mode-13", test_mode_13);
  g_test_add_func ("/vga-picture/mode-x", test_mode_x);
  g_test_add_func ("/vga-picture/mode-12", test_mode_12);
  g_test_add_func ("/vga-picture/mode-0d", test_mode_0d);
  g_test_add_func ("/vga-picture/cga-modes-interleave-lines", test_cga_modes_interleave_lines);
  g_test_add_func ("/vga-picture/split-screen-and-panning", test_split_screen_and_panning);
  g_test_add_func ("/vga-picture/graphics-redraw-dirty-lines-only", test_graphics_redraw_dirty_lines_only);
  g_test_add_func ("/vga-picture/blank-screen", test_blank_screen);
  return g_test_run ();
}
