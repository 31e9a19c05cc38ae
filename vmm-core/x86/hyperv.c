/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TLFS, 2 to 4 (hypercalls), 7.8 (virtual processors), 10 (interrupts) and 12 (time). */
#include "hyperv.h"

#include "lapic.h"
#include "software.h"
#include "synic.h"
#include "vendor.h"
#include "vmm-core/clock-ticks.h"

#include <time.h>

enum
{
  MSR_GUEST_OS_ID = 0x40000000,
  MSR_HYPERCALL = 0x40000001,
  MSR_VP_INDEX = 0x40000002,
  MSR_VP_RUNTIME = 0x40000010,
  MSR_TIME_REF_COUNT = 0x40000020,
  MSR_REFERENCE_TSC = 0x40000021,
  MSR_TSC_FREQUENCY = 0x40000022,
  MSR_APIC_FREQUENCY = 0x40000023,
  MSR_EOI = 0x40000070,
  MSR_ICR = 0x40000071,
  MSR_TPR = 0x40000072,
  MSR_VP_ASSIST_PAGE = 0x40000073
};

#define ENABLE 1u /* of a page, in the register with its address */
#define PAGE_AT(msr) ((msr) & ~UINT64_C (0xfff))

#define LAPIC_TPR 0x80
#define LAPIC_EOI 0xb0
#define LAPIC_ICR 0x300
#define LAPIC_ICR_HIGH 0x310
#define X2APIC_MODE (1u << 10) /* of IA32_APIC_BASE */
#define MSR_X2APIC_ICR 0x830
#define APIC_HZ 1000000000
#define HZ_PER_KHZ 1000

#define NS_PER_UNIT 100
#define UNITS_PER_MS 10000
#define UNITS_PER_SECOND 10000000

/* In guest memory: time = (TSC * scale >> 64) + offset while sequence, which is not 0, stays. */
typedef struct
{
  uint32_t sequence, reserved;
  uint64_t scale;
  int64_t offset;
} ReferenceTsc;

/* Time */

static uint64_t
multiply_high (uint64_t a, uint64_t b)
{
  return (unsigned __int128) a * b >> 64;
}

/* The boot CPU's TSC counts for all. */
static const X86Cpu *
get_boot_cpu (const X86Cpu *cpu)
{
  const X86Cpu *first = cpu->software->cpus[0];

  return first != NULL ? first : cpu;
}

static uint64_t
read_tsc (const X86Cpu *cpu)
{
  return clock_ticks_read (clock_get_ticks (cpu->software->machine.clock))
         + get_boot_cpu (cpu)->state.tsc_offset;
}

/* For a TSC that is there now. Rounded up, so that a whole number of units is not just below it. */
static ReferenceTsc
get_reference (const X86Cpu *cpu, uint64_t tsc)
{
  const X86State *state = &get_boot_cpu (cpu)->state;
  const uint64_t start = state->tsc_offset; /* where it was at guest time 0 */
  ReferenceTsc reference = {
    .scale = (uint64_t) (((unsigned __int128) UNITS_PER_MS << 64) / cpu->software->tsc_khz) + 1,
    .offset = state->kvmclock_offset / NS_PER_UNIT,
  };

  /* It may have passed 0 since then. */
  if (tsc >= start)
    reference.offset -= (int64_t) multiply_high (start, reference.scale);
  else
    reference.offset += (int64_t) multiply_high (-start, reference.scale);
  return reference;
}

uint64_t
x86_hyperv_get_time (const X86Cpu *cpu)
{
  uint64_t tsc = read_tsc (cpu);
  const ReferenceTsc reference = get_reference (cpu, tsc);

  return multiply_high (tsc, reference.scale) + (uint64_t) reference.offset;
}

void
x86_hyperv_update (const X86Cpu *cpu)
{
  Memory *memory = cpu->software->machine.memory;
  uint64_t msr = cpu->state.hyperv.reference_tsc, at = PAGE_AT (msr);
  ReferenceTsc reference;
  uint32_t sequence;

  if (cpu->synic == NULL || cpu != get_boot_cpu (cpu) || !(msr & ENABLE))
    return;
  sequence = memory_read_u32 (memory, at) + 1;
  /* Meanwhile others ask the register. */
  memory_write_u32 (memory, at, 0);
  reference = get_reference (cpu, read_tsc (cpu));
  memory_write (memory, at + 4, (const uint8_t *) &reference + 4, sizeof reference - 4);
  atomic_thread_fence (memory_order_release);
  memory_write_u32 (memory, at, sequence == 0 || sequence == UINT32_MAX ? 1 : sequence);
}

/* How long the CPU's thread has run. */
static uint64_t
get_runtime (void)
{
  struct timespec time;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &time);
  return (uint64_t) time.tv_sec * UNITS_PER_SECOND + time.tv_nsec / NS_PER_UNIT;
}

/* Registers of the machine */

static void
set_everywhere (X86Software *software, size_t offset, uint64_t value)
{
  for (unsigned i = 0; i < X86_MAX_CPUS; i++)
    if (software->cpus[i] != NULL)
      *(uint64_t *) ((char *) &software->cpus[i]->state.hyperv + offset) = value;
}

