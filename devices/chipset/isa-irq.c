/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "isa-irq.h"

#define N_LINES 16
#define N_SHARERS 32
#define CASCADE 2

typedef struct
{
  uint32_t levels[N_LINES]; /* a bit for each sharer */
} IsaIrqState;

struct IsaIrq
{
  Irq pic[N_LINES];
  Irq ioapic[N_LINES];
  uint8_t n_sharers[N_LINES];
  IsaIrqState state;
};

static const StateField isa_irq_fields[] = { STATE_INTS (IsaIrqState, levels) };
static const StateTable isa_irq_table = STATE_TABLE (IsaIrqState, 1, isa_irq_fields);

IsaIrq *
isa_irq_new (Pic *pic, Ioapic *ioapic)
{
  IsaIrq *irqs = g_new0 (IsaIrq, 1);

  for (unsigned n = 0; n < N_LINES; n++)
    {
      if (n == CASCADE)
        continue;
      irqs->pic[n] = pic_get_irq (pic, n);
      irqs->ioapic[n] = ioapic_get_irq (ioapic, n == 0 ? 2 : n);
    }
  return irqs;
}

void
isa_irq_free (IsaIrq *irqs)
{
  g_free (irqs);
}

static void
isa_irq_drive (IsaIrq *irqs, unsigned n)
{
  irq_set (irqs->pic[n], irqs->state.levels[n] != 0);
  irq_set (irqs->ioapic[n], irqs->state.levels[n] != 0);
}

static void
isa_irq_set (void *data, unsigned input, bool level)
{
  IsaIrq *irqs = data;
  unsigned n = input / N_SHARERS;
  uint32_t bit = 1u << input % N_SHARERS;

  irqs->state.levels[n] = level ? irqs->state.levels[n] | bit : irqs->state.levels[n] & ~bit;
  isa_irq_drive (irqs, n);
}

Irq
isa_irq_get (IsaIrq *irqs, unsigned n)
{
  g_assert (n < N_LINES && n != CASCADE && irqs->n_sharers[n] < N_SHARERS);
  return (Irq){ isa_irq_set, irqs, n * N_SHARERS + irqs->n_sharers[n]++ };
}

static void
isa_irq_show_lines (void *device)
{
  for (unsigned n = 0; n < N_LINES; n++)
    isa_irq_drive (device, n);
}

StateSection
isa_irq_state (IsaIrq *irqs)
{
  return (StateSection){ .id = "isa-irq", .table = &isa_irq_table, .state = &irqs->state,
                         .device = irqs, .show_lines = isa_irq_show_lines };
}
