/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Configuration space of the host bridge, ISA bridge and power management function, and their
 * ports. */
#include "fuzz-driver.h"

#include "devices/acpi/piix4-pm.h"
#include "devices/chipset/i440fx.h"
#include "devices/chipset/piix3.h"

typedef struct
{
  Pic *pic;
  Pit *pit;
  Pirq *pirq;
  PciBus *pci;
  I440fx *i440fx;
  Piix3 *piix3;
  Piix4Pm *pm;
} Chipset;

static void
ignore (void *data)
{
}

static void *
open_device (FuzzBoard *board)
{
  Chipset *c = g_new0 (Chipset, 1);
  MemoryBlock *ram = memory_block_new (board->memory, "ram", 1 << 20, false, NULL);
  Irq isa[16] = { 0 }, intx[4];

  c->pic = pic_new (board->io, IRQ_NONE);
  c->pit = pit_new (board->io, board->clock, IRQ_NONE);
  c->pirq = pirq_new (isa);
  pirq_get_intx (c->pirq, intx);
  c->pci = pci_bus_new (board->io, board->mmio, board->memory, intx, NULL, NULL);
  c->i440fx = i440fx_new (board->io, c->pci, board->memory, ram, ignore, ignore, NULL);
  c->piix3
    = piix3_new (board->io, c->pci, c->pirq, c->pic, c->pit, board->clock, IRQ_NONE, ignore, NULL);
  c->pm = piix4_pm_new (board->io, c->pci, 1, 3, board->clock, IRQ_NONE, ignore, NULL);
  return c;
}

static void
close_device (void *device)
{
  Chipset *c = device;

  piix4_pm_free (c->pm);
  piix3_free (c->piix3);
  i440fx_free (c->i440fx);
  pci_bus_free (c->pci);
  pirq_free (c->pirq);
  pit_free (c->pit);
  pic_free (c->pic);
  g_free (c);
}

static StateSection
device_state (void *device)
{
  Chipset *c = device;

  return pci_function_state (piix4_pm_get_function (c->pm));
}

static void
outside (void *device, const uint8_t bytes[4])
{
  Chipset *c = device;

  /* Straight into the functions' registers, which random addresses would seldom hit. */
  pci_bus_config_write (c->pci, 0,
                        bytes[0] & 1   ? 0x0b
                        : bytes[0] & 2 ? 0x08
                                       : 0,
                        bytes[1], 1, bytes[2]);
  piix4_pm_press_power_button (c->pm);
}

const FuzzTarget fuzz_target = {
  .name = "chipset",
  .open = open_device,
  .close = close_device,
  .state = device_state,
  .outside = outside,
  .ranges = { { 0xcf8, 8, false },
              { 0x600, 0x40, false },
              { 0xb2, 2, false },
              { 0x61, 1, false },
              { 0x92, 1, false },
              { 0x4d0, 2, false } },
};
