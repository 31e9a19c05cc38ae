/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The entropy device, and by it whatever virtio devices have in common: how a driver finds and
 * starts one, interrupts, rings as hostile as a guest can make them. */
#include "virtio-rig.h"

#include <string.h>

#include "devices/virtio/virtio-rng.h"
#include "tests/support/device-test.h"

static void
fill (void *bytes, size_t length)
{
  memset (bytes, 0x5a, length);
}

static VirtioRng *
open_device (VirtioRig *rig)
{
  rig_open (rig);
  return virtio_rng_new (rig->pci, RIG_SLOT, rig->clock, fill);
}

static void
close_device (VirtioRig *rig, VirtioRng *rng)
{
  virtio_rng_free (rng);
  rig_close (rig);
}

static uint16_t
used (VirtioRig *rig)
{
  return rig_u16 (rig, RIG_DEVICE + 2);
}

static void
test_identity (void)
{
  static const struct
  {
    unsigned type, bar, offset;
  } regions[] = { { 1, 4, 0 }, { 3, 4, 0x1000 }, { 2, 4, 0x3000 } };
  VirtioRig rig;
  g_autoptr (VirtioRng) rng = open_device (&rig);

  g_assert_cmphex (rig_config (&rig, 0, 4), ==, 0x10441af4);
  g_assert_cmphex (rig_config (&rig, 8, 1), ==, 1);
  for (unsigned i = 0; i < G_N_ELEMENTS (regions); i++)
    {
      unsigned at = rig_find_capability (&rig, 9, i);

      g_assert_cmpuint (rig_config (&rig, at + 3, 1), ==, regions[i].type);
      g_assert_cmpuint (rig_config (&rig, at + 4, 1), ==, regions[i].bar);
      g_assert_cmphex (rig_config (&rig, at + 8, 4), ==, regions[i].offset);
    }
  /* The BAR has 64 bits, and is found by its size. */
  rig_set_config (&rig, 0x20, 4, 0xffffffff);
  rig_set_config (&rig, 0x24, 4, 0xffffffff);
  g_assert_cmphex (rig_config (&rig, 0x20, 4), ==, 0xffffc00c);
  g_assert_cmphex (rig_config (&rig, 0x24, 4), ==, 0xffffffff);
  virtio_rng_free (g_steal_pointer (&rng));
  rig_close (&rig);
}

static void
test_features (void)
{
  VirtioRig rig;
  VirtioRng *rng = open_device (&rig);

  rig_start (&rig, 0);
  /* What was not offered is refused, and so is a driver of before 1.0. */
  for (unsigned old = 0; old < 2; old++)
    {
      rig_write (&rig, RIG_STATUS, 1, 0);
      rig_write (&rig, 8, 4, 0);
      rig_write (&rig, 12, 4, old ? 0 : 1 << 5);
      rig_write (&rig, 8, 4, 1);
      rig_write (&rig, 12, 4, old ? 0 : 1);
      rig_write (&rig, RIG_STATUS, 1, 11);
      g_assert_cmphex (rig_read (&rig, RIG_STATUS, 1), ==, 3);
    }
  close_device (&rig, rng);
}

static void
test_bytes_and_interrupts (void)
{
  VirtioRig rig;
  VirtioRng *rng = open_device (&rig);
  uint8_t *ram = memory_block_get_data (rig.ram);

  rig_start (&rig, 0);
  rig_describe (&rig, RIG_DESCRIPTORS, 3, RIG_BUFFERS, 10, RIG_WRITE | RIG_NEXT, 7);
  rig_describe (&rig, RIG_DESCRIPTORS, 7, RIG_BUFFERS + 100, 20, RIG_WRITE, 0);
  rig_offer (&rig, 3);
  g_assert_cmpuint (used (&rig), ==, 1);
  g_assert_cmphex (memory_read_u32 (rig.memory, RIG_DEVICE + 4), ==, 3);
  g_assert_cmphex (memory_read_u32 (rig.memory, RIG_DEVICE + 8), ==, 30);
  g_assert_cmphex (ram[RIG_BUFFERS + 9], ==, 0x5a);
  g_assert_cmphex (ram[RIG_BUFFERS + 10], ==, 0);
  g_assert_cmphex (ram[RIG_BUFFERS + 119], ==, 0x5a);
  /* The pin of slot 4 is line 0; reading the status takes it back. */
  g_assert_true (rig.lines[0]);
  g_assert_cmphex (rig_read (&rig, RIG_ISR, 1), ==, 1);
  g_assert_false (rig.lines[0]);

  /* By message, masked for a while. */
  rig_enable_msix (&rig, 0);
  rig_offer (&rig, 3);
  g_assert_cmpuint (rig.messages, ==, 1);
  g_assert_cmphex (rig.address, ==, 0xfee00000);
  g_assert_cmphex (rig.data, ==, 0x4000);
  g_assert_false (rig.lines[0]);
  bus_write (rig.mmio, RIG_TABLE + 12, 4, 1);
  rig_offer (&rig, 3);
  g_assert_cmpuint (rig.messages, ==, 1);
  g_assert_cmphex (bus_read (rig.mmio, RIG_TABLE + 0x800, 4), ==, 1);
  bus_write (rig.mmio, RIG_TABLE + 12, 4, 0);
  g_assert_cmpuint (rig.messages, ==, 2);
  g_assert_cmphex (bus_read (rig.mmio, RIG_TABLE + 0x800, 4), ==, 0);

  /* The driver does not want any. */
  memory_write_u16 (rig.memory, RIG_DRIVER, 1);
  rig_offer (&rig, 3);
  g_assert_cmpuint (rig.messages, ==, 2);
  g_assert_cmpuint (used (&rig), ==, 4);
  close_device (&rig, rng);
}

