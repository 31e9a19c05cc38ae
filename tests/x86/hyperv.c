/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hyper-V's interface on software CPUs (TLFS): registers, pages, time, messages and hypercalls,
 * each driven from outside; tests/guests/bare/hyperv.asm is a guest that uses them. */
#include "vmm-core/bare-machine.h"
#include "vmm-core/clock-ticks.h"
#include "vmm-core/x86/hyperv.h"
#include "vmm-core/x86/lapic.h"
#include "vmm-core/x86/msr.h"
#include "vmm-core/x86/software.h"
#include "vmm-core/x86/x86-cpuid.h"

#include <string.h>

#define MEMORY_SIZE 0x100000
#define NOWHERE 0x40000000u /* a hole */
#define CODE_AT 0x1000
#define INPUT_AT 0x2000
#define PAGE_AT 0x5000
#define ENABLE 1u
#define N_CPUS 4

#define GUEST_OS_ID 0x40000000
#define HYPERCALL 0x40000001
#define VP_INDEX 0x40000002
#define VP_RUNTIME 0x40000010
#define TIME_REF_COUNT 0x40000020
#define REFERENCE_TSC 0x40000021
#define TSC_FREQUENCY 0x40000022
#define APIC_FREQUENCY 0x40000023
#define EOI 0x40000070
#define ICR 0x40000071
#define TPR 0x40000072
#define VP_ASSIST_PAGE 0x40000073
#define SCONTROL 0x40000080
#define SVERSION 0x40000081
#define SIMP 0x40000083
#define EOM 0x40000084
#define SINT(n) (0x40000090u + (n))
#define STIMER_CONFIG(n) (0x400000b0u + 2 * (n))
#define STIMER_COUNT(n) (0x400000b1u + 2 * (n))
#define TSC 0x10

#define SINT_MASKED (1u << 16)
#define SINT_AUTO_EOI (1u << 17)
#define STIMER_ENABLE 1u
#define STIMER_PERIODIC 2u
#define STIMER_AUTO 8u
#define STIMER_DIRECT(vector) (1u << 12 | (vector) << 4)
#define STIMER_MESSAGE(sint) ((sint) << 16)

#define MS 10000 /* in units of the reference counter */
#define NS_PER_MS 1000000

typedef struct
{
  AccelMachine machine;
  MemoryBlock *ram;
  Accel *accel;
  AccelVcpu *vcpus[N_CPUS];
  X86Cpu *cpu; /* the first */
} Fixture;

static void
set_up (Fixture *f, gconstpointer hyperv)
{
  g_autoptr (GError) error = NULL;

  f->machine = (AccelMachine){ .topology = { 1, N_CPUS, 1 }, .cpu.hyperv = hyperv != NULL };
  f->ram = bare_machine_init (&f->machine, MEMORY_SIZE, NULL);
  f->accel = software_accel_ops.open (&f->machine, &error);
  for (unsigned i = 0; i < N_CPUS; i++)
    f->vcpus[i] = software_accel_ops.vcpu_new (f->accel, i, &error);
  g_assert_no_error (error);
  f->cpu = x86_software_get_cpu (f->vcpus[0]);
  for (unsigned i = 0; i < N_CPUS; i++)
    lapic_write (x86_software_get_cpu (f->vcpus[i])->lapic, 0xf0, 0x1ff);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  for (unsigned i = 0; i < N_CPUS; i++)
    software_accel_ops.vcpu_free (f->vcpus[i]);
  software_accel_ops.close (f->accel);
  bare_machine_clear (&f->machine);
}

static uint64_t
get (X86Cpu *cpu, uint32_t msr)
{
  uint64_t value = 0;

  g_assert_true (x86_msr_read (cpu, msr, &value));
  return value;
}

static void
put (X86Cpu *cpu, uint32_t msr, uint64_t value)
{
  g_assert_true (x86_msr_write (cpu, msr, value));
}

static X86Cpu *
cpu_of (Fixture *f, unsigned i)
{
  return x86_software_get_cpu (f->vcpus[i]);
}

/* The interrupt that this CPU would take, which it takes; -1: none. */
static int
take (X86Cpu *cpu)
{
  int vector = lapic_acknowledge (cpu->lapic);

  if (vector >= 0)
    put (cpu, EOI, 0);
  return vector;
}

