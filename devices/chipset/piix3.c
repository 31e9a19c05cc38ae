/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Intel 82371SB PIIX3 data sheet (290550): 2.2 (PCI function 0), 2.5.4.8 (ELCR), 2.5.5 (NMISC), and
 * port 92h as on the PS/2. */
#include "piix3.h"

#include "vmm-core/trace.h"

#include <string.h>

#define PIRQRCA 0x60

#define NMISC_TIMER2_GATE 0x01
#define NMISC_WRITABLE 0x0f
#define NMISC_REFRESH 0x10
#define NMISC_OUT2 0x20
#define REFRESH_NS 15085 /* 18 ticks of the timer's clock, as every PC refreshes its memory */

#define PORT92_INIT 0x01
#define PORT92_A20 0x02

/* ELCR bits that are fixed to edge: timer, keyboard, cascade; RTC and FPU. */
static const uint8_t elcr_mask[2] = { 0xf8, 0xde };

typedef struct
{
  uint8_t nmisc;
  uint8_t port92;
} Piix3State;

struct Piix3
{
  Bus *io;
  PciFunction *function;
  Pirq *pirq;
  Pic *pic;
  Pit *pit;
  Clock *clock;
  Irq a20;
  void (*init_request) (void *data);
  void *init_data;
  Piix3State state;
};

static const StateField piix3_fields[] = {
  STATE_INT_IN (Piix3State, nmisc, 0, NMISC_WRITABLE),
  STATE_INT_IN (Piix3State, port92, 0, PORT92_A20 | PORT92_INIT),
};
static const StateTable piix3_table = STATE_TABLE (Piix3State, 1, piix3_fields);

static void
piix3_config_write (void *device, unsigned reg, unsigned size, uint32_t value)
{
  Piix3 *piix3 = device;
  const uint8_t *config = pci_function_get_config (piix3->function);

  for (unsigned n = 0; n < 4; n++)
    if (PIRQRCA + n >= reg && PIRQRCA + n < reg + size)
      pirq_set_route (piix3->pirq, n, config[PIRQRCA + n]);
}

static void
piix3_reset (void *device)
{
  Piix3 *piix3 = device;
  uint8_t *config = pci_function_get_config (piix3->function);

  config[0x04] = 0x07; /* an ISA bridge is always on */
  memset (config + 0x40, 0, 0xc0);
  config[0x4c] = 0x4d; /* IORT */
  config[0x4e] = 0x03; /* XBCS */
  memset (config + PIRQRCA, 0x80, 4);
  config[0x69] = 0x02; /* TOM */
  config[0x70] = 0x80; /* MBIRQ0 */
  config[0x76] = 0x0c; /* MBDMA */
  config[0x77] = 0x0c;
  config[0xa0] = 0x08; /* SMICNTL */
  config[0xa8] = 0x0f;
  pirq_reset (piix3->pirq);
  piix3->state = (Piix3State){ .port92 = PORT92_A20 };
  irq_set (piix3->a20, true);
  pit_set_gate2 (piix3->pit, false);
}

static const PciFunctionOps piix3_function_ops = {
  .config_write = piix3_config_write,
  .reset = piix3_reset,
};

static uint64_t
piix3_elcr_read (void *device, uint64_t offset, unsigned size)
{
  Piix3 *piix3 = device;

  return pic_get_elcr (piix3->pic, offset);
}

static void
piix3_elcr_write (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  Piix3 *piix3 = device;

  pic_set_elcr (piix3->pic, offset, value & elcr_mask[offset]);
}

static uint64_t
piix3_nmisc_read (void *device, uint64_t offset, unsigned size)
{
  Piix3 *piix3 = device;
  bool refresh = clock_get_ns (piix3->clock) / REFRESH_NS & 1;

  return piix3->state.nmisc | (refresh ? NMISC_REFRESH : 0)
         | (pit_get_out2 (piix3->pit) ? NMISC_OUT2 : 0);
}