/* 2.7.7 and 2.7.10: both sides say at which index they want to be told. */
static void
test_event_index (void)
{
  VirtioRig rig;
  VirtioRng *rng = open_device (&rig);
  const unsigned used_event = RIG_DRIVER + 4 + 2 * RIG_QUEUE_SIZE;

  rig_start (&rig, 1u << 29);
  rig_enable_msix (&rig, 0);
  rig_describe (&rig, RIG_DESCRIPTORS, 0, RIG_BUFFERS, 8, RIG_WRITE, 0);
  rig_offer (&rig, 0);
  g_assert_cmpuint (rig.messages, ==, 1);
  g_assert_cmpuint (rig_u16 (&rig, RIG_DEVICE + 4 + 8 * RIG_QUEUE_SIZE), ==, 1);
  memory_write_u16 (rig.memory, used_event, 2); /* the third */
  rig_offer (&rig, 0);
  g_assert_cmpuint (rig.messages, ==, 1);
  rig_offer (&rig, 0);
  g_assert_cmpuint (rig.messages, ==, 2);
  rig_offer (&rig, 0);
  g_assert_cmpuint (rig.messages, ==, 2);
  close_device (&rig, rng);
}

/* Each is the end of the device until the driver resets it, and of nothing else. */
static void
break_a_loop (VirtioRig *rig)
{
  rig_describe (rig, RIG_DESCRIPTORS, 0, RIG_BUFFERS, 8, RIG_WRITE | RIG_NEXT, 0);
}

static void
break_a_far_descriptor (VirtioRig *rig)
{
  rig_describe (rig, RIG_DESCRIPTORS, 0, RIG_BUFFERS, 8, RIG_WRITE | RIG_NEXT, RIG_QUEUE_SIZE);
}

static void
break_the_order (VirtioRig *rig)
{
  rig_describe (rig, RIG_DESCRIPTORS, 0, RIG_BUFFERS, 8, RIG_WRITE | RIG_NEXT, 1);
  rig_describe (rig, RIG_DESCRIPTORS, 1, RIG_BUFFERS, 8, 0, 0);
}

static void
break_indirect_in_indirect (VirtioRig *rig)
{
  rig_describe (rig, RIG_DESCRIPTORS, 0, 0x4000, 32, RIG_INDIRECT, 0);
  rig_describe (rig, 0x4000, 0, 0x4000, 32, RIG_INDIRECT, 0);
}

static void
break_an_indirect_length (VirtioRig *rig)
{
  rig_describe (rig, RIG_DESCRIPTORS, 0, 0x4000, 24, RIG_INDIRECT, 0);
}

static void
break_an_indirect_loop (VirtioRig *rig)
{
  rig_describe (rig, RIG_DESCRIPTORS, 0, 0x4000, 0xfffffff0, RIG_INDIRECT, 0);
  rig_describe (rig, 0x4000, 0, RIG_BUFFERS, 0xffffffff, RIG_WRITE | RIG_NEXT, 0);
}

static void
break_the_index (VirtioRig *rig)
{
  rig->available = 0x7fff;
}

static void
break_the_ring (VirtioRig *rig)
{
  memory_unmap (rig->memory, 0, rig->ram); /* all of it reads as ones */
}

static void
test_hostile_rings (void)
{
  static void (*const breakers[]) (VirtioRig *rig) = { break_a_loop,
                                                       break_a_far_descriptor,
                                                       break_the_order,
                                                       break_indirect_in_indirect,
                                                       break_an_indirect_length,
                                                       break_an_indirect_loop,
                                                       break_the_index,
                                                       break_the_ring };

  for (unsigned i = 0; i < G_N_ELEMENTS (breakers); i++)
    {
      VirtioRig rig;
      VirtioRng *rng = open_device (&rig);

      rig_start (&rig, 1u << 28);
      breakers[i](&rig);
      rig_offer (&rig, 0);
      if (rig_read (&rig, RIG_STATUS, 1) != 79)
        g_error ("breaker %u: status %#x", i, rig_read (&rig, RIG_STATUS, 1));
      g_assert_cmphex (rig_read (&rig, RIG_ISR, 1), ==, 2);
      if (breakers[i] == break_the_ring)
        memory_map (rig.memory, 0, RIG_RAM, rig.ram, 0, MEMORY_RW, 0);
      g_assert_cmpuint (used (&rig), ==, 0);

      memset (memory_block_get_data (rig.ram), 0, RIG_RAM);
      rig_start (&rig, 0);
      rig_describe (&rig, RIG_DESCRIPTORS, 0, RIG_BUFFERS, 8, RIG_WRITE, 0);
      rig_offer (&rig, 0);
      g_assert_cmpuint (used (&rig), ==, 1);
      close_device (&rig, rng);
    }
}