static X86State
get_state (Fixture *f, unsigned i)
{
  X86State state;

  software_accel_ops.get_state (f->vcpus[i], &state);
  return state;
}

static void
set_state (Fixture *f, unsigned i, const X86State *state)
{
  g_autoptr (GError) error = NULL;

  software_accel_ops.set_state (f->vcpus[i], state, &error);
  g_assert_no_error (error);
}

/* What is not asked for is not there, neither for CPUID nor for RDMSR. */
static void
test_absent (Fixture *f, gconstpointer data)
{
  const X86Cpuid base = x86_cpuid_get (f->cpu, 0x40000000, 0);
  uint64_t value;

  g_assert_cmpmem (&base.ebx, 9, "KVMKVMKVM", 9);
  g_assert_false (x86_msr_read (f->cpu, GUEST_OS_ID, &value));
  g_assert_false (x86_msr_write (f->cpu, GUEST_OS_ID, 1));
}

/* Its leaves come first, KVM's behind them, and what they name is there. */
static void
test_cpuid (Fixture *f, gconstpointer data)
{
  const X86Cpuid base = x86_cpuid_get (f->cpu, 0x40000000, 0);
  const X86Cpuid features = x86_cpuid_get (f->cpu, 0x40000003, 0);
  const X86Cpuid kvm = x86_cpuid_get (f->cpu, 0x40000100, 0);
  static const uint32_t msrs[] = { VP_INDEX, VP_RUNTIME, TIME_REF_COUNT,   REFERENCE_TSC, ICR, TPR,
                                   SVERSION, SINT (15),  STIMER_COUNT (3), GUEST_OS_ID };

  g_assert_cmphex (base.eax, ==, 0x40000006);
  g_assert_cmpmem (&base.ebx, 12, "Microsoft Hv", 12);
  g_assert_cmphex (x86_cpuid_get (f->cpu, 0x40000001, 0).eax, ==, 0x31237648);
  g_assert_cmphex (features.eax, ==, 0xa7f);
  g_assert_cmphex (features.ebx, ==, 0); /* nothing that is another partition's */
  g_assert_cmphex (x86_cpuid_get (f->cpu, 0x40000004, 0).ebx, ==, 0xfff);
  g_assert_cmphex (kvm.eax, ==, 0x40000101);
  g_assert_cmpmem (&kvm.ebx, 9, "KVMKVMKVM", 9);
  g_assert_cmphex (x86_cpuid_get (f->cpu, 0x40000101, 0).eax & 8, ==, 8);
  for (unsigned i = 0; i < G_N_ELEMENTS (msrs); i++)
    get (f->cpu, msrs[i]);
}

static void
test_identity (Fixture *f, gconstpointer data)
{
  uint64_t value, runtime = get (f->cpu, VP_RUNTIME);

  for (unsigned i = 0; i < N_CPUS; i++)
    g_assert_cmpuint (get (cpu_of (f, i), VP_INDEX), ==, i);
  g_assert_cmpuint (get (f->cpu, TSC_FREQUENCY), ==, x86_cpuid_get_tsc_khz () * 1000);
  g_assert_cmpuint (get (f->cpu, APIC_FREQUENCY), ==, 1000000000);
  g_assert_cmpuint (get (f->cpu, VP_RUNTIME), >=, runtime);
  g_assert_false (x86_msr_write (f->cpu, VP_INDEX, 1));
  g_assert_false (x86_msr_write (f->cpu, TIME_REF_COUNT, 1));
  g_assert_false (x86_msr_write (f->cpu, TSC_FREQUENCY, 1));
  g_assert_false (x86_msr_read (f->cpu, EOI, &value));
  /* What nobody has named, between them. */
  g_assert_false (x86_msr_read (f->cpu, 0x40000003, &value));
  g_assert_false (x86_msr_write (f->cpu, 0x400000a0, 0));
}

