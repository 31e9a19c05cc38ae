/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Intel 82371SB PIIX3 data sheet, 2.2.8 (PIRQRC[A:D]) and 3.9 (interrupt steering). */
#include "pirq.h"

#include "vmm-core/trace.h"

#include <string.h>

#define PIRQRC_DISABLE 0x80
#define PIRQRC_RESERVED ((1 << 0) | (1 << 1) | (1 << 2) | (1 << 8) | (1 << 13))

typedef struct
{
  uint8_t route[4];
  bool level[4];
} PirqState;

struct Pirq
{
  Irq isa[16];
  PirqState state;
};

static const StateField pirq_fields[] = {
  STATE_INTS (PirqState, route),
  { "level", STATE_BOOL, offsetof (PirqState, level), 1, 4, NULL },
};
static const StateTable pirq_table = STATE_TABLE (PirqState, 1, pirq_fields);

Pirq *
pirq_new (const Irq isa[16])
{
  Pirq *pirq = g_new0 (Pirq, 1);

  memcpy (pirq->isa, isa, sizeof pirq->isa);
  memset (pirq->state.route, PIRQRC_DISABLE, sizeof pirq->state.route);
  return pirq;
}

void
pirq_free (Pirq *pirq)
{
  g_free (pirq);
}

/* The ISA interrupt that input n leads to, or -1. */
static int
pirq_target (const Pirq *pirq, unsigned n)
{
  uint8_t route = pirq->state.route[n];
  unsigned isa = route & 15;

  return (route & PIRQRC_DISABLE) || (PIRQRC_RESERVED >> isa & 1) ? -1 : (int) isa;
}

static void
pirq_update (Pirq *pirq, int isa)
{
  bool level = false;

  if (isa < 0)
    return;
  for (unsigned n = 0; n < 4; n++)
    level |= pirq->state.level[n] && pirq_target (pirq, n) == isa;
  irq_set (pirq->isa[isa], level);
}

void
pirq_set_route (Pirq *pirq, unsigned n, uint8_t pirqrc)
{
  int before = pirq_target (pirq, n);

  TRACE ("pirq.route", "PIRQ%c# %#x", 'A' + n, pirqrc);
  pirq->state.route[n] = pirqrc;
  pirq_update (pirq, before);
  pirq_update (pirq, pirq_target (pirq, n));
}

void
pirq_reset (Pirq *pirq)
{
  for (unsigned n = 0; n < 4; n++)
    pirq_set_route (pirq, n, PIRQRC_DISABLE);
}

static void
pirq_set (void *data, unsigned input, bool level)
{
  Pirq *pirq = data;

  pirq->state.level[input] = level;
  pirq_update (pirq, pirq_target (pirq, input));
}

void
pirq_get_intx (Pirq *pirq, Irq intx[4])
{
  for (unsigned n = 0; n < 4; n++)
    intx[n] = (Irq){ pirq_set, pirq, (n + 3) & 3 };
}

static void
pirq_show_lines (void *device)
{
  Pirq *pirq = device;

  for (unsigned n = 0; n < 4; n++)
    pirq_update (pirq, pirq_target (pirq, n));
}

StateSection
pirq_state (Pirq *pirq)
{
  return (StateSection){ .id = "pirq",
                         .table = &pirq_table,
                         .state = &pirq->state,
                         .device = pirq,
                         .show_lines = pirq_show_lines };
}
