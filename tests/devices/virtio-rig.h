/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "devices/pci/pci.h"
#include "vmm-core/clock.h"
#include "vmm-core/memory.h"

/* A driver of a virtio device in slot 4: memory, a PCI bus with the device's registers at 256 MiB
 * (and above 4 GiB, the BAR has 64 bits), its MSI-X table, one queue. */

#define RIG_SLOT 4
#define RIG_REGISTERS UINT64_C (0x100000000)
#define RIG_TABLE 0x10000000u
#define RIG_QUEUE_SIZE 16
#define RIG_DESCRIPTORS 0x1000u
#define RIG_DRIVER 0x2000u /* the available ring */
#define RIG_DEVICE 0x3000u /* the used ring */
#define RIG_BUFFERS 0x8000u
#define RIG_RAM (1u << 20)

/* Registers: VirtIO 1.2, 4.1.4.3; regions as the device's capabilities say. */
#define RIG_STATUS 20
#define RIG_ISR 0x1000
#define RIG_NOTIFY 0x3000

#define RIG_NEXT 1
#define RIG_WRITE 2
#define RIG_INDIRECT 4

typedef struct
{
  Bus *io, *mmio;
  Memory *memory;
  MemoryBlock *ram;
  Clock *clock;
  PciBus *pci;
  bool lines[4];
  unsigned messages; /* MSIs so far, and the last one */
  uint64_t address;
  uint32_t data;
  uint16_t available; /* chains offered so far */
} VirtioRig;

static inline void
rig_set_line (void *data, unsigned input, bool level)
{
  ((VirtioRig *) data)->lines[input] = level;
}

static inline void
rig_take_msi (void *data, uint64_t address, uint32_t value)
{
  VirtioRig *rig = data;

  rig->messages++;
  rig->address = address;
  rig->data = value;
}

static inline void
rig_open (VirtioRig *rig)
{
  Irq intx[4];

  *rig = (VirtioRig){ .io = bus_new ("io", 0x10000, NULL),
                      .mmio = bus_new ("mmio", 0, NULL),
                      .memory = memory_new (),
                      .clock = clock_new_manual () };
  for (unsigned i = 0; i < 4; i++)
    intx[i] = (Irq){ rig_set_line, rig, i };
  rig->ram = memory_block_new (rig->memory, "ram", RIG_RAM, false, NULL);
  memory_map (rig->memory, 0, RIG_RAM, rig->ram, 0, MEMORY_RW, 0);
  rig->pci = pci_bus_new (rig->io, rig->mmio, rig->memory, intx, rig_take_msi, rig);
}

static inline void
rig_close (VirtioRig *rig)
{
  pci_bus_free (rig->pci);
  memory_free (rig->memory);
  bus_free (rig->mmio);
  bus_free (rig->io);
  clock_free (rig->clock);
}

static inline uint32_t
rig_config (VirtioRig *rig, unsigned reg, unsigned size)
{
  return pci_bus_config_read (rig->pci, 0, RIG_SLOT << 3, reg, size);
}

static inline void
rig_set_config (VirtioRig *rig, unsigned reg, unsigned size, uint32_t value)
{
  pci_bus_config_write (rig->pci, 0, RIG_SLOT << 3, reg, size, value);
}

static inline uint32_t
rig_read (VirtioRig *rig, unsigned reg, unsigned size)
{
  return bus_read (rig->mmio, RIG_REGISTERS + reg, size);
}

static inline void
rig_write (VirtioRig *rig, unsigned reg, unsigned size, uint32_t value)
{
  bus_write (rig->mmio, RIG_REGISTERS + reg, size, value);
}

/* The register of a capability, the n-th of its kind; 0: there is none. */
static inline unsigned
rig_find_capability (VirtioRig *rig, uint8_t id, unsigned n)
{
  unsigned at = rig_config (rig, 0x34, 1);

  while (at != 0 && (rig_config (rig, at, 1) != id || n-- > 0))
    at = rig_config (rig, at + 1, 1);
  return at;
}

static inline void
rig_enable_msix (VirtioRig *rig, unsigned vector)
{
  unsigned entry = RIG_TABLE + vector * 16;

  rig_set_config (rig, rig_find_capability (rig, 0x11, 0) + 2, 2, 0x8000);
  bus_write (rig->mmio, entry, 4, 0xfee00000);
  bus_write (rig->mmio, entry + 8, 4, 0x4000 | vector);
  bus_write (rig->mmio, entry + 12, 4, 0);
}

static inline uint16_t
rig_u16 (VirtioRig *rig, uint64_t address)
{
  return memory_read_u16 (rig->memory, address);
}

/* Where drivers put what they know: 3.1.1. features beside those of version 1. */
static inline void
rig_start (VirtioRig *rig, uint32_t features)
{
  rig_set_config (rig, 0x10 + 4, 4, RIG_TABLE);
  rig_set_config (rig, 0x10 + 4 * 4, 4, 0);
  rig_set_config (rig, 0x10 + 5 * 4, 4, RIG_REGISTERS >> 32);
  rig_set_config (rig, 0x04, 2, 0x6); /* memory space, bus master */
  rig_write (rig, RIG_STATUS, 1, 0);
  rig_write (rig, RIG_STATUS, 1, 3);
  rig_write (rig, 8, 4, 0);
  rig_write (rig, 12, 4, features);
  rig_write (rig, 8, 4, 1);
  rig_write (rig, 12, 4, 1);
  rig_write (rig, RIG_STATUS, 1, 11);
  g_assert_cmphex (rig_read (rig, RIG_STATUS, 1), ==, 11);
  rig_write (rig, 22, 2, 0);
  rig_write (rig, 24, 2, RIG_QUEUE_SIZE);
  rig_write (rig, 26, 2, 0);
  rig_write (rig, 32, 4, RIG_DESCRIPTORS);
  rig_write (rig, 40, 4, RIG_DRIVER);
  rig_write (rig, 48, 4, RIG_DEVICE);
  rig_write (rig, 28, 2, 1);
  rig_write (rig, RIG_STATUS, 1, 15);
  rig->available = 0;
}

static inline void
rig_describe (VirtioRig *rig, uint64_t table, unsigned index, uint64_t address, uint32_t length,
              uint16_t flags, uint16_t next)
{
  uint64_t at = table + index * 16;

  memory_write_u64 (rig->memory, at, address);
  memory_write_u32 (rig->memory, at + 8, length);
  memory_write_u16 (rig->memory, at + 12, flags);
  memory_write_u16 (rig->memory, at + 14, next);
}

/* Offers the chain that begins with a descriptor, and tells the device. */
static inline void
rig_offer (VirtioRig *rig, uint16_t head)
{
  memory_write_u16 (rig->memory, RIG_DRIVER + 4 + 2 * (rig->available % RIG_QUEUE_SIZE), head);
  memory_write_u16 (rig->memory, RIG_DRIVER + 2, ++rig->available);
  rig_write (rig, RIG_NOTIFY, 2, 0);
}
