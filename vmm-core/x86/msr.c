/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Model-specific registers: Intel SDM 4; AMD's: AMD PPR and BKDG, "MSRs". */
#include "msr.h"

#include "control.h"
#include "hyperv.h"
#include "kvmclock.h"
#include "lapic.h"
#include "segment.h"
#include "software.h"
#include "vendor.h"

enum
{
  MSR_TSC = 0x10,
  MSR_PLATFORM_ID = 0x17,
  MSR_APIC_BASE = 0x1b,
  MSR_FEATURE_CONTROL = 0x3a,
  MSR_TSC_ADJUST = 0x3b,
  MSR_SPEC_CTRL = 0x48,
  MSR_PRED_CMD = 0x49,
  MSR_BIOS_UPDT_TRIG = 0x79,
  MSR_BIOS_SIGN_ID = 0x8b,
  MSR_MTRRCAP = 0xfe,
  MSR_ARCH_CAPABILITIES = 0x10a,
  MSR_SYSENTER_CS = 0x174,
  MSR_SYSENTER_ESP = 0x175,
  MSR_SYSENTER_EIP = 0x176,
  MSR_MCG_CAP = 0x179,
  MSR_MCG_STATUS = 0x17a,
  MSR_PERF_STATUS = 0x198,
  MSR_PERF_CTL = 0x199,
  MSR_MISC_ENABLE = 0x1a0,
  MSR_DEBUGCTL = 0x1d9,
  MSR_LAST_BRANCH_FROM = 0x1db,
  MSR_LAST_INT_TO = 0x1de,
  MSR_MTRR_PHYS_BASE0 = 0x200,
  MSR_MTRR_FIX64K = 0x250,
  MSR_MTRR_FIX16K_0 = 0x258,
  MSR_MTRR_FIX16K_1 = 0x259,
  MSR_MTRR_FIX4K = 0x268,
  MSR_PAT = 0x277,
  MSR_MTRR_DEF_TYPE = 0x2ff,
  MSR_TSC_DEADLINE = 0x6e0,
  MSR_PKRS = 0x6e1,
  MSR_X2APIC = 0x800,
  MSR_XSS = 0xda0
};

#define MSR_EFER 0xc0000080
#define MSR_STAR 0xc0000081
#define MSR_LSTAR 0xc0000082
#define MSR_CSTAR 0xc0000083
#define MSR_SFMASK 0xc0000084
#define MSR_FS_BASE 0xc0000100
#define MSR_GS_BASE 0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102
#define MSR_TSC_AUX 0xc0000103
#define MSR_AMD_FIRST 0xc0010000
#define MSR_AMD_LAST 0xc0011fff
#define MSR_AMD_HWCR 0xc0010015
#define MSR_AMD_DE_CFG 0xc0011029

#define MTRRCAP_VALUE 0x508 /* 8 variable ranges, fixed ranges, write combining */
#define HWCR_TSC_FREQ_SEL (1u << 24)
#define DE_CFG_LFENCE_SERIALIZE 2
/* The flaws that software has to work around on older CPUs: this one has none of them. */
#define ARCH_CAPABILITIES                                                                          \
  (1u << 0 | 1u << 1 | 1u << 3 | 1u << 4 | 1u << 5 | 1u << 6 | 1u << 8 | 1u << 13 | 1u << 14       \
   | 1u << 15 | 1u << 20 | 1u << 24 | 1u << 26 | 1u << 27)

/* Registers that are plain values, some of them canonical addresses. */
static uint64_t *
plain_register (X86State *state, uint32_t msr, bool *canonical)
{
  *canonical = false;
  switch (msr)
    {
    case MSR_SYSENTER_CS:
      return &state->sysenter_cs;
    case MSR_STAR:
      return &state->star;
    case MSR_SFMASK:
      return &state->sfmask;
    case MSR_TSC_AUX:
      return &state->tsc_aux;
    case MSR_MISC_ENABLE:
      return &state->misc_enable;
    default:
      break;
    }
  *canonical = true;
  switch (msr)
    {
    case MSR_SYSENTER_ESP:
      return &state->sysenter_esp;
    case MSR_SYSENTER_EIP:
      return &state->sysenter_eip;
    case MSR_LSTAR:
      return &state->lstar;
    case MSR_CSTAR:
      return &state->cstar;
    case MSR_KERNEL_GS_BASE:
      return &state->kernel_gs_base;
    default:
      return NULL;
    }
}

