/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "devices/char/debugcon.h"
#include "fuzz-driver.h"

static Chardev *chardev;

static void *
open_debugcon (FuzzBoard *board)
{
  chardev = chardev_new_buffer ();
  return debugcon_new (board->io, 0x402, chardev);
}

static void
close_debugcon (void *device)
{
  debugcon_free (device);
  chardev_free (chardev);
}

const FuzzTarget fuzz_target
  = { "debugcon", open_debugcon, close_debugcon, NULL, NULL, { { 0x402, 1, false } } };
