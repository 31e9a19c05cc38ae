/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "pci.h"

#include <glib.h>

/* What pci.c (configuration) and pci-bar.c (address decoding) share; nobody else includes this. */

#define PCI_COMMAND 0x04
#define PCI_COMMAND_IO (1 << 0)
#define PCI_COMMAND_MEMORY (1 << 1)
#define PCI_COMMAND_MASTER (1 << 2)
#define PCI_COMMAND_INTX_DISABLE (1 << 10)
#define PCI_STATUS 0x06
#define PCI_STATUS_CAPABILITIES 0x10 /* low byte */
#define PCI_BAR0 0x10
#define PCI_CAPABILITIES 0x34
#define PCI_ROM_ADDRESS 0x30
#define PCI_ROM_ENABLE 1u

#define PCI_N_BARS 7 /* BAR 0 to 5, then the expansion ROM's */
#define PCI_ROM_BAR 6

typedef enum
{
  PCI_BAR_NONE,
  PCI_BAR_IO,
  PCI_BAR_MMIO,
  PCI_BAR_BLOCK,
  PCI_BAR_ROM
} PciBarKind;

typedef struct
{
  PciBarKind kind;
  uint32_t size;
  const BusOps *ops;
  void *device;
  MemoryBlock *block;
  bool wide; /* 64 bits: the next register holds the upper half of the address */
  bool mapped;
  uint64_t base; /* where it is mapped */
} PciBar;

typedef struct
{
  uint8_t config[256];
  bool asserted; /* the device drives its interrupt pin */
} PciFunctionState;

struct PciFunction
{
  PciBus *bus;
  unsigned devfn;
  char id[16];
  const PciFunctionOps *ops;
  void *device;
  uint8_t write_mask[256];
  unsigned last_capability, capabilities_end; /* registers; 0: none yet */
  PciBar bars[PCI_N_BARS];
  PciFunctionState state;
};

struct PciBus
{
  Bus *io;
  Bus *mmio;
  Memory *memory;
  Irq intx[4];
  PciSendMsi send_msi;
  void *msi_target;
  PciFunction *functions[256];
};

static inline uint16_t
pci_function_command (const PciFunction *function)
{
  return function->state.config[PCI_COMMAND] | function->state.config[PCI_COMMAND + 1] << 8;
}

/* Maps and unmaps so that the BARs appear where the registers say. */
void pci_function_update_bars (PciFunction *function);
void pci_function_unmap_bars (PciFunction *function);
