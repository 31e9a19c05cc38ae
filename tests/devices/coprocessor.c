/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "devices/chipset/coprocessor.h"

typedef struct
{
  Bus *io;
  Coprocessor *coprocessor;
  bool irq13;
} Fixture;

static void
note_irq (void *data, unsigned input, bool level)
{
  ((Fixture *) data)->irq13 = level;
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->io = bus_new ("io", 0x10000, NULL);
  f->coprocessor = coprocessor_new (f->io, (Irq){ note_irq, f, 13 });
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  coprocessor_free (f->coprocessor);
  bus_free (f->io);
}

/* FERR# raises IRQ 13, which lasts until port F0h is written, whatever FERR# does. */
static void
test_irq (Fixture *f, gconstpointer data)
{
  coprocessor_set_ferr (f->coprocessor, true);
  g_assert_true (f->irq13);
  coprocessor_set_ferr (f->coprocessor, false);
  g_assert_true (f->irq13);
  bus_write (f->io, 0xf0, 1, 0);
  g_assert_false (f->irq13);
}

static void
test_reset (Fixture *f, gconstpointer data)
{
  coprocessor_set_ferr (f->coprocessor, true);
  coprocessor_reset (f->coprocessor);
  g_assert_false (f->irq13);
}

static void
test_state (Fixture *f, gconstpointer data)
{
  g_autoptr (GByteArray) saved = g_byte_array_new ();
  g_autoptr (GByteArray) again = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  StateSection section = coprocessor_state (f->coprocessor);
  const uint8_t *cursor;

  coprocessor_set_ferr (f->coprocessor, true);
  state_save (&section, saved);
  coprocessor_reset (f->coprocessor);
  cursor = saved->data;
  g_assert_true (state_load (&section, &cursor, saved->data + saved->len, &error));
  state_save (&section, again);
  g_assert_cmpmem (saved->data, saved->len, again->data, again->len);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/devices/coprocessor/irq", Fixture, NULL, set_up, test_irq, tear_down);
  g_test_add ("/devices/coprocessor/reset", Fixture, NULL, set_up, test_reset, tear_down);
  g_test_add ("/devices/coprocessor/state", Fixture, NULL, set_up, test_state, tear_down);
  return g_test_run ();
}
