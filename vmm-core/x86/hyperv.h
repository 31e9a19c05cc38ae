/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cpu.h"

/* Hyper-V's interface on a software CPU: registers, pages and hypercalls (Microsoft, Hypervisor Top
 * Level Functional Specification, TLFS), with the parts of cpuid_hyperv_software. Where the
 * specification leaves a choice it is as KVM's, so that a machine may go from one to the other. */

/* Whether an MSR is of the interface, and the CPU has that. */
static inline bool
x86_hyperv_has_msr (const X86Cpu *cpu, uint32_t msr)
{
  return cpu->synic != NULL && msr >> 8 == 0x400000;
}

/* FALSE: #GP. */
bool x86_hyperv_read_msr (X86Cpu *cpu, uint32_t msr, uint64_t *value);
bool x86_hyperv_write_msr (X86Cpu *cpu, uint32_t msr, uint64_t value);

/* Whether hypercalls are Hyper-V's now. */
static inline bool
x86_hyperv_takes_calls (const X86Cpu *cpu)
{
  return cpu->synic != NULL && cpu->state.hyperv.guest_os_id != 0;
}

/* hyperv-call.c: the running instruction is one. May raise. */
void x86_hyperv_call (X86Cpu *cpu);

/* The TSC was set, or the state came from elsewhere: writes the page of the reference TSC anew. */
void x86_hyperv_update (const X86Cpu *cpu);

/* The reference counter: the machine's time in units of 100 ns. */
uint64_t x86_hyperv_get_time (const X86Cpu *cpu);