/* There is a page of hypercalls while the guest has given its name; all CPUs see the same. */
static void
test_hypercall_page (Fixture *f, gconstpointer data)
{
  uint8_t code[4] = { 0 };
  uint64_t dirty;

  put (f->cpu, HYPERCALL, PAGE_AT | ENABLE);
  g_assert_cmphex (get (f->cpu, HYPERCALL), ==, 0);
  put (f->cpu, GUEST_OS_ID, 0x8100);
  memory_block_set_logging (f->ram, true);
  put (f->cpu, HYPERCALL, PAGE_AT | ENABLE);
  g_assert_cmphex (get (cpu_of (f, 3), HYPERCALL), ==, PAGE_AT | ENABLE);
  g_assert_cmphex (get (cpu_of (f, 3), GUEST_OS_ID), ==, 0x8100);
  memory_read (f->machine.memory, PAGE_AT, code, sizeof code);
  g_assert_cmphex (code[0], ==, 0x0f);
  g_assert_cmphex (code[1], ==, 0x01);
  g_assert_cmphex (code[3], ==, 0xc3);
  g_assert_true (
    memory_block_take_dirty (f->machine.memory, f->ram, PAGE_AT / MEMORY_PAGE_SIZE, 1, &dirty));
  g_assert_false (x86_msr_write (f->cpu, HYPERCALL, NOWHERE | ENABLE));
  g_assert_cmphex (get (f->cpu, HYPERCALL), ==, PAGE_AT | ENABLE);
  put (f->cpu, GUEST_OS_ID, 0);
  g_assert_cmphex (get (f->cpu, HYPERCALL), ==, PAGE_AT);
}

/* The counter's time, by the page. */
static uint64_t
read_page (Fixture *f, uint64_t at, uint32_t *sequence)
{
  Memory *memory = f->machine.memory;
  uint64_t scale = memory_read_u64 (memory, at + 8), offset = memory_read_u64 (memory, at + 16);

  *sequence = memory_read_u32 (memory, at);
  return (uint64_t) ((unsigned __int128) x86_tsc_read (f->cpu) * scale >> 64) + offset;
}

/* The page and the counter agree, and follow the clock, wherever the TSC is. */
static void
test_time (Fixture *f, gconstpointer data)
{
  static const int64_t sets[] = { 0, INT64_C (1) << 50, -1000000, INT64_MIN, INT64_MIN };
  uint32_t sequence, last = 0;

  put (f->cpu, REFERENCE_TSC, PAGE_AT | ENABLE);
  for (unsigned i = 0; i < G_N_ELEMENTS (sets); i++)
    {
      clock_advance (f->machine.clock, 3 * NS_PER_MS);
      put (f->cpu, TSC, x86_tsc_read (f->cpu) + (uint64_t) sets[i]);
      g_assert_cmpuint (get (f->cpu, TIME_REF_COUNT), >=, 3 * MS * (i + 1) - 1);
      g_assert_cmpuint (get (f->cpu, TIME_REF_COUNT), <=, 3 * MS * (i + 1) + 1);
      g_assert_cmpuint (read_page (f, PAGE_AT, &sequence), ==, get (f->cpu, TIME_REF_COUNT));
      g_assert_cmpuint (get (cpu_of (f, 1), TIME_REF_COUNT), ==, get (f->cpu, TIME_REF_COUNT));
      g_assert_cmpuint (sequence, !=, 0);
      g_assert_cmpuint (sequence, !=, last);
      last = sequence;
    }
  /* Where no page can be, the counter is still there. */
  put (f->cpu, REFERENCE_TSC, NOWHERE | ENABLE);
  g_assert_cmpuint (get (f->cpu, TIME_REF_COUNT), >=, 15 * MS - 1);
}

static void
test_apic (Fixture *f, gconstpointer data)
{
  static const uint32_t ones = UINT32_MAX;

  put (f->cpu, TPR, 0x50);
  g_assert_cmphex (get (f->cpu, TPR), ==, 0x50);
  g_assert_cmpint (lapic_get_cr8 (f->cpu->lapic), ==, 5);
  put (f->cpu, TPR, 0);
  put (f->cpu, ICR, UINT64_C (0x0100000000004041)); /* CPU 1, vector 41h */
  g_assert_cmphex (get (f->cpu, ICR), ==, UINT64_C (0x0100000000004041));
  g_assert_cmpint (take (cpu_of (f, 1)), ==, 0x41);
  put (f->cpu, ICR, 0x44042); /* itself */
  lapic_deliver (f->cpu->lapic, 0, 0x41, false);
  g_assert_cmpint (take (f->cpu), ==, 0x42);
  g_assert_cmpint (take (f->cpu), ==, 0x41); /* for the EOI was one */
  memory_write (f->machine.memory, PAGE_AT, &ones, sizeof ones);
  put (f->cpu, VP_ASSIST_PAGE, PAGE_AT | ENABLE);
  g_assert_cmphex (memory_read_u32 (f->machine.memory, PAGE_AT), ==, 0);
  g_assert_false (x86_msr_write (f->cpu, VP_ASSIST_PAGE, NOWHERE | ENABLE));
  g_assert_cmphex (get (cpu_of (f, 1), VP_ASSIST_PAGE), ==, 0);
}

