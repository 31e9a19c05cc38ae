/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PCI configuration, the host bridge's shadow RAM, interrupt routing and power management, wired as
 * on the board. */
#include "devices/acpi/piix4-pm.h"
#include "devices/chipset/i440fx.h"
#include "devices/chipset/piix3.h"

#include "tests/support/device-test.h"

typedef struct
{
  Bus *io, *mmio;
  Memory *memory;
  MemoryBlock *ram;
  Clock *clock;
  TestLine isa[16], a20;
  unsigned resets, inits, power_offs;
  Pic *pic;
  Pit *pit;
  Pirq *pirq;
  PciBus *pci;
  I440fx *i440fx;
  Piix3 *piix3;
  Piix4Pm *pm;
} Rig;

static void
count (void *data)
{
  ++*(unsigned *) data;
}

static void
count_reset (void *data)
{
  ((Rig *) data)->resets++;
}

static void
count_init (void *data)
{
  ((Rig *) data)->inits++;
}

static void
set_up (Rig *rig, gconstpointer data)
{
  Irq isa[16], intx[4];

  *rig = (Rig){ .io = bus_new ("io", 0x10000, NULL),
                .mmio = bus_new ("mmio", 0, NULL),
                .memory = memory_new (),
                .clock = clock_new_manual () };
  rig->ram = memory_block_new (rig->memory, "ram", 1 << 20, false, NULL);
  for (unsigned n = 0; n < 16; n++)
    isa[n] = test_line_irq (&rig->isa[n]);
  rig->pic = pic_new (rig->io, IRQ_NONE);
  rig->pit = pit_new (rig->io, rig->clock, IRQ_NONE);
  rig->pirq = pirq_new (isa);
  pirq_get_intx (rig->pirq, intx);
  rig->pci = pci_bus_new (rig->io, rig->mmio, rig->memory, intx, NULL, NULL);
  rig->i440fx = i440fx_new (rig->io, rig->pci, rig->memory, rig->ram, count_reset, count_init, rig);
  rig->piix3 = piix3_new (rig->io, rig->pci, rig->pirq, rig->pic, rig->pit, rig->clock,
                          test_line_irq (&rig->a20), count_init, rig);
  rig->pm = piix4_pm_new (rig->io, rig->pci, 1, 3, rig->clock, test_line_irq (&rig->isa[9]), count,
                          &rig->power_offs);
}

static void
tear_down (Rig *rig, gconstpointer data)
{
  piix4_pm_free (rig->pm);
  piix3_free (rig->piix3);
  i440fx_free (rig->i440fx);
  pci_bus_free (rig->pci);
  pirq_free (rig->pirq);
  pit_free (rig->pit);
  pic_free (rig->pic);
  clock_free (rig->clock);
  memory_free (rig->memory);
  bus_free (rig->mmio);
  bus_free (rig->io);
}

static void
select_config (Rig *rig, unsigned devfn, unsigned reg)
{
  bus_write (rig->io, 0xcf8, 4, 0x80000000u | devfn << 8 | (reg & 0xfc));
}

static uint32_t
config_read (Rig *rig, unsigned devfn, unsigned reg, unsigned size)
{
  select_config (rig, devfn, reg);
  return bus_read (rig->io, 0xcfc + (reg & 3), size);
}

static void
config_write (Rig *rig, unsigned devfn, unsigned reg, unsigned size, uint32_t value)
{
  select_config (rig, devfn, reg);
  bus_write (rig->io, 0xcfc + (reg & 3), size, value);
}

static void
test_configuration_mechanism (Rig *rig, gconstpointer data)
{
  g_assert_cmphex (config_read (rig, 0x00, 0, 4), ==, 0x12378086);
  g_assert_cmphex (config_read (rig, 0x08, 2, 2), ==, 0x7000);
  g_assert_cmphex (config_read (rig, 0x0b, 3, 1), ==, 0x71);
  g_assert_cmphex (config_read (rig, 0x10, 0, 4), ==, 0xffffffff);
  g_assert_cmphex (config_read (rig, 0x08, 0x0e, 1), ==, 0x80);
  config_write (rig, 0x00, 0, 4, 0); /* the identity is read-only */
  g_assert_cmphex (config_read (rig, 0x00, 0, 4), ==, 0x12378086);
  bus_write (rig->io, 0xcf8, 4, 0x00000000);
  g_assert_cmphex (bus_read (rig->io, 0xcfc, 4), ==, 0xffffffff);
}

