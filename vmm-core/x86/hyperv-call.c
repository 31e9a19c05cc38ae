/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TLFS, 3 (hypercall interface), 9.4 (TLB) and 10.5 (interrupts between CPUs). */
#include "hyperv.h"

#include "lapic.h"
#include "mmu.h"
#include "software.h"

#include <sched.h>
#include <string.h>

enum
{
  FLUSH_SPACE = 0x0002,
  FLUSH_LIST = 0x0003,
  NOTIFY_LONG_SPIN_WAIT = 0x0008,
  SEND_IPI = 0x000b,
  FLUSH_SPACE_EX = 0x0013,
  FLUSH_LIST_EX = 0x0014,
  SEND_IPI_EX = 0x0015
};

typedef enum
{
  STATUS_SUCCESS = 0,
  STATUS_INVALID_CODE = 2,
  STATUS_INVALID_INPUT = 3,
  STATUS_INVALID_ALIGNMENT = 4
} Status;

/* The input value. */
#define CALL_CODE(value) ((value) &0xffff)
#define CALL_FAST (1u << 16)
#define CALL_VARIABLE(value)                                                                       \
  ((value) >> 17 & 0x3ff)                         /* header beyond the fixed one, 8 bytes each     \
                                                   */
#define CALL_COUNT(value) ((value) >> 32 & 0xfff) /* of repetitions */
#define CALL_START(value) ((value) >> 48 & 0xfff)
#define CALL_RESERVED UINT64_C (0xf000f00078000000)

/* A fast call has its input in two general registers and six XMM registers. */
#define FAST_XMM 6
#define FAST_SIZE (16 + 16 * FAST_XMM)
#define PAGE 4096

/* Of FLUSH_…: flags. */
#define FLUSH_ALL_PROCESSORS 1
#define FLUSH_NON_GLOBAL_ONLY 4

/* Sets of CPUs: banks of 64, of which a machine has one. */
#define SET_SPARSE 0
#define SET_ALL 1

#define LEAST_VECTOR 16

typedef struct
{
  X86Cpu *cpu;
  uint64_t value;
  uint64_t address;        /* of the input, unless it is fast */
  uint8_t fast[FAST_SIZE]; /* and if it is */
} Call;

typedef struct
{
  uint64_t space, flags;
} FlushInput;

typedef struct
{
  uint32_t vector, level; /* the virtual trust level: there is one */
} IpiInput;

static void
read_registers (Call *call)
{
  const X86State *state = &call->cpu->state;
  const uint64_t *gpr = state->gpr;
  uint64_t words[2];

  if (x86_is_code64 (call->cpu))
    {
      call->value = gpr[X86_RCX];
      words[0] = gpr[X86_RDX];
      words[1] = gpr[8];
    }
  else
    {
      call->value = gpr[X86_RDX] << 32 | (uint32_t) gpr[X86_RAX];
      words[0] = gpr[X86_RBX] << 32 | (uint32_t) gpr[X86_RCX];
      words[1] = gpr[X86_RDI] << 32 | (uint32_t) gpr[X86_RSI];
    }
  call->address = words[0];
  memcpy (call->fast, words, sizeof words);
  for (unsigned i = 0; i < FAST_XMM; i++)
    memcpy (call->fast + 16 + 16 * i, state->ymm[i], 16);
}

static void
write_result (X86Cpu *cpu, uint64_t result)
{
  uint64_t *gpr = cpu->state.gpr;

  gpr[X86_RAX] = x86_is_code64 (cpu) ? result : (uint32_t) result;
  if (!x86_is_code64 (cpu))
    gpr[X86_RDX] = result >> 32;
}

/* Input in memory lies in one page. FALSE: there is no such input. */
static bool
read_input (const Call *call, unsigned offset, void *to, unsigned size)
{
  if (call->value & CALL_FAST)
    {
      if (offset + size > FAST_SIZE)
        return false;
      memcpy (to, call->fast + offset, size);
      return true;
    }
  return call->address % PAGE + offset + size <= PAGE
         && memory_read (call->cpu->software->machine.memory, call->address + offset, to, size);
}

static uint64_t
all_cpus (const Call *call)
{
  return UINT64_MAX >> (64 - call->cpu->software->n_cpus);
}

/* CPUs that there are not are left out. */
static bool
read_mask (const Call *call, unsigned offset, uint64_t *cpus)
{
  if (CALL_VARIABLE (call->value) != 0 || !read_input (call, offset, cpus, sizeof *cpus))
    return false;
  *cpus &= all_cpus (call);
  return true;
}

