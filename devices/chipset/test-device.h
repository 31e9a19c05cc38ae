/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vmm-core/bus.h"
#include "vmm-core/irq.h"
#include "vmm-core/memory.h"
#include "vmm-core/state.h"

/* An aid for guests that test the machine from inside; no PC has it. Its registers are those of the
 * “pc-testdev” and “isa-debug-exit” devices that such guests know:
 *   E0h-E3h, E8h-EBh  four bytes that hold what is written, in accesses of any width
 *   E4h               a guest-physical address: cached translations of its page (of all pages) go
 *   F4h-F7h           ends the machine with a status
 *   2000h + n         raises (not 0) or lowers (0) interrupt line n, 0 to 23
 *   FF000000h         64 KiB that hold what is written, but are no memory: every access is MMIO */
typedef struct TestDevice TestDevice;

#define TEST_DEVICE_LINES 24

typedef struct
{
  Bus *io, *mmio;
  Memory *memory;
  Irq lines[TEST_DEVICE_LINES];
  void (*exit) (void *data, uint32_t code);
  void *exit_data;
} TestDeviceWiring;

TestDevice *test_device_new (const TestDeviceWiring *wiring);
void test_device_free (TestDevice *device);
void test_device_reset (TestDevice *device);

StateSection test_device_state (TestDevice *device);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (TestDevice, test_device_free)
