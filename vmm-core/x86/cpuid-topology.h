/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vmm-core/cpu-topology.h"

#include <stdbool.h>

typedef struct
{
  uint32_t eax, ebx, ecx, edx;
} X86Cpuid;

/* One CPU of a machine, as CPUID tells of it under every accelerator. */
typedef struct
{
  const CpuTopology *topology;
  uint32_t apic_id;
  bool amd; /* or Hygon */
} CpuidTopology;

/* Puts into an answer what depends on the machine's topology: numbers of CPUs, who shares which
 * cache, APIC IDs. What else the leaf tells stays. */
void cpuid_topology_fill (const CpuidTopology *cpu, uint32_t leaf, uint32_t subleaf,
                          X86Cpuid *answer);

/* Whether every subleaf of a leaf is made here, so that nothing of the host's belongs into it. */
bool cpuid_topology_owns (uint32_t leaf);
#define CPUID_TOPOLOGY_LEVELS 2 /* subleaves of such a leaf that tell something */
