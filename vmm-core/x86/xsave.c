/* SPDX-License-Identifier: GPL-3.0-or-later */
/* FXSAVE, FXRSTOR and the XSAVE family (Intel SDM volume 1, chapters 10.5 and 13) for the
 * components x87, SSE, AVX and PKRU. The compacted form of the first three has the standard form's
 * layout. */
#include "xsave.h"

#include "access.h"
#include "control.h"
#include "fpu-unit.h"
#include "vector.h"

enum
{
  XSAVE_LEGACY_SIZE = 512,
  XSAVE_HEADER_AT = 512
};

#define XSAVE_COMPACTED (UINT64_C (1) << 63)
#define CONTROL_DEFAULT 0x37f
/* The control word's bits 7 and 13-15 are always 0, bit 6 always 1. */
#define CONTROL_MASK 0x1f3f
#define CONTROL_ONES 0x40

typedef struct
{
  uint16_t control, status;
  uint8_t tag, reserved;
  uint16_t opcode;
  uint8_t ip[8], dp[8];
  uint32_t mxcsr, mxcsr_mask;
  uint8_t st[8][16];
  uint8_t xmm[16][16];
} XsaveLegacy;

G_STATIC_ASSERT (sizeof (XsaveLegacy) == 416);

typedef struct
{
  uint64_t xstate_bv, xcomp_bv, reserved[6];
} XsaveHeader;

typedef enum
{
  XSAVE_PLAIN,
  XSAVE_OPTIMISED,
  XSAVE_COMPACT
} XsaveKind;

static unsigned
xsave_n_registers (const X86Cpu *cpu)
{
  return x86_is_code64 (cpu) ? 16 : 8;
}

static bool
xsave_is_wide (const X86Cpu *cpu, const X86Insn *insn)
{
  return x86_is_code64 (cpu) && (insn->prefixes & X86_PREFIX_REX_W) != 0;
}

static void
xsave_encode_legacy (X86Cpu *cpu, const X86Insn *insn, XsaveLegacy *area)
{
  const X86Fpu *fpu = &cpu->state.fpu;

  fpu_unit_save (cpu);
  fpu_unit_gather_mxcsr (cpu);
  *area = (XsaveLegacy){ .control = fpu->control,
                         .status = fpu->status,
                         .tag = fpu->tag,
                         .opcode = fpu->opcode & 0x7ff,
                         .mxcsr = cpu->state.mxcsr,
                         .mxcsr_mask = FPU_MXCSR_MASK };
  memcpy (area->ip, &fpu->ip, 8);
  memcpy (area->dp, &fpu->dp, 8);
  if (!xsave_is_wide (cpu, insn))
    {
      memcpy (area->ip + 4, &(uint32_t){ fpu->cs }, 4);
      memcpy (area->dp + 4, &(uint32_t){ fpu->ds }, 4);
    }
  for (unsigned i = 0; i < 8; i++)
    memcpy (area->st[i], fpu->st[i], 10);
  for (unsigned i = 0; i < xsave_n_registers (cpu); i++)
    memcpy (area->xmm[i], cpu->state.ymm[i], 16);
}

static void
xsave_decode_x87 (X86Cpu *cpu, const X86Insn *insn, const XsaveLegacy *area)
{
  X86Fpu *fpu = &cpu->state.fpu;

  fpu_unit_drop (cpu);
  fpu->control = (area->control & CONTROL_MASK) | CONTROL_ONES;
  fpu->status = area->status;
  fpu->tag = area->tag;
  fpu->opcode = area->opcode & 0x7ff;
  memcpy (&fpu->ip, area->ip, 8);
  memcpy (&fpu->dp, area->dp, 8);
  fpu->cs = fpu->ds = 0;
  if (!xsave_is_wide (cpu, insn))
    {
      memcpy (&fpu->cs, area->ip + 4, 2);
      memcpy (&fpu->ds, area->dp + 4, 2);
      fpu->ip = (uint32_t) fpu->ip;
      fpu->dp = (uint32_t) fpu->dp;
    }
  for (unsigned i = 0; i < 8; i++)
    memcpy (fpu->st[i], area->st[i], 10);
}

static void
xsave_check_alignment (X86Cpu *cpu, const X86Insn *insn, uint64_t ea, unsigned alignment)
{
  if (((ea + cpu->window[insn->segment].base) & (alignment - 1)) != 0)
    x86_raise_code (cpu, X86_GP, 0);
}

