/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "devices/chipset/pic.h"

#include "tests/support/device-test.h"

typedef struct
{
  Bus *io;
  TestLine intr;
  Pic *pic;
} Rig;

/* As a PC's BIOS programs the pair: vectors 08h and 70h, nothing masked. */
static void
set_up (Rig *rig, gconstpointer data)
{
  static const uint8_t icw[2][4] = { { 0x11, 0x08, 0x04, 0x01 }, { 0x11, 0x70, 0x02, 0x01 } };

  rig->io = bus_new ("io", 0x10000, NULL);
  rig->intr = (TestLine){ 0 };
  rig->pic = pic_new (rig->io, test_line_irq (&rig->intr));
  for (unsigned chip = 0; chip < 2; chip++)
    {
      bus_write (rig->io, chip == 0 ? 0x20 : 0xa0, 1, icw[chip][0]);
      for (unsigned i = 1; i < 4; i++)
        bus_write (rig->io, chip == 0 ? 0x21 : 0xa1, 1, icw[chip][i]);
    }
}

static void
tear_down (Rig *rig, gconstpointer data)
{
  pic_free (rig->pic);
  bus_free (rig->io);
}

static void
raise_input (Rig *rig, unsigned n)
{
  irq_set (pic_get_irq (rig->pic, n), false);
  irq_set (pic_get_irq (rig->pic, n), true);
}

static void
test_an_edge_interrupts_once (Rig *rig, gconstpointer data)
{
  raise_input (rig, 4);
  g_assert_true (rig->intr.level);
  g_assert_cmphex (bus_read (rig->io, 0x20, 1), ==, 0x10); /* IRR */
  g_assert_cmphex (pic_acknowledge (rig->pic), ==, 0x0c);
  g_assert_false (rig->intr.level);
  bus_write (rig->io, 0x20, 1, 0x0b);
  g_assert_cmphex (bus_read (rig->io, 0x20, 1), ==, 0x10); /* ISR */
  bus_write (rig->io, 0x20, 1, 0x20);
  g_assert_cmphex (bus_read (rig->io, 0x20, 1), ==, 0);
  g_assert_false (rig->intr.level);
}

static void
test_priorities_nest (Rig *rig, gconstpointer data)
{
  raise_input (rig, 4);
  pic_acknowledge (rig->pic);
  raise_input (rig, 6);
  g_assert_false (rig->intr.level); /* lower: waits */
  raise_input (rig, 1);
  g_assert_cmphex (pic_acknowledge (rig->pic), ==, 0x09);
  bus_write (rig->io, 0x20, 1, 0x20); /* ends the higher, 1 */
  g_assert_false (rig->intr.level);
  bus_write (rig->io, 0x20, 1, 0x64); /* specific: 4 */
  g_assert_cmphex (pic_acknowledge (rig->pic), ==, 0x0e);
}

static void
test_the_second_chip_comes_through_input_2 (Rig *rig, gconstpointer data)
{
  raise_input (rig, 12);
  g_assert_cmphex (pic_acknowledge (rig->pic), ==, 0x74);
  bus_write (rig->io, 0xa0, 1, 0x20);
  bus_write (rig->io, 0x20, 1, 0x20);
  g_assert_false (rig->intr.level);
}

static void
test_masks_and_special_mask (Rig *rig, gconstpointer data)
{
  bus_write (rig->io, 0x21, 1, 0x10);
  raise_input (rig, 4);
  g_assert_false (rig->intr.level);
  bus_write (rig->io, 0x21, 1, 0x00);
  g_assert_true (rig->intr.level);
  pic_acknowledge (rig->pic);
  /* With 4 in service but masked, special mask mode lets lower ones through. */
  raise_input (rig, 6);
  bus_write (rig->io, 0x20, 1, 0x68);
  bus_write (rig->io, 0x21, 1, 0x10);
  g_assert_cmphex (pic_acknowledge (rig->pic), ==, 0x0e);
}

