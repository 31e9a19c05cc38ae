/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/support/device-test.h"
#include "vga-board.h"

static void
test_identity (void)
{
  Board board;

  board_open (&board);
  g_assert_cmphex (pci_bus_config_read (board.rig.bus, 0, 2 << 3, 0, 4), ==, 0x11111234);
  g_assert_cmphex (pci_bus_config_read (board.rig.bus, 0, 2 << 3, 8, 4) >> 8, ==, 0x030000);
  pci_bus_config_write (board.rig.bus, 0, 2 << 3, 0x10, 4, UINT32_MAX);
  g_assert_cmphex (pci_bus_config_read (board.rig.bus, 0, 2 << 3, 0x10, 4) & ~15u, ==,
                   ~(VGA_MEMORY_SIZE - 1));
  board_close (&board);
}

static void
test_rom (void)
{
  Board board;
  uint8_t signature[2];

  board_open (&board);
  pci_bus_config_write (board.rig.bus, 0, 2 << 3, 0x30, 4, 0xe2000001u);
  g_assert_true (memory_read (board.memory, 0xe2000000u, signature, sizeof signature));
  g_assert_cmphex (signature[0] | signature[1] << 8, ==, 0xaa55);
  board_close (&board);
}

static void
test_indexed_registers (void)
{
  Board board;

  board_open (&board);
  out_indexed (&board, 0x3c4, 2, 0xff);
  g_assert_cmphex (in (&board, 0x3c5), ==, 0x0f);
  out_indexed (&board, 0x3ce, 8, 0x5a);
  g_assert_cmphex (in (&board, 0x3cf), ==, 0x5a);
  out_indexed (&board, 0x3d4, 0x0e, 0x12);
  g_assert_cmphex (in (&board, 0x3d5), ==, 0x12);
  out_attribute (&board, 0x11, 0x3f);
  in (&board, 0x3da);
  out (&board, 0x3c0, 0x11);
  g_assert_cmphex (in (&board, 0x3c1), ==, 0x3f);
  board_close (&board);
}

static void
test_crtc_protection (void)
{
  Board board;

  board_open (&board);
  out_indexed (&board, 0x3d4, 0x11, 0x80);
  out_indexed (&board, 0x3d4, 0x00, 0x55);
  out_indexed (&board, 0x3d4, 0x07, 0xff);
  out (&board, 0x3d4, 0x00);
  g_assert_cmphex (in (&board, 0x3d5), ==, 0x00);
  /* Line Compare bit 8 stays open. */
  out (&board, 0x3d4, 0x07);
  g_assert_cmphex (in (&board, 0x3d5), ==, 0x10);
  board_close (&board);
}

static void
test_monochrome_moves_the_crtc (void)
{
  Board board;

  board_open (&board);
  out (&board, 0x3c2, 0x00);
  out_indexed (&board, 0x3b4, 0x0f, 0x77);
  g_assert_cmphex (in (&board, 0x3b5), ==, 0x77);
  g_assert_cmphex (in (&board, 0x3d5), ==, 0xff);
  board_close (&board);
}

static void
test_palette (void)
{
  Board board;

  board_open (&board);
  out_palette (&board, 7, 0x3f, 0xff, 0x15);
  out (&board, 0x3c7, 7);
  g_assert_cmphex (in (&board, 0x3c9), ==, 0x3f);
  g_assert_cmphex (in (&board, 0x3c9), ==, 0x3f); /* six bits */
  g_assert_cmphex (in (&board, 0x3c9), ==, 0x15);
  g_assert_cmphex (in (&board, 0x3c7), ==, 3);
  board_close (&board);
}

static void
test_retrace_follows_guest_time (void)
{
  Board board;
  unsigned changes = 0;
  uint8_t before;

  board_open (&board);
  before = in (&board, 0x3da) & 8;
  for (unsigned i = 0; i < 10000; i++)
    {
      uint8_t now;

      clock_advance (board.clock, 100000); /* a second in all */
      now = in (&board, 0x3da) & 8;
      changes += now != before;
      before = now;
    }
  /* Each of 59 or 60 frames begins and ends. */
  g_assert_cmpuint (changes, >=, 118);
  g_assert_cmpuint (changes, <=, 121);
  board_close (&board);
}

/* Write modes, with plane p at address 0 read back by Read Map. */
static void
assert_planes (Board *board, const uint8_t planes[4])
{
  out_indexed (board, 0x3ce, 5, 0);
  for (unsigned plane = 0; plane < 4; plane++)
    {
      out_indexed (board, 0x3ce, 4, plane);
      g_assert_cmphex (window_read (board, 0xa0000), ==, planes[plane]);
    }
}

