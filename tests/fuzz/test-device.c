/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz-driver.h"

#include "devices/chipset/test-device.h"

static void
note_exit (void *data, uint32_t code)
{
}

static void *
open_device (FuzzBoard *board)
{
  TestDeviceWiring wiring
    = { .io = board->io, .mmio = board->mmio, .memory = board->memory, .exit = note_exit };

  return test_device_new (&wiring);
}

static void
close_device (void *device)
{
  test_device_free (device);
}

static StateSection
device_state (void *device)
{
  return test_device_state (device);
}

const FuzzTarget fuzz_target = {
  .name = "test-device",
  .open = open_device,
  .close = close_device,
  .state = device_state,
  .ranges = { { 0xe0, 12, false },
              { 0xf4, 4, false },
              { 0x2000, 24, false },
              { 0xff000000, 0x10000, true } },
};
