/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "vmm-core/state.h"

/* The architectural state of one x86-64 CPU: the saved form under every accelerator, and the form
 * in which a vCPU moves between them. Numbers follow the Intel SDM. */

enum
{
  X86_ES,
  X86_CS,
  X86_SS,
  X86_DS,
  X86_FS,
  X86_GS
};
enum
{
  X86_RAX,
  X86_RCX,
  X86_RDX,
  X86_RBX,
  X86_RSP,
  X86_RBP,
  X86_RSI,
  X86_RDI
};

/* A segment register with its descriptor cache. attributes has the descriptor's bits 40-47 and
 * 52-55 in bits 0-7 and 12-15, as VMX's access rights do (SDM 3C, 25.4.1), bit 16 = unusable. limit
 * is in bytes. */
typedef struct
{
  uint64_t base;
  uint32_t limit;
  uint32_t attributes;
  uint16_t selector;
} X86Segment;

enum
{
  X86_SEG_TYPE = 0xf,
  X86_SEG_S = 1 << 4,
  X86_SEG_DPL_SHIFT = 5,
  X86_SEG_P = 1 << 7,
  X86_SEG_AVL = 1 << 12,
  X86_SEG_L = 1 << 13,
  X86_SEG_DB = 1 << 14,
  X86_SEG_G = 1 << 15,
  X86_SEG_UNUSABLE = 1 << 16
};

typedef struct
{
  uint64_t base;
  uint16_t limit;
} X86DescriptorTable;

/* x87 registers in stack order: st[0] is ST(0). tag has one bit a physical register, as FXSAVE. */
typedef struct
{
  uint8_t st[8][16]; /* 80-bit values in the first ten bytes */
  uint16_t control, status, opcode;
  uint8_t tag;
  uint16_t cs, ds;
  uint64_t ip, dp;
} X86Fpu;

/* The local APIC's registers (SDM 3A, 11.4). Timers are kept as instants of guest time. */
typedef struct
{
  uint64_t base_msr; /* IA32_APIC_BASE */
  uint32_t id;       /* 32 bits: the x2APIC ID; xAPIC shows the low 8 */
  uint32_t tpr, ldr, dfr, svr, esr, esr_pending;
  uint32_t isr[8], tmr[8], irr[8];
  uint64_t icr;
  uint32_t lvt_cmci, lvt_timer, lvt_thermal, lvt_pmc, lvt_lint0, lvt_lint1, lvt_error;
  uint32_t timer_initial, timer_divide;
  int64_t timer_start;    /* guest ns at which the count was written */
  int64_t timer_deadline; /* guest ns of the next expiry, -1 for none */
  uint32_t timer_owed;    /* expiries that met one that was not taken yet */
  uint64_t tsc_deadline;  /* IA32_TSC_DEADLINE */
} X86LapicState;

/* The registers of Hyper-V's interface (TLFS, appendix B), by the names there. The first three are
 * the machine's: all its CPUs have the same. Timers go on from the time that they hold. */
#define X86_HYPERV_SINTS 16
#define X86_HYPERV_SINT_MASKED (1u << 16)
#define X86_HYPERV_TIMERS 4
typedef struct
{
  uint64_t guest_os_id, hypercall, reference_tsc;
  uint64_t vp_assist_page, scontrol, siefp, simp;
  uint64_t sint[X86_HYPERV_SINTS];
  uint64_t stimer_config[X86_HYPERV_TIMERS], stimer_count[X86_HYPERV_TIMERS];
} X86HypervState;

/* A model-specific register of those that only some CPUs have. */
typedef struct
{
  uint32_t index;
  uint64_t value;
} X86Msr;

#define X86_STATE_MSRS 96
#define X86_STATE_NESTED (128 + 2 * 4096) /* two VMCSs; of AMD's VMCBs there is one */
#define X86_STATE_LEAST_TSC_KHZ 1000
#define X86_STATE_MOST_TSC_KHZ 100000000