static uint64_t *
mtrr_register (X86State *state, uint32_t msr)
{
  if (msr >= MSR_MTRR_PHYS_BASE0 && msr < MSR_MTRR_PHYS_BASE0 + 16)
    return msr & 1 ? &state->mtrr_mask[msr >> 1 & 7] : &state->mtrr_base[msr >> 1 & 7];
  if (msr == MSR_MTRR_FIX64K)
    return &state->mtrr_fixed[0];
  if (msr == MSR_MTRR_FIX16K_0 || msr == MSR_MTRR_FIX16K_1)
    return &state->mtrr_fixed[1 + msr - MSR_MTRR_FIX16K_0];
  if (msr >= MSR_MTRR_FIX4K && msr < MSR_MTRR_FIX4K + 8)
    return &state->mtrr_fixed[3 + msr - MSR_MTRR_FIX4K];
  return msr == MSR_MTRR_DEF_TYPE ? &state->mtrr_def_type : NULL;
}

static bool
is_memory_type (unsigned type, bool pat)
{
  return type == 0 || type == 1 || (type >= 4 && type <= 6) || (pat && type == 7);
}

static bool
are_memory_types (uint64_t value, bool pat)
{
  for (unsigned i = 0; i < 8; i++)
    if (!is_memory_type (value >> 8 * i & 0xff, pat))
      return false;
  return true;
}

static bool
mtrr_allows (uint32_t msr, uint64_t value)
{
  const uint64_t beyond = ~((1ull << 40) - 1);

  if (msr == MSR_MTRR_DEF_TYPE)
    return !(value & ~0xcffull) && is_memory_type (value & 0xff, false);
  if (msr >= MSR_MTRR_FIX64K)
    return are_memory_types (value, false);
  if (msr & 1)
    return !(value & (beyond | 0x7ff));
  return !(value & (beyond | 0xf00)) && is_memory_type (value & 0xff, false);
}

/* Counters, power states and errata switches of AMD's CPUs that systems look at without asking
 * CPUID: they read as zero and swallow what is written. */
static bool
is_ignored (const X86Cpu *cpu, uint32_t msr)
{
  return x86_is_amd (cpu) && msr >= MSR_AMD_FIRST && msr <= MSR_AMD_LAST;
}

/* Those without storage. */
static bool
read_fixed (const X86Cpu *cpu, uint32_t msr, uint64_t *value)
{
  *value = 0;
  switch (msr)
    {
    case MSR_PLATFORM_ID:
    case MSR_MCG_CAP:
    case MSR_MCG_STATUS:
    case MSR_PERF_STATUS:
    case MSR_PERF_CTL:
    case MSR_DEBUGCTL:
      return true;
    case MSR_FEATURE_CONTROL:
      *value = 1; /* locked */
      return true;
    case MSR_BIOS_SIGN_ID:
      *value = x86_is_amd (cpu) ? 0x0b002151 : 0x100000000;
      return true;
    case MSR_MTRRCAP:
      *value = MTRRCAP_VALUE;
      return true;
    case MSR_ARCH_CAPABILITIES:
      *value = ARCH_CAPABILITIES;
      return !x86_is_amd (cpu);
    case MSR_AMD_HWCR:
      *value = HWCR_TSC_FREQ_SEL;
      return x86_is_amd (cpu);
    case MSR_AMD_DE_CFG:
      *value = DE_CFG_LFENCE_SERIALIZE;
      return x86_is_amd (cpu);
    default:
      return (msr >= MSR_LAST_BRANCH_FROM && msr <= MSR_LAST_INT_TO) || is_ignored (cpu, msr);
    }
}

static bool
write_fixed (const X86Cpu *cpu, uint32_t msr, uint64_t value)
{
  switch (msr)
    {
    case MSR_BIOS_UPDT_TRIG:
    case MSR_BIOS_SIGN_ID:
    case MSR_MCG_STATUS:
    case MSR_PERF_CTL:
    case MSR_DEBUGCTL:
      return true;
    case MSR_PRED_CMD:
      return !(value & ~1ull);
    default:
      return is_ignored (cpu, msr);
    }
}

static bool
read_lapic (X86Cpu *cpu, uint32_t msr, uint64_t *value)
{
  MachineLock *lock = cpu->software->machine.lock;
  bool good = true;

  machine_lock_acquire (lock);
  if (msr == MSR_TSC_DEADLINE)
    *value = lapic_get_tsc_deadline (cpu->lapic);
  else
    good = lapic_read_msr (cpu->lapic, msr, value);
  machine_lock_release (lock);
  return good;
}

static bool
write_lapic (X86Cpu *cpu, uint32_t msr, uint64_t value)
{
  MachineLock *lock = cpu->software->machine.lock;
  bool good = true;

  machine_lock_acquire (lock);
  if (msr == MSR_TSC_DEADLINE)
    lapic_set_tsc_deadline (cpu->lapic, value);
  else if (msr == MSR_APIC_BASE)
    good = lapic_set_base (cpu->lapic, value);
  else
    good = lapic_write_msr (cpu->lapic, msr, value);
  machine_lock_release (lock);
  /* The page of registers came, went or moved. */
  if (good && msr == MSR_APIC_BASE)
    atomic_fetch_or (&cpu->requests, X86_REQUEST_FLUSH_TLB);
  return good;
}

