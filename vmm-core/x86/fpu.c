/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fpu.h"

#include "fpu-unit.h"
#include "vector.h"
#include "x87.h"
#include "xsave.h"

bool
fpu_bind (const X86Cpu *cpu, X86Insn *insn)
{
  if (insn->map == X86_MAP_PRIMARY)
    return x87_bind (cpu, insn);
  return vector_bind (cpu, insn) || vector_special_bind (cpu, insn) || xsave_bind (cpu, insn);
}

void
fpu_enter (X86Cpu *cpu)
{
  fpu_unit_set_mxcsr (cpu, cpu->state.mxcsr);
}

void
fpu_leave (X86Cpu *cpu)
{
  fpu_unit_gather_mxcsr (cpu);
  fpu_unit_save (cpu);
  fpu_unit_drop (cpu);
}
