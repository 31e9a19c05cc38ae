/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include <stdint.h>

/* How a machine's CPUs are laid out: so many sockets, with so many cores each, which run so many
 * threads each. CPU number n is counted threads first. Its APIC ID has a field of bits for each
 * level (Intel SDM 3A, 9.9), so that numbers are left out where a level's count is no power of
 * two. */
typedef struct
{
  unsigned sockets, cores, threads;
} CpuTopology;

/* CPUs in all, and in a socket. */
unsigned cpu_topology_get_cpus (const CpuTopology *topology);
unsigned cpu_topology_get_cpus_in_socket (const CpuTopology *topology);

/* The bits below the core's and below the socket's number in an APIC ID. */
unsigned cpu_topology_get_core_shift (const CpuTopology *topology);
unsigned cpu_topology_get_socket_shift (const CpuTopology *topology);

uint32_t cpu_topology_get_apic_id (const CpuTopology *topology, unsigned cpu);
