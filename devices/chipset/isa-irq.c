/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "isa-irq.h"

#define N_LINES 16
#define N_SHARERS 32
#define CASCADE 2
#define TICK 0
#define TICK_PIN 2

typedef struct
{
  uint32_t levels[N_LINES]; /* a bit for each sharer */
} IsaIrqState;

struct IsaIrq
{
  Irq pic[N_LINES];
  Irq ioapic[N_LINES];
  uint8_t n_sharers[N_LINES];
  Pic *pic_pair;
  Ioapic *ioapic_chip;
  void (*tick_taken) (void *data); /* NULL: nobody asks */
  void *tick_data;
  IsaIrqState state;
};

static const StateField isa_irq_fields[] = { STATE_INTS (IsaIrqState, levels) };
static const StateTable isa_irq_table = STATE_TABLE (IsaIrqState, 1, isa_irq_fields);

IsaIrq *
isa_irq_new (Pic *pic, Ioapic *ioapic)
{
  IsaIrq *irqs = g_new0 (IsaIrq, 1);

  irqs->pic_pair = pic;
  irqs->ioapic_chip = ioapic;
  for (unsigned n = 0; n < N_LINES; n++)
    {
      if (n == CASCADE)
        continue;
      irqs->pic[n] = pic_get_irq (pic, n);
      irqs->ioapic[n] = ioapic_get_irq (ioapic, n == TICK ? TICK_PIN : n);
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

/* A line that nobody has could never fall again. */
static gboolean
isa_irq_after_load (void *device, GError **error)
{
  const IsaIrq *irqs = device;

  for (unsigned n = 0; n < N_LINES; n++)
    if ((uint64_t) irqs->state.levels[n] >> irqs->n_sharers[n] != 0)
      {
        g_set_error (error, STATE_ERROR, STATE_ERROR_BAD_STREAM,
                     "The saved state of “isa-irq” holds a line that nobody drives.");
        return FALSE;
      }
  return TRUE;
}

static void
isa_irq_tick_taken (void *data)
{
  IsaIrq *irqs = data;

  if (irqs->tick_taken != NULL)
    irqs->tick_taken (irqs->tick_data);
}

void
isa_irq_set_tick_taken (IsaIrq *irqs, void (*taken) (void *data), void *data)
{
  irqs->tick_taken = taken;
  irqs->tick_data = data;
  pic_set_taken (irqs->pic_pair, isa_irq_tick_taken, irqs);
}

void
isa_irq_message_taken (IsaIrq *irqs, uint8_t vector)
{
  if (ioapic_is_vector_of (irqs->ioapic_chip, TICK_PIN, vector))
    isa_irq_tick_taken (irqs);
}

bool
isa_irq_is_tick_masked (void *data)
{
  const IsaIrq *irqs = data;

  return pic_is_masked (irqs->pic_pair, TICK) && ioapic_is_masked (irqs->ioapic_chip, TICK_PIN);
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
  return (StateSection){ .id = "isa-irq",
                         .table = &isa_irq_table,
                         .state = &irqs->state,
                         .device = irqs,
                         .after_load = isa_irq_after_load,
                         .show_lines = isa_irq_show_lines };
}
