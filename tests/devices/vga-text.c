/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text modes, looked at dot by dot. */
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

/* Fine scrolling: with nine dots, 8 is none, 0 one dot; a 41st or 81st column comes in at the
 * right. */
static void
test_panning (void)
{
  Board board;

  board_open (&board);
  board_set_mode (&board, &vga_mode_03);
  out_indexed (&board, 0x3d4, 0x0a, 0x20);
  load_glyph (&board, 0, 'A', bar);
  put_cell (&board, 0, 'A', 0x07);
  put_cell (&board, 80, 'A', 0x07);
  out_attribute (&board, 0x13, 6); /* seven dots */
  board_draw (&board);
  assert_size (&board, 720, 400);
  g_assert_cmphex (pixel (&board, 0, 0), ==, grey (7)); /* the right bar of the first A */
  g_assert_cmphex (pixel (&board, 1, 0), ==, 0);
  g_assert_cmphex (pixel (&board, 713, 0), ==, grey (7)); /* the next line's A looks in */
  g_assert_cmphex (pixel (&board, 714, 0), ==, 0);
  board_draw (&board);
  g_assert_cmpuint (board.damage_lines, ==, 0);
  put_cell (&board, 0, ' ', 0x07);
  board_draw (&board);
  g_assert_cmpuint (board.damage_width, ==, 2); /* what is left of nine dots */
  out_indexed (&board, 0x3c4, 1, 0x01);         /* eight dots: 0 is none */
  out_attribute (&board, 0x13, 1);
  put_cell (&board, 0, 'A', 0x07);
  board_draw (&board);
  assert_size (&board, 640, 400);
  g_assert_cmphex (pixel (&board, 0, 0), ==, 0);
  g_assert_cmphex (pixel (&board, 6, 0), ==, grey (7));
  out_indexed (&board, 0x3d4, 8, 0x20); /* and a whole character */
  board_draw (&board);
  g_assert_cmphex (pixel (&board, 6, 0), ==, 0);
  board_close (&board);
}

