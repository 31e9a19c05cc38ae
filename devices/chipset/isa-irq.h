/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "ioapic.h"
#include "pic.h"

/* The sixteen ISA interrupt lines. Each reaches the 8259 pair and the I/O APIC (interrupt n at pin
 * n, the timer's 0 at pin 2), and is high while any device that shares it holds it. */
typedef struct IsaIrq IsaIrq;

IsaIrq *isa_irq_new (Pic *pic, Ioapic *ioapic);
void isa_irq_free (IsaIrq *irqs);

/* A line of its own for one more device of interrupt n (not 2); at most 32 of each. Boards ask in
 * the same order every time: saved states count on it. */
Irq isa_irq_get (IsaIrq *irqs, unsigned n);

/* taken is called whenever a CPU has taken the system timer's interrupt 0, as far as controllers
 * and accelerator tell. */
void isa_irq_set_tick_taken (IsaIrq *irqs, void (*taken) (void *data), void *data);
/* A CPU has taken an interrupt that came as a message. */
void isa_irq_message_taken (IsaIrq *irqs, uint8_t vector);
/* Whether both controllers mask interrupt 0. */
bool isa_irq_is_tick_masked (void *irqs);

StateSection isa_irq_state (IsaIrq *irqs);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IsaIrq, isa_irq_free)
