/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The guest's registers that live in memory. A chain of instructions on one of them would wait for
 * memory between any two; so it is remembered which of them r10 and r11 still have. */
#include "generator.h"

/* What was emitted since may have changed them. */
static void
look_at_changes (Generator *g)
{
  for (unsigned n = 0; n < 2; n++)
    if (g->e->changed & 1u << (HOST_R10 + n))
      {
        g->held[n] = GUEST_NONE;
        g->held_run[n] = NULL;
      }
  g->e->changed = 0;
}

unsigned
generator_find_held (Generator *g, unsigned guest)
{
  look_at_changes (g);
  if (guest == GUEST_NONE)
    return HOST_NONE;
  return g->held[0] == guest ? HOST_R10 : g->held[1] == guest ? HOST_R11 : HOST_NONE;
}

static void
note_held (Generator *g, unsigned guest, unsigned host)
{
  generator_forget_held (g, guest);
  g->held[host - HOST_R10] = guest;
  g->held_run[host - HOST_R10] = NULL;
}

unsigned
generator_load_spilled (Generator *g, unsigned guest, unsigned spare)
{
  unsigned host = generator_find_held (g, guest);

  if (host != HOST_NONE)
    return host;
  emit_load (g->e, spare, GPR_AT (guest));
  note_held (g, guest, spare);
  return spare;
}

void
generator_store_spilled (Generator *g, unsigned guest, unsigned host)
{
  emit_store (g->e, GPR_AT (guest), host);
  note_held (g, guest, host);
}

void
generator_forget_held (Generator *g, unsigned guest)
{
  look_at_changes (g);
  for (unsigned n = 0; n < 2; n++)
    if (g->held[n] == guest)
      g->held[n] = GUEST_NONE;
}

void
generator_forget_all_held (Generator *g)
{
  g->held[0] = g->held[1] = GUEST_NONE;
  g->held_run[0] = g->held_run[1] = NULL;
  g->e->changed = 0;
}

void
generator_note_run (Generator *g, const PlanInsn *first, unsigned host)
{
  look_at_changes (g);
  g->held[host - HOST_R10] = GUEST_NONE;
  g->held_run[host - HOST_R10] = first;
}

unsigned
generator_load_run (Generator *g, const PlanInsn *first, HostOperand from, unsigned taken)
{
  unsigned host;

  look_at_changes (g);
  for (unsigned n = 0; n < 2; n++)
    if (g->held_run[n] == first)
      return HOST_R10 + n;
  /* Of more runs than registers one stays in place. */
  host = taken == HOST_R11 || (taken != HOST_R10 && g->held_run[1] != NULL) ? HOST_R10 : HOST_R11;
  emit_load (g->e, host, from);
  generator_note_run (g, first, host);
  return host;
}

void
generator_copy_held (Generator *g, uint8_t held[2])
{
  look_at_changes (g);
  memcpy (held, g->held, sizeof g->held);
}

void
generator_reload_held (Generator *g, const uint8_t held[2])
{
  for (unsigned n = 0; n < 2; n++)
    if (held[n] != GUEST_NONE)
      emit_load (g->e, HOST_R10 + n, GPR_AT (held[n]));
}
