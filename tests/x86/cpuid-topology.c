/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every way to lay out up to eight CPUs, read back from CPUID as systems do: by Intel's levels, by
 * the older leaves 1 and 4, by AMD's. All find the same sockets, cores and threads. */
#include "vmm-core/x86/cpuid-topology.h"

#include <glib.h>

#define MAX_CPUS 8

/* What a system makes of an APIC ID. */
typedef struct
{
  unsigned socket, core, thread;
} Place;

static X86Cpuid
ask (const CpuTopology *topology, unsigned cpu, gboolean amd, uint32_t leaf, uint32_t subleaf,
     X86Cpuid before)
{
  CpuidTopology one = { topology, cpu_topology_get_apic_id (topology, cpu), amd };

  cpuid_topology_fill (&one, leaf, subleaf, &before);
  return before;
}

static unsigned
bits (uint32_t word, unsigned first, unsigned last)
{
  return word >> first & ((2u << (last - first)) - 1);
}

/* The exponent of the next power of two (SDM 3A, 9.9.3). */
static unsigned
width (unsigned n)
{
  unsigned shift = 0;

  while (1u << shift < n)
    shift++;
  return shift;
}

static Place
place (uint32_t id, unsigned core_shift, unsigned socket_shift)
{
  return (Place){ id >> socket_shift, (id & ((1u << socket_shift) - 1)) >> core_shift,
                  id & ((1u << core_shift) - 1) };
}

static Place
by_levels (const CpuTopology *topology, unsigned cpu, uint32_t leaf)
{
  X86Cpuid smt = ask (topology, cpu, FALSE, leaf, 0, (X86Cpuid){ ~0u, ~0u, ~0u, ~0u });
  X86Cpuid core = ask (topology, cpu, FALSE, leaf, 1, (X86Cpuid){ ~0u, ~0u, ~0u, ~0u });
  X86Cpuid end = ask (topology, cpu, FALSE, leaf, 2, (X86Cpuid){ ~0u, ~0u, ~0u, ~0u });

  g_assert_cmphex (smt.ecx, ==, 0x100);
  g_assert_cmphex (core.ecx, ==, 0x201);
  g_assert_cmphex (end.ecx, ==, 0x002);
  g_assert_cmpuint (end.eax | end.ebx, ==, 0);
  g_assert_cmpuint (smt.ebx, ==, topology->threads);
  g_assert_cmpuint (core.ebx, ==, topology->threads * topology->cores);
  g_assert_cmpuint (smt.edx, ==, core.edx);
  return place (smt.edx, smt.eax, core.eax);
}

static Place
by_leaves_1_and_4 (const CpuTopology *topology, unsigned cpu)
{
  X86Cpuid one
    = ask (topology, cpu, FALSE, 1, 0, (X86Cpuid){ 0x306c3, 0xaaaa08aa, 1u << 31, 0x1fffffff });
  X86Cpuid l1 = ask (topology, cpu, FALSE, 4, 0, (X86Cpuid){ 0xffffc121, 7, 63, 0 });
  X86Cpuid l3 = ask (topology, cpu, FALSE, 4, 3, (X86Cpuid){ 0x00000163, 7, 63, 0 });
  X86Cpuid end = ask (topology, cpu, FALSE, 4, 4, (X86Cpuid){ 0 });
  unsigned in_socket = topology->cores * topology->threads, siblings;

  g_assert_cmpuint (bits (one.edx, 28, 28), ==, in_socket > 1);
  g_assert_cmphex (bits (one.ebx, 8, 15), ==, 0x08); /* CLFLUSH stays */
  g_assert_cmphex (one.ecx, ==, 1u << 31);
  g_assert_cmphex (bits (l1.eax, 0, 13), ==, 0x121);
  g_assert_cmpuint (bits (l1.eax, 14, 25) + 1, ==, topology->threads);
  g_assert_cmpuint (bits (l3.eax, 14, 25) + 1, ==, in_socket);
  g_assert_cmpuint (bits (l3.eax, 26, 31), ==, bits (l1.eax, 26, 31));
  g_assert_cmphex (end.eax, ==, 0);
  siblings = bits (one.edx, 28, 28) ? bits (one.ebx, 16, 23) : 1;
  return place (one.ebx >> 24, width (siblings) - width (bits (l1.eax, 26, 31) + 1),
                width (siblings));
}

