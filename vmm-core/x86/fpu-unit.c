/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fpu-unit.h"

/* The FXSAVE image (SDM 1, table 10-2), as far as the x87 unit is concerned. */
typedef struct
{
  uint16_t control, status;
  uint8_t tag, unused;
  uint16_t opcode;
  uint64_t ip, dp;
  uint32_t mxcsr, mxcsr_mask;
  uint8_t st[8][16];
  uint8_t xmm[16][16];
  uint8_t rest[96];
} __attribute__ ((aligned (16))) FpuImage;

G_STATIC_ASSERT (sizeof (FpuImage) == 512);

#define ALL_XMM                                                                                    \
  "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",         \
    "xmm11", "xmm12", "xmm13", "xmm14", "xmm15"

void
fpu_unit_load (X86Cpu *cpu)
{
  const X86Fpu *fpu = &cpu->state.fpu;
  FpuImage image = { .control = fpu->control, .tag = fpu->tag, .mxcsr = FPU_MXCSR_DEFAULT };
  bool error = (fpu->status & ~fpu->control & FPU_EXCEPTIONS) != 0;

  fpu_unit_gather_mxcsr (cpu);
  /* ES and B say what the exception bits say, whatever a saved state claims. */
  image.status = fpu->status & ~(FPU_STATUS_ES | FPU_STATUS_B);
  image.status |= error ? FPU_STATUS_ES | FPU_STATUS_B : 0;
  for (unsigned i = 0; i < 8; i++)
    memcpy (image.st[i], fpu->st[i], 10);
  __asm__ volatile ("fxrstor64 %0" : : "m"(image) : ALL_XMM);
  cpu->fpu_resident = true;
}

void
fpu_unit_save (X86Cpu *cpu)
{
  X86Fpu *fpu = &cpu->state.fpu;
  FpuImage image;

  if (!cpu->fpu_resident)
    return;
  __asm__ volatile ("fxsave64 %0" : "=m"(image));
  fpu->control = image.control;
  fpu->status = image.status;
  fpu->tag = image.tag;
  for (unsigned i = 0; i < 8; i++)
    memcpy (fpu->st[i], image.st[i], 10);
}

void
fpu_unit_drop (X86Cpu *cpu)
{
  /* Not before the next x87 instruction of the guest would the host's own code meet a full
   * stack. */
  if (cpu->fpu_resident)
    __asm__ volatile ("fninit");
  cpu->fpu_resident = false;
}

void
fpu_unit_raise_mmx (X86Cpu *cpu)
{
  x86_raise (cpu, (cpu->state.cr0 & X86_CR0_EM) != 0 ? X86_UD : X86_NM);
}
