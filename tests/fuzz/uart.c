/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "devices/char/uart.h"
#include "fuzz-driver.h"

static Chardev *chardev;

static void *
open_uart (FuzzBoard *board)
{
  Uart *uart;

  chardev = chardev_new_buffer ();
  uart = uart_new (chardev, IRQ_NONE, "serial0");
  bus_map (board->io, 0x3f8, 8, &uart_ops, uart);
  return uart;
}

static void
close_uart (void *device)
{
  uart_free (device);
  chardev_free (chardev);
}

static StateSection
state (void *device)
{
  return uart_state (device);
}

static void
outside (void *device, const uint8_t bytes[4])
{
  chardev_feed (chardev, bytes, 4);
}

const FuzzTarget fuzz_target
  = { "uart", open_uart, close_uart, state, outside, { { 0x3f8, 8, false } } };
