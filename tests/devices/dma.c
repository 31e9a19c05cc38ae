/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "devices/chipset/dma.h"

#include "tests/support/device-test.h"

static void
test_transfer (void)
{
  g_autoptr (Bus) io = bus_new ("io", 0x10000, NULL);
  g_autoptr (Memory) memory = memory_new ();
  MemoryBlock *ram = memory_block_new (memory, "ram", 1 << 20, false, NULL);
  g_autoptr (Dma) dma = dma_new (io, memory);
  StateSection section = dma_state (dma);
  char text[8] = "";
  bool end;

  memory_map (memory, 0, 1 << 20, ram, 0, MEMORY_RW, 0);
  g_assert_cmpuint (dma_write (dma, 2, "abcd", 4, &end), ==, 0); /* masked after reset */
  bus_write (io, 0x0c, 1, 0);
  bus_write (io, 0x04, 1, 0x34);
  bus_write (io, 0x04, 1, 0x12);
  bus_write (io, 0x05, 1, 5);
  bus_write (io, 0x05, 1, 0);
  bus_write (io, 0x81, 1, 0x01);
  bus_write (io, 0x0b, 1, 0x46); /* channel 2, to memory */
  bus_write (io, 0x0a, 1, 0x02);
  g_assert_cmpuint (dma_write (dma, 2, "abcd", 4, &end), ==, 4);
  g_assert_false (end);
  g_assert_cmphex (bus_read (io, 0x04, 1), ==, 0x38);
  g_assert_cmphex (bus_read (io, 0x04, 1), ==, 0x12);
  test_state_same (&section);
  g_assert_cmpuint (dma_write (dma, 2, "efgh", 4, &end), ==, 2); /* count + 1 in all */
  g_assert_true (end);
  memory_read (memory, 0x11234, text, 6);
  g_assert_cmpstr (text, ==, "abcdef");
  g_assert_cmphex (bus_read (io, 0x08, 1), ==, 0x04);
  g_assert_cmphex (bus_read (io, 0x08, 1), ==, 0x00);

  /* Channel 5 moves words and repeats. */
  bus_write (io, 0xc4, 1, 0x1a);
  bus_write (io, 0xc4, 1, 0x89);
  bus_write (io, 0xc6, 1, 1);
  bus_write (io, 0xc6, 1, 0);
  bus_write (io, 0x8b, 1, 0x00);
  bus_write (io, 0xd6, 1, 0x59);
  bus_write (io, 0xd4, 1, 0x01);
  memory_write (memory, 0x11234, "wxyz", 4);
  bus_write (io, 0x8b, 1, 0x01); /* bit 0 is not used for words */
  g_assert_cmpuint (dma_read (dma, 5, text, 8, &end), ==, 4);
  g_assert_true (end);
  dma_reset (dma);
  g_assert_cmphex (bus_read (io, 0x0f, 1), ==, 0xff);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/dma/transfer", test_transfer);
  return g_test_run ();
}
