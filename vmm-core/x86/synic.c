/* SPDX-License-Identifier: GPL-3.0-or-later */
/* TLFS, 11 (messages) and 12.1 (synthetic timers). */
#include "synic.h"

#include "hyperv.h"
#include "lapic.h"
#include "software.h"
#include "vmm-core/trace.h"

#include <inttypes.h>

enum
{
  MSR_SCONTROL = 0x40000080,
  MSR_SVERSION = 0x40000081,
  MSR_SIEFP = 0x40000082,
  MSR_SIMP = 0x40000083,
  MSR_EOM = 0x40000084,
  MSR_SINT0 = 0x40000090,
  MSR_STIMER0_CONFIG = 0x400000b0,
  MSR_STIMER0_COUNT = 0x400000b1
};

#define SVERSION 1
#define ENABLE 1u /* of SCONTROL and SIMP */
#define PAGE_AT(msr) ((msr) & ~UINT64_C (0xfff))

#define SINT_VECTOR(sint) ((sint) &0xff)
#define SINT_AUTO_EOI (1u << 17)
#define LEAST_VECTOR 16

#define STIMER_ENABLE (1u << 0)
#define STIMER_PERIODIC (1u << 1)
#define STIMER_AUTO_ENABLE (1u << 3)
#define STIMER_VECTOR(config) ((config) >> 4 & 0xff)
#define STIMER_DIRECT (1u << 12)
#define STIMER_SINT(config) ((config) >> 16 & 15)

/* A message of a timer, in its slot of the page of messages. */
typedef struct
{
  uint32_t type; /* 0: the slot is free */
  uint8_t size, flags, reserved[2];
  uint64_t sender;
  uint32_t timer, reserved2;
  uint64_t expiration, delivery; /* in time of the reference counter */
} Message;

#define SLOT_SIZE 256
#define HEADER_SIZE 16
#define MESSAGE_TIMER_EXPIRED 0x80000010
#define MESSAGE_PENDING 1 /* another one waits: the guest is to write to EOM */

#define NS_PER_UNIT 100
#define MOST_UNITS (STATE_MAX_TIME / NS_PER_UNIT)
#define MEMORY_USER "synic" /* for what is said of memory that is lost */

typedef struct
{
  X86Cpu *cpu;
  unsigned index;
  Timer *timer;
  uint64_t due; /* in time of the reference counter */
  bool waiting; /* it has expired, and its message found no room */
} Stimer;

struct X86Synic
{
  Stimer timers[X86_HYPERV_TIMERS];
};

/* Messages */

static uint32_t
read_type (Memory *memory, uint64_t slot)
{
  uint32_t type = 0;

  memory_dma_read (memory, MEMORY_USER, slot, &type, sizeof type);
  return type;
}

/* The guest frees the slot, then looks at the flag: one of the two sees what the other did. */
static bool
is_slot_free (Memory *memory, uint64_t slot)
{
  static const uint8_t pending = MESSAGE_PENDING;

  if (read_type (memory, slot) == 0)
    return true;
  memory_dma_write (memory, MEMORY_USER, slot + offsetof (Message, flags), &pending, 1);
  atomic_thread_fence (memory_order_seq_cst);
  return read_type (memory, slot) == 0;
}

/* FALSE: there is no room, and it may be tried again. */
static bool
send_message (X86Cpu *cpu, unsigned sint, Message *message)
{
  const X86HypervState *state = &cpu->state.hyperv;
  Memory *memory = cpu->software->machine.memory;
  uint64_t slot = PAGE_AT (state->simp) + sint * SLOT_SIZE;
  uint64_t source = state->sint[sint];
  uint32_t type = message->type;

  if (!(state->scontrol & ENABLE) || !(state->simp & ENABLE) || !is_slot_free (memory, slot))
    return false;
  message->type = 0;
  memory_dma_write (memory, MEMORY_USER, slot, message, sizeof *message);
  atomic_thread_fence (memory_order_release);
  memory_dma_write (memory, MEMORY_USER, slot, &type, sizeof type);
  if (!(source & X86_HYPERV_SINT_MASKED) && SINT_VECTOR (source) >= LEAST_VECTOR)
    lapic_deliver (cpu->lapic, 0, SINT_VECTOR (source), false);
  return true;
}