static void
test_write_modes (void)
{
  Board board;

  board_open (&board);
  board_set_mode (&board, &vga_mode_12);
  window_write (&board, 0xa0000, 0xa5);
  assert_planes (&board, (uint8_t[]){ 0xa5, 0xa5, 0xa5, 0xa5 });

  out_indexed (&board, 0x3c4, 2, 0x05); /* Map Mask: planes 0 and 2 */
  window_write (&board, 0xa0000, 0x0f);
  assert_planes (&board, (uint8_t[]){ 0x0f, 0xa5, 0x0f, 0xa5 });
  out_indexed (&board, 0x3c4, 2, 0x0f);

  out_indexed (&board, 0x3ce, 0, 0x06); /* Set/Reset 6, enabled everywhere, Bit Mask F0h */
  out_indexed (&board, 0x3ce, 1, 0x0f);
  out_indexed (&board, 0x3ce, 8, 0xf0);
  window_read (&board, 0xa0000);
  window_write (&board, 0xa0000, 0x00);
  assert_planes (&board, (uint8_t[]){ 0x0f, 0xf5, 0xff, 0x05 });

  out_indexed (&board, 0x3ce, 5, 1); /* mode 1 copies the latches */
  window_read (&board, 0xa0000);
  window_write (&board, 0xa0001, 0x00);
  out_indexed (&board, 0x3ce, 5, 0);
  out_indexed (&board, 0x3ce, 4, 2);
  g_assert_cmphex (window_read (&board, 0xa0001), ==, 0xff);

  out_indexed (&board, 0x3ce, 5, 2); /* mode 2: a colour; XOR with the latches */
  out_indexed (&board, 0x3ce, 8, 0xff);
  out_indexed (&board, 0x3ce, 3, 0x18);
  window_read (&board, 0xa0000);
  window_write (&board, 0xa0000, 0x05);
  assert_planes (&board, (uint8_t[]){ 0xf0, 0xf5, 0x00, 0x05 });

  out_indexed (&board, 0x3ce, 5, 3); /* mode 3: data, rotated by 4, is the bit mask for Set/Reset */
  out_indexed (&board, 0x3ce, 3, 0x04);
  window_read (&board, 0xa0000);
  window_write (&board, 0xa0000, 0xf0);
  assert_planes (&board, (uint8_t[]){ 0xf0, 0xff, 0x0f, 0x00 });
  board_close (&board);
}

/* Chained addresses choose planes; what happens to the byte on its way is the same. */
static void
test_the_data_path_of_chained_memory (void)
{
  Board board;

  board_open (&board);
  board_set_mode (&board, &vga_mode_13);
  window_write (&board, 0xa0002, 0x5a);
  out_indexed (&board, 0x3ce, 8, 0x0f); /* Bit Mask: the other bits come from the latches */
  window_read (&board, 0xa0000);
  window_write (&board, 0xa0002, 0xff);
  g_assert_cmphex (window_read (&board, 0xa0002), ==, 0x5f);
  g_assert_cmphex (window_read (&board, 0xa0001), ==, 0x00);
  out_indexed (&board, 0x3ce, 8, 0xff);
  window_read (&board, 0xa0002);
  out_indexed (&board, 0x3ce, 5, 0x41); /* write mode 1: the latches */
  for (unsigned i = 4; i < 8; i++)
    window_write (&board, 0xa0000 + i, 0x00);
  g_assert_cmphex (window_read (&board, 0xa0006), ==, 0x5f);

  board_set_mode (&board, &vga_mode_03); /* odd and even addresses */
  window_write (&board, 0xb8000, 'x');
  window_write (&board, 0xb8001, 0x17);
  window_read (&board, 0xb8000);
  out_indexed (&board, 0x3ce, 3, 0x18); /* XOR */
  window_write (&board, 0xb8000, 0x20);
  g_assert_cmphex (window_read (&board, 0xb8000), ==, 'X');
  g_assert_cmphex (window_read (&board, 0xb8001), ==, 0x17);
  board_close (&board);
}

static void
test_read_mode_1_compares_colours (void)
{
  Board board;

  board_open (&board);
  board_set_mode (&board, &vga_mode_12);
  out_indexed (&board, 0x3ce, 5, 2);
  out_indexed (&board, 0x3ce, 8, 0xc0);
  window_read (&board, 0xa0000);
  window_write (&board, 0xa0000, 0x09); /* two pixels of colour 9 */
  out_indexed (&board, 0x3ce, 5, 0x08);
  out_indexed (&board, 0x3ce, 2, 0x09);
  out_indexed (&board, 0x3ce, 7, 0x0f);
  g_assert_cmphex (window_read (&board, 0xa0000), ==, 0xc0);
  out_indexed (&board, 0x3ce, 7, 0x06); /* only planes 1 and 2 matter: clear everywhere */
  out_indexed (&board, 0x3ce, 2, 0x00);
  g_assert_cmphex (window_read (&board, 0xa0000), ==, 0xff);
  board_close (&board);
}