static void
test_rotation (Rig *rig, gconstpointer data)
{
  bus_write (rig->io, 0x20, 1, 0xc4); /* 4 is lowest, 5 highest */
  raise_input (rig, 4);
  raise_input (rig, 0);
  raise_input (rig, 6);
  g_assert_cmphex (pic_acknowledge (rig->pic), ==, 0x0e);
  bus_write (rig->io, 0x20, 1, 0xa0); /* ends 6, which becomes lowest */
  g_assert_cmphex (pic_acknowledge (rig->pic), ==, 0x08);
}

/* ICW4 with AEOI: nothing stays in service; with rotation each served input becomes the lowest. */
static void
test_automatic_end (Rig *rig, gconstpointer data)
{
  static const uint8_t icw[] = { 0x08, 0x04, 0x03 };

  bus_write (rig->io, 0x20, 1, 0x11);
  for (unsigned i = 0; i < sizeof icw; i++)
    bus_write (rig->io, 0x21, 1, icw[i]);
  raise_input (rig, 3);
  g_assert_cmphex (pic_acknowledge (rig->pic), ==, 0x0b);
  bus_write (rig->io, 0x20, 1, 0x0b);
  g_assert_cmphex (bus_read (rig->io, 0x20, 1), ==, 0);
  bus_write (rig->io, 0x20, 1, 0x80); /* rotate in automatic EOI mode */
  for (unsigned i = 0; i < 2; i++)
    {
      raise_input (rig, 3);
      raise_input (rig, 5);
      g_assert_cmphex (pic_acknowledge (rig->pic), ==, 0x0b + 2 * i);
      g_assert_cmphex (pic_acknowledge (rig->pic), ==, 0x0d - 2 * i);
      raise_input (rig, 3); /* 3 was the lowest; now 4 follows it */
      g_assert_cmphex (pic_acknowledge (rig->pic), ==, 0x0b);
    }
  bus_write (rig->io, 0x20, 1, 0x00); /* no longer */
}

/* A slave in service stays able to interrupt with a higher input of its own. */
static void
test_special_fully_nested (Rig *rig, gconstpointer data)
{
  static const uint8_t icw[] = { 0x08, 0x04, 0x11 };

  raise_input (rig, 14);
  g_assert_cmphex (pic_acknowledge (rig->pic), ==, 0x76);
  raise_input (rig, 9);
  g_assert_false (rig->intr.level); /* input 2 is in service */
  bus_write (rig->io, 0x20, 1, 0x20);
  g_assert_cmphex (pic_acknowledge (rig->pic), ==, 0x71);
  bus_write (rig->io, 0xa0, 1, 0x20);
  bus_write (rig->io, 0xa0, 1, 0x20);
  bus_write (rig->io, 0x20, 1, 0x11);
  for (unsigned i = 0; i < sizeof icw; i++)
    bus_write (rig->io, 0x21, 1, icw[i]);
  raise_input (rig, 14);
  g_assert_cmphex (pic_acknowledge (rig->pic), ==, 0x76);
  raise_input (rig, 9);
  g_assert_cmphex (pic_acknowledge (rig->pic), ==, 0x71);
}

/* ICW1 forgets edges and masks, and asks for the rest of the sequence before anything is served. */
static void
test_initialization_forgets (Rig *rig, gconstpointer data)
{
  bus_write (rig->io, 0x21, 1, 0xff);
  raise_input (rig, 5);
  bus_write (rig->io, 0x20, 1, 0x13); /* single, with ICW4 */
  g_assert_cmphex (bus_read (rig->io, 0x21, 1), ==, 0);
  raise_input (rig, 6);
  g_assert_false (rig->intr.level);
  bus_write (rig->io, 0x21, 1, 0x40);
  bus_write (rig->io, 0x21, 1, 0x01);
  g_assert_true (rig->intr.level);
  g_assert_cmphex (pic_acknowledge (rig->pic), ==, 0x46);
  g_assert_false (rig->intr.level);
}

static void
test_level_lines_and_spurious (Rig *rig, gconstpointer data)
{
  Irq line = pic_get_irq (rig->pic, 11);

  pic_set_elcr (rig->pic, 1, 0x08);
  irq_set (line, true);
  g_assert_cmphex (pic_acknowledge (rig->pic), ==, 0x73);
  bus_write (rig->io, 0xa0, 1, 0x20);
  bus_write (rig->io, 0x20, 1, 0x20);
  g_assert_true (rig->intr.level); /* still asserted: again */
  irq_set (line, false);
  g_assert_false (rig->intr.level);
  g_assert_cmphex (pic_acknowledge (rig->pic), ==, 0x77);
}