/* Buffers that nobody can fill, and lengths that do not fit, do no harm. */
static void
test_hostile_buffers (void)
{
  static const struct
  {
    uint64_t address;
    uint32_t length;
  } buffers[] = { { UINT64_MAX, 16 }, { RIG_RAM - 4, 0xffffffff }, { RIG_REGISTERS, 16 },
                  { RIG_BUFFERS, 0 }, { RIG_DEVICE, 64 },          { RIG_DESCRIPTORS, 64 } };
  VirtioRig rig;
  VirtioRng *rng = open_device (&rig);

  for (unsigned i = 0; i < G_N_ELEMENTS (buffers); i++)
    {
      rig_start (&rig, 0);
      memory_write_u16 (rig.memory, RIG_DRIVER + 2, 0);
      rig_describe (&rig, RIG_DESCRIPTORS, 0, buffers[i].address, buffers[i].length, RIG_WRITE, 0);
      rig_offer (&rig, 0);
      g_assert_cmphex (rig_read (&rig, RIG_STATUS, 1), ==, 15);
    }
  close_device (&rig, rng);
}

/* A driver that refills its queue as fast as it is served does not keep the machine: a round is as
 * long as the queue. */
static VirtioRig *refilled;

static void
refill (void *bytes, size_t length)
{
  memory_write_u16 (refilled->memory, RIG_DRIVER + 2, ++refilled->available);
}

static void
test_rounds (void)
{
  VirtioRig rig;
  VirtioRng *rng;

  rig_open (&rig);
  refilled = &rig;
  rng = virtio_rng_new (rig.pci, RIG_SLOT, rig.clock, refill);
  rig_start (&rig, 0);
  rig_describe (&rig, RIG_DESCRIPTORS, 0, RIG_BUFFERS, 8, RIG_WRITE, 0);
  rig_offer (&rig, 0);
  g_assert_cmpuint (used (&rig), ==, RIG_QUEUE_SIZE);
  clock_advance (rig.clock, 1000000);
  g_assert_cmpuint (used (&rig), >, RIG_QUEUE_SIZE);
  rig_write (&rig, RIG_STATUS, 1, 0);
  clock_advance (rig.clock, 1000000);
  g_assert_cmpuint (rig_read (&rig, RIG_STATUS, 1), ==, 0);
  close_device (&rig, rng);
}

/* Saved with chains that were offered but not told of: the other machine serves them at once. */
static void
test_state (void)
{
  VirtioRig rig, other;
  VirtioRng *rng = open_device (&rig), *there = open_device (&other);
  StateSection from[VIRTIO_RNG_STATES], to[VIRTIO_RNG_STATES];

  rig_start (&rig, 1u << 29);
  rig_enable_msix (&rig, 0);
  rig_describe (&rig, RIG_DESCRIPTORS, 0, RIG_BUFFERS, 8, RIG_WRITE, 0);
  rig_offer (&rig, 0);
  memory_write_u16 (rig.memory, RIG_DRIVER + 2, 2);
  memcpy (memory_block_get_data (other.ram), memory_block_get_data (rig.ram), RIG_RAM);
  virtio_rng_get_states (rng, from);
  virtio_rng_get_states (there, to);
  for (unsigned i = 0; i < VIRTIO_RNG_STATES; i++)
    test_state_round_trip (&from[i], &to[i]);
  g_assert_cmpuint (used (&other), ==, 1);
  for (unsigned i = 0; i < VIRTIO_RNG_STATES; i++)
    if (to[i].show_lines != NULL)
      to[i].show_lines (to[i].device);
  g_assert_cmpuint (used (&other), ==, 2);

  pci_bus_reset (rig.pci);
  g_assert_cmphex (rig_config (&rig, 0x20, 4), ==, 0xc);
  rig_set_config (&rig, 0x24, 4, RIG_REGISTERS >> 32);
  rig_set_config (&rig, 0x04, 2, 0x6);
  g_assert_cmphex (rig_read (&rig, RIG_STATUS, 1), ==, 0);
  close_device (&other, there);
  close_device (&rig, rng);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/virtio-rng/identity", test_identity);
  g_test_add_func ("/virtio-rng/features", test_features);
  g_test_add_func ("/virtio-rng/bytes", test_bytes_and_interrupts);
  g_test_add_func ("/virtio-rng/event-index", test_event_index);
  g_test_add_func ("/virtio-rng/hostile-rings", test_hostile_rings);
  g_test_add_func ("/virtio-rng/hostile-buffers", test_hostile_buffers);
  g_test_add_func ("/virtio-rng/rounds", test_rounds);
  g_test_add_func ("/virtio-rng/state", test_state);
  return g_test_run ();
}
