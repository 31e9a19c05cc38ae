/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vmm-core/bus.h"
#include "vmm-core/clock.h"
#include "vmm-core/irq.h"
#include "vmm-core/state.h"

/* The MC146818A real-time clock with 128 bytes of CMOS RAM, at 70h and 71h. */
typedef struct Rtc Rtc;

/* It shows what the clock on the wall does, until the guest sets it. irq8 is its interrupt line. */
Rtc *rtc_new (Bus *io, Clock *clock, Irq irq8);
void rtc_free (Rtc *rtc);
/* The clock and the RAM are on a battery: a reset only stops the interrupts. */
void rtc_reset (Rtc *rtc);

/* Bytes of CMOS RAM that a board's firmware finds things in (0Eh to 7Fh). */
void rtc_set_ram (Rtc *rtc, unsigned index, uint8_t value);

StateSection rtc_state (Rtc *rtc);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rtc, rtc_free)
