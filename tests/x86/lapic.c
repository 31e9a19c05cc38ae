/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The local APIC: priorities, EOI, timer, IPIs, the x2APIC's rules, saved state. */
#include "vmm-core/x86/lapic.h"

#include <string.h>

#define TPR 0x80
#define PPR 0xa0
#define EOI 0xb0
#define LDR 0xd0
#define DFR 0xe0
#define SVR 0xf0
#define ESR 0x280
#define ICR 0x300
#define ICR_HIGH 0x310
#define LVT_TIMER 0x320
#define LVT_LINT0 0x350
#define LVT_LINT1 0x360
#define TIMER_INITIAL 0x380
#define TIMER_CURRENT 0x390
#define TIMER_DIVIDE 0x3e0

#define LVT_MASKED (1u << 16)
#define TIMER_PERIODIC (1u << 17)
#define TIMER_TSC_DEADLINE (2u << 17)
#define DIVIDE_BY_1 0xb

typedef struct
{
  X86State state;
  Clock *clock;
  Lapic *lapic;
  unsigned interrupts, nmis, inits, sipis, eois;
  uint8_t last_eoi, last_sipi;
  uint64_t last_icr;
} Fixture;

static void
on_interrupt (void *data, unsigned index)
{
  ((Fixture *) data)->interrupts++;
}

static void
on_nmi (void *data, unsigned index)
{
  ((Fixture *) data)->nmis++;
}

static void
on_init (void *data, unsigned index)
{
  ((Fixture *) data)->inits++;
}

static void
on_sipi (void *data, unsigned index, uint8_t vector)
{
  ((Fixture *) data)->sipis++;
  ((Fixture *) data)->last_sipi = vector;
}

static void
on_send (void *data, unsigned index, uint64_t icr)
{
  ((Fixture *) data)->last_icr = icr;
}

static void
on_eoi (void *data, uint8_t vector)
{
  ((Fixture *) data)->eois++;
  ((Fixture *) data)->last_eoi = vector;
}

/* The TSC of these tests runs at 1 GHz. */
static uint64_t
on_tsc_to_ns (void *data, unsigned index, uint64_t tsc)
{
  return tsc;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  const LapicOps ops = { on_interrupt, on_nmi, on_init, on_sipi, on_send, on_eoi, on_tsc_to_ns, f };

  x86_state_reset (&f->state, 0);
  f->clock = clock_new_manual ();
  f->lapic = lapic_new (0, &f->state.lapic, f->clock, &ops);
  lapic_write (f->lapic, SVR, 0x1ff);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  lapic_free (f->lapic);
  clock_free (f->clock);
}

static void
test_priority (Fixture *f, gconstpointer data)
{
  lapic_deliver (f->lapic, 0, 0x41, false);
  lapic_deliver (f->lapic, 0, 0x52, false);
  g_assert_cmpint (lapic_get_pending (f->lapic), ==, 0x52);
  g_assert_cmpint (lapic_acknowledge (f->lapic), ==, 0x52);
  g_assert_cmphex (lapic_read (f->lapic, PPR), ==, 0x50);
  /* The lower one waits for the EOI, one of the same class too; a higher class does not. */
  lapic_deliver (f->lapic, 0, 0x5f, false);
  g_assert_cmpint (lapic_get_pending (f->lapic), ==, -1);
  lapic_deliver (f->lapic, 0, 0x60, false);
  g_assert_cmpint (lapic_acknowledge (f->lapic), ==, 0x60);
  lapic_write (f->lapic, EOI, 0);
  g_assert_cmpint (lapic_get_pending (f->lapic), ==, -1);
  lapic_write (f->lapic, EOI, 0);
  g_assert_cmpint (lapic_acknowledge (f->lapic), ==, 0x5f);
  lapic_write (f->lapic, EOI, 0);
  /* TPR holds back its own class and those below. */
  lapic_write (f->lapic, TPR, 0x40);
  g_assert_cmpint (lapic_get_pending (f->lapic), ==, -1);
  g_assert_cmpint (lapic_get_cr8 (f->lapic), ==, 4);
  lapic_set_cr8 (f->lapic, 3);
  g_assert_cmpint (lapic_get_pending (f->lapic), ==, 0x41);
}