static void
test_direct_timers (Fixture *f, gconstpointer data)
{
  const uint32_t once = STIMER_DIRECT (0x61) | STIMER_AUTO;
  const uint32_t often = STIMER_DIRECT (0x62) | STIMER_PERIODIC | STIMER_ENABLE;

  /* Once, at a time of the counter. */
  put (f->cpu, STIMER_CONFIG (0), once);
  put (f->cpu, STIMER_COUNT (0), 5 * MS);
  g_assert_cmphex (get (f->cpu, STIMER_CONFIG (0)), ==, once | STIMER_ENABLE);
  clock_advance (f->machine.clock, 4 * NS_PER_MS);
  g_assert_cmpint (take (f->cpu), ==, -1);
  clock_advance (f->machine.clock, NS_PER_MS + 100);
  g_assert_cmpint (take (f->cpu), ==, 0x61);
  g_assert_cmphex (get (f->cpu, STIMER_CONFIG (0)), ==, once);
  clock_advance (f->machine.clock, 20 * NS_PER_MS);
  g_assert_cmpint (take (f->cpu), ==, -1);
  /* In the past: now. */
  put (f->cpu, STIMER_COUNT (0), MS);
  clock_advance (f->machine.clock, 0);
  g_assert_cmpint (take (f->cpu), ==, 0x61);
  /* Again and again, until it is stopped. */
  put (cpu_of (f, 2), STIMER_COUNT (3), 2 * MS);
  put (cpu_of (f, 2), STIMER_CONFIG (3), often);
  for (unsigned i = 0; i < 3; i++)
    {
      clock_advance (f->machine.clock, 2 * NS_PER_MS + 100);
      g_assert_cmpint (take (cpu_of (f, 2)), ==, 0x62);
    }
  put (cpu_of (f, 2), STIMER_COUNT (3), 0);
  g_assert_cmphex (get (cpu_of (f, 2), STIMER_CONFIG (3)), ==, often & ~STIMER_ENABLE);
  clock_advance (f->machine.clock, 10 * NS_PER_MS);
  g_assert_cmpint (take (cpu_of (f, 2)), ==, -1);
  g_assert_cmpint (take (f->cpu), ==, -1);
}

/* Whatever a guest writes there, time goes on and nothing comes that should not. */
static void
test_hostile_timers (Fixture *f, gconstpointer data)
{
  static const uint64_t counts[] = { 1, UINT64_MAX, UINT64_MAX - 1, UINT64_C (1) << 63, 0 };

  for (unsigned i = 0; i < G_N_ELEMENTS (counts); i++)
    for (uint64_t config = 0; config < 16; config++)
      {
        put (f->cpu, STIMER_CONFIG (i % 4), config | STIMER_DIRECT (i));
        put (f->cpu, STIMER_COUNT (i % 4), counts[i]);
        clock_advance (f->machine.clock, NS_PER_MS);
        put (f->cpu, STIMER_CONFIG (i % 4), config | STIMER_MESSAGE (15u));
        clock_advance (f->machine.clock, NS_PER_MS);
      }
  put (f->cpu, SIMP, UINT64_MAX);
  put (f->cpu, SCONTROL, UINT64_MAX);
  put (f->cpu, EOM, UINT64_MAX);
  clock_advance (f->machine.clock, NS_PER_MS);
  g_assert_cmpint (take (f->cpu), ==, -1);
  g_assert_false (x86_msr_write (f->cpu, SINT (1), 5));
  put (f->cpu, SINT (1), 5 | SINT_MASKED);
}

