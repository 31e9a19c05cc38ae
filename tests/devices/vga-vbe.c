/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Bochs VBE extensions through ports, through BAR 2, and on the screen. */
#include "vga-board.h"

enum
{
  ID,
  XRES,
  YRES,
  BPP,
  ENABLE,
  BANK,
  VIRT_WIDTH,
  VIRT_HEIGHT,
  X_OFFSET,
  Y_OFFSET,
  MEMORY_64K
};

static void
dispi_out (Board *board, unsigned index, uint16_t value)
{
  bus_write (board->io, 0x1ce, 2, index);
  bus_write (board->io, 0x1cf, 2, value);
}

static uint16_t
dispi_in (Board *board, unsigned index)
{
  bus_write (board->io, 0x1ce, 2, index);
  return (uint16_t) bus_read (board->io, 0x1cf, 2);
}

static void
set_vbe_mode (Board *board, unsigned width, unsigned height, unsigned bpp)
{
  dispi_out (board, ENABLE, 0);
  dispi_out (board, XRES, width);
  dispi_out (board, YRES, height);
  dispi_out (board, BPP, bpp);
  dispi_out (board, ENABLE, 0x41);
}

static void
poke (Board *board, uint32_t offset, uint32_t value, unsigned bytes)
{
  memory_write (board->memory, VGA_RIG_FRAMEBUFFER + offset, &value, bytes);
}

static void
test_identity (void)
{
  Board board;

  board_open (&board);
  g_assert_cmphex (dispi_in (&board, ID), ==, 0xb0c5);
  dispi_out (&board, ID, 0xb0c0);
  g_assert_cmphex (dispi_in (&board, ID), ==, 0xb0c0);
  g_assert_cmpuint (dispi_in (&board, MEMORY_64K), ==, 256);
  dispi_out (&board, ENABLE, 2); /* capabilities in place of values */
  g_assert_cmpuint (dispi_in (&board, XRES), ==, 2560);
  g_assert_cmpuint (dispi_in (&board, YRES), ==, 1600);
  g_assert_cmpuint (dispi_in (&board, BPP), ==, 32);
  board_close (&board);
}

static void
test_registers_in_memory (void)
{
  Board board;

  board_open (&board);
  bus_write (board.mmio, VGA_RIG_DISPI + 2 * XRES, 2, 800);
  g_assert_cmpuint (dispi_in (&board, XRES), ==, 800);
  g_assert_cmphex (bus_read (board.mmio, VGA_RIG_DISPI, 2), ==, 0xb0c5);
  /* The VGA's ports from 3C0h at 400h. */
  bus_write (board.mmio, VGA_RIG_REGISTERS + 0x404, 2, 0x0f02);
  out (&board, 0x3c4, 2);
  g_assert_cmphex (in (&board, 0x3c5), ==, 0x0f);
  board_close (&board);
}

static void
test_monitor (void)
{
  Board board;
  uint8_t edid[128], sum = 0;

  board_open (&board);
  for (unsigned i = 0; i < sizeof edid; i++)
    sum += edid[i] = (uint8_t) bus_read (board.mmio, VGA_RIG_REGISTERS + i, 1);
  g_assert_cmpmem (edid, 8, "\0\xff\xff\xff\xff\xff\xff\0", 8);
  g_assert_cmpuint (sum, ==, 0);
  /* The first detailed timing: 1024×768. */
  g_assert_cmpuint (edid[56] | (edid[58] & 0xf0) << 4, ==, 1024);
  g_assert_cmpuint (edid[59] | (edid[61] & 0xf0) << 4, ==, 768);
  g_assert_cmphex (bus_read (board.mmio, VGA_RIG_REGISTERS + 0x604, 4), ==, 0x1e1e1e1e);
  board_close (&board);
}