/* Timers */

static bool
tell_expiry (Stimer *stimer, uint64_t now)
{
  X86Cpu *cpu = stimer->cpu;
  uint64_t config = cpu->state.hyperv.stimer_config[stimer->index];
  Message message = { .type = MESSAGE_TIMER_EXPIRED,
                      .size = sizeof message - HEADER_SIZE,
                      .timer = stimer->index,
                      .expiration = stimer->due,
                      .delivery = now };

  TRACE ("synic.timer", "cpu %u timer %u due %" PRIu64 " at %" PRIu64, cpu->index, stimer->index,
         stimer->due, now);
  if (!(config & STIMER_DIRECT))
    return send_message (cpu, STIMER_SINT (config), &message);
  if (STIMER_VECTOR (config) >= LEAST_VECTOR)
    lapic_deliver (cpu->lapic, 0, STIMER_VECTOR (config), false);
  return true;
}

static void
set_timer (Stimer *stimer, uint64_t now)
{
  Clock *clock = stimer->cpu->software->machine.clock;
  uint64_t left = stimer->due > now ? stimer->due - now : 0;

  /* Beyond what a clock can say is as good as never. */
  if (left < MOST_UNITS)
    timer_arm (stimer->timer, clock_get_ns (clock) + (int64_t) left * NS_PER_UNIT);
}

static void
expired (void *data)
{
  Stimer *stimer = data;
  X86HypervState *state = &stimer->cpu->state.hyperv;
  uint64_t *config = &state->stimer_config[stimer->index];
  uint64_t count = state->stimer_count[stimer->index];
  uint64_t now = x86_hyperv_get_time (stimer->cpu);

  /* Not before the counter shows it. */
  if (now < stimer->due)
    {
      set_timer (stimer, now);
      return;
    }
  stimer->waiting = !tell_expiry (stimer, now);
  if (stimer->waiting)
    return;
  if (!(*config & STIMER_PERIODIC))
    {
      *config &= ~(uint64_t) STIMER_ENABLE;
      return;
    }
  /* Periods that have passed are as good as one. */
  stimer->due += ((now - stimer->due) / count + 1) * count;
  set_timer (stimer, now);
}

/* Begins anew with what its registers say. */
static void
restart (Stimer *stimer)
{
  const X86HypervState *state = &stimer->cpu->state.hyperv;
  uint64_t config = state->stimer_config[stimer->index];
  uint64_t count = state->stimer_count[stimer->index];
  uint64_t now = x86_hyperv_get_time (stimer->cpu);

  timer_disarm (stimer->timer);
  stimer->waiting = false;
  if (!(config & STIMER_ENABLE) || count == 0 || ((config & STIMER_PERIODIC) && count > MOST_UNITS))
    return;
  stimer->due = config & STIMER_PERIODIC ? now + count : count;
  set_timer (stimer, now);
}

static void
write_config (Stimer *stimer, uint64_t value)
{
  /* Source 0 is the hypervisor's own: no timer has it. */
  if (!(value & STIMER_DIRECT) && STIMER_SINT (value) == 0)
    value &= ~(uint64_t) STIMER_ENABLE;
  stimer->cpu->state.hyperv.stimer_config[stimer->index] = value;
  restart (stimer);
}

static void
write_count (Stimer *stimer, uint64_t value)
{
  X86HypervState *state = &stimer->cpu->state.hyperv;
  uint64_t *config = &state->stimer_config[stimer->index];

  state->stimer_count[stimer->index] = value;
  if (value == 0)
    *config &= ~(uint64_t) STIMER_ENABLE;
  else if (*config & STIMER_AUTO_ENABLE)
    *config |= STIMER_ENABLE;
  restart (stimer);
}

/* There may be room for messages now. */
static void
try_again (X86Cpu *cpu)
{
  for (unsigned i = 0; i < X86_HYPERV_TIMERS; i++)
    if (cpu->synic->timers[i].waiting)
      expired (&cpu->synic->timers[i]);
}