static void
test_reset_control (Rig *rig, gconstpointer data)
{
  bus_write (rig->io, 0xcf9, 1, 0x02);
  g_assert_cmpuint (rig->resets, ==, 0);
  bus_write (rig->io, 0xcf9, 1, 0x06);
  g_assert_cmpuint (rig->resets, ==, 1);
  bus_write (rig->io, 0xcf9, 1, 0x00);
  bus_write (rig->io, 0xcf9, 1, 0x04); /* a soft reset: the CPUs only */
  g_assert_cmpuint (rig->inits, ==, 1);
  bus_write (rig->io, 0x92, 1, 0x03);
  bus_write (rig->io, 0x92, 1, 0x03); /* it has to fall first */
  g_assert_cmpuint (rig->inits, ==, 2);
  g_assert_cmpuint (rig->resets, ==, 1);
}

static void
test_shadow_ram (Rig *rig, gconstpointer data)
{
  g_assert_false (memory_write (rig->memory, 0xf0000, "abcd", 4));
  config_write (rig, 0x00, 0x59, 1, 0x20); /* F segment: writes only */
  memory_write_u32 (rig->memory, 0xf0000, 0x12345678);
  g_assert_cmphex (memory_read_u32 (rig->memory, 0xf0000), ==, 0xffffffff);
  config_write (rig, 0x00, 0x59, 1, 0x10); /* reads only */
  memory_write_u32 (rig->memory, 0xf0000, 0);
  g_assert_cmphex (memory_read_u32 (rig->memory, 0xf0000), ==, 0x12345678);
  config_write (rig, 0x00, 0x5a, 1, 0x03); /* C0000h, C4000h stays as it is */
  memory_write_u32 (rig->memory, 0xc3ffc, 7);
  g_assert_cmphex (memory_read_u32 (rig->memory, 0xc3ffc), ==, 7);
  g_assert_cmphex (memory_read_u32 (rig->memory, 0xc4000), ==, 0xffffffff);
  pci_bus_reset (rig->pci);
  g_assert_cmphex (memory_read_u32 (rig->memory, 0xf0000), ==, 0xffffffff);
}

static void
test_pci_interrupts_are_routed (Rig *rig, gconstpointer data)
{
  static const PciIdentity identity = { .vendor_id = 0x1234, .device_id = 1, .interrupt_pin = 1 };
  PciFunction *function = pci_function_new (rig->pci, 3, 0, &identity, NULL, NULL);
  Irq pin = pci_function_get_intx (function);

  irq_set (pin, true); /* INTA# of slot 3 is PIRQC# */
  g_assert_cmphex (config_read (rig, 0x18, 0x06, 1) & 8, ==, 8);
  config_write (rig, 0x08, 0x62, 1, 11);
  g_assert_true (rig->isa[11].level);
  config_write (rig, 0x08, 0x62, 1, 10);
  g_assert_false (rig->isa[11].level);
  g_assert_true (rig->isa[10].level);
  config_write (rig, 0x18, 0x04, 2, 0x400); /* Interrupt Disable */
  g_assert_false (rig->isa[10].level);
  pci_function_free (function);
}

static uint64_t
read_offset (void *device, uint64_t offset, unsigned size)
{
  return offset;
}

static void
test_bars_appear_and_disappear (Rig *rig, gconstpointer data)
{
  static const PciIdentity identity = { .vendor_id = 0x1234, .device_id = 1 };
  static const BusOps ops = { .read = read_offset };
  PciFunction *function = pci_function_new (rig->pci, 3, 0, &identity, NULL, NULL);
  StateSection section = pci_function_state (function);

  pci_function_set_io_bar (function, 0, 32, &ops, NULL);
  pci_function_set_mmio_bar (function, 1, 4096, &ops, NULL);
  config_write (rig, 0x18, 0x10, 4, 0xffffffff);
  g_assert_cmphex (config_read (rig, 0x18, 0x10, 4), ==, 0xffffffe1);
  config_write (rig, 0x18, 0x10, 4, 0xc000);
  config_write (rig, 0x18, 0x14, 4, 0xe0000000);
  g_assert_cmphex (bus_read (rig->io, 0xc004, 1), ==, 0xff);
  config_write (rig, 0x18, 0x04, 2, 3);
  g_assert_cmphex (bus_read (rig->io, 0xc004, 1), ==, 4);
  g_assert_cmphex (bus_read (rig->mmio, 0xe0000010, 4), ==, 0x10);
  config_write (rig, 0x18, 0x14, 4, 0xe1000000);
  g_assert_cmphex (bus_read (rig->mmio, 0xe0000010, 4), ==, 0xffffffff);
  test_state_same (&section);
  g_assert_cmphex (bus_read (rig->mmio, 0xe1000010, 4), ==, 0x10);
  pci_function_reset (function);
  g_assert_cmphex (bus_read (rig->io, 0xc004, 1), ==, 0xff);
  pci_function_free (function);
}

