/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz-driver.h"

#include "devices/chipset/dma.h"

static void *
open_device (FuzzBoard *board)
{
  return dma_new (board->io, board->memory);
}

static void
close_device (void *device)
{
  dma_free (device);
}

static StateSection
device_state (void *device)
{
  return dma_state (device);
}

static void
outside (void *device, const uint8_t bytes[4])
{
  uint8_t buffer[64] = { 0 };
  bool end;

  dma_read (device, bytes[0] & 3, buffer, sizeof buffer, &end);
  dma_write (device, 5 + bytes[1] % 3, buffer, sizeof buffer, &end);
  dma_set_request (device, bytes[2] & 7, bytes[3] & 1);
}

const FuzzTarget fuzz_target = {
  "dma",        open_device, close_device,
  device_state, outside,     { { 0x00, 16, false }, { 0xc0, 32, false }, { 0x80, 16, false } },
};
