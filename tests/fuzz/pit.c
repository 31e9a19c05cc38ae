/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz-driver.h"

#include "devices/chipset/pit.h"

static void *
open_device (FuzzBoard *board)
{
  return pit_new (board->io, board->clock, IRQ_NONE);
}

static void
close_device (void *device)
{
  pit_free (device);
}

static StateSection
device_state (void *device)
{
  return pit_state (device);
}

static void
outside (void *device, const uint8_t bytes[4])
{
  pit_set_gate2 (device, bytes[0] & 1);
  pit_get_out2 (device);
}

const FuzzTarget fuzz_target = {
  .name = "pit",
  .open = open_device,
  .close = close_device,
  .state = device_state,
  .outside = outside,
  .ranges = { { 0x40, 4, false } },
};
