/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "cpuid-table.h"

#include "vmm-core/cpu-topology.h"

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

/* The same to all answers of a table. Leaves that tell of levels have nothing of the host's. */
void cpuid_topology_fill_table (const CpuidTopology *cpu, CpuidTable *table);
