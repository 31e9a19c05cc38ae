/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cpu.h"

/* As fpu_bind, for opcodes D8 to DF and 9B. */
bool x87_bind (const X86Cpu *cpu, X86Insn *insn);

/* FLDENV, FNSTENV, FRSTOR and FNSAVE, the unit being resident. */
void x87_load_environment (X86Cpu *cpu, const X86Insn *insn, uint64_t ea, bool registers);
void x87_store_environment (X86Cpu *cpu, const X86Insn *insn, uint64_t ea, bool registers);