static unsigned
get_isr (Rig *rig, unsigned port)
{
  bus_write (rig->io, port, 1, 0x0b);
  return bus_read (rig->io, port, 1);
}

/* A request that goes away before it is acknowledged is nobody's. */
static void
test_withdrawn_requests (Rig *rig, gconstpointer data)
{
  raise_input (rig, 3);
  g_assert_true (rig->intr.level);
  irq_set (pic_get_irq (rig->pic, 3), false);
  g_assert_false (rig->intr.level);
  g_assert_cmphex (pic_acknowledge (rig->pic), ==, 0x0f);
  g_assert_cmphex (get_isr (rig, 0x20), ==, 0);

  raise_input (rig, 11);
  irq_set (pic_get_irq (rig->pic, 11), false);
  g_assert_false (rig->intr.level);
  g_assert_cmphex (pic_acknowledge (rig->pic), ==, 0x77);
  g_assert_cmphex (get_isr (rig, 0xa0), ==, 0);
  g_assert_cmphex (get_isr (rig, 0x20), ==, 0x04);
  bus_write (rig->io, 0x20, 1, 0x20);
  /* A new edge is a new request. */
  raise_input (rig, 3);
  g_assert_cmphex (pic_acknowledge (rig->pic), ==, 0x0b);
}

static void
test_poll (Rig *rig, gconstpointer data)
{
  bus_write (rig->io, 0x20, 1, 0x0c);
  g_assert_cmphex (bus_read (rig->io, 0x20, 1), ==, 0);
  raise_input (rig, 5);
  bus_write (rig->io, 0x20, 1, 0x0c);
  g_assert_cmphex (bus_read (rig->io, 0x20, 1), ==, 0x85);
  g_assert_false (rig->intr.level);
  bus_write (rig->io, 0x20, 1, 0x20);
  raise_input (rig, 10); /* each chip is polled for itself */
  bus_write (rig->io, 0x20, 1, 0x0c);
  g_assert_cmphex (bus_read (rig->io, 0x20, 1), ==, 0x82);
  bus_write (rig->io, 0xa0, 1, 0x0c);
  g_assert_cmphex (bus_read (rig->io, 0xa0, 1), ==, 0x82);
}

static void
test_reset_and_state (Rig *rig, gconstpointer data)
{
  StateSection section = pic_state (rig->pic);
  g_autoptr (Bus) other_io = bus_new ("io", 0x10000, NULL);
  TestLine other_intr = { 0 };
  g_autoptr (Pic) other = pic_new (other_io, test_line_irq (&other_intr));
  StateSection to = pic_state (other);

  raise_input (rig, 4);
  raise_input (rig, 12);
  test_state_round_trip (&section, &to);
  to.show_lines (to.device);
  g_assert_true (other_intr.level);
  g_assert_cmphex (pic_acknowledge (other), ==, 0x74);
  pic_reset (rig->pic);
  g_assert_false (rig->intr.level);
  g_assert_cmphex (bus_read (rig->io, 0x21, 1), ==, 0);
}

#define ADD(path, function) g_test_add (path, Rig, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/pic/edge", test_an_edge_interrupts_once);
  ADD ("/pic/priority", test_priorities_nest);
  ADD ("/pic/cascade", test_the_second_chip_comes_through_input_2);
  ADD ("/pic/mask", test_masks_and_special_mask);
  ADD ("/pic/rotation", test_rotation);
  ADD ("/pic/aeoi", test_automatic_end);
  ADD ("/pic/special-nested", test_special_fully_nested);
  ADD ("/pic/init", test_initialization_forgets);
  ADD ("/pic/level", test_level_lines_and_spurious);
  ADD ("/pic/withdrawn", test_withdrawn_requests);
  ADD ("/pic/poll", test_poll);
  ADD ("/pic/reset-state", test_reset_and_state);
  return g_test_run ();
}