/* Messages: one slot for each source, and the next one waits for the guest's word. */
static void
test_messages (Fixture *f, gconstpointer data)
{
  const uint64_t slot = PAGE_AT + 3 * 256;
  const uint32_t config = STIMER_MESSAGE (3u) | STIMER_AUTO;
  Memory *memory = f->machine.memory;

  put (f->cpu, SIMP, PAGE_AT | ENABLE);
  put (f->cpu, SINT (3), 0x71);
  put (f->cpu, SCONTROL, ENABLE);
  put (f->cpu, STIMER_CONFIG (1), config);
  put (f->cpu, STIMER_COUNT (1), 2 * MS);
  put (f->cpu, STIMER_CONFIG (2), config);
  put (f->cpu, STIMER_COUNT (2), 3 * MS);
  clock_advance (f->machine.clock, 2 * NS_PER_MS + 100);
  g_assert_cmphex (memory_read_u32 (memory, slot), ==, 0x80000010);
  g_assert_cmphex (memory_read_u32 (memory, slot + 4), ==, 24);
  g_assert_cmpuint (memory_read_u32 (memory, slot + 16), ==, 1); /* the timer */
  g_assert_cmpuint (memory_read_u64 (memory, slot + 24), ==, 2 * MS);
  g_assert_cmpuint (memory_read_u64 (memory, slot + 32), >=, 2 * MS);
  g_assert_cmpint (take (f->cpu), ==, 0x71);
  clock_advance (f->machine.clock, 5 * NS_PER_MS);
  g_assert_cmpint (take (f->cpu), ==, -1);
  g_assert_cmphex (memory_read_u32 (memory, slot + 4), ==, 24 | 1 << 8); /* one waits */
  g_assert_cmpuint (memory_read_u32 (memory, slot + 16), ==, 1);
  memory_write_u32 (memory, slot, 0);
  put (f->cpu, EOM, 0);
  g_assert_cmpuint (memory_read_u32 (memory, slot + 16), ==, 2);
  g_assert_cmphex (memory_read_u32 (memory, slot + 4), ==, 24);
  g_assert_cmpint (take (f->cpu), ==, 0x71);
  g_assert_cmphex (get (f->cpu, STIMER_CONFIG (2)), ==, config);
}

/* Source 3 needs no EOI: what is of a lower class comes at once. */
static void
test_auto_eoi (Fixture *f, gconstpointer data)
{
  put (f->cpu, SINT (3), 0x71 | SINT_AUTO_EOI);
  lapic_deliver (f->cpu->lapic, 0, 0x71, false);
  lapic_deliver (f->cpu->lapic, 0, 0x41, false);
  g_assert_cmpint (lapic_acknowledge (f->cpu->lapic), ==, 0x71);
  g_assert_cmpint (lapic_acknowledge (f->cpu->lapic), ==, 0x41);
  put (f->cpu, EOI, 0);
  put (f->cpu, SINT (3), 0x71);
  lapic_deliver (f->cpu->lapic, 0, 0x71, false);
  lapic_deliver (f->cpu->lapic, 0, 0x41, false);
  g_assert_cmpint (lapic_acknowledge (f->cpu->lapic), ==, 0x71);
  g_assert_cmpint (lapic_acknowledge (f->cpu->lapic), ==, -1);
}

/* The state of all CPUs is taken, reset, and given back: the registers are those of before, and a
 * timer that was to come comes. */
