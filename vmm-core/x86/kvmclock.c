/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Linux, Documentation/virt/kvm/x86/msr.rst. */
#include "kvmclock.h"

#include "software.h"

#include <string.h>

#define MSR_WALL_CLOCK 0x4b564d00
#define MSR_SYSTEM_TIME 0x4b564d01
#define ENABLED 1u
#define FLAG_STABLE 1

#define NS_PER_MS 1000000
#define NS_PER_SECOND 1000000000

/* In guest memory; version is odd while the rest changes. */
typedef struct
{
  uint32_t version, pad;
  uint64_t tsc_timestamp, system_time;
  uint32_t tsc_to_system_mul;
  int8_t tsc_shift;
  uint8_t flags, pad2[2];
} TimeInfo;

typedef struct
{
  uint32_t version, sec, nsec;
} WallClock;

G_STATIC_ASSERT (sizeof (TimeInfo) == 32);

X86Cpuid
x86_kvmclock_get_signature (uint32_t last_leaf)
{
  /* It promises the interface of the leaf behind it, not an implementation. */
  static const char signature[12] = "KVMKVMKVM";
  X86Cpuid answer = { .eax = last_leaf };

  memcpy (&answer.ebx, signature, sizeof signature);
  return answer;
}

static void
write_time (X86Cpu *cpu)
{
  X86Software *software = cpu->software;
  Memory *memory = software->machine.memory;
  uint64_t address = cpu->state.kvmclock & ~(uint64_t) ENABLED;
  uint64_t khz = software->tsc_khz;
  TimeInfo info = { .flags = FLAG_STABLE };

  /* ns = (ticks << shift) * mul >> 32, with a mul of 32 bits. */
  while (khz <= NS_PER_MS)
    {
      khz <<= 1;
      info.tsc_shift++;
    }
  info.tsc_to_system_mul = ((uint64_t) NS_PER_MS << 32) / khz;
  /* Guest time 0 is when the TSC showed its offset; unsigned arithmetic takes either sign. */
  info.tsc_timestamp = cpu->state.tsc_offset;
  info.system_time = (uint64_t) cpu->state.kvmclock_offset;
  info.version = (memory_read_u32 (memory, address) | 1) + 1;
  memory_write_u32 (memory, address, info.version - 1);
  memory_write (memory, address + 4, (const uint8_t *) &info + 4, sizeof info - 4);
  memory_write_u32 (memory, address, info.version);
}

static void
write_wall_clock (X86Cpu *cpu)
{
  Memory *memory = cpu->software->machine.memory;
  uint64_t address = cpu->state.kvmclock_wall & ~(uint64_t) ENABLED;
  Clock *clock = cpu->software->machine.clock;
  uint64_t at_zero = clock_get_wall_ns (clock) - clock_get_ns (clock) - cpu->state.kvmclock_offset;
  WallClock wall = { .sec = at_zero / NS_PER_SECOND, .nsec = at_zero % NS_PER_SECOND };

  wall.version = (memory_read_u32 (memory, address) | 1) + 1;
  memory_write (memory, address, &wall, sizeof wall);
}

void
x86_kvmclock_update (X86Cpu *cpu)
{
  if (cpu->state.kvmclock & ENABLED)
    write_time (cpu);
}

bool
x86_kvmclock_read_msr (X86Cpu *cpu, uint32_t msr, uint64_t *value)
{
  if (msr != MSR_SYSTEM_TIME && msr != MSR_WALL_CLOCK)
    return false;
  *value = msr == MSR_SYSTEM_TIME ? cpu->state.kvmclock : cpu->state.kvmclock_wall;
  return true;
}

bool
x86_kvmclock_write_msr (X86Cpu *cpu, uint32_t msr, uint64_t value)
{
  if (msr == MSR_SYSTEM_TIME)
    {
      cpu->state.kvmclock = value;
      x86_kvmclock_update (cpu);
      return true;
    }
  if (msr == MSR_WALL_CLOCK)
    {
      cpu->state.kvmclock_wall = value;
      write_wall_clock (cpu);
      return true;
    }
  return false;
}