static void
test_true_colour (void)
{
  Board board;

  board_open (&board);
  set_vbe_mode (&board, 1024, 768, 32);
  poke (&board, 0, 0x00123456, 4);
  poke (&board, 4 * (1024 * 768 - 1), 0x00abcdef, 4);
  board_draw (&board);
  assert_size (&board, 1024, 768);
  g_assert_cmphex (pixel (&board, 0, 0) & 0xffffff, ==, 0x123456);
  g_assert_cmphex (pixel (&board, 1023, 767) & 0xffffff, ==, 0xabcdef);
  board_close (&board);
}

static void
test_other_depths (void)
{
  Board board;

  board_open (&board);
  set_vbe_mode (&board, 640, 480, 24);
  poke (&board, 3, 0x563412, 3);
  board_draw (&board);
  g_assert_cmphex (pixel (&board, 1, 0) & 0xffffff, ==, 0x563412);
  set_vbe_mode (&board, 640, 480, 16);
  poke (&board, 2, 0xf81f, 2);
  board_draw (&board);
  g_assert_cmphex (pixel (&board, 1, 0) & 0xffffff, ==, 0xff00ff);
  set_vbe_mode (&board, 640, 480, 15);
  poke (&board, 2, 0x7fe0, 2);
  board_draw (&board);
  g_assert_cmphex (pixel (&board, 1, 0) & 0xffffff, ==, 0xffff00);
  set_vbe_mode (&board, 640, 480, 8);
  out_palette (&board, 200, 0x3f, 0, 0);
  poke (&board, 1, 200, 1);
  board_draw (&board);
  g_assert_cmphex (pixel (&board, 1, 0) & 0xffffff, ==, 0xff0000);
  board_close (&board);
}

static void
test_eight_bit_dac (void)
{
  Board board;

  board_open (&board);
  set_vbe_mode (&board, 640, 480, 8);
  dispi_out (&board, ENABLE, 0x61);
  out_palette (&board, 1, 0x81, 0x42, 0x24);
  poke (&board, 0, 1, 1);
  board_draw (&board);
  g_assert_cmphex (pixel (&board, 0, 0) & 0xffffff, ==, 0x814224);
  board_close (&board);
}

static void
test_planar_16_colours (void)
{
  Board board;

  board_open (&board);
  board_set_mode (&board, &vga_mode_12);
  set_vbe_mode (&board, 800, 600, 4);
  window_write (&board, 0xa0000 + 100 * 599, 0x80);
  board_draw (&board);
  assert_size (&board, 800, 600);
  g_assert_cmphex (pixel (&board, 0, 599), ==, grey (0x3f));
  board_close (&board);
}

static void
test_banks (void)
{
  Board board;
  uint8_t byte = 0;

  board_open (&board);
  set_vbe_mode (&board, 1024, 768, 32);
  dispi_out (&board, BANK, 5);
  g_assert_true (window_is_memory (&board, 0xa0003)); /* so that a store costs nothing */
  window_write (&board, 0xa0003, 0x77);
  g_assert_cmphex (window_read (&board, 0xa0003), ==, 0x77);
  memory_read (board.memory, VGA_RIG_FRAMEBUFFER + 0x50003, &byte, 1);
  g_assert_cmphex (byte, ==, 0x77);
  dispi_out (&board, BANK, 6);
  g_assert_cmphex (window_read (&board, 0xa0003), ==, 0);
  dispi_out (&board, ENABLE, 0);
  g_assert_false (window_is_memory (&board, 0xa0003));
  board_close (&board);
}

/* 1024×768 in 16 colours is 96 KiB a plane: the second bank begins in line 512. */
static void
test_planar_banks (void)
{
  Board board;

  board_open (&board);
  board_set_mode (&board, &vga_mode_12);
  set_vbe_mode (&board, 1024, 768, 4);
  dispi_out (&board, BANK, 1);
  window_write (&board, 0xa0000 + 767 * 128 - 0x10000, 0x80);
  board_draw (&board);
  assert_size (&board, 1024, 768);
  g_assert_cmphex (pixel (&board, 0, 767), ==, grey (0x3f));
  g_assert_cmphex (pixel (&board, 0, 767 - 512), ==, 0);
  board_close (&board);
}

