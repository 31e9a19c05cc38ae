/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cpu.h"

/* Where the processors of Intel and of AMD differ, each difference by a name; the vendor that CPUID
 * tells decides. Intel's side is from the SDM; AMD's from the APM, and as family 19h does it. */

static inline bool
x86_is_amd (const X86Cpu *cpu)
{
  return cpu->vendor == X86_AMD;
}

/* 66 in front of a near branch of 64-bit code makes its operands 16 bits wide (APM 3, 1.2.2).
 * Intel's ignore it. */
static inline bool
x86_near_branches_obey_66 (const X86Cpu *cpu)
{
  return x86_is_amd (cpu);
}

/* F2 makes LOOPNE of LOOPE, and F3 the reverse. */
static inline bool
x86_loops_obey_repeat (const X86Cpu *cpu)
{
  return x86_is_amd (cpu);
}

/* With REX.W a far pointer in memory has an offset of 64 bits (SDM 2A, JMP, LGS). AMD's has 32. */
static inline bool
x86_far_pointers_have_64 (const X86Cpu *cpu)
{
  return !x86_is_amd (cpu);
}

/* CALL finds out whether it may push before it looks where it leads to. */
static inline bool
x86_calls_probe_stack_first (const X86Cpu *cpu)
{
  return x86_is_amd (cpu);
}

/* What ENTER and PUSHA have pushed when they fault stays in memory, below the stack pointer. */
static inline bool
x86_broken_pushes_stay (const X86Cpu *cpu)
{
  return x86_is_amd (cpu);
}

/* CMPS reads ES:rDI before rSI: of two that fault it is the one reported. */
static inline bool
x86_cmps_reads_rdi_first (const X86Cpu *cpu)
{
  return x86_is_amd (cpu);
}

/* 16 bytes in memory are an operand of SHA1MSG1 and its like wherever they lie. */
static inline bool
x86_sha_takes_unaligned (const X86Cpu *cpu)
{
  return x86_is_amd (cpu);
}

/* F3 before 90 makes PAUSE of it even with REX.B, which Intel's then ignore. To AMD's it is XCHG of
 * R8, as it is to both with any other prefix. */
static inline bool
x86_pauses_with_rex_b (const X86Cpu *cpu)
{
  return !x86_is_amd (cpu);
}

/* A gather first makes each element of its mask all ones or all zeros (SDM 2C, VGATHER, Operation),
 * and one of 128 bits clears the upper half of its destination with the first element that is in:
 * both show if it faults. AMD's leave alone what they have not come to. */
static inline bool
x86_gathers_extend (const X86Cpu *cpu)
{
  return !x86_is_amd (cpu);
}

/* VCVTPS2PH to memory has converted, and its exceptions are told, before it looks where it stores.
 */
static inline bool
x86_converts_before_store (const X86Cpu *cpu)
{
  return !x86_is_amd (cpu);
}

/* An MMX instruction that stores has cleared TOP when it finds that it may not. */
static inline bool
x86_mmx_stores_clear_top_first (const X86Cpu *cpu)
{
  return !x86_is_amd (cpu);
}

/* An x87 instruction that an unmasked exception keeps from storing does not ask for its page. */
static inline bool
x86_x87_refuses_before_store (const X86Cpu *cpu)
{
  return !x86_is_amd (cpu);
}

/* MASKMOVDQU asks for the upper eight of its 16 bytes first: of two that fault they are reported.
 */
static inline bool
x86_maskmovdqu_probes_upper_half_first (const X86Cpu *cpu)
{
  return !x86_is_amd (cpu);
}

/* A fault in the middle of a repeated CMPS or SCAS finds the status flags from before the first
 * element (SDM 2B, REP). AMD's are those of the last comparison. */
static inline bool
x86_broken_repeats_restore_flags (const X86Cpu *cpu)
{
  return !x86_is_amd (cpu);
}

/* VPEXTRQ and VPINSRQ are #UD outside 64-bit code. Intel's ignore VEX.W there, which makes VPEXTRD
 * and VPINSRD of them. */
static inline bool
x86_vpinsrq_demands_64 (const X86Cpu *cpu)
{
  return x86_is_amd (cpu);
}

/* A code breakpoint on the instruction after MOV SS or POP SS is as if it were not there. */
static inline bool
x86_mov_ss_hides_code_breakpoints (const X86Cpu *cpu)
{
  return !x86_is_amd (cpu);
}

/* 0F 0D, which fetches ahead, with a register is #UD. Intel's do nothing. */
static inline bool
x86_prefetchw_demands_memory (const X86Cpu *cpu)
{
  return x86_is_amd (cpu);
}

/* SYSCALL and SYSRET in legacy and compatibility mode. */
static inline bool
x86_has_syscall_outside_64 (const X86Cpu *cpu)
{
  return x86_is_amd (cpu);
}

/* SYSENTER and SYSEXIT in long mode. */
static inline bool
x86_has_sysenter_in_long (const X86Cpu *cpu)
{
  return !x86_is_amd (cpu);
}

/* SYSRET to an address that is not canonical faults while still at CPL 0. AMD's goes there, and the
 * fetch faults. */
static inline bool
x86_sysret_checks_rip (const X86Cpu *cpu)
{
  return !x86_is_amd (cpu);
}