static void
test_memory_map_select (void)
{
  Board board;

  board_open (&board);
  board_set_mode (&board, &vga_mode_03);
  window_write (&board, 0xa0000, 0x12);
  window_write (&board, 0xb8000, 0x34);
  g_assert_cmphex (window_read (&board, 0xa0000), ==, 0xff);
  g_assert_cmphex (window_read (&board, 0xb0000), ==, 0xff);
  g_assert_cmphex (window_read (&board, 0xb8000), ==, 0x34);
  board_close (&board);
}

/* In 256 colours the window is display memory, until the data path is to do something. */
static void
test_256_colours_are_memory (void)
{
  Board board;

  board_open (&board);
  board_set_mode (&board, &vga_mode_13);
  board_draw (&board);
  g_assert_true (window_is_memory (&board, 0xa0000));
  g_assert_false (window_is_memory (&board, 0xb0000));
  window_write (&board, 0xa0000 + 320, 7);
  g_assert_cmphex (bus_read (board.mmio, 0xa0000 + 320, 1), ==, 7);
  board_draw (&board);
  g_assert_cmphex (pixel (&board, 0, 2), ==, grey (7));
  out_indexed (&board, 0x3c4, 2, 0x01); /* one plane */
  g_assert_false (window_is_memory (&board, 0xa0000));
  out_indexed (&board, 0x3c4, 2, 0x0f);
  out_indexed (&board, 0x3ce, 8, 0x0f); /* some bits */
  g_assert_false (window_is_memory (&board, 0xa0000));
  out_indexed (&board, 0x3ce, 8, 0xff);
  g_assert_true (window_is_memory (&board, 0xa0000));
  pci_bus_reset (board.rig.bus);
  g_assert_false (window_is_memory (&board, 0xa0000));
  board_close (&board);
}

static void
test_state (void)
{
  Board board, other;
  StateSection from, to;

  board_open (&board);
  board_open (&other);
  board_set_mode (&board, &vga_mode_12);
  window_write (&board, 0xa0000, 0x5a);
  window_read (&board, 0xa0000);
  out (&board, 0x3c7, 9);
  in (&board, 0x3c9); /* in the middle of a colour */
  from = vga_state (board.rig.vga);
  to = vga_state (other.rig.vga);
  test_state_round_trip (&from, &to);
  g_assert_cmphex (in (&other, 0x3c9), ==, 9);
  board_draw (&other);
  assert_size (&other, 640, 480);
  board_close (&other);
  board_close (&board);
}

static void
test_reset (void)
{
  Board board;

  board_open (&board);
  board_set_mode (&board, &vga_mode_13);
  bus_write (board.io, 0x1ce, 2, 4);
  bus_write (board.io, 0x1cf, 2, 0x41);
  pci_bus_reset (board.rig.bus);
  g_assert_cmphex (in (&board, 0x3cc), ==, 0x01);
  g_assert_cmphex (bus_read (board.io, 0x1cf, 2), ==, 0xb0c5);
  bus_write (board.io, 0x1ce, 2, 4);
  g_assert_cmphex (bus_read (board.io, 0x1cf, 2), ==, 0);
  board_close (&board);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/vga/identity", test_identity);
  g_test_add_func ("/vga/rom", test_rom);
  g_test_add_func ("/vga/indexed-registers", test_indexed_registers);
  g_test_add_func ("/vga/crtc-protection", test_crtc_protection);
  g_test_add_func ("/vga/monochrome-moves-the-crtc", test_monochrome_moves_the_crtc);
  g_test_add_func ("/vga/palette", test_palette);
  g_test_add_func ("/vga/retrace-follows-guest-time", test_retrace_follows_guest_time);
  g_test_add_func ("/vga/write-modes", test_write_modes);
  g_test_add_func ("/vga/chained-data-path", test_the_data_path_of_chained_memory);
  g_test_add_func ("/vga/read-mode-1-compares-colours", test_read_mode_1_compares_colours);
  g_test_add_func ("/vga/memory-map-select", test_memory_map_select);
  g_test_add_func ("/vga/256-colours-are-memory", test_256_colours_are_memory);
  g_test_add_func ("/vga/state", test_state);
  g_test_add_func ("/vga/reset", test_reset);
  return g_test_run ();
}
