/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz-driver.h"

#include "devices/chipset/coprocessor.h"

static void *
open_device (FuzzBoard *board)
{
  return coprocessor_new (board->io, IRQ_NONE);
}

static void
close_device (void *device)
{
  coprocessor_free (device);
}

static StateSection
get_state (void *device)
{
  return coprocessor_state (device);
}

static void
outside (void *device, const uint8_t bytes[4])
{
  coprocessor_set_ferr (device, bytes[0] & 1);
}

const FuzzTarget fuzz_target
  = { "coprocessor", open_device, close_device, get_state, outside, { { 0xf0, 2, false } } };