static void
xsave_check_fxsr (X86Cpu *cpu)
{
  if ((cpu->state.cr0 & (X86_CR0_EM | X86_CR0_TS)) != 0)
    x86_raise (cpu, X86_NM);
}

static void
xsave_exec_fxsave (X86Cpu *cpu, const X86Insn *insn)
{
  uint64_t ea = x86_ea (cpu, insn);
  XsaveLegacy area;

  xsave_check_fxsr (cpu);
  xsave_check_alignment (cpu, insn, ea, 16);
  xsave_encode_legacy (cpu, insn, &area);
  x86_store_bytes (cpu, insn->segment, ea, &area,
                   (unsigned) offsetof (XsaveLegacy, xmm) + 16 * xsave_n_registers (cpu));
}

static void
xsave_exec_fxrstor (X86Cpu *cpu, const X86Insn *insn)
{
  uint64_t ea = x86_ea (cpu, insn);
  XsaveLegacy area;

  xsave_check_fxsr (cpu);
  xsave_check_alignment (cpu, insn, ea, 16);
  x86_load_bytes (cpu, insn->segment, ea, &area, sizeof area);
  if ((area.mxcsr & ~FPU_MXCSR_MASK) != 0)
    x86_raise_code (cpu, X86_GP, 0);
  xsave_decode_x87 (cpu, insn, &area);
  fpu_unit_set_mxcsr (cpu, area.mxcsr);
  for (unsigned i = 0; i < xsave_n_registers (cpu); i++)
    memcpy (cpu->state.ymm[i], area.xmm[i], 16);
}

static uint64_t
xsave_requested (const X86Cpu *cpu)
{
  uint64_t mask = (uint32_t) cpu->state.gpr[X86_RAX] | cpu->state.gpr[X86_RDX] << 32;

  return cpu->state.xcr0 & mask & XSAVE_ALL;
}

static bool
xsave_is_zero (const uint8_t *bytes, size_t length)
{
  return bytes[0] == 0 && memcmp (bytes, bytes + 1, length - 1) == 0;
}

/* XINUSE: the components that are not in their initial configuration. */
static uint64_t
xsave_in_use (const X86Cpu *cpu)
{
  static const X86Fpu initial = { .control = CONTROL_DEFAULT };
  const X86State *state = &cpu->state;
  const X86Fpu *fpu = &state->fpu;
  uint64_t in_use = 0;

  if (fpu->control != CONTROL_DEFAULT || fpu->status != 0 || fpu->tag != 0 || fpu->ip != 0
      || fpu->dp != 0 || fpu->opcode != 0 || fpu->cs != 0 || fpu->ds != 0
      || memcmp (fpu->st, initial.st, sizeof fpu->st) != 0)
    in_use |= XSAVE_X87;
  for (unsigned i = 0; i < 16; i++)
    {
      if (!xsave_is_zero (state->ymm[i], 16))
        in_use |= XSAVE_SSE;
      if (!xsave_is_zero (state->ymm[i] + 16, 16))
        in_use |= XSAVE_AVX;
    }
  if (state->pkru != 0)
    in_use |= XSAVE_PKRU;
  return in_use;
}

static void
xsave_check (X86Cpu *cpu, const X86Insn *insn, uint64_t ea, bool privileged)
{
  if ((cpu->state.cr4 & X86_CR4_OSXSAVE) == 0)
    x86_raise (cpu, X86_UD);
  if ((cpu->state.cr0 & X86_CR0_TS) != 0)
    x86_raise (cpu, X86_NM);
  if (privileged && cpu->cpl != 0)
    x86_raise_code (cpu, X86_GP, 0);
  xsave_check_alignment (cpu, insn, ea, 64);
}

