/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Configuration space and interrupt pins: PCI Local Bus Specification 3.0, chapter 6 and 2.2.6. */
#include "pci-internal.h"

#include "vmm-core/trace.h"

#include <string.h>

#define PCI_STATUS_INTX 0x08   /* low byte */
#define PCI_STATUS_ERRORS 0xf9 /* high byte: cleared by writing ones */
#define PCI_REVISION 0x08
#define PCI_CACHE_LINE_SIZE 0x0c
#define PCI_LATENCY_TIMER 0x0d
#define PCI_HEADER_TYPE 0x0e
#define PCI_SUBSYSTEM_VENDOR_ID 0x2c
#define PCI_SUBSYSTEM_ID 0x2e
#define PCI_INTERRUPT_LINE 0x3c
#define PCI_INTERRUPT_PIN 0x3d
#define PCI_HEADER_SIZE 0x40

static const StateField pci_function_fields[] = {
  STATE_BLOB (PciFunctionState, config),
  STATE_FLAG (PciFunctionState, asserted),
};
static const StateTable pci_function_table = STATE_TABLE (PciFunctionState, 1, pci_function_fields);

PciBus *
pci_bus_new (Bus *io, Bus *mmio, Memory *memory, const Irq intx[4], PciSendMsi send_msi,
             void *msi_target)
{
  PciBus *bus = g_new0 (PciBus, 1);

  bus->io = io;
  bus->mmio = mmio;
  bus->memory = memory;
  memcpy (bus->intx, intx, sizeof bus->intx);
  bus->send_msi = send_msi;
  bus->msi_target = msi_target;
  return bus;
}

void
pci_bus_free (PciBus *bus)
{
  if (bus == NULL)
    return;
  for (unsigned i = 0; i < G_N_ELEMENTS (bus->functions); i++)
    g_assert (bus->functions[i] == NULL);
  g_free (bus);
}

void
pci_bus_reset (PciBus *bus)
{
  for (unsigned i = 0; i < G_N_ELEMENTS (bus->functions); i++)
    if (bus->functions[i] != NULL)
      pci_function_reset (bus->functions[i]);
}

/* A function of a device without function 0 is not there, as configuration software expects. */
static PciFunction *
pci_bus_find (PciBus *bus, unsigned bus_number, unsigned devfn)
{
  return bus_number == 0 && devfn < G_N_ELEMENTS (bus->functions) ? bus->functions[devfn] : NULL;
}

uint32_t
pci_bus_config_read (PciBus *bus, unsigned bus_number, unsigned devfn, unsigned reg, unsigned size)
{
  PciFunction *function = pci_bus_find (bus, bus_number, devfn);
  uint32_t value = 0;

  g_assert (size == 1 || size == 2 || size == 4);
  if (function == NULL || reg + size > sizeof function->state.config)
    return UINT32_MAX >> (4 - size) * 8;
  if (function->ops != NULL && function->ops->config_read != NULL)
    function->ops->config_read (function->device, reg);
  for (unsigned i = 0; i < size; i++)
    value |= (uint32_t) function->state.config[reg + i] << i * 8;
  TRACE ("pci.config-read", "%s register %#x size %u value %#x", function->id, reg, size, value);
  return value;
}

/* The slot's pins are rotated by its number: INTA# of slot 1 is INTB# of slot 0. */
static unsigned
pci_function_line (const PciFunction *function)
{
  return (function->state.config[PCI_INTERRUPT_PIN] - 1 + (function->devfn >> 3)) & 3;
}

static bool
pci_function_drives (const PciFunction *function)
{
  return function->state.asserted && function->state.config[PCI_INTERRUPT_PIN] != 0
         && !(pci_function_command (function) & PCI_COMMAND_INTX_DISABLE);
}

static void
pci_bus_update_line (PciBus *bus, unsigned line)
{
  bool level = false;

  for (unsigned i = 0; i < G_N_ELEMENTS (bus->functions) && !level; i++)
    if (bus->functions[i] != NULL && pci_function_line (bus->functions[i]) == line)
      level = pci_function_drives (bus->functions[i]);
  irq_set (bus->intx[line], level);
}

void
pci_bus_config_write (PciBus *bus, unsigned bus_number, unsigned devfn, unsigned reg, unsigned size,
                      uint32_t value)
{
  PciFunction *function = pci_bus_find (bus, bus_number, devfn);
  uint8_t *config;
  bool drove;

  if (function == NULL || reg + size > sizeof function->state.config)
    return;
  TRACE ("pci.config-write", "%s register %#x size %u value %#x", function->id, reg, size, value);
  config = function->state.config;
  drove = pci_function_drives (function);
  for (unsigned i = 0; i < size; i++)
    {
      uint8_t mask = function->write_mask[reg + i], byte = value >> i * 8;

      config[reg + i] = (config[reg + i] & ~mask) | (byte & mask);
      if (reg + i == PCI_STATUS + 1)
        config[reg + i] &= ~(byte & PCI_STATUS_ERRORS);
    }
  if (reg < PCI_HEADER_SIZE)
    pci_function_update_bars (function);
  if (drove != pci_function_drives (function))
    pci_bus_update_line (bus, pci_function_line (function));
  if (function->ops != NULL && function->ops->config_write != NULL)
    function->ops->config_write (function->device, reg, size, value);
}

static void
put_u16 (uint8_t *at, uint16_t value)
{
  at[0] = value;
  at[1] = value >> 8;
}

