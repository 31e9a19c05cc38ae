/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cpu.h"

/* x87, MMX, SSE to SSE4.2, AES, PCLMULQDQ, SHA, AVX, AVX2, FMA, F16C and the instructions that save
 * their state. All of them run the host's own instruction on the guest's operands: what the host
 * lacks, the guest must not be told of by CPUID. */

/* Sets insn->exec, and what else the instruction needs, for any opcode of these families, from
 * its decoded fields. FALSE: not such an instruction, #UD. */
bool fpu_bind (const X86Cpu *cpu, X86Insn *insn);

/* To be called on the CPU's thread before the run loop, so that no flags of the host's own
 * floating-point operations count as the guest's. */
void fpu_enter (X86Cpu *cpu);

/* Moves the x87 state from the host's unit to cpu->state and gives the unit back. To be called on
 * the CPU's thread whenever it leaves the run loop; cheap when the unit was not in use. */
void fpu_leave (X86Cpu *cpu);
