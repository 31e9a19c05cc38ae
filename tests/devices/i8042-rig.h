/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <glib.h>

#include "devices/input/i8042.h"
#include "tests/support/device-test.h"

/* A keyboard controller with both its devices. */
typedef struct
{
  Bus *io;
  Clock *clock;
  Input *input;
  TestLine irq1, irq12, a20;
  unsigned inits;
  Ps2Keyboard *keyboard;
  Ps2Mouse *mouse;
  I8042 *i8042;
} I8042Rig;

static inline void
i8042_rig_count_init (void *data)
{
  ((I8042Rig *) data)->inits++;
}

static inline void
i8042_rig_set_up (I8042Rig *rig, gconstpointer data)
{
  *rig = (I8042Rig){ .io = bus_new ("io", 0x10000, NULL),
                     .clock = clock_new_manual (),
                     .input = input_new () };
  rig->keyboard = ps2_keyboard_new (rig->input, rig->clock);
  rig->mouse = ps2_mouse_new (rig->input);
  rig->i8042
    = i8042_new (rig->io, rig->keyboard, rig->mouse, rig->clock, test_line_irq (&rig->irq1),
                 test_line_irq (&rig->irq12), test_line_irq (&rig->a20), i8042_rig_count_init, rig);
}

static inline void
i8042_rig_tear_down (I8042Rig *rig, gconstpointer data)
{
  i8042_free (rig->i8042);
  ps2_mouse_free (rig->mouse);
  ps2_keyboard_free (rig->keyboard);
  input_free (rig->input);
  clock_free (rig->clock);
  bus_free (rig->io);
}

/* The bytes that wait or are on the cable, as text: at most so many as a test that fails shows. */
static inline char *
i8042_rig_drain (I8042Rig *rig)
{
  GString *text = g_string_new (NULL);

  for (unsigned i = 0; i < 300 && (bus_read (rig->io, 0x64, 1) & 1); i++)
    {
      g_string_append_printf (text, "%02x ", (unsigned) bus_read (rig->io, 0x60, 1));
      clock_advance (rig->clock, 700000);
    }
  return g_string_free (text, FALSE);
}

static inline void
i8042_rig_expect (I8042Rig *rig, const char *bytes)
{
  g_autofree char *got = i8042_rig_drain (rig);

  g_assert_cmpstr (g_strchomp (got), ==, bytes);
}
