/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cpu.h"

/* The interpreter: runs decoded blocks. */

/* Runs until something outside the guest's code wants attention. On the CPU's own thread. */
AccelExit x86_interpreter_run (X86Cpu *cpu, GError **error);

/* Executes exactly one instruction, or delivers the exception it raises. FALSE: triple fault. */
bool x86_interpret_one (X86Cpu *cpu);
