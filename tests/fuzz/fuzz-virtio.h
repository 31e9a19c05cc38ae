/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "devices/pci/pci.h"
#include "fuzz-driver.h"

/* A PCI bus with a virtio device in slot 4, whose BARs appear at fixed addresses; its queues lie
 * where the driver says. */
#define FUZZ_VIRTIO_SLOT 4
#define FUZZ_VIRTIO_REGISTERS 0x10000000u
#define FUZZ_VIRTIO_TABLE 0x10010000u
#define FUZZ_VIRTIO_RANGES                                                                         \
  {                                                                                                \
    { FUZZ_VIRTIO_REGISTERS, 64, true }, { FUZZ_VIRTIO_REGISTERS + 0x1000, 4, true },              \
      { FUZZ_VIRTIO_REGISTERS + 0x2000, 64, true }, { FUZZ_VIRTIO_REGISTERS + 0x3000, 8, true },   \
      { FUZZ_VIRTIO_TABLE, 48, true }, { FUZZ_VIRTIO_TABLE + 0x800, 8, true },                     \
  }

static PciBus *fuzz_virtio_pci;
static Memory *fuzz_virtio_memory;

static inline void
fuzz_virtio_take_msi (void *target, uint64_t address, uint32_t data)
{
}

/* The bus; fuzz_virtio_start comes when the device is on it. */
static inline PciBus *
fuzz_virtio_open (FuzzBoard *board)
{
  const Irq intx[4] = { IRQ_NONE, IRQ_NONE, IRQ_NONE, IRQ_NONE };

  fuzz_virtio_memory = board->memory;
  fuzz_virtio_pci
    = pci_bus_new (board->io, board->mmio, board->memory, intx, fuzz_virtio_take_msi, NULL);
  return fuzz_virtio_pci;
}

static inline void
fuzz_virtio_set (unsigned reg, uint32_t value)
{
  pci_bus_config_write (fuzz_virtio_pci, 0, FUZZ_VIRTIO_SLOT << 3, reg, 4, value);
}

/* As a driver does it; the rings of its queue are in the first page of memory. */
static inline void
fuzz_virtio_start (FuzzBoard *board)
{
  static const uint32_t writes[][3] = {
    { 8, 4, 0 },      { 12, 4, 0x30000000 }, { 8, 4, 1 },   { 12, 4, 1 },
    { 20, 1, 11 },    { 22, 2, 0 },          { 24, 2, 16 }, { 40, 4, 0x400 },
    { 48, 4, 0x800 }, { 28, 2, 1 },          { 20, 1, 15 },
  };

  fuzz_virtio_set (0x14, FUZZ_VIRTIO_TABLE);
  fuzz_virtio_set (0x20, FUZZ_VIRTIO_REGISTERS);
  fuzz_virtio_set (0x04, 6);
  for (unsigned i = 0; i < G_N_ELEMENTS (writes); i++)
    bus_write (board->mmio, FUZZ_VIRTIO_REGISTERS + writes[i][0], writes[i][1], writes[i][2]);
}

/* Configuration space, and what stands in the first pages of memory. */
static inline void
fuzz_virtio_outside (void *device, const uint8_t bytes[4])
{
  if (bytes[0] & 1)
    fuzz_virtio_set (0x40 + (bytes[1] & 0x7c), bytes[2] | bytes[3] << 16);
  else
    memory_write_u16 (fuzz_virtio_memory, bytes[1] << 4 | (bytes[0] & 0xe),
                      bytes[2] | bytes[3] << 8);
}
