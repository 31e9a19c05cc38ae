/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cpu-topology.h"

/* Bits for numbers below n. */
static unsigned
bits_for (unsigned n)
{
  return n <= 1 ? 0 : 32 - __builtin_clz (n - 1);
}

unsigned
cpu_topology_get_cpus (const CpuTopology *topology)
{
  return topology->sockets * cpu_topology_get_cpus_in_socket (topology);
}

unsigned
cpu_topology_get_cpus_in_socket (const CpuTopology *topology)
{
  return topology->cores * topology->threads;
}

unsigned
cpu_topology_get_core_shift (const CpuTopology *topology)
{
  return bits_for (topology->threads);
}

unsigned
cpu_topology_get_socket_shift (const CpuTopology *topology)
{
  return cpu_topology_get_core_shift (topology) + bits_for (topology->cores);
}

uint32_t
cpu_topology_get_apic_id (const CpuTopology *topology, unsigned cpu)
{
  unsigned core = cpu / topology->threads;

  return (core / topology->cores) << cpu_topology_get_socket_shift (topology)
         | (core % topology->cores) << cpu_topology_get_core_shift (topology)
         | cpu % topology->threads;
}
