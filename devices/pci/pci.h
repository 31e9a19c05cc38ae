/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "vmm-core/bus.h"
#include "vmm-core/irq.h"
#include "vmm-core/memory.h"
#include "vmm-core/state.h"

/* Conventional PCI (PCI Local Bus Specification 3.0): a bus with up to 32 slots of 8 functions, and
 * the configuration header of a function with its BARs. */
typedef struct PciBus PciBus;
typedef struct PciFunction PciFunction;

/* Puts a message-signalled interrupt on the bus to the local APICs. */
typedef void (*PciSendMsi) (void *target, uint64_t address, uint32_t data);

/* io and mmio are where BARs appear, memory where RAM-like BARs do. intx[4] are the lines that
 * INTA# to INTD# of slot 0 lead to; the pins of slot n are rotated by n, as boards wire them. */
PciBus *pci_bus_new (Bus *io, Bus *mmio, Memory *memory, const Irq intx[4], PciSendMsi send_msi,
                     void *msi_target);
void pci_bus_free (PciBus *bus); /* after its functions */
/* RST# of every function. */
void pci_bus_reset (PciBus *bus);
/* Configuration access by bus number, devfn and register; missing functions read all ones. */
uint32_t pci_bus_config_read (PciBus *bus, unsigned bus_number, unsigned devfn, unsigned reg,
                              unsigned size);
void pci_bus_config_write (PciBus *bus, unsigned bus_number, unsigned devfn, unsigned reg,
                           unsigned size, uint32_t value);

/* The identity a function shows (PCI 3.0, 6.1 and 6.2). */
typedef struct
{
  uint16_t vendor_id, device_id;
  uint32_t class_code; /* base class, subclass, interface: 24 bits */
  uint8_t revision;
  uint16_t subsystem_vendor_id, subsystem_id;
  uint8_t interrupt_pin; /* 0 none, 1 INTA# … */
  bool multifunction;
} PciIdentity;

/* What a function adds to the header's own behaviour; every function may be NULL. config_read runs
 * before a register is read, for those that show something else each time; config_write runs
 * after the common registers have taken a write of size bytes at reg; config_loaded after a state
 * was loaded, for registers above 3Fh that do something; reset at RST#, after the header. */
typedef struct
{
  void (*config_read) (void *device, unsigned reg);
  void (*config_write) (void *device, unsigned reg, unsigned size, uint32_t value);
  void (*config_loaded) (void *device);
  void (*reset) (void *device);
} PciFunctionOps;

PciFunction *pci_function_new (PciBus *bus, unsigned slot, unsigned function,
                               const PciIdentity *identity, const PciFunctionOps *ops,
                               void *device);
void pci_function_free (PciFunction *function);
/* RST#: the header's registers go back to their first values; BARs disappear. */
void pci_function_reset (PciFunction *function);

/* The 256 bytes of configuration space, and which bits of them the guest may write; a device fills
 * its own registers (above 40h) once after making the function. */
uint8_t *pci_function_get_config (PciFunction *function);
uint8_t *pci_function_get_write_mask (PciFunction *function);

/* Appends a capability of size bytes (PCI 3.0, 6.7): its register, where id stands already. Once,
 * when the function is made. */
unsigned pci_function_add_capability (PciFunction *function, uint8_t id, unsigned size);

/* BAR 0 to 5: registers in port space or memory space, or a RAM-like block. size is a power of two
 * (ports at least 4, memory at least 16, blocks whole pages). The ROM BAR shows a block
 * read-only. */
void pci_function_set_io_bar (PciFunction *function, unsigned bar, uint32_t size, const BusOps *ops,
                              void *device);
void pci_function_set_mmio_bar (PciFunction *function, unsigned bar, uint32_t size,
                                const BusOps *ops, void *device);
/* The same at an address of 64 bits, which takes BAR bar and the next; prefetchable. */
void pci_function_set_wide_mmio_bar (PciFunction *function, unsigned bar, uint32_t size,
                                     const BusOps *ops, void *device);
void pci_function_set_block_bar (PciFunction *function, unsigned bar, MemoryBlock *block);
void pci_function_set_rom (PciFunction *function, MemoryBlock *block);

/* The function's interrupt pin as a line, subject to Interrupt Disable; level as seen in Status. */
Irq pci_function_get_intx (PciFunction *function);

/* DMA of a bus master: memory_read and memory_write, refused (all ones, FALSE) while Bus Master
 * Enable is clear. */
bool pci_function_dma_read (PciFunction *function, uint64_t address, void *buffer, uint64_t length);
bool pci_function_dma_write (PciFunction *function, uint64_t address, const void *buffer,
                             uint64_t length);
Memory *pci_function_get_memory (PciFunction *function);

/* The header's part of a device's state; id is "pci SS.F". */
StateSection pci_function_state (PciFunction *function);