typedef enum
{
  X86_RUNNING,
  X86_HALTED,
  X86_WAIT_FOR_SIPI
} X86Activity;

struct X86State
{
  uint64_t gpr[16];
  uint64_t rip, rflags;
  X86Segment seg[6], ldtr, tr;
  X86DescriptorTable gdtr, idtr;
  uint64_t cr0, cr2, cr3, cr4, cr8, xcr0, dr[8];
  uint64_t efer, star, lstar, cstar, sfmask, kernel_gs_base, tsc_aux;
  uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
  uint64_t pat, misc_enable, xss, spec_ctrl;
  uint64_t pkru, pkrs; /* rights of the protection keys of user and supervisor pages, 32 bits */
  uint64_t mtrr_def_type, mtrr_fixed[11], mtrr_base[8], mtrr_mask[8];
  uint32_t tsc_khz;    /* of the TSC, on all CPUs of a machine; 0: whatever it is now */
  uint64_t tsc_offset; /* guest TSC = guest time in its ticks + this, modulo 2^64 */
  uint64_t tsc_adjust;
  uint64_t kvmclock, kvmclock_wall; /* MSRs 4B564D01h, 4B564D00h: where a guest wants its clock */
  int64_t kvmclock_offset;          /* that clock = guest ns + this, on all CPUs of a machine */
  X86HypervState hyperv;
  X86Fpu fpu;
  uint32_t mxcsr;
  uint8_t ymm[16][32]; /* XMM is the low half */
  X86LapicState lapic;
  uint8_t activity;         /* X86Activity */
  uint8_t interrupt_shadow; /* after STI or MOV SS: 1 until the next instruction is done */
  uint8_t nmi_blocked, nmi_pending;
  uint8_t smi_pending, in_smm, smm_inside_nmi;
  uint64_t smbase;
  uint8_t event_pending; /* an exception or interrupt whose delivery was cut short */
  uint8_t event_vector, event_type, event_has_code;
  uint32_t event_code;
  uint8_t triple_fault; /* it comes next, and is a shutdown */
  /* What the software CPU lacks. AVX-512: k0-k7, the high halves of ZMM0-15, and ZMM16-31. */
  uint64_t opmask[8];
  uint8_t zmm_high[16][32];
  uint8_t zmm_upper[16][64];
  /* Registers without a field of their own that hold something else than after a reset. */
  uint32_t n_msrs;
  X86Msr msrs[X86_STATE_MSRS];
  /* What KVM keeps of a machine inside the machine, as it tells it (struct kvm_nested_state). */
  uint32_t nested_size; /* 0: there is none */
  uint8_t nested[X86_STATE_NESTED];
};
typedef struct X86State X86State;

extern const StateTable x86_state_table;

/* Power-on state of CPU index (SDM 3A, table 10-1): CPU 0 runs at FFFFFFF0h, others wait. The APIC
 * ID is index; a machine's topology may want another. */
void x86_state_reset (X86State *state, unsigned index);
/* What INIT does: registers as after reset, but caches, FPU, vectors, MTRRs and TSC stay. */
void x86_state_init (X86State *state, unsigned index);
/* The registers of Hyper-V's interface after a reset, which INIT leaves alone. */
void x86_hyperv_state_reset (X86HypervState *hyperv);
/* The local APIC's part of both; IA32_APIC_BASE and the ID stay. */
void x86_lapic_state_reset (X86LapicState *lapic, unsigned index);
/* Whether a CPU of any kind can have this state; for streams from outside. Which optional bits of
 * control registers there are is left to whoever runs it. */
bool x86_state_check (const X86State *state, GError **error);
/* Components of the extended state (XCR0) that the software CPU can have. */
#define X86_XCR0_SOFTWARE 0x207
/* Whether the software CPU can, which has what CPUID tells. */
bool x86_state_check_software (const X86State *state, GError **error);