static void
test_level (Fixture *f, gconstpointer data)
{
  lapic_deliver (f->lapic, 0, 0x31, true);
  lapic_deliver (f->lapic, 0, 0x91, false);
  lapic_acknowledge (f->lapic);
  lapic_write (f->lapic, EOI, 0);
  g_assert_cmpint (f->eois, ==, 0);
  lapic_acknowledge (f->lapic);
  lapic_write (f->lapic, EOI, 0);
  g_assert_cmpint (f->eois, ==, 1);
  g_assert_cmphex (f->last_eoi, ==, 0x31);
}

static void
test_illegal_vectors (Fixture *f, gconstpointer data)
{
  lapic_deliver (f->lapic, 0, 5, false);
  lapic_write (f->lapic, ICR, 0x40005);
  g_assert_cmphex (f->last_icr, ==, 0);
  g_assert_cmphex (lapic_read (f->lapic, ESR), ==, 0);
  lapic_write (f->lapic, ESR, 0);
  g_assert_cmphex (lapic_read (f->lapic, ESR), ==, 0x60);
  lapic_write (f->lapic, ESR, 0);
  g_assert_cmphex (lapic_read (f->lapic, ESR), ==, 0);
}

static void
test_disabled (Fixture *f, gconstpointer data)
{
  lapic_write (f->lapic, LVT_LINT1, 0x400);
  lapic_write (f->lapic, SVR, 0xff);
  g_assert_cmphex (lapic_read (f->lapic, LVT_LINT1), ==, 0x400 | LVT_MASKED);
  lapic_deliver (f->lapic, 0, 0x41, false);
  g_assert_cmpint (lapic_get_pending (f->lapic), ==, -1);
  /* Messages other than vectors still arrive. */
  lapic_deliver (f->lapic, 5, 0, false);
  lapic_deliver (f->lapic, 6, 0x9a, false);
  g_assert_cmpint (f->inits, ==, 1);
  g_assert_cmpint (f->sipis, ==, 1);
  g_assert_cmphex (f->last_sipi, ==, 0x9a);
}

static void
test_lint (Fixture *f, gconstpointer data)
{
  g_assert_true (lapic_accepts_extint (f->lapic));
  lapic_write (f->lapic, LVT_LINT0, 0x700 | LVT_MASKED);
  g_assert_false (lapic_accepts_extint (f->lapic));
  lapic_pulse_lint1 (f->lapic);
  g_assert_cmpint (f->nmis, ==, 0);
  lapic_write (f->lapic, LVT_LINT1, 0x400);
  lapic_pulse_lint1 (f->lapic);
  g_assert_cmpint (f->nmis, ==, 1);
}

static void
test_timer (Fixture *f, gconstpointer data)
{
  lapic_write (f->lapic, TIMER_DIVIDE, DIVIDE_BY_1);
  lapic_write (f->lapic, LVT_TIMER, 0x61);
  lapic_write (f->lapic, TIMER_INITIAL, 1000000);
  clock_advance (f->clock, 400000);
  g_assert_cmpuint (lapic_read (f->lapic, TIMER_CURRENT), ==, 600000);
  clock_advance (f->clock, 599999);
  g_assert_cmpint (lapic_get_pending (f->lapic), ==, -1);
  clock_advance (f->clock, 1);
  g_assert_cmpint (lapic_acknowledge (f->lapic), ==, 0x61);
  lapic_write (f->lapic, EOI, 0);
  g_assert_cmpuint (lapic_read (f->lapic, TIMER_CURRENT), ==, 0);
  clock_advance (f->clock, 5000000);
  g_assert_cmpint (lapic_get_pending (f->lapic), ==, -1);

  /* Periodic, divided by 16; a masked entry counts and says nothing. */
  lapic_write (f->lapic, TIMER_DIVIDE, 3);
  lapic_write (f->lapic, LVT_TIMER, 0x62 | TIMER_PERIODIC);
  lapic_write (f->lapic, TIMER_INITIAL, 100000);
  for (unsigned i = 0; i < 3; i++)
    {
      clock_advance (f->clock, 1600000);
      g_assert_cmpint (lapic_acknowledge (f->lapic), ==, 0x62);
      lapic_write (f->lapic, EOI, 0);
    }
  lapic_write (f->lapic, LVT_TIMER, 0x62 | TIMER_PERIODIC | LVT_MASKED);
  clock_advance (f->clock, 1600000);
  g_assert_cmpint (lapic_get_pending (f->lapic), ==, -1);
  lapic_write (f->lapic, TIMER_INITIAL, 0);
  g_assert_cmpint (f->state.lapic.timer_deadline, ==, -1);
}

