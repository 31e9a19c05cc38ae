/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Base address registers: PCI Local Bus Specification 3.0, 6.2.5. */
#include "pci-internal.h"

#include "vmm-core/little-endian.h"
#include "vmm-core/trace.h"

#include <string.h>

/* RAM is decoded before PCI by the host bridge, so a BAR placed over it does not hide it. */
#define PCI_BAR_PRIORITY (-1)
#define PCI_WIDE_END (1ull << 52) /* of physical addresses */

static unsigned
pci_bar_register (unsigned bar)
{
  return bar == PCI_ROM_BAR ? PCI_ROM_ADDRESS : PCI_BAR0 + bar * 4;
}

static uint32_t
pci_function_get_u32 (const PciFunction *function, unsigned reg)
{
  return little_endian_get_u32 (function->state.config + reg);
}

/* Whether the registers make the BAR appear, and where. Address 0 and the all-ones pattern left
 * behind by sizing are nowhere. */
static bool
pci_bar_wanted (const PciFunction *function, unsigned index, uint64_t *base)
{
  const PciBar *bar = &function->bars[index];
  uint32_t value = pci_function_get_u32 (function, pci_bar_register (index));
  uint16_t command = pci_function_command (function);
  uint64_t end;

  *base = value & ~(bar->size - 1);
  if (bar->wide)
    *base |= (uint64_t) pci_function_get_u32 (function, pci_bar_register (index + 1)) << 32;
  end = *base + bar->size;
  switch (bar->kind)
    {
    case PCI_BAR_IO:
      return (command & PCI_COMMAND_IO) != 0 && *base != 0 && end <= 0x10000;
    case PCI_BAR_ROM:
      if (!(value & PCI_ROM_ENABLE))
        return false;
      G_GNUC_FALLTHROUGH;
    case PCI_BAR_MMIO:
    case PCI_BAR_BLOCK:
      return (command & PCI_COMMAND_MEMORY) != 0 && *base != 0
             && end < (bar->wide ? PCI_WIDE_END : 1ull << 32);
    default:
      return false;
    }
}

static void
pci_bar_map (PciFunction *function, PciBar *bar, uint64_t base)
{
  PciBus *bus = function->bus;

  TRACE ("pci.map", "%s at %#" G_GINT64_MODIFIER "x size %#x", function->id, base, bar->size);
  if (bar->kind == PCI_BAR_IO)
    bus_map_guest (bus->io, base, bar->size, bar->ops, bar->device);
  else if (bar->kind == PCI_BAR_MMIO)
    bus_map_guest (bus->mmio, base, bar->size, bar->ops, bar->device);
  else
    memory_map (bus->memory, base, bar->size, bar->block, 0,
                bar->kind == PCI_BAR_ROM ? MEMORY_READ : MEMORY_RW, PCI_BAR_PRIORITY);
  bar->mapped = true;
  bar->base = base;
}

static void
pci_bar_unmap (PciFunction *function, PciBar *bar)
{
  PciBus *bus = function->bus;

  TRACE ("pci.unmap", "%s at %#" G_GINT64_MODIFIER "x size %#x", function->id, bar->base,
         bar->size);
  if (bar->kind == PCI_BAR_IO)
    bus_unmap (bus->io, bar->base, bar->size, bar->device);
  else if (bar->kind == PCI_BAR_MMIO)
    bus_unmap (bus->mmio, bar->base, bar->size, bar->device);
  else
    memory_unmap (bus->memory, bar->base, bar->block);
  bar->mapped = false;
}

void
pci_function_update_bars (PciFunction *function)
{
  for (unsigned i = 0; i < PCI_N_BARS; i++)
    {
      PciBar *bar = &function->bars[i];
      uint64_t base;
      bool wanted = pci_bar_wanted (function, i, &base);

      if (bar->mapped && (!wanted || bar->base != base))
        pci_bar_unmap (function, bar);
      if (wanted && !bar->mapped)
        pci_bar_map (function, bar, base);
    }
}

void
pci_function_unmap_bars (PciFunction *function)
{
  for (unsigned i = 0; i < PCI_N_BARS; i++)
    if (function->bars[i].mapped)
      pci_bar_unmap (function, &function->bars[i]);
}

static void
pci_function_set_bar (PciFunction *function, unsigned index, const PciBar *bar)
{
  unsigned reg = pci_bar_register (index);
  uint32_t mask = ~(bar->size - 1);
  uint8_t *config = function->state.config;

  g_assert (bar->size >= 4 && (bar->size & (bar->size - 1)) == 0);
  g_assert (function->bars[index].kind == PCI_BAR_NONE);
  function->bars[index] = *bar;
  if (bar->kind == PCI_BAR_ROM)
    mask = (mask & 0xfffff800) | PCI_ROM_ENABLE;
  for (unsigned i = 0; i < 4; i++)
    function->write_mask[reg + i] = mask >> i * 8;
  config[reg] = bar->kind == PCI_BAR_IO ? 1 : 0;
  if (bar->kind == PCI_BAR_BLOCK || bar->wide)
    config[reg] |= 8; /* prefetchable */
  if (bar->wide)
    {
      g_assert (index + 1 < PCI_ROM_BAR && function->bars[index + 1].kind == PCI_BAR_NONE);
      config[reg] |= 4;
      memset (&function->write_mask[reg + 4], 0xff, 4);
    }
}

void
pci_function_set_io_bar (PciFunction *function, unsigned bar, uint32_t size, const BusOps *ops,
                         void *device)
{
  g_assert (bar < PCI_ROM_BAR);
  pci_function_set_bar (
    function, bar, &(PciBar){ .kind = PCI_BAR_IO, .size = size, .ops = ops, .device = device });
}

void
pci_function_set_mmio_bar (PciFunction *function, unsigned bar, uint32_t size, const BusOps *ops,
                           void *device)
{
  g_assert (bar < PCI_ROM_BAR && size >= 16);
  pci_function_set_bar (
    function, bar, &(PciBar){ .kind = PCI_BAR_MMIO, .size = size, .ops = ops, .device = device });
}

void
pci_function_set_wide_mmio_bar (PciFunction *function, unsigned bar, uint32_t size,
                                const BusOps *ops, void *device)
{
  g_assert (size >= 16);
  pci_function_set_bar (
    function, bar,
    &(PciBar){ .kind = PCI_BAR_MMIO, .wide = true, .size = size, .ops = ops, .device = device });
}

void
pci_function_set_block_bar (PciFunction *function, unsigned bar, MemoryBlock *block)
{
  uint64_t size = memory_block_get_size (block);

  g_assert (bar < PCI_ROM_BAR && size <= 1u << 31);
  pci_function_set_bar (function, bar,
                        &(PciBar){ .kind = PCI_BAR_BLOCK, .size = size, .block = block });
}

void
pci_function_set_rom (PciFunction *function, MemoryBlock *block)
{
  uint64_t size = memory_block_get_size (block);

  g_assert (size <= 1u << 24);
  pci_function_set_bar (function, PCI_ROM_BAR,
                        &(PciBar){ .kind = PCI_BAR_ROM, .size = size, .block = block });
}