static void
test_virtual_screen (void)
{
  Board board;

  board_open (&board);
  set_vbe_mode (&board, 640, 480, 32);
  dispi_out (&board, VIRT_WIDTH, 1024);
  g_assert_cmpuint (dispi_in (&board, VIRT_WIDTH), ==, 1024);
  g_assert_cmpuint (dispi_in (&board, VIRT_HEIGHT), ==, 4096);
  dispi_out (&board, X_OFFSET, 10);
  dispi_out (&board, Y_OFFSET, 20);
  poke (&board, (20 * 1024 + 10) * 4, 0x00445566, 4);
  board_draw (&board);
  g_assert_cmphex (pixel (&board, 0, 0) & 0xffffff, ==, 0x445566);
  /* Out of display memory there is nothing to see. */
  dispi_out (&board, Y_OFFSET, 0xffff);
  g_assert_cmpuint (dispi_in (&board, Y_OFFSET), ==, 4096 - 480);
  board_draw (&board);
  board_close (&board);
}

static void
test_clearing (void)
{
  Board board;
  uint32_t word = 0;

  board_open (&board);
  poke (&board, 0, 0x11223344, 4);
  dispi_out (&board, XRES, 640);
  dispi_out (&board, YRES, 480);
  dispi_out (&board, BPP, 32);
  dispi_out (&board, ENABLE, 0xc1);
  memory_read (board.memory, VGA_RIG_FRAMEBUFFER, &word, 4);
  g_assert_cmphex (word, ==, 0x11223344);
  dispi_out (&board, ENABLE, 0);
  dispi_out (&board, ENABLE, 0x41);
  memory_read (board.memory, VGA_RIG_FRAMEBUFFER, &word, 4);
  g_assert_cmphex (word, ==, 0);
  board_close (&board);
}

static void
test_largest_mode (void)
{
  Board board;

  board_open (&board);
  set_vbe_mode (&board, 0xffff, 0xffff, 32);
  g_assert_cmpuint (dispi_in (&board, XRES), ==, 2560);
  g_assert_cmpuint (dispi_in (&board, YRES), ==, 1600);
  poke (&board, 4 * (2560 * 1600 - 1), 0x00c0ffee, 4);
  board_draw (&board);
  g_assert_cmphex (pixel (&board, 2559, 1599) & 0xffffff, ==, 0xc0ffee);
  board_close (&board);
}

static void
test_dirty_lines_only (void)
{
  Board board;

  board_open (&board);
  set_vbe_mode (&board, 1024, 768, 32);
  for (unsigned i = 0; i < 3; i++)
    board_draw (&board);
  g_assert_cmpuint (board.damage_lines, ==, 0);
  poke (&board, 300 * 4096, 0x00ffffff, 4);
  poke (&board, 700 * 4096, 0x00ffffff, 4);
  board_draw (&board);
  g_assert_cmpuint (board.damage_lines, ==, 2);
  g_assert_cmphex (pixel (&board, 0, 300) & 0xffffff, ==, 0xffffff);
  board_close (&board);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vga-vbe/identity", test_identity);
  g_test_add_func ("/vga-vbe/registers-in-memory", test_registers_in_memory);
  g_test_add_func ("/vga-vbe/monitor", test_monitor);
  g_test_add_func ("/vga-vbe/true-colour", test_true_colour);
  g_test_add_func ("/vga-vbe/other-depths", test_other_depths);
  g_test_add_func ("/vga-vbe/eight-bit-dac", test_eight_bit_dac);
  g_test_add_func ("/vga-vbe/planar-16-colours", test_planar_16_colours);
  g_test_add_func ("/vga-vbe/banks", test_banks);
  g_test_add_func ("/vga-vbe/planar-banks", test_planar_banks);
  g_test_add_func ("/vga-vbe/virtual-screen", test_virtual_screen);
  g_test_add_func ("/vga-vbe/clearing", test_clearing);
  g_test_add_func ("/vga-vbe/largest-mode", test_largest_mode);
  g_test_add_func ("/vga-vbe/dirty-lines-only", test_dirty_lines_only);
  return g_test_run ();
}
