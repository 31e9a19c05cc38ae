/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <string.h>

#include "cpu.h"

/* The host's x87 unit in the service of one CPU: the guest's state moves in with the first x87 or
 * MMX instruction and out with fpu_leave. Host code never uses it meanwhile. */

#define FPU_MXCSR_DEFAULT 0x1f80u
#define FPU_MXCSR_MASK 0xffffu /* the bits there are; others raise #GP */

#define FPU_MXCSR_FLAGS 0x3fu
#define FPU_MXCSR_PE 0x20u

enum
{
  FPU_EXCEPTIONS = 0x3f, /* IE DE ZE OE UE PE in the status word, their masks in the control word */
  FPU_STATUS_PE = 1 << 5,
  FPU_STATUS_ES = 1 << 7,
  FPU_STATUS_TOP = 7 << 11,
  FPU_STATUS_B = 1 << 15
};

void fpu_unit_load (X86Cpu *cpu);
/* Copies the unit's state to cpu->state.fpu, which stays stale otherwise while resident. The
 * control word and the last instruction's addresses there are always right. */
void fpu_unit_save (X86Cpu *cpu);

/* Forgets what the unit holds: cpu->state.fpu is the state now. */
void fpu_unit_drop (X86Cpu *cpu);

_Noreturn void fpu_unit_raise_mmx (X86Cpu *cpu);

/* While the guest's MXCSR has the default controls and PE set already, its instructions run under
 * the host's MXCSR, which saves two loads of it: their exception flags gather there. PE, the one
 * flag that the host's own code may raise meanwhile, then means nothing new. */
static inline bool
fpu_unit_shares_mxcsr (const X86Cpu *cpu)
{
  return (cpu->state.mxcsr & (~FPU_MXCSR_FLAGS | FPU_MXCSR_PE))
         == (FPU_MXCSR_DEFAULT | FPU_MXCSR_PE);
}

/* Before state.mxcsr is looked at. */
static inline void
fpu_unit_gather_mxcsr (X86Cpu *cpu)
{
  uint32_t host;

  __asm__ volatile ("stmxcsr %0" : "=m"(host));
  if (fpu_unit_shares_mxcsr (cpu))
    cpu->state.mxcsr |= host & FPU_MXCSR_FLAGS;
}

static inline void
fpu_unit_set_mxcsr (X86Cpu *cpu, uint32_t value)
{
  const uint32_t host = FPU_MXCSR_DEFAULT;

  cpu->state.mxcsr = value;
  __asm__ volatile ("ldmxcsr %0" : : "m"(host));
}

static inline uint16_t
fpu_unit_get_status (void)
{
  uint16_t status;

  __asm__ volatile ("fnstsw %0" : "=a"(status));
  return status;
}

static inline void
fpu_unit_enter (X86Cpu *cpu)
{
  if (G_UNLIKELY (!cpu->fpu_resident))
    fpu_unit_load (cpu);
}

/* Whether an unmasked exception waits to be reported. The unit is resident. */
static inline bool
fpu_unit_is_pending (const X86Cpu *cpu)
{
  return G_UNLIKELY ((cpu->state.fpu.control & FPU_EXCEPTIONS) != FPU_EXCEPTIONS)
         && (fpu_unit_get_status () & FPU_STATUS_ES) != 0;
}

/* The stack's top at register 0, as after any MMX instruction. The unit is resident. */
static inline void
fpu_unit_clear_top (void)
{
  uint32_t environment[7]; /* FINCSTP would clear C1 */

  if ((fpu_unit_get_status () & FPU_STATUS_TOP) == 0)
    return;
  __asm__ volatile ("fnstenv %0" : "=m"(environment));
  environment[1] &= ~(uint32_t) FPU_STATUS_TOP;
  __asm__ volatile ("fldenv %0" : : "m"(environment));
}

static inline void
fpu_unit_check_mmx (X86Cpu *cpu)
{
  if (G_UNLIKELY ((cpu->state.cr0 & (X86_CR0_EM | X86_CR0_TS)) != 0))
    fpu_unit_raise_mmx (cpu);
  fpu_unit_enter (cpu);
  if (fpu_unit_is_pending (cpu))
    x86_raise (cpu, X86_MF);
}
