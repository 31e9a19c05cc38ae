/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rflags.h"

#include "segment.h"

void
x86_rflags_load (X86Cpu *cpu, uint64_t rflags, uint64_t mask)
{
  uint64_t old = x86_flags_get (cpu);
  uint64_t new = ((old & ~mask) | (rflags & mask)) | 2;

  x86_flags_set_status (cpu, new);
  cpu->state.rflags = new;
  if (new &(X86_FLAG_TF | X86_FLAG_RF))
    atomic_fetch_or (&cpu->requests, X86_REQUEST_LOCAL);
  if (cpu->interrupt_waiting && (new &X86_FLAG_IF))
    atomic_fetch_or (&cpu->requests, X86_REQUEST_INTERRUPT);
  if ((old ^ new) & X86_FLAG_AC)
    x86_mode_update_ac (cpu);
}