/* Ticks that meet one that was not taken come after it, as many as there were. */
static void
test_late_ticks (Fixture *f, gconstpointer data)
{
  unsigned taken = 0;

  lapic_write (f->lapic, TIMER_DIVIDE, DIVIDE_BY_1);
  lapic_write (f->lapic, LVT_TIMER, 0x62 | TIMER_PERIODIC);
  lapic_write (f->lapic, TIMER_INITIAL, 1000000);
  clock_advance (f->clock, 10000000);
  while (lapic_acknowledge (f->lapic) == 0x62)
    {
      lapic_write (f->lapic, EOI, 0);
      taken++;
    }
  g_assert_cmpuint (taken, ==, 10);
  clock_advance (f->clock, 5000000);
  g_assert_cmpuint (f->state.lapic.timer_owed, ==, 4);
  lapic_write (f->lapic, TIMER_INITIAL, 1000000);
  g_assert_cmpuint (f->state.lapic.timer_owed, ==, 0);
}

static void
test_tsc_deadline (Fixture *f, gconstpointer data)
{
  lapic_write (f->lapic, LVT_TIMER, 0x63 | TIMER_TSC_DEADLINE);
  lapic_set_tsc_deadline (f->lapic, 5000);
  g_assert_cmpuint (lapic_get_tsc_deadline (f->lapic), ==, 5000);
  clock_advance (f->clock, 5000);
  g_assert_cmpint (lapic_acknowledge (f->lapic), ==, 0x63);
  g_assert_cmpuint (lapic_get_tsc_deadline (f->lapic), ==, 0);
  /* One in the past comes with the write. */
  lapic_write (f->lapic, EOI, 0);
  lapic_set_tsc_deadline (f->lapic, 4000);
  g_assert_cmpint (lapic_acknowledge (f->lapic), ==, 0x63);
  g_assert_cmpuint (lapic_get_tsc_deadline (f->lapic), ==, 0);
  /* The count register is dead in this mode, and leaving it disarms. */
  lapic_write (f->lapic, TIMER_INITIAL, 100);
  g_assert_cmpuint (lapic_read (f->lapic, TIMER_INITIAL), ==, 0);
  lapic_set_tsc_deadline (f->lapic, 1000000);
  lapic_write (f->lapic, LVT_TIMER, 0x63);
  g_assert_cmpuint (lapic_get_tsc_deadline (f->lapic), ==, 0);
  g_assert_cmpint (f->state.lapic.timer_deadline, ==, -1);
}

static void
test_destinations (Fixture *f, gconstpointer data)
{
  g_assert_true (lapic_matches (f->lapic, 0, false));
  g_assert_false (lapic_matches (f->lapic, 1, false));
  g_assert_true (lapic_matches (f->lapic, 0xff, false));
  /* Flat model: one bit a CPU; cluster model: four bits in one of fifteen clusters. */
  lapic_write (f->lapic, LDR, 0x24000000);
  g_assert_true (lapic_matches (f->lapic, 0x04, true));
  g_assert_false (lapic_matches (f->lapic, 0x02, true));
  lapic_write (f->lapic, DFR, 0x0fffffff);
  g_assert_true (lapic_matches (f->lapic, 0x24, true));
  g_assert_false (lapic_matches (f->lapic, 0x14, true));

  lapic_write (f->lapic, ICR_HIGH, 0x03000000);
  lapic_write (f->lapic, ICR, 0x44441);
  g_assert_cmphex (f->last_icr, ==, 0x0300000000044441);
}

