/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cpu.h"
#include "cpuid-table.h"

/* The paravirtual clock that guests know as kvmclock: a page with the TSC's rate and origin, so
 * that a guest need not measure them. The guest's TSC is made of the same clock and never drifts
 * from it: what is written once stays right. */

/* CPUID 40000001h, EAX: no delays after port accesses, the clock at its newer MSRs, and stable. */
#define X86_KVMCLOCK_FEATURES (1u << 1 | 1u << 3 | 1u << 24)

/* Leaf 40000000h, which names the interface and its last leaf. */
X86Cpuid x86_kvmclock_get_signature (uint32_t last_leaf);

/* FALSE: not one of its registers. */
bool x86_kvmclock_read_msr (X86Cpu *cpu, uint32_t msr, uint64_t *value);
bool x86_kvmclock_write_msr (X86Cpu *cpu, uint32_t msr, uint64_t value);

/* The TSC was set, or the state came from elsewhere: writes the page anew. */
void x86_kvmclock_update (X86Cpu *cpu);