static Place
by_amd (const CpuTopology *topology, unsigned cpu)
{
  X86Cpuid features
    = ask (topology, cpu, TRUE, 0x80000001, 0, (X86Cpuid){ 0, 0, 1u << 22 | 1u << 1, 0 });
  X86Cpuid sizes = ask (topology, cpu, TRUE, 0x80000008, 0, (X86Cpuid){ 0x3030, 0, 0xffffffff, 7 });
  X86Cpuid l2 = ask (topology, cpu, TRUE, 0x8000001d, 2, (X86Cpuid){ 0x00000143, 0, 0, 0 });
  X86Cpuid l3 = ask (topology, cpu, TRUE, 0x8000001d, 3, (X86Cpuid){ 0x00000163, 0, 0, 0 });
  X86Cpuid ids = ask (topology, cpu, TRUE, 0x8000001e, 0, (X86Cpuid){ 99, 99, 99, 99 });
  unsigned in_socket = topology->cores * topology->threads;
  Place found;

  g_assert_cmphex (features.ecx, ==, 1u << 22 | (in_socket > 1 ? 2 : 0));
  g_assert_cmpuint (bits (sizes.ecx, 0, 7) + 1, ==, in_socket);
  g_assert_cmphex (sizes.ecx & ~0xf0ffu, ==, 0xffff0f00); /* what does not depend on it stays */
  g_assert_cmphex (sizes.eax, ==, 0x3030);
  g_assert_cmpuint (bits (l2.eax, 14, 25) + 1, ==, topology->threads);
  g_assert_cmpuint (bits (l3.eax, 14, 25) + 1, ==, in_socket);
  g_assert_cmpuint (bits (l3.eax, 26, 31), ==, 0); /* reserved here */
  g_assert_cmpuint (bits (ids.ebx, 8, 15) + 1, ==, topology->threads);
  g_assert_cmpuint (bits (ids.ecx, 8, 10), ==, 0); /* one node a socket */
  found = place (ids.eax, width (bits (ids.ebx, 8, 15) + 1), bits (sizes.ecx, 12, 15));
  g_assert_cmpuint (bits (ids.ebx, 0, 7), ==, found.core);
  g_assert_cmpuint (bits (ids.ecx, 0, 7), ==, found.socket);
  return found;
}

static void
check_layout (const CpuTopology *topology)
{
  unsigned n = cpu_topology_get_cpus (topology);
  uint64_t ids = 0;

  for (unsigned cpu = 0; cpu < n; cpu++)
    {
      unsigned core = cpu / topology->threads;
      Place wanted = { core / topology->cores, core % topology->cores, cpu % topology->threads };
      Place found[] = { by_levels (topology, cpu, 0x0b), by_levels (topology, cpu, 0x1f),
                        by_leaves_1_and_4 (topology, cpu), by_amd (topology, cpu) };

      ids |= 1ull << cpu_topology_get_apic_id (topology, cpu);
      for (unsigned i = 0; i < G_N_ELEMENTS (found); i++)
        g_assert_cmpmem (&found[i], sizeof wanted, &wanted, sizeof wanted);
    }
  g_assert_cmpuint (__builtin_popcountll (ids), ==, n); /* each has its own */
}

static void
test_every_layout (void)
{
  unsigned layouts = 0;

  for (unsigned sockets = 1; sockets <= MAX_CPUS; sockets++)
    for (unsigned cores = 1; sockets * cores <= MAX_CPUS; cores++)
      for (unsigned threads = 1; sockets * cores * threads <= MAX_CPUS; threads++, layouts++)
        check_layout (&(CpuTopology){ sockets, cores, threads });
  g_assert_cmpuint (layouts, ==, 38);
}

static void
test_numbers_leave_gaps (void)
{
  const CpuTopology topology = { 2, 3, 1 };
  static const uint32_t wanted[] = { 0, 1, 2, 4, 5, 6 };

  for (unsigned cpu = 0; cpu < G_N_ELEMENTS (wanted); cpu++)
    g_assert_cmpuint (cpu_topology_get_apic_id (&topology, cpu), ==, wanted[cpu]);
}

/* What is AMD's is left alone on an Intel CPU. */
static void
test_intel_has_no_amd_leaves (void)
{
  const X86Cpuid before = { 1, 2, 3, 4 };

  for (uint32_t leaf = 0x80000000; leaf < 0x80000020; leaf++)
    {
      X86Cpuid after = ask (&(CpuTopology){ 2, 2, 2 }, 5, FALSE, leaf, 0, before);

      g_assert_cmpmem (&after, sizeof after, &before, sizeof before);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cpuid-topology/every-layout", test_every_layout);
  g_test_add_func ("/cpuid-topology/gaps", test_numbers_leave_gaps);
  g_test_add_func ("/cpuid-topology/intel", test_intel_has_no_amd_leaves);
  return g_test_run ();
}