static void
test_x2apic (Fixture *f, gconstpointer data)
{
  uint64_t value;

  g_assert_false (lapic_read_msr (f->lapic, 0x802, &value));
  g_assert_false (lapic_set_base (f->lapic, 0xfee00400)); /* EXTD without EN */
  g_assert_true (lapic_set_base (f->lapic, 0xfee00d00));
  g_assert_false (lapic_set_base (f->lapic, 0xfee00900)); /* the way back leads through "off" */
  g_assert_true (lapic_read_msr (f->lapic, 0x802, &value));
  g_assert_cmphex (value, ==, 0);
  g_assert_true (lapic_read_msr (f->lapic, 0x80d, &value));
  g_assert_cmphex (value, ==, 1);
  g_assert_false (lapic_write_msr (f->lapic, 0x802, 0));
  g_assert_false (lapic_write_msr (f->lapic, 0x80b, 1));
  g_assert_false (lapic_write_msr (f->lapic, 0x808, 0x100));
  /* Bits that are read-only, not reserved, may be written as they were read. */
  g_assert_true (lapic_write_msr (f->lapic, 0x835, 0x5700));
  g_assert_cmphex (lapic_read (f->lapic, LVT_LINT0), ==, 0x700);
  g_assert_true (lapic_write_msr (f->lapic, 0x83f, 0x77));
  g_assert_cmpint (lapic_acknowledge (f->lapic), ==, 0x77);
  g_assert_true (lapic_write_msr (f->lapic, 0x80b, 0));
  g_assert_true (lapic_write_msr (f->lapic, 0x830, 0x500000041));
  g_assert_cmphex (f->last_icr, ==, 0x500000041);
  g_assert_true (lapic_set_base (f->lapic, 0xfee00100));
  g_assert_false (lapic_set_base (f->lapic, 0xfee00d00));
}

/* What is saved, loaded and saved again is the same; an armed timer fires when it would have. */
static void
test_state (Fixture *f, gconstpointer data)
{
  StateSection section = { "cpu0", &x86_state_table, &f->state, NULL, NULL, NULL };
  g_autoptr (GByteArray) first = g_byte_array_new ();
  g_autoptr (GByteArray) second = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  const uint8_t *cursor;

  lapic_write (f->lapic, LVT_TIMER, 0x64);
  lapic_write (f->lapic, TIMER_DIVIDE, DIVIDE_BY_1);
  lapic_write (f->lapic, TIMER_INITIAL, 1000);
  lapic_deliver (f->lapic, 0, 0x41, true);
  state_save (&section, first);

  lapic_init (f->lapic);
  cursor = first->data;
  g_assert_true (state_load (&section, &cursor, first->data + first->len, &error));
  g_assert_no_error (error);
  lapic_restore (f->lapic);
  state_save (&section, second);
  g_assert_cmpmem (first->data, first->len, second->data, second->len);
  g_assert_cmpint (lapic_acknowledge (f->lapic), ==, 0x41);
  clock_advance (f->clock, 1000);
  g_assert_cmpint (lapic_acknowledge (f->lapic), ==, 0x64);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*run) (Fixture *f, gconstpointer data);
  } tests[] = {
    { "/x86/lapic/priority", test_priority },
    { "/x86/lapic/level", test_level },
    { "/x86/lapic/illegal-vectors", test_illegal_vectors },
    { "/x86/lapic/disabled", test_disabled },
    { "/x86/lapic/lint", test_lint },
    { "/x86/lapic/timer", test_timer },
    { "/x86/lapic/late-ticks", test_late_ticks },
    { "/x86/lapic/tsc-deadline", test_tsc_deadline },
    { "/x86/lapic/destinations", test_destinations },
    { "/x86/lapic/x2apic", test_x2apic },
    { "/x86/lapic/state", test_state },
  };

  g_test_init (&argc, &argv, NULL);
  for (unsigned i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].run, tear_down);
  return g_test_run ();
}