static void
write_guest_os_id (X86Cpu *cpu, uint64_t value)
{
  X86Software *software = cpu->software;

  set_everywhere (software, offsetof (X86HypervState, guest_os_id), value);
  if (value == 0)
    set_everywhere (software, offsetof (X86HypervState, hypercall),
                    cpu->state.hyperv.hypercall & ~(uint64_t) ENABLE);
}

static bool
write_hypercall (X86Cpu *cpu, uint64_t value)
{
  static const uint8_t vmcall[] = { 0x0f, 0x01, 0xc1, 0xc3 }; /* VMCALL; RET */
  static const uint8_t vmmcall[] = { 0x0f, 0x01, 0xd9, 0xc3 };

  if (cpu->state.hyperv.guest_os_id == 0)
    return true;
  if ((value & ENABLE)
      && !memory_write (cpu->software->machine.memory, PAGE_AT (value),
                        x86_is_amd (cpu) ? vmmcall : vmcall, sizeof vmcall))
    return false;
  set_everywhere (cpu->software, offsetof (X86HypervState, hypercall), value);
  return true;
}

static void
write_reference_tsc (X86Cpu *cpu, uint64_t value)
{
  set_everywhere (cpu->software, offsetof (X86HypervState, reference_tsc), value);
  x86_hyperv_update (get_boot_cpu (cpu));
}

/* Registers of a CPU */

/* Its first word would say that an EOI may be left out, which is never so. */
static bool
write_vp_assist_page (X86Cpu *cpu, uint64_t value)
{
  static const uint8_t nothing[4];

  if ((value & ENABLE)
      && !memory_write (cpu->software->machine.memory, PAGE_AT (value), nothing, sizeof nothing))
    return false;
  cpu->state.hyperv.vp_assist_page = value;
  return true;
}

static bool
write_icr (X86Cpu *cpu, uint64_t value)
{
  if (cpu->state.lapic.base_msr & X2APIC_MODE)
    return lapic_write_msr (cpu->lapic, MSR_X2APIC_ICR, value);
  lapic_write (cpu->lapic, LAPIC_ICR_HIGH, value >> 32);
  lapic_write (cpu->lapic, LAPIC_ICR, value);
  return true;
}

/* Lock held. */
static bool
read_msr (X86Cpu *cpu, uint32_t msr, uint64_t *value)
{
  const X86HypervState *state = &cpu->state.hyperv;

  switch (msr)
    {
    case MSR_GUEST_OS_ID:
      *value = state->guest_os_id;
      return true;
    case MSR_HYPERCALL:
      *value = state->hypercall;
      return true;
    case MSR_VP_INDEX:
      *value = cpu->index;
      return true;
    case MSR_VP_RUNTIME:
      *value = get_runtime ();
      return true;
    case MSR_TIME_REF_COUNT:
      *value = x86_hyperv_get_time (cpu);
      return true;
    case MSR_REFERENCE_TSC:
      *value = state->reference_tsc;
      return true;
    case MSR_TSC_FREQUENCY:
      *value = cpu->software->tsc_khz * HZ_PER_KHZ;
      return true;
    case MSR_APIC_FREQUENCY:
      *value = APIC_HZ;
      return true;
    case MSR_ICR:
      *value = cpu->state.lapic.icr;
      return true;
    case MSR_TPR:
      *value = cpu->state.lapic.tpr;
      return true;
    case MSR_VP_ASSIST_PAGE:
      *value = state->vp_assist_page;
      return true;
    default:
      return x86_synic_read_msr (cpu, msr, value);
    }
}

/* Lock held. */
static bool
write_msr (X86Cpu *cpu, uint32_t msr, uint64_t value)
{
  switch (msr)
    {
    case MSR_GUEST_OS_ID:
      write_guest_os_id (cpu, value);
      return true;
    case MSR_HYPERCALL:
      return write_hypercall (cpu, value);
    case MSR_REFERENCE_TSC:
      write_reference_tsc (cpu, value);
      return true;
    case MSR_EOI:
      lapic_write (cpu->lapic, LAPIC_EOI, 0);
      return true;
    case MSR_ICR:
      return write_icr (cpu, value);
    case MSR_TPR:
      lapic_write (cpu->lapic, LAPIC_TPR, value);
      return true;
    case MSR_VP_ASSIST_PAGE:
      return write_vp_assist_page (cpu, value);
    default:
      return x86_synic_write_msr (cpu, msr, value);
    }
}

bool
x86_hyperv_read_msr (X86Cpu *cpu, uint32_t msr, uint64_t *value)
{
  MachineLock *lock = cpu->software->machine.lock;
  bool good;

  machine_lock_acquire (lock);
  good = read_msr (cpu, msr, value);
  machine_lock_release (lock);
  return good;
}

bool
x86_hyperv_write_msr (X86Cpu *cpu, uint32_t msr, uint64_t value)
{
  MachineLock *lock = cpu->software->machine.lock;
  bool good;

  machine_lock_acquire (lock);
  good = write_msr (cpu, msr, value);
  machine_lock_release (lock);
  return good;
}
