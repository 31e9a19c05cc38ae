/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz-driver.h"

#include "devices/firmware/fw-cfg.h"

static void *
open_device (FuzzBoard *board)
{
  return fw_cfg_new (board->io, board->memory, board->clock);
}

static void
close_device (void *device)
{
  fw_cfg_free (device);
}

static StateSection
device_state (void *device)
{
  return fw_cfg_state (device);
}

static void
outside (void *device, const uint8_t bytes[4])
{
  fw_cfg_add_number (device, FW_CFG_RAM_SIZE, bytes[0], 8);
}

const FuzzTarget fuzz_target = {
  .name = "fw-cfg",
  .open = open_device,
  .close = close_device,
  .state = device_state,
  .outside = outside,
  .ranges = { { 0x510, 12, false } },
};
