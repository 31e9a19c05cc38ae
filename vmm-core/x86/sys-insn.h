/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "insn.h"

/* The system instructions, each with its operand size and other details from insn. Those that
 * change RIP set it; those that end a block without changing it leave it to the run loop. */

/* Far transfers: far-transfer.c */
void x86_sys_call_far_imm (X86Cpu *cpu, const X86Insn *insn); /* 9A: imm, selector in bits 32-47 */
void x86_sys_call_far_mem (X86Cpu *cpu, const X86Insn *insn); /* FF /3 */
void x86_sys_jmp_far_imm (X86Cpu *cpu, const X86Insn *insn);  /* EA */
void x86_sys_jmp_far_mem (X86Cpu *cpu, const X86Insn *insn);  /* FF /5 */
void x86_sys_ret_far (X86Cpu *cpu, const X86Insn *insn);      /* CA, CB: imm counts bytes */
void x86_sys_iret (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_int_n (X86Cpu *cpu, const X86Insn *insn); /* CD: imm */
void x86_sys_int3 (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_int1 (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_into (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_syscall (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_sysret (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_sysenter (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_sysexit (X86Cpu *cpu, const X86Insn *insn);

/* Flags and interrupts */
void x86_sys_pushf (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_popf (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_cli (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_sti (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_clac (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_stac (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_hlt (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_monitor (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_mwait (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_pause (X86Cpu *cpu, const X86Insn *insn);

/* Ports: E4-E7, EC-EF, 6C-6F; with REP prefixes in insn->prefixes */
void x86_sys_in (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_out (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_ins (X86Cpu *cpu, const X86Insn *insn);  /* sets RIP: a REP not done stays */
void x86_sys_outs (X86Cpu *cpu, const X86Insn *insn); /* likewise */

/* Segment registers */
void x86_sys_mov_from_segment (X86Cpu *cpu, const X86Insn *insn); /* 8C */
void x86_sys_mov_to_segment (X86Cpu *cpu, const X86Insn *insn);   /* 8E */
void x86_sys_push_segment (X86Cpu *cpu, const X86Insn *insn);     /* 06 0E 16 1E, 0F A0 A8 */
void x86_sys_pop_segment (X86Cpu *cpu, const X86Insn *insn);      /* 07 17 1F, 0F A1 A9 */
void x86_sys_load_far_pointer (X86Cpu *cpu, const X86Insn *insn); /* C4 C5, 0F B2 B4 B5 */
/* The operand in memory of these and of far transfers: returns the selector. */
uint16_t x86_load_far_pointer (X86Cpu *cpu, const X86Insn *insn, uint64_t *offset);
void x86_sys_rdfsbase (X86Cpu *cpu, const X86Insn *insn); /* F3 0F AE /0 to /3: all four */
void x86_sys_swapgs (X86Cpu *cpu, const X86Insn *insn);

/* Descriptors */
void x86_sys_sldt (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_str (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_lldt (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_ltr (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_verr (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_verw (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_sgdt (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_sidt (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_lgdt (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_lidt (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_lar (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_lsl (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_arpl (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_bound (X86Cpu *cpu, const X86Insn *insn);

/* Control and debug registers, caches, TLB */
void x86_sys_smsw (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_lmsw (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_clts (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_mov_from_cr (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_mov_to_cr (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_mov_from_dr (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_mov_to_dr (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_invlpg (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_invpcid (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_invd (X86Cpu *cpu, const X86Insn *insn); /* and WBINVD */
void x86_sys_clflush (X86Cpu *cpu, const X86Insn *insn);

/* MSRs, counters, identification */
void x86_sys_rdmsr (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_wrmsr (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_rdtsc (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_rdtscp (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_rdpid (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_rdpmc (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_cpuid (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_rdrand (X86Cpu *cpu, const X86Insn *insn);    /* and RDSEED: 0F C7 /6 and /7 */
void x86_sys_hypercall (X86Cpu *cpu, const X86Insn *insn); /* VMCALL and VMMCALL */
void x86_sys_rdpkru (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_wrpkru (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_xgetbv (X86Cpu *cpu, const X86Insn *insn);
void x86_sys_xsetbv (X86Cpu *cpu, const X86Insn *insn);
