/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cpu.h"

/* Segment registers, descriptors and what follows from them: mode word, CPL, windows. */

/* A descriptor as it lies in a table; the second half of 16-byte system descriptors is in high. */
typedef struct
{
  uint64_t low, high;
} X86Descriptor;

/* Recomputes mode, cpl, linear mask, view and every window from the state. To be called after each
 * change of CS, SS, CR0, CR4, EFER.LMA, EFLAGS.VM or EFLAGS.AC that bypasses the functions
 * below. */
void x86_mode_update (X86Cpu *cpu);
/* EFLAGS.AC changed, nothing else. */
void x86_mode_update_ac (X86Cpu *cpu);

/* Checks [ea, ea + length) and returns the linear address; raises #GP(0), #SS(0) or #AC(0). */
uint64_t x86_segment_linear (X86Cpu *cpu, unsigned segment, uint64_t ea, unsigned length,
                             bool write);
/* Whether [ea, ea + length) lies inside the limit, expand-down or not. */
bool x86_segment_contains (const X86Segment *segment, uint64_t ea, unsigned length);
bool x86_is_canonical (uint64_t linear);

/* Loads DS, ES, FS, GS or SS as MOV and POP do, in every mode; raises #GP, #NP, #SS. */
void x86_segment_load (X86Cpu *cpu, unsigned segment, uint16_t selector);
/* The same with another vector (#TS) in place of #GP. */
void x86_segment_load_or_raise (X86Cpu *cpu, unsigned segment, uint16_t selector, unsigned vector);

/* Sets the base alone, as WRFSBASE, SWAPGS and the MSRs do. */
void x86_segment_set_base (X86Cpu *cpu, unsigned segment, uint64_t base);

/* What a real-mode or virtual-8086 load does. */
void x86_segment_set_real (X86Cpu *cpu, unsigned segment, uint16_t selector);

/* Reads the descriptor of a selector, the second half for system descriptors in long mode only.
 * FALSE outside the table's limit; may raise #PF. */
bool x86_descriptor_read (X86Cpu *cpu, uint16_t selector, X86Descriptor *descriptor);
/* The same, but raises vector with the selector (RPL cleared) as error code. */
void x86_descriptor_read_or_raise (X86Cpu *cpu, uint16_t selector, unsigned vector,
                                   X86Descriptor *descriptor);
/* Unpacks a code, data or (in long mode 16-byte) system descriptor. */
X86Segment x86_descriptor_unpack (const X86Descriptor *descriptor, uint16_t selector, bool wide);
/* Sets the accessed bit in the table, if it is clear. */
void x86_descriptor_set_accessed (X86Cpu *cpu, uint16_t selector, const X86Descriptor *descriptor);
/* Linear address of a selector's descriptor. */
uint64_t x86_descriptor_address (X86Cpu *cpu, uint16_t selector);

static inline unsigned
x86_descriptor_type (const X86Descriptor *d)
{
  return d->low >> 40 & 0x1f; /* with S */
}

static inline unsigned
x86_descriptor_dpl (const X86Descriptor *d)
{
  return d->low >> 45 & 3;
}

static inline bool
x86_descriptor_present (const X86Descriptor *d)
{
  return d->low >> 47 & 1;
}

/* Commits CS (or SS) with a CPL: DPL of the cached SS is kept equal to it. Ends with
 * x86_mode_update. */
void x86_segment_commit_cs (X86Cpu *cpu, const X86Segment *cs, unsigned cpl);

static inline bool
x86_in_real_mode (const X86Cpu *cpu)
{
  return !(cpu->state.cr0 & X86_CR0_PE);
}

static inline bool
x86_in_vm86 (const X86Cpu *cpu)
{
  return (cpu->mode & X86_MODE_VM86) != 0;
}

static inline bool
x86_in_long_mode (const X86Cpu *cpu)
{
  return (cpu->state.efer & X86_EFER_LMA) != 0;
}
