/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vmm-core/irq.h"
#include "vmm-core/state.h"

/* An interrupt line that remembers: for tests of devices. */
typedef struct
{
  bool level;
  unsigned rises; /* rising edges so far */
} TestLine;

Irq test_line_irq (TestLine *line);

/* Saves from, loads that into to (a device of the same kind), saves it again and compares the
 * bytes. Afterwards `to` is in the state of `from`. */
void test_state_round_trip (const StateSection *from, const StateSection *to);
/* The same device saved, loaded and saved again. */
void test_state_same (const StateSection *section);
