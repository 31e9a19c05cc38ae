/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz-driver.h"

#include "devices/chipset/ioapic.h"

static void
send_msi (void *target, uint64_t address, uint32_t data)
{
}

static void *
open_device (FuzzBoard *board)
{
  return ioapic_new (board->mmio, send_msi, NULL);
}

static void
close_device (void *device)
{
  ioapic_free (device);
}

static StateSection
device_state (void *device)
{
  return ioapic_state (device);
}

static void
outside (void *device, const uint8_t bytes[4])
{
  irq_set (ioapic_get_irq (device, bytes[0] % IOAPIC_N_PINS), bytes[1] & 1);
  ioapic_eoi (device, bytes[2]);
}

const FuzzTarget fuzz_target = {
  .name = "ioapic",
  .open = open_device,
  .close = close_device,
  .state = device_state,
  .outside = outside,
  .ranges = { { IOAPIC_BASE, 0x50, true } },
};