static void
piix3_nmisc_write (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  Piix3 *piix3 = device;

  TRACE ("piix3.nmisc", "%#x", (unsigned) value);
  piix3->state.nmisc = value & NMISC_WRITABLE;
  pit_set_gate2 (piix3->pit, (value & NMISC_TIMER2_GATE) != 0);
}

static uint64_t
piix3_port92_read (void *device, uint64_t offset, unsigned size)
{
  Piix3 *piix3 = device;

  return piix3->state.port92;
}

static void
piix3_port92_write (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  Piix3 *piix3 = device;
  bool init = (value & PORT92_INIT) && !(piix3->state.port92 & PORT92_INIT);

  TRACE ("piix3.port92", "%#x", (unsigned) value);
  piix3->state.port92 = value & (PORT92_A20 | PORT92_INIT);
  irq_set (piix3->a20, (value & PORT92_A20) != 0);
  if (init)
    piix3->init_request (piix3->init_data);
}

static const BusOps piix3_elcr_ops
  = { .read = piix3_elcr_read, .write = piix3_elcr_write, .max_size = 1 };
static const BusOps piix3_nmisc_ops
  = { .read = piix3_nmisc_read, .write = piix3_nmisc_write, .max_size = 1 };
static const BusOps piix3_port92_ops
  = { .read = piix3_port92_read, .write = piix3_port92_write, .max_size = 1 };

Piix3 *
piix3_new (Bus *io, PciBus *bus, Pirq *pirq, Pic *pic, Pit *pit, Clock *clock, Irq a20,
           void (*init_request) (void *data), void *data)
{
  static const PciIdentity identity = {
    .vendor_id = 0x8086,
    .device_id = 0x7000,
    .class_code = 0x060100,
    .multifunction = true,
    .subsystem_vendor_id = 0x1af4,
    .subsystem_id = 0x1100,
  };
  Piix3 *piix3 = g_new0 (Piix3, 1);
  uint8_t *mask;

  piix3->io = io;
  piix3->pirq = pirq;
  piix3->pic = pic;
  piix3->pit = pit;
  piix3->clock = clock;
  piix3->a20 = a20;
  piix3->init_request = init_request;
  piix3->init_data = data;
  piix3->function = pci_function_new (bus, 1, 0, &identity, &piix3_function_ops, piix3);
  mask = pci_function_get_write_mask (piix3->function);
  memset (mask + 0x04, 0, 2);
  mask[0x4c] = mask[0x4e] = mask[0x4f] = 0xff;
  memset (mask + PIRQRCA, 0x8f, 4);
  mask[0x69] = mask[0x6a] = mask[0x70] = mask[0x76] = mask[0x77] = 0xff;
  memset (mask + 0x80, 0xff, 1);
  memset (mask + 0xa0, 0xff, 16);
  piix3_reset (piix3);
  bus_map (io, 0x61, 1, &piix3_nmisc_ops, piix3);
  bus_map (io, 0x92, 1, &piix3_port92_ops, piix3);
  bus_map (io, 0x4d0, 2, &piix3_elcr_ops, piix3);
  return piix3;
}

void
piix3_free (Piix3 *piix3)
{
  if (piix3 == NULL)
    return;
  bus_unmap (piix3->io, 0x4d0, 2, piix3);
  bus_unmap (piix3->io, 0x92, 1, piix3);
  bus_unmap (piix3->io, 0x61, 1, piix3);
  pci_function_free (piix3->function);
  g_free (piix3);
}

PciFunction *
piix3_get_function (Piix3 *piix3)
{
  return piix3->function;
}

static void
piix3_show_lines (void *device)
{
  piix3_config_write (device, PIRQRCA, 4, 0);
}

StateSection
piix3_state (Piix3 *piix3)
{
  return (StateSection){ .id = "piix3",
                         .table = &piix3_table,
                         .state = &piix3->state,
                         .device = piix3,
                         .show_lines = piix3_show_lines };
}