static void
test_preset_row_scan (void)
{
  static const uint8_t ramp[16] = { 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
  Board board;

  board_open (&board);
  board_set_mode (&board, &vga_mode_03);
  out_indexed (&board, 0x3d4, 0x0a, 0x20);
  load_glyph (&board, 0, 'A', ramp);
  put_cell (&board, 0, 'A', 0x07);
  put_cell (&board, 80, 'A', 0x07);
  out_indexed (&board, 0x3d4, 8, 5); /* the first row begins with its sixth line */
  board_draw (&board);
  assert_size (&board, 720, 400);
  g_assert_cmphex (pixel (&board, 0, 0), ==, grey (7));
  g_assert_cmphex (pixel (&board, 0, 5), ==, 0);
  g_assert_cmphex (pixel (&board, 0, 16), ==, grey (7));
  board_close (&board);
}

/* Below Line Compare the screen starts again at address 0, with the first line of a character. */
static void
test_split_screen (void)
{
  Board board;

  board_open (&board);
  board_set_mode (&board, &vga_mode_03);
  out_indexed (&board, 0x3d4, 0x0a, 0x20);
  load_glyph (&board, 0, 'A', bar);
  put_cell (&board, 0, 'A', 0x07);
  out_indexed (&board, 0x3d4, 0x0d, 80);       /* the upper part begins one row further on */
  out_indexed (&board, 0x3d4, 0x18, 0x8b - 1); /* 138, in the middle of a row */
  out_indexed (&board, 0x3d4, 0x07, 0x0f);
  out_indexed (&board, 0x3d4, 0x09, 0x0f);
  out_attribute (&board, 0x13, 2);
  out_attribute (&board, 0x10, 0x2c); /* the lower part does not pan */
  clock_advance (board.clock, 20000000);
  board_draw (&board);
  g_assert_cmphex (pixel (&board, 0, 138), ==, 0);
  g_assert_cmphex (pixel (&board, 0, 139), ==, grey (7));
  g_assert_cmphex (pixel (&board, 7, 154), ==, grey (7));
  g_assert_cmphex (pixel (&board, 0, 155), ==, 0);
  out_attribute (&board, 0x10, 0x0c); /* or does */
  board_draw (&board);
  g_assert_cmphex (pixel (&board, 0, 139), ==, 0);
  g_assert_cmphex (pixel (&board, 4, 139), ==, grey (7));
  board_close (&board);
}

/* A block, a bar at the bottom, nothing when it ends before it starts. */
static void
test_cursor_shapes (void)
{
  static const struct
  {
    uint8_t start, end;
    unsigned first, last; /* lines that show it */
  } shapes[] = { { 0, 15, 0, 15 }, { 13, 14, 13, 14 }, { 10, 31, 10, 15 }, { 14, 3, 1, 0 } };

  for (unsigned i = 0; i < G_N_ELEMENTS (shapes); i++)
    {
      Board board;

      board_open (&board);
      board_set_mode (&board, &vga_mode_03);
      put_cell (&board, 0, ' ', 0x07);
      out_indexed (&board, 0x3d4, 0x0a, shapes[i].start);
      out_indexed (&board, 0x3d4, 0x0b, shapes[i].end);
      board_draw (&board);
      for (unsigned y = 0; y < 16; y++)
        g_assert_cmphex (pixel (&board, 8, y), ==,
                         y >= shapes[i].first && y <= shapes[i].last ? grey (7) : 0);
      board_close (&board);
    }
}

/* 40 columns fill the same screen with dots twice as wide; 200 lines with lines twice as high. */
static void
test_large_dots (void)
{
  Board board;

  board_open (&board);
  board_set_mode (&board, &vga_mode_03);
  out_indexed (&board, 0x3d4, 0x0a, 0x20);
  load_glyph (&board, 0, 'A', bar);
  out_indexed (&board, 0x3d4, 0x11, 0x0e); /* registers 0 to 7 are open */
  out_indexed (&board, 0x3c4, 1, 0x08);
  out_indexed (&board, 0x3d4, 0x01, 39);
  out_indexed (&board, 0x3d4, 0x13, 20);
  out_indexed (&board, 0x3d4, 0x09, 0xc7); /* eight lines, each twice */
  put_cell (&board, 41, 'A', 0x07);
  board_draw (&board);
  assert_size (&board, 720, 400);
  g_assert_cmphex (pixel (&board, 17, 16), ==, 0);
  g_assert_cmphex (pixel (&board, 18, 16), ==, grey (7));
  g_assert_cmphex (pixel (&board, 19, 31), ==, grey (7));
  g_assert_cmphex (pixel (&board, 20, 31), ==, 0);
  g_assert_cmphex (pixel (&board, 18, 32), ==, 0);
  board_close (&board);
}

/* Wider than any screen: what does not fit is left out. */
static void
test_absurd_sizes (void)
{
  Board board;

  board_open (&board);
  board_set_mode (&board, &vga_mode_03);
  out_indexed (&board, 0x3d4, 0x11, 0x0e); /* registers 0 to 7 are open */
  out_indexed (&board, 0x3c4, 1, 0x08);
  out_indexed (&board, 0x3d4, 0x01, 0xff);
  out_indexed (&board, 0x3d4, 0x07, 0x42);
  out_indexed (&board, 0x3d4, 0x12, 0xff);
  out_indexed (&board, 0x3d4, 0x09, 0x00);
  out_attribute (&board, 0x13, 7);
  board_draw (&board);
  assert_size (&board, 142 * 18, 1024);
  out_indexed (&board, 0x3d4, 0x01, 0x00);
  board_draw (&board);
  assert_size (&board, 18, 1024);
  board_close (&board);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vga-text/cells", test_text);
  g_test_add_func ("/vga-text/redraws-changed-cells-only", test_text_redraws_changed_cells_only);
  g_test_add_func ("/vga-text/cursor", test_cursor);
  g_test_add_func ("/vga-text/blink-or-bright-background", test_blink_or_bright_background);
  g_test_add_func ("/vga-text/two-fonts", test_two_fonts);
  g_test_add_func ("/vga-text/monochrome-underline", test_monochrome_underline);
  g_test_add_func ("/vga-text/screen-text", test_screen_text);
  g_test_add_func ("/vga-text/panning", test_panning);
  g_test_add_func ("/vga-text/preset-row-scan", test_preset_row_scan);
  g_test_add_func ("/vga-text/split-screen", test_split_screen);
  g_test_add_func ("/vga-text/cursor-shapes", test_cursor_shapes);
  g_test_add_func ("/vga-text/large-dots", test_large_dots);
  g_test_add_func ("/vga-text/absurd-sizes", test_absurd_sizes);
  return g_test_run ();
}
