/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The 16550A UART: registers, FIFOs, the order of interrupts, loopback. */
#include "devices/char/uart.h"

#include <string.h>

#include "tests/support/device-test.h"

#define BASE 0x3f8

typedef struct
{
  Bus *io;
  Chardev *chardev;
  TestLine line;
  Uart *uart;
} Rig;

static Rig *
rig_new (void)
{
  Rig *rig = g_new0 (Rig, 1);

  rig->io = bus_new ("io", 0x10000, NULL);
  rig->chardev = chardev_new_buffer ();
  rig->uart = uart_new (rig->chardev, test_line_irq (&rig->line), "serial0");
  bus_map (rig->io, BASE, 8, &uart_ops, rig->uart);
  return rig;
}

static void
rig_free (Rig *rig)
{
  bus_unmap (rig->io, BASE, 8, rig->uart);
  uart_free (rig->uart);
  chardev_free (rig->chardev);
  bus_free (rig->io);
  g_free (rig);
}

static uint8_t
in (Rig *rig, unsigned reg)
{
  return bus_read (rig->io, BASE + reg, 1);
}

static void
out (Rig *rig, unsigned reg, uint8_t value)
{
  bus_write (rig->io, BASE + reg, 1, value);
}

static void
test_registers (void)
{
  Rig *rig = rig_new ();

  g_assert_cmphex (in (rig, 2), ==, 0x01);
  g_assert_cmphex (in (rig, 5), ==, 0x60);
  g_assert_cmphex (in (rig, 6), ==, 0xb0);
  out (rig, 7, 0x5a);
  g_assert_cmphex (in (rig, 7), ==, 0x5a);
  out (rig, 1, 0xff);
  g_assert_cmphex (in (rig, 1), ==, 0x0f);
  out (rig, 4, 0xff);
  g_assert_cmphex (in (rig, 4), ==, 0x1f);
  out (rig, 3, 0x83); /* DLAB: the divisor */
  out (rig, 0, 0x01);
  out (rig, 1, 0x02);
  g_assert_cmphex (in (rig, 0), ==, 0x01);
  g_assert_cmphex (in (rig, 1), ==, 0x02);
  out (rig, 3, 0x03);
  g_assert_cmphex (in (rig, 1), ==, 0x0f);
  rig_free (rig);
}

static void
test_output (void)
{
  Rig *rig = rig_new ();
  const char *text = "Hello";
  const GByteArray *written;

  for (unsigned i = 0; i < 5; i++)
    {
      g_assert_cmphex (in (rig, 5) & 0x60, ==, 0x60); /* always room: nothing is lost */
      out (rig, 0, text[i]);
    }
  written = chardev_get_output (rig->chardev);
  g_assert_cmpmem (written->data, written->len, text, 5);
  rig_free (rig);
}

static void
test_input (void)
{
  Rig *rig = rig_new ();
  char text[100], got[100];

  for (unsigned i = 0; i < sizeof text; i++)
    text[i] = i;
  out (rig, 2, 0x01);
  chardev_feed (rig->chardev, text, sizeof text); /* more than the FIFO holds: it waits outside */
  for (unsigned i = 0; i < sizeof got; i++)
    {
      g_assert_cmphex (in (rig, 5) & 0x03, ==, 0x01);
      got[i] = in (rig, 0);
    }
  g_assert_cmpmem (got, sizeof got, text, sizeof text);
  g_assert_cmphex (in (rig, 5) & 0x01, ==, 0);
  rig_free (rig);
}

static void
test_receive_interrupts (void)
{
  Rig *rig = rig_new ();

  out (rig, 4, 0x08); /* OUT2 lets interrupts out */
  out (rig, 2, 0x41); /* FIFOs on, trigger at 4 */
  out (rig, 1, 0x01);
  g_assert_false (rig->line.level);
  chardev_feed (rig->chardev, "ab", 2);
  g_assert_true (rig->line.level);
  g_assert_cmphex (in (rig, 2), ==, 0xcc); /* a time-out: below the trigger */
  chardev_feed (rig->chardev, "cd", 2);
  g_assert_cmphex (in (rig, 2), ==, 0xc4);
  for (unsigned i = 0; i < 4; i++)
    in (rig, 0);
  g_assert_false (rig->line.level);
  g_assert_cmphex (in (rig, 2), ==, 0xc1);
  rig_free (rig);
}

