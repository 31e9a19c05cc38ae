/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "devices/chipset/isa-irq.h"

#include "tests/support/device-test.h"

typedef struct
{
  Bus *mmio;
  Ioapic *ioapic;
  unsigned n_messages;
  uint64_t address;
  uint32_t data;
} Rig;

static void
send_msi (void *target, uint64_t address, uint32_t data)
{
  Rig *rig = target;

  rig->n_messages++;
  rig->address = address;
  rig->data = data;
}

static void
set_up (Rig *rig, gconstpointer data)
{
  rig->mmio = bus_new ("mmio", 0, NULL);
  rig->ioapic = ioapic_new (rig->mmio, send_msi, rig);
  rig->n_messages = 0;
}

static void
tear_down (Rig *rig, gconstpointer data)
{
  ioapic_free (rig->ioapic);
  bus_free (rig->mmio);
}

static uint32_t
get (Rig *rig, unsigned reg)
{
  bus_write (rig->mmio, IOAPIC_BASE, 4, reg);
  return bus_read (rig->mmio, IOAPIC_BASE + 0x10, 4);
}

static void
set (Rig *rig, unsigned reg, uint32_t value)
{
  bus_write (rig->mmio, IOAPIC_BASE, 4, reg);
  bus_write (rig->mmio, IOAPIC_BASE + 0x10, 4, value);
}

static void
test_registers (Rig *rig, gconstpointer data)
{
  g_assert_cmphex (get (rig, 1), ==, 0x00170020);
  set (rig, 0, 0x0f000000);
  g_assert_cmphex (get (rig, 0), ==, 0x0f000000);
  g_assert_cmphex (get (rig, 0x10), ==, 0x10000); /* masked after reset */
  set (rig, 0x11, 0x05ffffff);
  g_assert_cmphex (get (rig, 0x11), ==, 0x05000000);
  ioapic_reset (rig->ioapic);
  g_assert_cmphex (get (rig, 0x11), ==, 0);
}

static void
test_an_edge_sends_one_message (Rig *rig, gconstpointer data)
{
  Irq line = ioapic_get_irq (rig->ioapic, 4);

  irq_pulse (line); /* masked: lost */
  set (rig, 0x19, 0x03000000);
  set (rig, 0x18, 0x0831); /* logical destination */
  g_assert_cmpuint (rig->n_messages, ==, 0);
  irq_set (line, true);
  g_assert_cmpuint (rig->n_messages, ==, 1);
  g_assert_cmphex (rig->address, ==, 0xfee03004);
  g_assert_cmphex (rig->data, ==, 0x31);
  irq_set (line, true);
  g_assert_cmpuint (rig->n_messages, ==, 1);
}

/* Unmasking a pin whose line rose before sends nothing; the next edge does. */
static void
test_an_edge_under_the_mask_is_lost (Rig *rig, gconstpointer data)
{
  Irq line = ioapic_get_irq (rig->ioapic, 4);

  set (rig, 0x18, 0x10031);
  irq_set (line, true);
  set (rig, 0x18, 0x31);
  g_assert_cmpuint (rig->n_messages, ==, 0);
  irq_set (line, false);
  irq_set (line, true);
  g_assert_cmpuint (rig->n_messages, ==, 1);
}

static void
test_a_level_waits_for_eoi (Rig *rig, gconstpointer data)
{
  Irq line = ioapic_get_irq (rig->ioapic, 10);

  set (rig, 0x24, 0x8041);
  irq_set (line, true);
  g_assert_cmpuint (rig->n_messages, ==, 1);
  g_assert_cmphex (rig->data, ==, 0xc041);
  g_assert_cmphex (get (rig, 0x24), ==, 0xc041); /* Remote IRR */
  ioapic_eoi (rig->ioapic, 0x40);
  g_assert_cmpuint (rig->n_messages, ==, 1);
  ioapic_eoi (rig->ioapic, 0x41);
  g_assert_cmpuint (rig->n_messages, ==, 2); /* still asserted */
  irq_set (line, false);
  bus_write (rig->mmio, IOAPIC_BASE + 0x40, 4, 0x41);
  g_assert_cmpuint (rig->n_messages, ==, 2);
  g_assert_cmphex (get (rig, 0x24), ==, 0x8041);
  /* Unmasking shows a line that is up already. */
  set (rig, 0x24, 0x18041);
  irq_set (line, true);
  g_assert_cmpuint (rig->n_messages, ==, 2);
  set (rig, 0x24, 0x8041);
  g_assert_cmpuint (rig->n_messages, ==, 3);
}

static void
test_state (Rig *rig, gconstpointer data)
{
  g_autoptr (Bus) mmio = bus_new ("mmio", 0, NULL);
  g_autoptr (Ioapic) other = ioapic_new (mmio, send_msi, rig);
  StateSection from = ioapic_state (rig->ioapic), to = ioapic_state (other);

  set (rig, 0x24, 0x8041);
  irq_set (ioapic_get_irq (rig->ioapic, 10), true);
  test_state_round_trip (&from, &to);
  g_assert_cmpuint (rig->n_messages, ==, 1);
  ioapic_eoi (other, 0x41);
  g_assert_cmpuint (rig->n_messages, ==, 2);
}

static void
test_isa_lines_are_shared (Rig *rig, gconstpointer data)
{
  g_autoptr (Bus) io = bus_new ("io", 0x10000, NULL);
  g_autoptr (Pic) pic = pic_new (io, IRQ_NONE);
  g_autoptr (IsaIrq) isa = isa_irq_new (pic, rig->ioapic);
  Irq first = isa_irq_get (isa, 10), second = isa_irq_get (isa, 10), timer = isa_irq_get (isa, 0);
  StateSection section = isa_irq_state (isa);

  set (rig, 0x14, 0x20); /* the timer's pin 2 */
  irq_set (timer, true);
  g_assert_cmpuint (rig->n_messages, ==, 1);
  pic_set_elcr (pic, 1, 0x04);
  irq_set (first, true);
  irq_set (second, true);
  irq_set (first, false);
  g_assert_cmphex (bus_read (io, 0xa0, 1), ==, 0x04);
  test_state_same (&section);
  irq_set (second, false);
  g_assert_cmphex (bus_read (io, 0xa0, 1), ==, 0);
}

#define ADD(path, function) g_test_add (path, Rig, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/ioapic/registers", test_registers);
  ADD ("/ioapic/edge", test_an_edge_sends_one_message);
  ADD ("/ioapic/masked-edge", test_an_edge_under_the_mask_is_lost);
  ADD ("/ioapic/level", test_a_level_waits_for_eoi);
  ADD ("/ioapic/state", test_state);
  ADD ("/isa-irq/sharing", test_isa_lines_are_shared);
  return g_test_run ();
}
