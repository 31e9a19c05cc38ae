/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cpu.h"
#include "cpuid-table.h"

/* What CPUID tells under the software CPU: made once, out of what the host can do and what this CPU
 * implements, and for each machine out of that and its processor model. The host's own CPUID is
 * never asked while a guest runs: it costs microseconds under a hypervisor. */

/* All that can be offered. */
const CpuidTable *x86_cpuid_get_offer (void);

/* Chooses what the machine's CPUs tell: fills cpuid, cr4_bits and xcr0_bits of software. */
bool x86_cpuid_open (X86Software *software, GError **error);

/* The answer to CPUID on this CPU, APIC IDs and bits that mirror CR4 included. */
X86Cpuid x86_cpuid_get (X86Cpu *cpu, uint32_t leaf, uint32_t subleaf);

/* The rate of the time stamp counter: the host's, in whole MHz. */
uint64_t x86_cpuid_get_tsc_khz (void);

/* Whose CPU it tells of: the host's vendor. */
X86Vendor x86_cpuid_get_vendor (void);

/* The bits of CR4 that this CPU has, whatever the machine's model. */
uint64_t x86_cpuid_get_cr4_bits (void);
