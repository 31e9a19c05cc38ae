/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "devices/pci/pci.h"
#include "display/console.h"
#include "vmm-core/clock.h"

/* The standard VGA: an IBM VGA with the Bochs VBE extensions (DISPI) and a linear framebuffer, as
 * PCI device 1234:1111. Modes to 2560×1600×32. */
typedef struct Vga Vga;

#define VGA_MEMORY_SIZE (16u << 20)

/* rom is the contents of the option ROM, copied; NULL: none. The console shows the screen from now
 * on. memory gets the framebuffer's block. */
Vga *vga_new (PciBus *bus, unsigned slot, Bus *io, Bus *mmio, Memory *memory, Clock *clock,
              Console *console, const void *rom, size_t rom_size, GError **error);
void vga_free (Vga *vga);

PciFunction *vga_get_function (Vga *vga);
/* The framebuffer, whose bytes a snapshot saves beside the state. */
MemoryBlock *vga_get_block (Vga *vga);
StateSection vga_state (Vga *vga);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Vga, vga_free)
