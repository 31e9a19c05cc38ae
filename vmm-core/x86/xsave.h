/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cpu.h"

/* As fpu_bind, for FXSAVE, FXRSTOR and the XSAVE family. */
bool xsave_bind (const X86Cpu *cpu, X86Insn *insn);