/* Registers */

static void
update_auto_eoi (X86Cpu *cpu)
{
  const uint64_t *sint = cpu->state.hyperv.sint;
  uint32_t vectors[8] = { 0 };

  for (unsigned i = 0; i < X86_HYPERV_SINTS; i++)
    if (!(sint[i] & X86_HYPERV_SINT_MASKED) && (sint[i] & SINT_AUTO_EOI))
      vectors[SINT_VECTOR (sint[i]) / 32] |= 1u << SINT_VECTOR (sint[i]) % 32;
  lapic_set_auto_eoi (cpu->lapic, vectors);
}

static bool
write_sint (X86Cpu *cpu, unsigned i, uint64_t value)
{
  if (!(value & X86_HYPERV_SINT_MASKED) && SINT_VECTOR (value) < LEAST_VECTOR)
    return false;
  cpu->state.hyperv.sint[i] = value;
  update_auto_eoi (cpu);
  return true;
}

static bool
is_sint (uint32_t msr)
{
  return msr >= MSR_SINT0 && msr < MSR_SINT0 + X86_HYPERV_SINTS;
}

/* Pairs: each timer's configuration and its count. */
static bool
is_stimer (uint32_t msr)
{
  return msr >= MSR_STIMER0_CONFIG && msr < MSR_STIMER0_CONFIG + 2 * X86_HYPERV_TIMERS;
}

bool
x86_synic_read_msr (X86Cpu *cpu, uint32_t msr, uint64_t *value)
{
  const X86HypervState *state = &cpu->state.hyperv;
  unsigned timer = (msr - MSR_STIMER0_CONFIG) / 2;

  *value = 0;
  if (is_sint (msr))
    *value = state->sint[msr - MSR_SINT0];
  else if (is_stimer (msr))
    *value = (msr & 1) ? state->stimer_count[timer] : state->stimer_config[timer];
  else if (msr == MSR_SCONTROL)
    *value = state->scontrol;
  else if (msr == MSR_SVERSION)
    *value = SVERSION;
  else if (msr == MSR_SIEFP)
    *value = state->siefp;
  else if (msr == MSR_SIMP)
    *value = state->simp;
  else
    return msr == MSR_EOM;
  return true;
}

bool
x86_synic_write_msr (X86Cpu *cpu, uint32_t msr, uint64_t value)
{
  X86HypervState *state = &cpu->state.hyperv;
  Stimer *stimer = &cpu->synic->timers[(msr - MSR_STIMER0_CONFIG) / 2 % X86_HYPERV_TIMERS];

  if (is_sint (msr))
    return write_sint (cpu, msr - MSR_SINT0, value);
  if (is_stimer (msr) && (msr & 1))
    write_count (stimer, value);
  else if (is_stimer (msr))
    write_config (stimer, value);
  else if (msr == MSR_SCONTROL)
    state->scontrol = value;
  else if (msr == MSR_SIEFP)
    state->siefp = value;
  else if (msr == MSR_SIMP)
    state->simp = value;
  else if (msr != MSR_EOM)
    return false;
  try_again (cpu);
  return true;
}

/* Life */

X86Synic *
x86_synic_new (X86Cpu *cpu)
{
  X86Synic *synic = g_new0 (X86Synic, 1);

  for (unsigned i = 0; i < X86_HYPERV_TIMERS; i++)
    {
      synic->timers[i] = (Stimer){ .cpu = cpu, .index = i };
      synic->timers[i].timer = timer_new (cpu->software->machine.clock, expired, &synic->timers[i]);
    }
  return synic;
}

void
x86_synic_free (X86Synic *synic)
{
  if (synic == NULL)
    return;
  for (unsigned i = 0; i < X86_HYPERV_TIMERS; i++)
    timer_free (synic->timers[i].timer);
  g_free (synic);
}

void
x86_synic_restore (X86Cpu *cpu)
{
  update_auto_eoi (cpu);
  for (unsigned i = 0; i < X86_HYPERV_TIMERS; i++)
    restart (&cpu->synic->timers[i]);
}
