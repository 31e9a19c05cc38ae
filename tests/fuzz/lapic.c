/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz-driver.h"

#include "vmm-core/x86/lapic.h"

typedef struct
{
  X86State state;
  Lapic *lapic;
  Bus *mmio;
} FuzzLapic;

static void
ignore (void *data, unsigned index)
{
}

static void
ignore_sipi (void *data, unsigned index, uint8_t vector)
{
}

static void
ignore_send (void *data, unsigned index, uint64_t icr)
{
}

static void
ignore_eoi (void *data, uint8_t vector)
{
}

static uint64_t
tsc_to_ns (void *data, unsigned index, uint64_t tsc)
{
  return tsc >> 1;
}

static uint64_t
page_read (void *device, uint64_t offset, unsigned size)
{
  return lapic_read (((FuzzLapic *) device)->lapic, offset);
}

static void
page_write (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  lapic_write (((FuzzLapic *) device)->lapic, offset, value);
}

static const BusOps page_ops = { page_read, page_write, 4, 4 };

static void *
open_device (FuzzBoard *board)
{
  const LapicOps ops
    = { ignore, ignore, ignore, ignore_sipi, ignore_send, ignore_eoi, tsc_to_ns, NULL };
  FuzzLapic *self = g_new0 (FuzzLapic, 1);

  x86_state_reset (&self->state, 0);
  self->lapic = lapic_new (0, &self->state.lapic, board->clock, &ops);
  self->mmio = board->mmio;
  bus_map (board->mmio, 0xfee00000, 0x400, &page_ops, self);
  return self;
}

static void
close_device (void *device)
{
  FuzzLapic *self = device;

  bus_unmap (self->mmio, 0xfee00000, 0x400, self);
  lapic_free (self->lapic);
  g_free (self);
}

/* Messages, MSRs and acknowledgements; the base register, so that the modes change. */
static void
outside (void *device, const uint8_t bytes[4])
{
  FuzzLapic *self = device;
  uint64_t value;

  lapic_deliver (self->lapic, bytes[0] & 7, bytes[1], bytes[2] & 1);
  lapic_read_msr (self->lapic, 0x800 + bytes[3], &value);
  lapic_write_msr (self->lapic, 0x800 + bytes[3], bytes[1]);
  lapic_set_tsc_deadline (self->lapic, (uint64_t) bytes[1] << 8 * (bytes[0] & 7));
  lapic_set_base (self->lapic, 0xfee00000 | (bytes[2] & 3) << 10);
  lapic_acknowledge (self->lapic);
  lapic_restore (self->lapic);
}

static StateSection
device_state (void *device)
{
  FuzzLapic *self = device;

  return (StateSection){ .id = "cpu0", .table = &x86_state_table, .state = &self->state };
}

const FuzzTarget fuzz_target = {
  .name = "lapic",
  .open = open_device,
  .close = close_device,
  .state = device_state,
  .outside = outside,
  .ranges = { { 0xfee00000, 0x400, true } },
};
