/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* One interrupt (or any other level) line into a controller's input. A plain value: copy it freely;
 * the controller behind it must outlive every copy. */
typedef struct
{
  void (*set) (void *controller, unsigned input, bool level);
  void *controller;
  unsigned input;
} Irq;

/* A line that leads nowhere. */
#define IRQ_NONE ((Irq){ NULL, NULL, 0 })

static inline void
irq_set (Irq irq, bool level)
{
  if (irq.set != NULL)
    irq.set (irq.controller, irq.input, level);
}

/* A rising and a falling edge. */
static inline void
irq_pulse (Irq irq)
{
  irq_set (irq, true);
  irq_set (irq, false);
}