static void
pci_function_fill_header (PciFunction *function, const PciIdentity *identity)
{
  uint8_t *config = function->state.config, *mask = function->write_mask;

  put_u16 (config, identity->vendor_id);
  put_u16 (config + 2, identity->device_id);
  config[PCI_REVISION] = identity->revision;
  config[PCI_REVISION + 1] = identity->class_code;
  put_u16 (config + PCI_REVISION + 2, identity->class_code >> 8);
  config[PCI_HEADER_TYPE] = identity->multifunction ? 0x80 : 0;
  put_u16 (config + PCI_SUBSYSTEM_VENDOR_ID, identity->subsystem_vendor_id);
  put_u16 (config + PCI_SUBSYSTEM_ID, identity->subsystem_id);
  config[PCI_INTERRUPT_PIN] = identity->interrupt_pin;

  mask[PCI_COMMAND] = PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | 0x40;
  mask[PCI_COMMAND + 1] = (PCI_COMMAND_INTX_DISABLE >> 8) | 0x01;
  mask[PCI_CACHE_LINE_SIZE] = 0xff;
  mask[PCI_LATENCY_TIMER] = 0xff;
  mask[PCI_INTERRUPT_LINE] = 0xff;
}

PciFunction *
pci_function_new (PciBus *bus, unsigned slot, unsigned function_number, const PciIdentity *identity,
                  const PciFunctionOps *ops, void *device)
{
  PciFunction *function = g_new0 (PciFunction, 1);

  g_assert (slot < 32 && function_number < 8 && identity->interrupt_pin <= 4);
  function->bus = bus;
  function->devfn = slot << 3 | function_number;
  function->ops = ops;
  function->device = device;
  g_snprintf (function->id, sizeof function->id, "pci %02x.%x", slot, function_number);
  pci_function_fill_header (function, identity);
  g_assert (bus->functions[function->devfn] == NULL);
  bus->functions[function->devfn] = function;
  return function;
}

void
pci_function_free (PciFunction *function)
{
  if (function == NULL)
    return;
  pci_function_unmap_bars (function);
  function->bus->functions[function->devfn] = NULL;
  g_free (function);
}

void
pci_function_reset (PciFunction *function)
{
  uint8_t *config = function->state.config;

  /* Every writable bit of the header is zero after RST#. */
  for (unsigned i = 0; i < PCI_HEADER_SIZE; i++)
    config[i] &= ~function->write_mask[i];
  config[PCI_STATUS] &= ~PCI_STATUS_INTX;
  config[PCI_STATUS + 1] &= ~PCI_STATUS_ERRORS;
  pci_function_update_bars (function);
  function->state.asserted = false;
  if (config[PCI_INTERRUPT_PIN] != 0)
    pci_bus_update_line (function->bus, pci_function_line (function));
  if (function->ops != NULL && function->ops->reset != NULL)
    function->ops->reset (function->device);
}

uint8_t *
pci_function_get_config (PciFunction *function)
{
  return function->state.config;
}

uint8_t *
pci_function_get_write_mask (PciFunction *function)
{
  return function->write_mask;
}

unsigned
pci_function_add_capability (PciFunction *function, uint8_t id, unsigned size)
{
  uint8_t *config = function->state.config;
  unsigned at = MAX (function->capabilities_end, PCI_HEADER_SIZE);

  g_assert (at + size <= sizeof function->state.config);
  config[at] = id;
  config[function->last_capability != 0 ? function->last_capability + 1 : PCI_CAPABILITIES] = at;
  config[PCI_STATUS] |= PCI_STATUS_CAPABILITIES;
  function->last_capability = at;
  function->capabilities_end = (at + size + 3) & ~3u;
  return at;
}

static void
pci_function_set_intx (void *data, unsigned input, bool level)
{
  PciFunction *function = data;
  uint8_t *status = &function->state.config[PCI_STATUS];

  if (function->state.asserted == level)
    return;
  function->state.asserted = level;
  *status = level ? *status | PCI_STATUS_INTX : *status & ~PCI_STATUS_INTX;
  pci_bus_update_line (function->bus, pci_function_line (function));
}

Irq
pci_function_get_intx (PciFunction *function)
{
  g_assert (function->state.config[PCI_INTERRUPT_PIN] != 0);
  return (Irq){ pci_function_set_intx, function, 0 };
}

bool
pci_function_dma_read (PciFunction *function, uint64_t address, void *buffer, uint64_t length)
{
  if (pci_function_command (function) & PCI_COMMAND_MASTER)
    return memory_dma_read (function->bus->memory, function->id, address, buffer, length);
  TRACE ("pci.dma-refused", "%s read %#" G_GINT64_MODIFIER "x", function->id, address);
  memset (buffer, 0xff, length);
  return false;
}

bool
pci_function_dma_write (PciFunction *function, uint64_t address, const void *buffer,
                        uint64_t length)
{
  if (pci_function_command (function) & PCI_COMMAND_MASTER)
    return memory_dma_write (function->bus->memory, function->id, address, buffer, length);
  TRACE ("pci.dma-refused", "%s write %#" G_GINT64_MODIFIER "x", function->id, address);
  return false;
}

Memory *
pci_function_get_memory (PciFunction *function)
{
  return function->bus->memory;
}

/* Any 256 bytes are a configuration space that every reader copes with. */
static gboolean
pci_function_after_load (void *device, GError **error)
{
  PciFunction *function = device;

  pci_function_update_bars (function);
  if (function->ops != NULL && function->ops->config_loaded != NULL)
    function->ops->config_loaded (function->device);
  return TRUE;
}

static void
pci_function_show_lines (void *device)
{
  PciFunction *function = device;

  if (function->state.config[PCI_INTERRUPT_PIN] != 0)
    pci_bus_update_line (function->bus, pci_function_line (function));
}

StateSection
pci_function_state (PciFunction *function)
{
  return (StateSection){
    .id = function->id,
    .table = &pci_function_table,
    .state = &function->state,
    .device = function,
    .after_load = pci_function_after_load,
    .show_lines = pci_function_show_lines,
  };
}