/* Which bytes of the area an instruction saves for the components given. */
static void
xsave_store_components (X86Cpu *cpu, const X86Insn *insn, uint64_t ea, uint64_t components,
                        unsigned pkru_at, bool mxcsr, const XsaveLegacy *area)
{
  unsigned n = xsave_n_registers (cpu);
  uint8_t upper[16][16];

  if ((components & XSAVE_X87) != 0)
    {
      x86_store_bytes (cpu, insn->segment, ea, area, offsetof (XsaveLegacy, mxcsr));
      x86_store_bytes (cpu, insn->segment, ea + offsetof (XsaveLegacy, st), area->st,
                       sizeof area->st);
    }
  if (mxcsr)
    x86_store_bytes (cpu, insn->segment, ea + offsetof (XsaveLegacy, mxcsr), &area->mxcsr, 8);
  if ((components & XSAVE_SSE) != 0)
    x86_store_bytes (cpu, insn->segment, ea + offsetof (XsaveLegacy, xmm), area->xmm, 16 * n);
  if ((components & XSAVE_AVX) != 0)
    {
      for (unsigned i = 0; i < n; i++)
        memcpy (upper[i], cpu->state.ymm[i] + 16, 16);
      x86_store_bytes (cpu, insn->segment, ea + XSAVE_AVX_AT, upper, 16 * n);
    }
  if ((components & XSAVE_PKRU) != 0)
    x86_store64 (cpu, insn->segment, ea + pkru_at, cpu->state.pkru);
}

static void
xsave_save (X86Cpu *cpu, const X86Insn *insn, XsaveKind kind, bool supervisor)
{
  uint64_t ea = x86_ea (cpu, insn), requested, in_use;
  XsaveHeader header = { 0 };
  XsaveLegacy area;
  bool mxcsr;

  xsave_check (cpu, insn, ea, supervisor);
  requested = xsave_requested (cpu);
  x86_probe_store (cpu, insn->segment, ea, xsave_size (requested, kind == XSAVE_COMPACT));
  xsave_encode_legacy (cpu, insn, &area);
  in_use = xsave_in_use (cpu);
  if (kind == XSAVE_COMPACT)
    {
      if (cpu->state.mxcsr != FPU_MXCSR_DEFAULT)
        in_use |= XSAVE_SSE;
      header.xstate_bv = requested & in_use;
      header.xcomp_bv = requested | XSAVE_COMPACTED;
      mxcsr = (header.xstate_bv & XSAVE_SSE) != 0;
      x86_store_bytes (cpu, insn->segment, ea + XSAVE_HEADER_AT, &header, 16);
    }
  else
    {
      header.xstate_bv = x86_load64 (cpu, insn->segment, ea + XSAVE_HEADER_AT);
      header.xstate_bv = (header.xstate_bv & ~requested) | (requested & in_use);
      mxcsr = (requested & (XSAVE_SSE | XSAVE_AVX)) != 0;
      x86_store64 (cpu, insn->segment, ea + XSAVE_HEADER_AT, header.xstate_bv);
    }
  xsave_store_components (cpu, insn, ea, kind == XSAVE_PLAIN ? requested : requested & in_use,
                          xsave_pkru_at (requested, kind == XSAVE_COMPACT), mxcsr, &area);
}

static void
xsave_check_header (X86Cpu *cpu, const XsaveHeader *header, bool supervisor)
{
  uint64_t allowed = cpu->state.xcr0;
  bool good;

  if ((header->xcomp_bv & XSAVE_COMPACTED) != 0)
    {
      allowed = header->xcomp_bv & ~XSAVE_COMPACTED;
      good = (allowed & ~cpu->state.xcr0) == 0
             && xsave_is_zero ((const uint8_t *) header->reserved, sizeof header->reserved);
    }
  else
    good = !supervisor && header->xcomp_bv == 0 && header->reserved[0] == 0;
  if (!good || (header->xstate_bv & ~allowed) != 0)
    x86_raise_code (cpu, X86_GP, 0);
}

static void
xsave_restore_vectors (X86Cpu *cpu, const X86Insn *insn, uint64_t ea, uint64_t requested,
                       uint64_t present, const XsaveLegacy *area)
{
  unsigned n = xsave_n_registers (cpu);
  uint8_t upper[16][16] = { { 0 } };

  if ((requested & present & XSAVE_AVX) != 0)
    x86_load_bytes (cpu, insn->segment, ea + XSAVE_AVX_AT, upper, 16 * n);
  for (unsigned i = 0; i < n; i++)
    {
      if ((requested & XSAVE_AVX) != 0)
        memcpy (cpu->state.ymm[i] + 16, upper[i], 16);
      if ((requested & present & XSAVE_SSE) != 0)
        memcpy (cpu->state.ymm[i], area->xmm[i], 16);
      else if ((requested & XSAVE_SSE) != 0)
        memset (cpu->state.ymm[i], 0, 16);
    }
}