static bool
is_x2apic (uint32_t msr)
{
  return msr >= MSR_X2APIC && msr < MSR_X2APIC + 0x100;
}

bool
x86_msr_read (X86Cpu *cpu, uint32_t msr, uint64_t *value)
{
  X86State *state = &cpu->state;
  bool canonical;
  const uint64_t *plain = plain_register (state, msr, &canonical);

  if (plain == NULL)
    plain = mtrr_register (state, msr);
  if (plain != NULL)
    {
      *value = *plain;
      return true;
    }
  if (is_x2apic (msr) || msr == MSR_TSC_DEADLINE)
    return read_lapic (cpu, msr, value);
  if (x86_kvmclock_read_msr (cpu, msr, value))
    return true;
  if (x86_hyperv_has_msr (cpu, msr))
    return x86_hyperv_read_msr (cpu, msr, value);
  switch (msr)
    {
    case MSR_TSC:
      *value = x86_tsc_read (cpu);
      return true;
    case MSR_TSC_ADJUST:
      *value = state->tsc_adjust;
      return true;
    case MSR_APIC_BASE:
      *value = state->lapic.base_msr;
      return true;
    case MSR_SPEC_CTRL:
      *value = state->spec_ctrl;
      return !x86_is_amd (cpu);
    case MSR_PAT:
      *value = state->pat;
      return true;
    case MSR_XSS:
      *value = state->xss;
      return true;
    case MSR_PKRS:
      *value = state->pkrs;
      return true;
    case MSR_EFER:
      *value = state->efer;
      return true;
    case MSR_FS_BASE:
      *value = state->seg[X86_FS].base;
      return true;
    case MSR_GS_BASE:
      *value = state->seg[X86_GS].base;
      return true;
    default:
      return read_fixed (cpu, msr, value);
    }
}

static bool
write_base (X86Cpu *cpu, unsigned segment, uint64_t value)
{
  if (!x86_is_canonical (value))
    return false;
  x86_segment_set_base (cpu, segment, value);
  return true;
}

/* The TSC was set. */
static void
tell_clocks (X86Cpu *cpu)
{
  MachineLock *lock = cpu->software->machine.lock;

  x86_kvmclock_update (cpu);
  machine_lock_acquire (lock);
  x86_hyperv_update (cpu);
  machine_lock_release (lock);
}

bool
x86_msr_write (X86Cpu *cpu, uint32_t msr, uint64_t value)
{
  X86State *state = &cpu->state;
  bool canonical;
  uint64_t *plain = plain_register (state, msr, &canonical);

  if (plain != NULL)
    {
      if (canonical && !x86_is_canonical (value))
        return false;
      *plain = msr == MSR_TSC_AUX || msr == MSR_SFMASK ? (uint32_t) value : value;
      return true;
    }
  plain = mtrr_register (state, msr);
  if (plain != NULL)
    {
      if (!mtrr_allows (msr, value))
        return false;
      *plain = value;
      return true;
    }
  if (is_x2apic (msr) || msr == MSR_TSC_DEADLINE || msr == MSR_APIC_BASE)
    return write_lapic (cpu, msr, value);
  if (x86_kvmclock_write_msr (cpu, msr, value))
    return true;
  if (x86_hyperv_has_msr (cpu, msr))
    return x86_hyperv_write_msr (cpu, msr, value);
  switch (msr)
    {
    case MSR_TSC:
      x86_tsc_write (cpu, value);
      tell_clocks (cpu);
      return true;
    case MSR_TSC_ADJUST:
      state->tsc_offset += value - state->tsc_adjust;
      state->tsc_adjust = value;
      tell_clocks (cpu);
      return true;
    case MSR_SPEC_CTRL:
      if (x86_is_amd (cpu) || (value & ~1ull))
        return false;
      state->spec_ctrl = value;
      return true;
    case MSR_PAT:
      if (!are_memory_types (value, true))
        return false;
      state->pat = value;
      return true;
    case MSR_XSS:
      return value == 0;
    case MSR_PKRS:
      if (value >> 32)
        return false;
      x86_control_set_keys (cpu, &state->pkrs, value);
      return true;
    case MSR_EFER:
      x86_control_set_efer (cpu, value);
      return true;
    case MSR_FS_BASE:
      return write_base (cpu, X86_FS, value);
    case MSR_GS_BASE:
      return write_base (cpu, X86_GS, value);
    default:
      return write_fixed (cpu, msr, value);
    }
}
