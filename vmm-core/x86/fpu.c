/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fpu.h"

bool
fpu_bind (const X86Cpu *cpu, X86Insn *insn)
{
  return false;
}

void
fpu_leave (X86Cpu *cpu)
{
  cpu->fpu_resident = false;
}
