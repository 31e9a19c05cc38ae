/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Intel SDM 2A, CPUID, leaves 1, 4, Bh and 1Fh; 3A, 9.9. AMD APM 3, E.4.7 (8000_0008h), E.4.15 and
 * E.4.16 (8000_001Dh and 8000_001Eh). */
#include "cpuid-topology.h"

#define BIT(n) (1u << (n))
#define EDX1_HTT BIT (28)
#define ECX8000_0001_CMP_LEGACY BIT (1)

#define LEVEL_SMT 1
#define LEVEL_CORE 2
#define N_LEVELS 2

/* Replaces the bits of a field. */
static void
put (uint32_t *word, unsigned shift, unsigned width, uint32_t value)
{
  uint32_t mask = (BIT (width) - 1) << shift;

  *word = (*word & ~mask) | (value << shift & mask);
}

static void
fill_features (const CpuidTopology *cpu, X86Cpuid *answer)
{
  unsigned in_socket = cpu_topology_get_cpus_in_socket (cpu->topology);

  put (&answer->ebx, 24, 8, cpu->apic_id);
  put (&answer->ebx, 16, 8, in_socket);
  answer->edx = (answer->edx & ~EDX1_HTT) | (in_socket > 1 ? EDX1_HTT : 0);
}

/* A cache of a core is its threads' alone, that of level 3 the socket's. */
static void
fill_cache (const CpuidTopology *cpu, X86Cpuid *answer)
{
  unsigned level = answer->eax >> 5 & 7;

  if ((answer->eax & 0x1f) == 0) /* no more caches */
    return;
  put (&answer->eax, 14, 12,
       (level < 3 ? cpu->topology->threads : cpu_topology_get_cpus_in_socket (cpu->topology)) - 1);
  put (&answer->eax, 26, 6, cpu->amd ? 0 : cpu->topology->cores - 1);
}

static void
fill_levels (const CpuidTopology *cpu, uint32_t subleaf, X86Cpuid *answer)
{
  *answer = (X86Cpuid){ .ecx = subleaf & 0xff, .edx = cpu->apic_id };
  if (subleaf == 0)
    {
      answer->eax = cpu_topology_get_core_shift (cpu->topology);
      answer->ebx = cpu->topology->threads;
      answer->ecx |= LEVEL_SMT << 8;
    }
  else if (subleaf == 1)
    {
      answer->eax = cpu_topology_get_socket_shift (cpu->topology);
      answer->ebx = cpu_topology_get_cpus_in_socket (cpu->topology);
      answer->ecx |= LEVEL_CORE << 8;
    }
}

static void
fill_amd (const CpuidTopology *cpu, uint32_t leaf, X86Cpuid *answer)
{
  const CpuTopology *topology = cpu->topology;
  unsigned in_socket = cpu_topology_get_cpus_in_socket (topology);
  unsigned core_shift = cpu_topology_get_core_shift (topology);
  unsigned socket_shift = cpu_topology_get_socket_shift (topology);

  if (leaf == 0x80000001)
    {
      answer->ecx
        = (answer->ecx & ~ECX8000_0001_CMP_LEGACY) | (in_socket > 1 ? ECX8000_0001_CMP_LEGACY : 0);
    }
  else if (leaf == 0x80000008)
    {
      put (&answer->ecx, 0, 8, in_socket - 1);
      put (&answer->ecx, 12, 4, socket_shift);
    }
  else if (leaf == 0x8000001d)
    fill_cache (cpu, answer);
  else if (leaf == 0x8000001e)
    {
      /* A node is a socket. */
      answer->eax = cpu->apic_id;
      answer->ebx = (topology->threads - 1) << 8
                    | (cpu->apic_id >> core_shift & (BIT (socket_shift - core_shift) - 1));
      answer->ecx = cpu->apic_id >> socket_shift;
      answer->edx = 0;
    }
}

static bool
tells_levels (uint32_t leaf)
{
  return leaf == 0x0b || leaf == 0x1f;
}

void
cpuid_topology_fill (const CpuidTopology *cpu, uint32_t leaf, uint32_t subleaf, X86Cpuid *answer)
{
  if (leaf == 1)
    fill_features (cpu, answer);
  else if (leaf == 4)
    fill_cache (cpu, answer);
  else if (tells_levels (leaf))
    fill_levels (cpu, subleaf, answer);
  else if (cpu->amd)
    fill_amd (cpu, leaf, answer);
}

static void
renew_levels (CpuidTable *table, uint32_t leaf)
{
  unsigned before = table->n;

  cpuid_table_remove (table, leaf);
  if (table->n == before)
    return;
  /* One more says that there is nothing more. */
  for (unsigned level = 0; level <= N_LEVELS; level++)
    cpuid_table_put_indexed (table, leaf, level, (X86Cpuid){ 0 });
}

void
cpuid_topology_fill_table (const CpuidTopology *cpu, CpuidTable *table)
{
  renew_levels (table, 0x0b);
  renew_levels (table, 0x1f);
  for (unsigned i = 0; i < table->n; i++)
    {
      CpuidEntry *entry = &table->entries[i];

      cpuid_topology_fill (cpu, entry->leaf, entry->subleaf, &entry->answer);
    }
}