static void
test_speaker_port_and_elcr (Rig *rig, gconstpointer data)
{
  bus_write (rig->io, 0x61, 1, 0x01);
  g_assert_true (pit_get_gate2 (rig->pit));
  /* Bit 4 follows the refresh of memory, by which software measures short times. */
  for (unsigned i = 0, before = 0; i < 100; i++)
    {
      unsigned now = bus_read (rig->io, 0x61, 1) & 0x10;

      g_assert_true (i == 0 || now != before);
      g_assert_cmphex (bus_read (rig->io, 0x61, 1) & 0x10, ==, now);
      before = now;
      clock_advance (rig->clock, 15085);
    }
  /* Bit 5 is what the speaker hears. */
  bus_write (rig->io, 0x43, 1, 0xb6);
  bus_write (rig->io, 0x42, 1, 0xa9); /* 1193: 1 kHz */
  bus_write (rig->io, 0x42, 1, 0x04);
  clock_advance (rig->clock, 250000);
  g_assert_cmphex (bus_read (rig->io, 0x61, 1) & 0x23, ==, 0x21);
  clock_advance (rig->clock, 500000);
  g_assert_cmphex (bus_read (rig->io, 0x61, 1) & 0x23, ==, 0x01);
  bus_write (rig->io, 0x61, 1, 0x02); /* GATE low: OUT goes high and stays */
  clock_advance (rig->clock, 750000);
  g_assert_cmphex (bus_read (rig->io, 0x61, 1) & 0x23, ==, 0x22);
  bus_write (rig->io, 0x4d0, 2, 0xffff);
  g_assert_cmphex (bus_read (rig->io, 0x4d0, 2), ==, 0xdef8);
  bus_write (rig->io, 0x92, 1, 0);
  g_assert_false (rig->a20.level);
}

static void
test_power_management (Rig *rig, gconstpointer data)
{
  StateSection sections[]
    = { piix4_pm_state (rig->pm), pci_function_state (piix4_pm_get_function (rig->pm)),
        i440fx_state (rig->i440fx), piix3_state (rig->piix3), pirq_state (rig->pirq) };

  config_write (rig, 0x0b, 0x40, 4, PIIX4_PM_BASE | 1);
  config_write (rig, 0x0b, 0x80, 1, 1);
  bus_write (rig->io, 0xb2, 1, PIIX4_PM_ACPI_ENABLE);
  g_assert_cmphex (bus_read (rig->io, PIIX4_PM_BASE + 4, 2), ==, 1);
  bus_write (rig->io, PIIX4_PM_BASE + 2, 2, 0x100);
  piix4_pm_press_power_button (rig->pm);
  g_assert_true (rig->isa[9].level);
  bus_write (rig->io, PIIX4_PM_BASE, 2, 0x100);
  g_assert_false (rig->isa[9].level);

  clock_advance (rig->clock, 1000000000);
  g_assert_cmpuint (bus_read (rig->io, PIIX4_PM_BASE + 8, 4), ==, 3579545);
  bus_write (rig->io, PIIX4_PM_BASE + 2, 2, 0x001);
  clock_advance (rig->clock, 1000000000);
  g_assert_false (rig->isa[9].level);
  clock_advance (rig->clock, 1000000000); /* bit 23 has changed after 2.3 s */
  g_assert_true (rig->isa[9].level);

  for (unsigned i = 0; i < G_N_ELEMENTS (sections); i++)
    test_state_same (&sections[i]);
  bus_write (rig->io, PIIX4_PM_BASE + 4, 2, 0x2001);
  g_assert_cmpuint (rig->power_offs, ==, 1);
  pci_bus_reset (rig->pci);
  g_assert_cmphex (bus_read (rig->io, PIIX4_PM_BASE + 4, 2), ==, 0xffff);
  g_assert_false (rig->isa[9].level);
}

#define ADD(path, function) g_test_add (path, Rig, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/chipset/configuration", test_configuration_mechanism);
  ADD ("/chipset/reset-control", test_reset_control);
  ADD ("/chipset/shadow", test_shadow_ram);
  ADD ("/chipset/interrupts", test_pci_interrupts_are_routed);
  ADD ("/chipset/bars", test_bars_appear_and_disappear);
  ADD ("/chipset/ports", test_speaker_port_and_elcr);
  ADD ("/chipset/power", test_power_management);
  return g_test_run ();
}
