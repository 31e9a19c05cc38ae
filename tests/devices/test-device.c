/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The aid for guests that test the machine: latches of any width, interrupt lines, an end with a
 * status. */
#include "devices/chipset/test-device.h"

#include "tests/support/device-test.h"

typedef struct
{
  Bus *io, *mmio;
  Memory *memory;
  TestLine lines[TEST_DEVICE_LINES];
  unsigned n_exits, n_flushes;
  uint32_t code;
  TestDevice *device;
} Rig;

static void
note_exit (void *data, uint32_t code)
{
  Rig *rig = data;

  rig->n_exits++;
  rig->code = code;
}

static void
note_flush (void *data)
{
  ((Rig *) data)->n_flushes++;
}

static TestDeviceWiring
wiring_of (Rig *rig)
{
  TestDeviceWiring wiring = {
    .io = rig->io, .mmio = rig->mmio, .memory = rig->memory, .exit = note_exit, .exit_data = rig
  };

  for (unsigned i = 0; i < TEST_DEVICE_LINES; i++)
    wiring.lines[i] = test_line_irq (&rig->lines[i]);
  return wiring;
}

static void
set_up (Rig *rig, gconstpointer data)
{
  static const MemoryListener listener = { .map_changed = note_flush };
  TestDeviceWiring wiring;

  rig->io = bus_new ("io", 0x10000, NULL);
  rig->mmio = bus_new ("mmio", 0, NULL);
  rig->memory = memory_new ();
  memory_add_listener (rig->memory, &listener, rig);
  wiring = wiring_of (rig);
  rig->device = test_device_new (&wiring);
}

static void
tear_down (Rig *rig, gconstpointer data)
{
  test_device_free (rig->device);
  memory_remove_listener (rig->memory, rig);
  memory_free (rig->memory);
  bus_free (rig->mmio);
  bus_free (rig->io);
}

static void
test_latch (Rig *rig, gconstpointer data)
{
  bus_write (rig->io, 0xe0, 4, 0x12345678);
  g_assert_cmphex (bus_read (rig->io, 0xe0, 1), ==, 0x78);
  g_assert_cmphex (bus_read (rig->io, 0xe2, 2), ==, 0x1234);
  bus_write (rig->io, 0xe9, 1, 0xaa);
  bus_write (rig->io, 0xea, 2, 0xccbb);
  g_assert_cmphex (bus_read (rig->io, 0xe8, 4), ==, 0xccbbaa78);
  g_assert_cmphex (bus_read (rig->io, 0xe0, 4), ==, 0xccbbaa78);
  g_assert_cmphex (bus_read (rig->io, 0xe3, 1), ==, 0xcc);
}

static void
test_memory (Rig *rig, gconstpointer data)
{
  bus_write (rig->mmio, 0xff000000, 8, 0x1122334455667788);
  g_assert_cmphex (bus_read (rig->mmio, 0xff000003, 4), ==, 0x22334455);
  bus_write (rig->mmio, 0xff00ffff, 1, 0x5a);
  g_assert_cmphex (bus_read (rig->mmio, 0xff00fff8, 8), ==, 0x5a00000000000000);
}

static void
test_lines_and_reset (Rig *rig, gconstpointer data)
{
  bus_write (rig->io, 0x2005, 1, 1);
  bus_write (rig->io, 0x2017, 1, 0x80);
  g_assert_true (rig->lines[5].level && rig->lines[23].level);
  bus_write (rig->io, 0x2005, 1, 0);
  g_assert_false (rig->lines[5].level);
  bus_write (rig->mmio, 0xff000000, 1, 1);
  bus_write (rig->io, 0xe0, 1, 1);
  test_device_reset (rig->device);
  g_assert_false (rig->lines[23].level);
  g_assert_cmphex (bus_read (rig->mmio, 0xff000000, 1), ==, 0);
  g_assert_cmphex (bus_read (rig->io, 0xe0, 1), ==, 0);
}

static void
test_exit_and_flush (Rig *rig, gconstpointer data)
{
  bus_write (rig->io, 0xf4, 4, 0x12345678);
  g_assert_cmphex (rig->code, ==, 0x12345678);
  bus_write (rig->io, 0xf4, 1, 3);
  g_assert_cmphex (rig->code, ==, 3);
  g_assert_cmpuint (rig->n_exits, ==, 2);
  g_assert_cmpuint (rig->n_flushes, ==, 0);
  bus_write (rig->io, 0xe4, 4, 0x1000);
  g_assert_cmpuint (rig->n_flushes, ==, 1);
}

static void
test_state (Rig *rig, gconstpointer data)
{
  StateSection section = test_device_state (rig->device);

  bus_write (rig->io, 0x2009, 1, 1);
  bus_write (rig->mmio, 0xff001234, 4, 0xdeadbeef);
  bus_write (rig->io, 0xe0, 4, 42);
  test_state_same (&section);
  g_assert_cmphex (bus_read (rig->mmio, 0xff001234, 4), ==, 0xdeadbeef);
  rig->lines[9].level = false;
  section.show_lines (section.device);
  g_assert_true (rig->lines[9].level);
}

#define ADD(path, function) g_test_add (path, Rig, NULL, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/test-device/latch", test_latch);
  ADD ("/test-device/memory", test_memory);
  ADD ("/test-device/lines-reset", test_lines_and_reset);
  ADD ("/test-device/exit-flush", test_exit_and_flush);
  ADD ("/test-device/state", test_state);
  return g_test_run ();
}
