/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm-core/bus.h"

typedef struct
{
  uint64_t value;
  uint64_t offset;
  unsigned size;
  unsigned accesses;
} Register;

static uint64_t
register_read (void *device, uint64_t offset, unsigned size)
{
  Register *self = device;

  self->offset = offset;
  self->size = size;
  self->accesses++;
  return self->value;
}

static void
register_write (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  Register *self = device;

  self->offset = offset;
  self->size = size;
  self->value = value;
  self->accesses++;
}

static const BusOps byte_ops = { register_read, register_write, 1, 1 };
static const BusOps dword_ops = { register_read, register_write, 4, 4 };

static void
test_unmapped_reads_all_ones (void)
{
  g_autoptr (Bus) bus = bus_new ("io", 0x10000, NULL);

  g_assert_cmphex (bus_read (bus, 0x80, 1), ==, 0xff);
  g_assert_cmphex (bus_read (bus, 0x80, 4), ==, 0xffffffff);
  g_assert_cmphex (bus_read (bus, 0x12345678, 2), ==, 0xffff);
  bus_write (bus, 0x80, 1, 0);
}

static void
test_handler_sees_offset_size_and_masked_value (void)
{
  g_autoptr (Bus) bus = bus_new ("io", 0x10000, NULL);
  Register reg = { 0 };

  bus_map (bus, 0x3f8, 8, &byte_ops, &reg);
  bus_write (bus, 0x3fb, 1, 0x1ab);
  g_assert_cmphex (reg.value, ==, 0xab);
  g_assert_cmpuint (reg.offset, ==, 3);
  reg.value = 0x17f;
  g_assert_cmphex (bus_read (bus, 0x3f8, 1), ==, 0x7f);
}

static void
test_wide_access_comes_in_pieces (void)
{
  g_autoptr (Bus) bus = bus_new ("io", 0x10000, NULL);
  Register reg = { .value = 0x5a };

  bus_map (bus, 0x100, 2, &byte_ops, &reg);
  /* The upper half of the dword lies outside the range. */
  g_assert_cmphex (bus_read (bus, 0x100, 4), ==, 0xffff5a5a);
  g_assert_cmpuint (reg.accesses, ==, 2);
}

static void
test_narrow_access_is_cut_out (void)
{
  g_autoptr (Bus) bus = bus_new ("mmio", 0, NULL);
  Register reg = { .value = 0x44332211 };

  bus_map (bus, 0xfec00000, 0x20, &dword_ops, &reg);
  g_assert_cmphex (bus_read (bus, 0xfec00012, 1), ==, 0x33);
  g_assert_cmpuint (reg.offset, ==, 0x10);
  bus_write (bus, 0xfec00011, 1, 0x99);
  g_assert_cmphex (reg.value, ==, 0x9900);
}

static void
test_fixed_ranges_win_over_the_guests (void)
{
  g_autoptr (Bus) bus = bus_new ("io", 0x10000, NULL);
  Register bar = { .value = 1 }, fixed = { .value = 2 };

  bus_map_guest (bus, 0x60, 0x10, &byte_ops, &bar);
  g_assert_cmphex (bus_read (bus, 0x64, 1), ==, 1);
  bus_map (bus, 0x64, 1, &byte_ops, &fixed);
  g_assert_cmphex (bus_read (bus, 0x64, 1), ==, 2);
  g_assert_cmphex (bus_read (bus, 0x65, 1), ==, 1);
  bus_unmap (bus, 0x60, 0x10, &bar);
  g_assert_cmphex (bus_read (bus, 0x65, 1), ==, 0xff);
}

static void
test_late_writes_are_known (void)
{
  g_autoptr (Bus) bus = bus_new ("mmio", 0, NULL);
  uint64_t base, length;

  g_assert_false (bus_get_late_writes (bus, 0, &base, &length));
  bus_allow_late_writes (bus, 0xa0000, 0x20000);
  g_assert_true (bus_get_late_writes (bus, 0, &base, &length));
  g_assert_cmphex (base, ==, 0xa0000);
  g_assert_cmphex (length, ==, 0x20000);
  g_assert_false (bus_get_late_writes (bus, 1, &base, &length));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bus/unmapped", test_unmapped_reads_all_ones);
  g_test_add_func ("/bus/handler", test_handler_sees_offset_size_and_masked_value);
  g_test_add_func ("/bus/wide", test_wide_access_comes_in_pieces);
  g_test_add_func ("/bus/narrow", test_narrow_access_is_cut_out);
  g_test_add_func ("/bus/late-writes", test_late_writes_are_known);
  g_test_add_func ("/bus/guest-ranges", test_fixed_ranges_win_over_the_guests);
  return g_test_run ();
}
