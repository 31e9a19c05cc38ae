/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cpu.h"

/* Signals that the host raises over a guest that the CPU runs (host-guard.h): the CPU comes back
 * with an error that names the guest's code, and the process goes on. */

/* Runs the CPU by its engine. To be called on its thread. */
AccelExit host_fault_run (X86Cpu *cpu, GError **error);
