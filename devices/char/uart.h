/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vmm-core/bus.h"
#include "vmm-core/chardev.h"
#include "vmm-core/irq.h"
#include "vmm-core/state.h"

/* The 16550A UART. It knows registers only: the board, a BAR or a test gives it an address. */
typedef struct Uart Uart;

/* chardev is borrowed and is the far end of the line; irq is INTR (gated by OUT2, as PCs wire it).
 * id names the state: "serial0". */
Uart *uart_new (Chardev *chardev, Irq irq, const char *id);
void uart_free (Uart *uart);
void uart_reset (Uart *uart);

/* The eight registers, for bus_map with the Uart as device. */
extern const BusOps uart_ops;

StateSection uart_state (Uart *uart);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Uart, uart_free)
