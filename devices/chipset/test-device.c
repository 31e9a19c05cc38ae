/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "test-device.h"

#include <string.h>

#include "vmm-core/trace.h"

#define LATCH_PORT 0xe0
#define FLUSH_PORT 0xe4
#define LATCH_BYTES_PORT 0xe8
#define EXIT_PORT 0xf4
#define LINES_PORT 0x2000
#define MEMORY_BASE 0xff000000u
#define MEMORY_SIZE 0x10000u

typedef struct
{
  uint8_t latch[4];
  uint32_t lines; /* raised ones */
  uint8_t memory[MEMORY_SIZE];
} TestDeviceState;

struct TestDevice
{
  TestDeviceWiring wiring;
  TestDeviceState state;
};

static const StateField test_device_fields[] = {
  STATE_BLOB (TestDeviceState, latch),
  STATE_INT_IN (TestDeviceState, lines, 0, (1u << TEST_DEVICE_LINES) - 1),
  STATE_BLOB (TestDeviceState, memory),
};
static const StateTable test_device_table = STATE_TABLE (TestDeviceState, 1, test_device_fields);

/* Bounded here, too, whatever the bus does with an access that reaches past the last byte. */
static uint64_t
read_bytes (const uint8_t *bytes, uint64_t length, uint64_t offset, unsigned size)
{
  uint64_t value = 0;

  memcpy (&value, bytes + offset, MIN (size, length - offset));
  return GUINT64_FROM_LE (value);
}

static void
write_bytes (uint8_t *bytes, uint64_t length, uint64_t offset, unsigned size, uint64_t value)
{
  value = GUINT64_TO_LE (value);
  memcpy (bytes + offset, &value, MIN (size, length - offset));
}

static uint64_t
latch_read (void *device, uint64_t offset, unsigned size)
{
  return read_bytes (((TestDevice *) device)->state.latch, 4, offset, size);
}

static void
latch_write (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  write_bytes (((TestDevice *) device)->state.latch, 4, offset, size, value);
}

static uint64_t
memory_bytes_read (void *device, uint64_t offset, unsigned size)
{
  return read_bytes (((TestDevice *) device)->state.memory, MEMORY_SIZE, offset, size);
}

static void
memory_bytes_write (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  write_bytes (((TestDevice *) device)->state.memory, MEMORY_SIZE, offset, size, value);
}

static void
flush_write (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  TRACE ("test-device.flush", "page of %#" G_GINT64_MODIFIER "x", value);
  memory_flush (((TestDevice *) device)->wiring.memory);
}

static void
exit_write (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  const TestDeviceWiring *wiring = &((TestDevice *) device)->wiring;

  TRACE ("test-device.exit", "code %#" G_GINT64_MODIFIER "x", value);
  wiring->exit (wiring->exit_data, value);
}

static void
set_line (TestDevice *device, unsigned line, bool level)
{
  device->state.lines = (device->state.lines & ~(1u << line)) | (uint32_t) level << line;
  irq_set (device->wiring.lines[line], level);
}

static void
lines_write (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  TRACE ("test-device.line", "%u becomes %d", (unsigned) offset, value != 0);
  set_line (device, offset, value != 0);
}

static const BusOps latch_ops = { .read = latch_read, .write = latch_write };
static const BusOps latch_bytes_ops = { .read = latch_read, .write = latch_write, .max_size = 1 };
static const BusOps flush_ops = { .write = flush_write };
static const BusOps exit_ops = { .write = exit_write };
static const BusOps lines_ops = { .write = lines_write };
static const BusOps memory_ops
  = { .read = memory_bytes_read, .write = memory_bytes_write, .max_size = 8 };

void
test_device_reset (TestDevice *device)
{
  device->state = (TestDeviceState){ 0 };
  for (unsigned i = 0; i < TEST_DEVICE_LINES; i++)
    set_line (device, i, false);
}

TestDevice *
test_device_new (const TestDeviceWiring *wiring)
{
  TestDevice *device = g_new0 (TestDevice, 1);

  device->wiring = *wiring;
  bus_map (wiring->io, LATCH_PORT, 4, &latch_ops, device);
  bus_map (wiring->io, FLUSH_PORT, 4, &flush_ops, device);
  bus_map (wiring->io, LATCH_BYTES_PORT, 4, &latch_bytes_ops, device);
  bus_map (wiring->io, EXIT_PORT, 4, &exit_ops, device);
  bus_map (wiring->io, LINES_PORT, TEST_DEVICE_LINES, &lines_ops, device);
  bus_map (wiring->mmio, MEMORY_BASE, MEMORY_SIZE, &memory_ops, device);
  return device;
}

void
test_device_free (TestDevice *device)
{
  if (device == NULL)
    return;
  bus_unmap (device->wiring.mmio, MEMORY_BASE, MEMORY_SIZE, device);
  bus_unmap (device->wiring.io, LINES_PORT, TEST_DEVICE_LINES, device);
  bus_unmap (device->wiring.io, EXIT_PORT, 4, device);
  bus_unmap (device->wiring.io, LATCH_BYTES_PORT, 4, device);
  bus_unmap (device->wiring.io, FLUSH_PORT, 4, device);
  bus_unmap (device->wiring.io, LATCH_PORT, 4, device);
  g_free (device);
}

static void
test_device_show_lines (void *data)
{
  TestDevice *device = data;

  for (unsigned i = 0; i < TEST_DEVICE_LINES; i++)
    irq_set (device->wiring.lines[i], device->state.lines >> i & 1);
}

StateSection
test_device_state (TestDevice *device)
{
  return (StateSection){ .id = "test-device",
                         .table = &test_device_table,
                         .state = &device->state,
                         .device = device,
                         .show_lines = test_device_show_lines };
}
