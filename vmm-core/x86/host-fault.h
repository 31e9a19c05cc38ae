/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cpu.h"

/* Signals that the host raises over a guest: the host's code for it is wrong, or memory of it is
 * gone. The CPU comes back with an error that names the guest's instruction, and the process goes
 * on. What befalls other threads, device code's DMA on the I/O thread among it, and whatever else
 * goes wrong in our own code, is left to the action that was there before. */

/* From now on; once more does nothing. Any thread. */
void host_fault_catch (void);

/* Runs the CPU by its engine. To be called on its thread. */
AccelExit host_fault_run (X86Cpu *cpu, GError **error);
