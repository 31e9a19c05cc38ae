/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "devices/video/vga.h"

/* A VGA in slot 2 of a PCI bus of its own, with its framebuffer and registers mapped. */
#define VGA_RIG_FRAMEBUFFER 0xe0000000u
#define VGA_RIG_REGISTERS 0xe1000000u
#define VGA_RIG_DISPI (VGA_RIG_REGISTERS + 0x500)

typedef struct
{
  PciBus *bus;
  Console *console;
  Vga *vga;
} VgaRig;

static inline void
vga_rig_open (VgaRig *rig, Bus *io, Bus *mmio, Memory *memory, Clock *clock)
{
  static const uint8_t rom[16] = { 0x55, 0xaa, 1 };
  const Irq lines[4] = { IRQ_NONE, IRQ_NONE, IRQ_NONE, IRQ_NONE };

  rig->bus = pci_bus_new (io, mmio, memory, lines, NULL, NULL);
  rig->console = console_new ();
  rig->vga = vga_new (rig->bus, 2, io, mmio, memory, clock, rig->console, rom, sizeof rom, NULL);
  g_assert_nonnull (rig->vga);
  pci_bus_config_write (rig->bus, 0, 2 << 3, 0x10, 4, VGA_RIG_FRAMEBUFFER);
  pci_bus_config_write (rig->bus, 0, 2 << 3, 0x18, 4, VGA_RIG_REGISTERS);
  pci_bus_config_write (rig->bus, 0, 2 << 3, 0x04, 2, 3);
}

static inline void
vga_rig_close (VgaRig *rig)
{
  vga_free (rig->vga);
  console_free (rig->console);
  pci_bus_free (rig->bus);
}