static void
test_transmit_interrupt (void)
{
  Rig *rig = rig_new ();

  out (rig, 4, 0x08);
  out (rig, 1, 0x02);
  g_assert_true (rig->line.level); /* it is empty already */
  g_assert_cmphex (in (rig, 2), ==, 0x02);
  g_assert_false (rig->line.level); /* reading IIR acknowledges it */
  out (rig, 0, 'x');
  g_assert_true (rig->line.level);
  g_assert_cmpuint (rig->line.rises, ==, 2);
  out (rig, 0, 'y'); /* without a look at IIR */
  g_assert_cmpuint (rig->line.rises, ==, 3);
  out (rig, 4, 0);
  g_assert_false (rig->line.level);
  rig_free (rig);
}

static void
test_priorities (void)
{
  Rig *rig = rig_new ();

  out (rig, 4, 0x18); /* loopback, without FIFOs */
  out (rig, 1, 0x0f);
  in (rig, 6);
  out (rig, 0, 'a');
  out (rig, 0, 'b'); /* overruns */
  out (rig, 4, 0x1a);
  g_assert_cmphex (in (rig, 2), ==, 0x06); /* line status */
  g_assert_cmphex (in (rig, 5) & 0x02, ==, 0x02);
  g_assert_cmphex (in (rig, 2), ==, 0x04); /* data */
  g_assert_cmphex (in (rig, 0), ==, 'b');
  g_assert_cmphex (in (rig, 2), ==, 0x02); /* transmitter */
  g_assert_cmphex (in (rig, 2), ==, 0x00); /* modem: RTS became CTS */
  g_assert_cmphex (in (rig, 6) & 0x11, ==, 0x11);
  g_assert_cmphex (in (rig, 2), ==, 0x01);
  rig_free (rig);
}

static void
test_loopback (void)
{
  Rig *rig = rig_new ();

  out (rig, 4, 0x1f);
  g_assert_cmphex (in (rig, 6) & 0xf0, ==, 0xf0);
  out (rig, 4, 0x10);
  g_assert_cmphex (in (rig, 6), ==, 0x0f); /* all went away, each is told once */
  g_assert_cmphex (in (rig, 6), ==, 0x00);
  out (rig, 0, 0x77);
  g_assert_cmphex (in (rig, 0), ==, 0x77);
  g_assert_cmpuint (chardev_get_output (rig->chardev)->len, ==, 0);
  rig_free (rig);
}

static void
test_reset (void)
{
  Rig *rig = rig_new ();

  out (rig, 4, 0x0b);
  out (rig, 1, 0x03);
  chardev_feed (rig->chardev, "x", 1);
  g_assert_true (rig->line.level);
  uart_reset (rig->uart);
  g_assert_false (rig->line.level);
  g_assert_cmphex (in (rig, 1), ==, 0);
  g_assert_cmphex (in (rig, 4), ==, 0);
  g_assert_cmphex (in (rig, 5), ==, 0x60);
  rig_free (rig);
}

static void
test_state (void)
{
  Rig *rig = rig_new (), *other = rig_new ();
  StateSection from = uart_state (rig->uart), to = uart_state (other->uart);

  out (rig, 2, 0x81);
  out (rig, 4, 0x0b);
  out (rig, 7, 0x42);
  chardev_feed (rig->chardev, "abc", 3);
  in (rig, 0);
  test_state_round_trip (&from, &to);
  g_assert_cmphex (in (other, 0), ==, 'b');
  g_assert_cmphex (in (other, 0), ==, 'c');
  g_assert_cmphex (in (other, 7), ==, 0x42);
  rig_free (rig);
  rig_free (other);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/uart/registers", test_registers);
  g_test_add_func ("/uart/output", test_output);
  g_test_add_func ("/uart/input", test_input);
  g_test_add_func ("/uart/receive-interrupts", test_receive_interrupts);
  g_test_add_func ("/uart/transmit-interrupt", test_transmit_interrupt);
  g_test_add_func ("/uart/priorities", test_priorities);
  g_test_add_func ("/uart/loopback", test_loopback);
  g_test_add_func ("/uart/reset", test_reset);
  g_test_add_func ("/uart/state", test_state);
  return g_test_run ();
}
