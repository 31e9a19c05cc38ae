/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The debug console: firmware finds it by reading E9h, and what it writes comes out. */
#include "devices/char/debugcon.h"

static void
test_port (void)
{
  g_autoptr (Bus) io = bus_new ("io", 0x10000, NULL);
  g_autoptr (Chardev) chardev = chardev_new_buffer ();
  Debugcon *debugcon = debugcon_new (io, 0x402, chardev);
  const GByteArray *output;

  g_assert_cmphex (bus_read (io, 0x402, 1), ==, 0xe9);
  bus_write (io, 0x402, 1, 'o');
  bus_write (io, 0x402, 1, 'k');
  output = chardev_get_output (chardev);
  g_assert_cmpmem (output->data, output->len, "ok", 2);
  debugcon_free (debugcon);
  g_assert_cmphex (bus_read (io, 0x402, 1), ==, 0xff);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/debugcon/port", test_port);
  return g_test_run ();
}
