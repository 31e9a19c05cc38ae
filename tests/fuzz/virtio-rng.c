/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "devices/virtio/virtio-rng.h"
#include "fuzz-driver.h"

#define REGISTERS 0x10000000u
#define TABLE 0x10010000u

static PciBus *pci;
static Memory *memory;

static void
fill (void *bytes, size_t length)
{
  memset (bytes, 0x5a, length);
}

static void
take_msi (void *target, uint64_t address, uint32_t data)
{
}

static void *
open_rng (FuzzBoard *board)
{
  const Irq intx[4] = { IRQ_NONE, IRQ_NONE, IRQ_NONE, IRQ_NONE };
  VirtioRng *rng;

  memory = board->memory;
  pci = pci_bus_new (board->io, board->mmio, board->memory, intx, take_msi, NULL);
  rng = virtio_rng_new (pci, 4, board->clock, fill);
  pci_bus_config_write (pci, 0, 4 << 3, 0x14, 4, TABLE);
  pci_bus_config_write (pci, 0, 4 << 3, 0x20, 4, REGISTERS);
  pci_bus_config_write (pci, 0, 4 << 3, 0x04, 2, 6);
  return rng;
}

static void
close_rng (void *device)
{
  virtio_rng_free (device);
  pci_bus_free (pci);
}

static StateSection
state (void *device)
{
  StateSection states[4];

  virtio_rng_get_states (device, states);
  return states[1];
}

/* Configuration space, and what stands in the first pages of memory. */
static void
outside (void *device, const uint8_t bytes[4])
{
  if (bytes[0] & 1)
    pci_bus_config_write (pci, 0, 4 << 3, 0x40 + (bytes[1] & 0x7c), 4, bytes[2] | bytes[3] << 16);
  else
    memory_write_u16 (memory, bytes[1] << 4 | (bytes[0] & 0xe), bytes[2] | bytes[3] << 8);
}

const FuzzTarget fuzz_target = { "virtio-rng",
                                 open_rng,
                                 close_rng,
                                 state,
                                 outside,
                                 { { REGISTERS, 64, true },
                                   { REGISTERS + 0x1000, 4, true },
                                   { REGISTERS + 0x3000, 8, true },
                                   { TABLE, 48, true },
                                   { TABLE + 0x800, 8, true } } };
