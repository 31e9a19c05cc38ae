/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Intel 82371SB (PIIX3) data sheet, 2.5.10 "Coprocessor error register". */
#include "coprocessor.h"

#include "vmm-core/trace.h"

#define COPROCESSOR_PORT 0xf0
#define COPROCESSOR_PORTS 2 /* F1h reset the 80287 and does as much here */

typedef struct
{
  bool error; /* IRQ 13 is high */
} CoprocessorState;

struct Coprocessor
{
  Bus *io;
  Irq irq13;
  CoprocessorState state;
};

static const StateField coprocessor_fields[] = { STATE_FLAG (CoprocessorState, error) };
static const StateTable coprocessor_table = STATE_TABLE (CoprocessorState, 1, coprocessor_fields);

static void
coprocessor_set_error (Coprocessor *coprocessor, bool error)
{
  if (coprocessor->state.error == error)
    return;
  TRACE ("coprocessor.error", "%d", error);
  coprocessor->state.error = error;
  irq_set (coprocessor->irq13, error);
}

void
coprocessor_set_ferr (void *coprocessor, bool level)
{
  if (level)
    coprocessor_set_error (coprocessor, true);
}

static uint64_t
coprocessor_read (void *device, uint64_t offset, unsigned size)
{
  return UINT64_MAX;
}

static void
coprocessor_write (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  coprocessor_set_error (device, false);
}

static const BusOps coprocessor_ops = { .read = coprocessor_read, .write = coprocessor_write };

Coprocessor *
coprocessor_new (Bus *io, Irq irq13)
{
  Coprocessor *coprocessor = g_new0 (Coprocessor, 1);

  coprocessor->io = io;
  coprocessor->irq13 = irq13;
  bus_map (io, COPROCESSOR_PORT, COPROCESSOR_PORTS, &coprocessor_ops, coprocessor);
  return coprocessor;
}

void
coprocessor_free (Coprocessor *coprocessor)
{
  if (coprocessor == NULL)
    return;
  bus_unmap (coprocessor->io, COPROCESSOR_PORT, COPROCESSOR_PORTS, coprocessor);
  g_free (coprocessor);
}

void
coprocessor_reset (Coprocessor *coprocessor)
{
  coprocessor_set_error (coprocessor, false);
}

static void
coprocessor_show_lines (void *device)
{
  Coprocessor *coprocessor = device;

  irq_set (coprocessor->irq13, coprocessor->state.error);
}

StateSection
coprocessor_state (Coprocessor *coprocessor)
{
  return (StateSection){ .id = "coprocessor",
                         .table = &coprocessor_table,
                         .state = &coprocessor->state,
                         .device = coprocessor,
                         .show_lines = coprocessor_show_lines };
}