static void
xsave_restore (X86Cpu *cpu, const X86Insn *insn, bool supervisor)
{
  uint64_t ea = x86_ea (cpu, insn), requested;
  XsaveLegacy area, initial = { .control = CONTROL_DEFAULT };
  XsaveHeader header;
  uint32_t mxcsr, pkru = 0;
  bool compacted;

  xsave_check (cpu, insn, ea, supervisor);
  requested = xsave_requested (cpu);
  x86_load_bytes (cpu, insn->segment, ea + XSAVE_HEADER_AT, &header, sizeof header);
  xsave_check_header (cpu, &header, supervisor);
  x86_load_bytes (cpu, insn->segment, ea, &area, sizeof area);
  compacted = (header.xcomp_bv & XSAVE_COMPACTED) != 0;
  if ((requested & header.xstate_bv & XSAVE_PKRU) != 0)
    pkru = x86_load32 (cpu, insn->segment, ea + xsave_pkru_at (header.xcomp_bv, compacted));
  fpu_unit_gather_mxcsr (cpu);
  mxcsr = cpu->state.mxcsr;
  if (!compacted)
    mxcsr = (requested & (XSAVE_SSE | XSAVE_AVX)) != 0 ? area.mxcsr : mxcsr;
  else if ((requested & XSAVE_SSE) != 0)
    mxcsr = (header.xstate_bv & XSAVE_SSE) != 0 ? area.mxcsr : FPU_MXCSR_DEFAULT;
  if ((mxcsr & ~FPU_MXCSR_MASK) != 0)
    x86_raise_code (cpu, X86_GP, 0);

  xsave_restore_vectors (cpu, insn, ea, requested, header.xstate_bv, &area);
  fpu_unit_set_mxcsr (cpu, mxcsr);
  if ((requested & XSAVE_X87) != 0)
    xsave_decode_x87 (cpu, insn, (header.xstate_bv & XSAVE_X87) != 0 ? &area : &initial);
  if ((requested & XSAVE_PKRU) != 0)
    x86_control_set_keys (cpu, &cpu->state.pkru, pkru);
}

static void
xsave_exec_xsave (X86Cpu *cpu, const X86Insn *insn)
{
  xsave_save (cpu, insn, XSAVE_PLAIN, false);
}

static void
xsave_exec_xsaveopt (X86Cpu *cpu, const X86Insn *insn)
{
  xsave_save (cpu, insn, XSAVE_OPTIMISED, false);
}

static void
xsave_exec_xsavec (X86Cpu *cpu, const X86Insn *insn)
{
  xsave_save (cpu, insn, XSAVE_COMPACT, false);
}

static void
xsave_exec_xsaves (X86Cpu *cpu, const X86Insn *insn)
{
  xsave_save (cpu, insn, XSAVE_COMPACT, true);
}

static void
xsave_exec_xrstor (X86Cpu *cpu, const X86Insn *insn)
{
  xsave_restore (cpu, insn, false);
}

static void
xsave_exec_xrstors (X86Cpu *cpu, const X86Insn *insn)
{
  xsave_restore (cpu, insn, true);
}

bool
xsave_bind (const X86Cpu *cpu, X86Insn *insn)
{
  static const X86Exec group15[8] = { [0] = xsave_exec_fxsave,
                                      [1] = xsave_exec_fxrstor,
                                      [4] = xsave_exec_xsave,
                                      [5] = xsave_exec_xrstor,
                                      [6] = xsave_exec_xsaveopt };
  static const X86Exec group9[8]
    = { [3] = xsave_exec_xrstors, [4] = xsave_exec_xsavec, [5] = xsave_exec_xsaves };
  unsigned extension = insn->modrm >> 3 & 7;

  if (insn->map != X86_MAP_0F || insn->pp != 0 || !x86_insn_is_memory (insn)
      || (insn->prefixes & (X86_PREFIX_LOCK | X86_PREFIX_VEX)) != 0)
    return false;
  if (insn->opcode == 0xae)
    insn->exec = group15[extension];
  else if (insn->opcode == 0xc7)
    insn->exec = group9[extension];
  else
    return false;
  return insn->exec != NULL;
}
