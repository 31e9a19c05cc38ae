/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz-driver.h"

#include "devices/chipset/rtc.h"

static void *
open_device (FuzzBoard *board)
{
  return rtc_new (board->io, board->clock, IRQ_NONE);
}

static void
close_device (void *device)
{
  rtc_free (device);
}

static StateSection
device_state (void *device)
{
  return rtc_state (device);
}

const FuzzTarget fuzz_target = {
  .name = "rtc",
  .open = open_device,
  .close = close_device,
  .state = device_state,
  .ranges = { { 0x70, 2, false } },
};
