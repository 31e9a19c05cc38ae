/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz-driver.h"

#include "devices/chipset/pic.h"

static void *
open_device (FuzzBoard *board)
{
  return pic_new (board->io, IRQ_NONE);
}

static void
close_device (void *device)
{
  pic_free (device);
}

static StateSection
device_state (void *device)
{
  return pic_state (device);
}

static void
outside (void *device, const uint8_t bytes[4])
{
  unsigned input = bytes[0] & 15;

  if (input != 2)
    irq_set (pic_get_irq (device, input), bytes[1] & 1);
  if (bytes[1] & 2)
    pic_acknowledge (device);
  pic_set_elcr (device, bytes[2] & 1, bytes[3]);
}

const FuzzTarget fuzz_target = {
  .name = "pic",
  .open = open_device,
  .close = close_device,
  .state = device_state,
  .outside = outside,
  .ranges = { { 0x20, 2, false }, { 0xa0, 2, false } },
};