static void
test_state (Fixture *f, gconstpointer data)
{
  X86State before = get_state (f, 0), saved, now;

  put (f->cpu, GUEST_OS_ID, 0x8100);
  put (f->cpu, HYPERCALL, PAGE_AT | ENABLE);
  put (f->cpu, REFERENCE_TSC, (PAGE_AT + 0x1000) | ENABLE);
  put (f->cpu, VP_ASSIST_PAGE, (PAGE_AT + 0x2000) | ENABLE);
  put (f->cpu, SINT (2), 0x72);
  put (f->cpu, STIMER_CONFIG (0), STIMER_DIRECT (0x61) | STIMER_AUTO);
  put (f->cpu, STIMER_COUNT (0), 5 * MS);
  saved = get_state (f, 0);
  g_assert_cmphex (get_state (f, 1).hyperv.hypercall, ==, PAGE_AT | ENABLE);
  x86_state_reset (&now, 0);
  set_state (f, 0, &now);
  now = get_state (f, 0);
  g_assert_cmpmem (&now.hyperv, sizeof now.hyperv, &before.hyperv, sizeof before.hyperv);
  clock_advance (f->machine.clock, 6 * NS_PER_MS);
  g_assert_cmpint (take (f->cpu), ==, -1);
  memory_write_u32 (f->machine.memory, PAGE_AT + 0x1000, 0);
  set_state (f, 0, &saved);
  now = get_state (f, 0);
  g_assert_cmpmem (&now.hyperv, sizeof now.hyperv, &saved.hyperv, sizeof saved.hyperv);
  g_assert_cmpuint (memory_read_u32 (f->machine.memory, PAGE_AT + 0x1000), ==, 1);
  clock_advance (f->machine.clock, 0);
  g_assert_cmpint (take (f->cpu), ==, 0x61);
}

/* VMCALL by CPU 0: 64-bit code at CPL 0 without paging being looked at. What it leaves in RAX. */
static uint64_t
call (Fixture *f, uint64_t value, uint64_t input, uint64_t output)
{
  static const X86Insn none;
  X86Cpu *cpu = f->cpu;

  cpu->mode |= X86_MODE_CODE64 | X86_MODE_PROTECTED;
  cpu->insn = &none;
  cpu->state.gpr[X86_RCX] = value;
  cpu->state.gpr[X86_RDX] = input;
  cpu->state.gpr[8] = output;
  x86_exclusive_enter (cpu);
  x86_hyperv_call (cpu);
  x86_exclusive_leave (cpu);
  return cpu->state.gpr[X86_RAX];
}

#define FAST (1u << 16)
#define VARIABLE(n) ((uint64_t) (n) << 17)
#define REPEAT(n) ((uint64_t) (n) << 32)

static void
put_input (Fixture *f, const uint64_t *words, unsigned n)
{
  memory_write (f->machine.memory, INPUT_AT, words, n * sizeof *words);
}

static unsigned
count_flushes (Fixture *f)
{
  unsigned asked = 0;

  for (unsigned i = 1; i < N_CPUS; i++)
    if (atomic_fetch_and (&cpu_of (f, i)->requests, ~(unsigned) X86_REQUEST_FLUSH_TLB)
        & X86_REQUEST_FLUSH_TLB)
      asked |= 1u << i;
  return asked;
}

static void
test_flush (Fixture *f, gconstpointer data)
{
  uint64_t flushes = f->cpu->tlb.flushes;

  count_flushes (f);
  put_input (f, (uint64_t[]){ 0, 0, 0xfffff2 }, 3); /* CPU 1, and some that there are not */
  g_assert_cmphex (call (f, 0x0002, INPUT_AT, 0), ==, 0);
  g_assert_cmphex (count_flushes (f), ==, 2);
  g_assert_cmpuint (f->cpu->tlb.flushes, ==, flushes);
  put_input (f, (uint64_t[]){ 0, 1, 0 }, 3); /* all */
  g_assert_cmphex (call (f, 0x0002, INPUT_AT, 0), ==, 0);
  g_assert_cmphex (count_flushes (f), ==, 0xe);
  g_assert_cmpuint (f->cpu->tlb.flushes, >, flushes);
  put_input (f, (uint64_t[]){ 0, 0, 8, 0x123000, 0x456001 }, 5);
  g_assert_cmphex (call (f, 0x0003 | REPEAT (2), INPUT_AT, 0), ==, REPEAT (2));
  g_assert_cmphex (count_flushes (f), ==, 8);
  /* Sets: two banks, of which there is one; all. */
  put_input (f, (uint64_t[]){ 0, 0, 0, 3, 4, 5 }, 6);
  g_assert_cmphex (call (f, 0x0013 | VARIABLE (2), INPUT_AT, 0), ==, 0);
  g_assert_cmphex (count_flushes (f), ==, 4);
  put_input (f, (uint64_t[]){ 0, 0, 1, 0, 0x123000 }, 5);
  g_assert_cmphex (call (f, 0x0014 | REPEAT (1), INPUT_AT, 0), ==, REPEAT (1));
  g_assert_cmphex (count_flushes (f), ==, 0xe);
  /* In registers, of which the first XMM register is the third word. */
  memcpy (f->cpu->state.ymm[0], (uint64_t[]){ 2 }, 8);
  g_assert_cmphex (call (f, 0x0002 | FAST, 0, 0), ==, 0);
  g_assert_cmphex (count_flushes (f), ==, 2);
}

