/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "device-test.h"

static void
test_line_set (void *controller, unsigned input, bool level)
{
  TestLine *line = controller;

  line->rises += level && !line->level;
  line->level = level;
}

Irq
test_line_irq (TestLine *line)
{
  return (Irq){ test_line_set, line, 0 };
}

void
test_state_round_trip (const StateSection *from, const StateSection *to)
{
  g_autoptr (GByteArray) saved = g_byte_array_new ();
  g_autoptr (GByteArray) again = g_byte_array_new ();
  g_autoptr (GError) error = NULL;
  const uint8_t *cursor;

  state_save (from, saved);
  cursor = saved->data;
  state_load (to, &cursor, saved->data + saved->len, &error);
  g_assert_no_error (error);
  g_assert_true (cursor == saved->data + saved->len);
  state_save (to, again);
  g_assert_cmpmem (saved->data, saved->len, again->data, again->len);
}

void
test_state_same (const StateSection *section)
{
  test_state_round_trip (section, section);
}