static bool
read_set (const Call *call, unsigned offset, uint64_t *cpus)
{
  uint64_t set[2]; /* the format, and which banks follow */

  if (!read_input (call, offset, set, sizeof set))
    return false;
  *cpus = set[0] == SET_ALL ? all_cpus (call) : 0;
  if (set[0] == SET_ALL)
    return true;
  if (set[0] != SET_SPARSE
      || CALL_VARIABLE (call->value) != (unsigned) __builtin_popcountll (set[1]))
    return false;
  if ((set[1] & 1) && !read_input (call, offset + sizeof set, cpus, sizeof *cpus))
    return false;
  *cpus &= all_cpus (call);
  return true;
}

/* All that those CPUs have; they come out of the guest and look at what they are asked before they
 * go on. */
static void
flush (X86Cpu *cpu, uint64_t cpus, bool keep_global)
{
  X86Software *software = cpu->software;
  bool others = false;

  for (unsigned i = 0; i < software->n_cpus; i++)
    if ((cpus >> i & 1) && software->cpus[i] != NULL && software->cpus[i] != cpu)
      {
        atomic_fetch_or (&software->cpus[i]->requests, X86_REQUEST_FLUSH_TLB);
        others = true;
      }
  if (cpus >> cpu->index & 1)
    x86_mmu_flush (cpu, keep_global);
  if (!others)
    return;
  x86_exclusive_begin (cpu);
  x86_exclusive_end (cpu);
}

/* Which addresses is of no interest: all are dropped. */
static Status
call_flush (const Call *call, bool list, bool extended)
{
  FlushInput input;
  uint64_t cpus;

  if ((CALL_COUNT (call->value) != 0) != list
      || (list && CALL_START (call->value) >= CALL_COUNT (call->value))
      || !read_input (call, 0, &input, sizeof input)
      || !(extended ? read_set : read_mask) (call, sizeof input, &cpus))
    return STATUS_INVALID_INPUT;
  if (input.flags & FLUSH_ALL_PROCESSORS)
    cpus = all_cpus (call);
  flush (call->cpu, cpus, (input.flags & FLUSH_NON_GLOBAL_ONLY) != 0);
  return STATUS_SUCCESS;
}

static Status
call_send_ipi (const Call *call, bool extended)
{
  X86Software *software = call->cpu->software;
  IpiInput input;
  uint64_t cpus;

  if (!read_input (call, 0, &input, sizeof input)
      || !(extended ? read_set : read_mask) (call, sizeof input, &cpus)
      || input.vector < LEAST_VECTOR || input.vector > UINT8_MAX)
    return STATUS_INVALID_INPUT;
  machine_lock_acquire (software->machine.lock);
  for (unsigned i = 0; i < software->n_cpus; i++)
    if ((cpus >> i & 1) && software->cpus[i] != NULL)
      lapic_deliver (software->cpus[i]->lapic, 0, input.vector, false);
  machine_lock_release (software->machine.lock);
  return STATUS_SUCCESS;
}

static Status
dispatch (const Call *call)
{
  unsigned code = CALL_CODE (call->value);
  bool list = code == FLUSH_LIST || code == FLUSH_LIST_EX;

  if ((call->value & CALL_RESERVED)
      || (!list && (CALL_COUNT (call->value) != 0 || CALL_START (call->value) != 0)))
    return STATUS_INVALID_INPUT;
  if (!(call->value & CALL_FAST) && call->address % 8 != 0)
    return STATUS_INVALID_ALIGNMENT;
  switch (code)
    {
    case FLUSH_SPACE:
    case FLUSH_LIST:
      return call_flush (call, list, false);
    case FLUSH_SPACE_EX:
    case FLUSH_LIST_EX:
      return call_flush (call, list, true);
    case SEND_IPI:
      return call_send_ipi (call, false);
    case SEND_IPI_EX:
      return call_send_ipi (call, true);
    case NOTIFY_LONG_SPIN_WAIT:
      sched_yield ();
      return STATUS_SUCCESS;
    default:
      return STATUS_INVALID_CODE;
    }
}

void
x86_hyperv_call (X86Cpu *cpu)
{
  Call call = { .cpu = cpu };
  Status status;

  if (cpu->cpl != 0 || !(cpu->mode & X86_MODE_PROTECTED))
    x86_raise (cpu, X86_UD);
  read_registers (&call);
  status = dispatch (&call);
  /* All repetitions are done at once. */
  write_result (cpu, status == STATUS_SUCCESS ? CALL_COUNT (call.value) << 32 : (uint64_t) status);
}