static void
test_ipi (Fixture *f, gconstpointer data)
{
  g_assert_cmphex (call (f, 0x000b | FAST, 0x81, 6), ==, 0);
  for (unsigned i = 0; i < N_CPUS; i++)
    g_assert_cmpint (take (cpu_of (f, i)), ==, i == 1 || i == 2 ? 0x81 : -1);
  put_input (f, (uint64_t[]){ 0x82, 0, 1, 9 }, 4);
  g_assert_cmphex (call (f, 0x0015 | VARIABLE (1), INPUT_AT, 0), ==, 0);
  for (unsigned i = 0; i < N_CPUS; i++)
    g_assert_cmpint (take (cpu_of (f, i)), ==, i == 0 || i == 3 ? 0x82 : -1);
  g_assert_cmphex (call (f, 0x000b | FAST, 0x0f, 1), ==, 3);
  g_assert_cmphex (call (f, 0x000b | FAST, 0x100, 1), ==, 3);
  g_assert_cmpint (take (f->cpu), ==, -1);
}

/* A call that cannot be says why, and does nothing. */
static void
test_refusals (Fixture *f, gconstpointer data)
{
  static const struct
  {
    uint64_t value, input, status;
  } cases[] = {
    { 0x0000, INPUT_AT, 2 },
    { 0x005c, INPUT_AT, 2 }, /* messages to other partitions */
    { 0xffff, INPUT_AT, 2 },
    { 0x0002, INPUT_AT + 4, 4 },     /* not at a multiple of 8 */
    { 0x0002, INPUT_AT + 0xff0, 3 }, /* across two pages */
    { 0x0002, NOWHERE, 3 },
    { 0x0002, UINT64_MAX - 7, 3 },
    { 0x0002 | REPEAT (1), INPUT_AT, 3 }, /* that is not to be repeated */
    { 0x0003, INPUT_AT, 3 },              /* no repetition of one that is */
    { 0x0003 | REPEAT (2) | UINT64_C (2) << 48, INPUT_AT, 3 },
    { 0x0002 | VARIABLE (1), INPUT_AT, 3 },
    { 0x0013, INPUT_AT, 3 }, /* a set with a bank that does not follow */
    { 0x0013 | VARIABLE (1) | FAST, 0, 3 },
    { 0x0002 | UINT64_C (1) << 63, INPUT_AT, 3 },
    { 0x0008 | FAST, 1, 0 },
  };

  put_input (f, (uint64_t[]){ 0, 0, 0, 1 }, 4);
  count_flushes (f);
  for (unsigned i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_test_message ("%#" G_GINT64_MODIFIER "x", cases[i].value);
      g_assert_cmphex (call (f, cases[i].value, cases[i].input, 0), ==, cases[i].status);
    }
  g_assert_cmphex (count_flushes (f), ==, 0);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *path;
    void (*run) (Fixture *f, gconstpointer data);
  } tests[] = {
    { "/hyperv/cpuid", test_cpuid },
    { "/hyperv/identity", test_identity },
    { "/hyperv/hypercall-page", test_hypercall_page },
    { "/hyperv/time", test_time },
    { "/hyperv/apic", test_apic },
    { "/hyperv/direct-timers", test_direct_timers },
    { "/hyperv/hostile-timers", test_hostile_timers },
    { "/hyperv/messages", test_messages },
    { "/hyperv/auto-eoi", test_auto_eoi },
    { "/hyperv/state", test_state },
    { "/hyperv/flush", test_flush },
    { "/hyperv/ipi", test_ipi },
    { "/hyperv/refusals", test_refusals },
  };

  g_test_init (&argc, &argv, NULL);
  g_test_add ("/hyperv/absent", Fixture, NULL, set_up, test_absent, tear_down);
  for (unsigned i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, "on", set_up, tests[i].run, tear_down);
  return g_test_run ();
}
