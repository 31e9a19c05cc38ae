/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Local APIC: Intel SDM 3A, chapter 11. The timer's input runs at 1 GHz: ticks are nanoseconds. */
#include "lapic.h"

#include "vmm-core/trace.h"

#include <inttypes.h>
#include <string.h>

#define APIC_ENABLE (1u << 11) /* IA32_APIC_BASE */
#define APIC_EXTD (1u << 10)
#define APIC_BASE_RESERVED (~((1ull << 40) - 1) | 0x2ff)
#define VERSION 0x00050014

#define SVR_ENABLE (1u << 8)
#define LVT_MASKED (1u << 16)
#define LVT_READ_ONLY (1u << 12 | 1u << 14) /* delivery status, remote IRR: writes ignore them */
#define LVT_MODE_SHIFT 8
#define TIMER_MODE(lvt) ((lvt) >> 17 & 3)
#define ESR_SEND_VECTOR (1u << 5)
#define ESR_RECEIVE_VECTOR (1u << 6)
#define ESR_REGISTER (1u << 7)
#define ICR_LEVEL_ASSERT (1u << 14)
#define ICR_LEVEL_TRIGGER (1u << 15)

enum
{
  MODE_FIXED,
  MODE_LOWEST,
  MODE_SMI,
  MODE_NMI = 4,
  MODE_INIT,
  MODE_SIPI,
  MODE_EXTINT
};

enum
{
  TIMER_ONE_SHOT,
  TIMER_PERIODIC,
  TIMER_TSC_DEADLINE
};

enum
{
  REG_ID = 0x20,
  REG_VERSION = 0x30,
  REG_TPR = 0x80,
  REG_APR = 0x90,
  REG_PPR = 0xa0,
  REG_EOI = 0xb0,
  REG_LDR = 0xd0,
  REG_DFR = 0xe0,
  REG_SVR = 0xf0,
  REG_ISR = 0x100,
  REG_TMR = 0x180,
  REG_IRR = 0x200,
  REG_ESR = 0x280,
  REG_ICR = 0x300,
  REG_ICR_HIGH = 0x310,
  REG_LVT_TIMER = 0x320,
  REG_LVT_THERMAL = 0x330,
  REG_LVT_PMC = 0x340,
  REG_LVT_LINT0 = 0x350,
  REG_LVT_LINT1 = 0x360,
  REG_LVT_ERROR = 0x370,
  REG_TIMER_INITIAL = 0x380,
  REG_TIMER_CURRENT = 0x390,
  REG_TIMER_DIVIDE = 0x3e0,
  REG_SELF_IPI = 0x3f0
};

struct Lapic
{
  unsigned index;
  X86LapicState *state;
  Clock *clock;
  Timer *timer;
  uint32_t auto_eoi[8];
  LapicOps ops;
};

static bool
is_x2apic (const Lapic *lapic)
{
  return (lapic->state->base_msr & (APIC_ENABLE | APIC_EXTD)) == (APIC_ENABLE | APIC_EXTD);
}

bool
lapic_is_enabled (const Lapic *lapic)
{
  return (lapic->state->base_msr & APIC_ENABLE) && (lapic->state->svr & SVR_ENABLE);
}

static int
highest_vector (const uint32_t bits[8])
{
  for (int i = 7; i >= 0; i--)
    if (bits[i] != 0)
      return i * 32 + 31 - __builtin_clz (bits[i]);
  return -1;
}

static void
set_vector (uint32_t bits[8], uint8_t vector, bool on)
{
  if (on)
    bits[vector / 32] |= 1u << vector % 32;
  else
    bits[vector / 32] &= ~(1u << vector % 32);
}

static bool
has_vector (const uint32_t bits[8], uint8_t vector)
{
  return bits[vector / 32] >> vector % 32 & 1;
}

uint8_t
lapic_get_ppr (const Lapic *lapic)
{
  int in_service = highest_vector (lapic->state->isr);
  unsigned class = in_service < 0 ? 0 : in_service & 0xf0;
  uint8_t tpr = lapic->state->tpr;

  return (tpr & 0xf0u) >= class ? tpr : class;
}

int
lapic_get_pending (const Lapic *lapic)
{
  int vector = highest_vector (lapic->state->irr);

  if (!lapic_is_enabled (lapic) || vector < 0 || (vector & 0xf0) <= (lapic_get_ppr (lapic) & 0xf0))
    return -1;
  return vector;
}

static void
notify_if_pending (Lapic *lapic)
{
  if (lapic_get_pending (lapic) >= 0)
    lapic->ops.interrupt (lapic->ops.data, lapic->index);
}

static bool
ticks (const Lapic *lapic)
{
  uint32_t lvt = lapic->state->lvt_timer;

  return TIMER_MODE (lvt) == TIMER_PERIODIC && !(lvt & LVT_MASKED) && lapic_is_enabled (lapic);
}

/* The periodic timer's vector was taken: an expiry that is owed waits for the EOI. */
static void
request_owed_tick (Lapic *lapic, uint8_t vector)
{
  X86LapicState *state = lapic->state;

  if (state->timer_owed == 0 || vector != (state->lvt_timer & 0xff))
    return;
  TRACE ("lapic.late", "cpu %u: %u ticks are owed", lapic->index, state->timer_owed);
  state->timer_owed--;
  set_vector (state->irr, vector, true);
}

int
lapic_acknowledge (Lapic *lapic)
{
  int vector = lapic_get_pending (lapic);

  if (vector < 0)
    return -1;
  set_vector (lapic->state->irr, vector, false);
  if (!has_vector (lapic->auto_eoi, vector))
    set_vector (lapic->state->isr, vector, true);
  request_owed_tick (lapic, vector);
  notify_if_pending (lapic);
  return vector;
}

void
lapic_set_auto_eoi (Lapic *lapic, const uint32_t vectors[8])
{
  memcpy (lapic->auto_eoi, vectors, sizeof lapic->auto_eoi);
}

static void report_error (Lapic *lapic, uint32_t bit);

static void
accept_fixed (Lapic *lapic, uint8_t vector, bool level_triggered)
{
  if (!lapic_is_enabled (lapic))
    return;
  if (vector < 16)
    {
      report_error (lapic, ESR_RECEIVE_VECTOR);
      return;
    }
  set_vector (lapic->state->irr, vector, true);
  set_vector (lapic->state->tmr, vector, level_triggered);
  notify_if_pending (lapic);
}

void
lapic_deliver (Lapic *lapic, unsigned delivery_mode, uint8_t vector, bool level_triggered)
{
  TRACE ("lapic.deliver", "cpu %u mode %u vector %#x", lapic->index, delivery_mode, vector);
  switch (delivery_mode)
    {
    case MODE_FIXED:
    case MODE_LOWEST:
      accept_fixed (lapic, vector, level_triggered);
      break;
    case MODE_NMI:
      lapic->ops.nmi (lapic->ops.data, lapic->index);
      break;
    case MODE_INIT:
      lapic->ops.init (lapic->ops.data, lapic->index);
      break;
    case MODE_SIPI:
      lapic->ops.sipi (lapic->ops.data, lapic->index, vector);
      break;
    default:
      TRACE ("lapic.unsupported", "delivery mode %u", delivery_mode);
    }
}

/* What a source inside this APIC (an entry of the local vector table) does. */
static void
deliver_lvt (Lapic *lapic, uint32_t lvt)
{
  unsigned mode = lvt >> LVT_MODE_SHIFT & 7;

  if (!(lvt & LVT_MASKED) && mode != MODE_EXTINT)
    lapic_deliver (lapic, mode, lvt & 0xff, false);
}

static void
report_error (Lapic *lapic, uint32_t bit)
{
  bool fresh = !(lapic->state->esr_pending & bit);

  lapic->state->esr_pending |= bit;
  /* The error vector itself may be the illegal one. */
  if (fresh && (lapic->state->lvt_error & 0xf0) != 0)
    deliver_lvt (lapic, lapic->state->lvt_error & ~0x700u);
}

bool
lapic_matches (const Lapic *lapic, uint32_t destination, bool logical)
{
  const X86LapicState *state = lapic->state;

  if (!(state->base_msr & APIC_ENABLE))
    return false;
  if (is_x2apic (lapic))
    {
      uint32_t ldr = (state->id >> 4) << 16 | 1u << (state->id & 15);

      if (destination == UINT32_MAX)
        return true;
      return logical ? destination >> 16 == ldr >> 16 && (destination & ldr & 0xffff) != 0
                     : destination == state->id;
    }
  if (destination == UINT32_MAX || destination == 0xff)
    return true;
  if (!logical)
    return destination == (state->id & 0xff);
  if (state->dfr >> 28 == 0xf)
    return (destination & state->ldr >> 24) != 0;
  return ((destination ^ state->ldr >> 24) & 0xf0) == 0
         && (destination & state->ldr >> 24 & 0xf) != 0;
}

bool
lapic_accepts_extint (const Lapic *lapic)
{
  uint32_t lint0 = lapic->state->lvt_lint0;

  if (!(lapic->state->base_msr & APIC_ENABLE))
    return lapic->index == 0;
  return !(lint0 & LVT_MASKED) && (lint0 >> LVT_MODE_SHIFT & 7) == MODE_EXTINT;
}

void
lapic_pulse_lint1 (Lapic *lapic)
{
  if (!(lapic->state->base_msr & APIC_ENABLE))
    lapic->ops.nmi (lapic->ops.data, lapic->index);
  else
    deliver_lvt (lapic, lapic->state->lvt_lint1);
}

/* Timer */

static unsigned
timer_divisor (const Lapic *lapic)
{
  uint32_t divide = lapic->state->timer_divide;
  unsigned code = (divide & 3) | (divide >> 1 & 4);

  return code == 7 ? 1 : 2u << code;
}

static int64_t
timer_period (const Lapic *lapic)
{
  return (int64_t) lapic->state->timer_initial * timer_divisor (lapic);
}

static void
timer_set_deadline (Lapic *lapic, int64_t deadline)
{
  lapic->state->timer_deadline = deadline;
  if (deadline < 0)
    timer_disarm (lapic->timer);
  else
    timer_arm (lapic->timer, deadline);
}

static bool
is_timer_pending (const Lapic *lapic)
{
  return has_vector (lapic->state->irr, lapic->state->lvt_timer & 0xff);
}

static void
timer_expired (void *data)
{
  Lapic *lapic = data;
  X86LapicState *state = lapic->state;
  unsigned mode = TIMER_MODE (state->lvt_timer);

  if (mode == TIMER_PERIODIC && state->timer_initial != 0)
    {
      int64_t now = clock_get_ns (lapic->clock);
      int64_t period = timer_period (lapic);
      int64_t missed = MAX (now - state->timer_deadline, 0) / period;

      state->timer_start = state->timer_deadline + missed * period;
      timer_set_deadline (lapic, state->timer_start + period);
      if (ticks (lapic))
        state->timer_owed = clock_owe_ticks (lapic->clock, state->timer_owed,
                                             missed + is_timer_pending (lapic), period);
    }
  else
    {
      state->timer_deadline = -1;
      state->tsc_deadline = 0;
    }
  deliver_lvt (lapic, state->lvt_timer & ~0x700u);
}

static void
timer_restart (Lapic *lapic)
{
  X86LapicState *state = lapic->state;

  state->timer_owed = 0;
  if (TIMER_MODE (state->lvt_timer) == TIMER_TSC_DEADLINE)
    {
      uint64_t deadline = lapic->ops.tsc_to_ns (lapic->ops.data, lapic->index, state->tsc_deadline);

      if (state->tsc_deadline == 0)
        timer_set_deadline (lapic, -1);
      else if (deadline <= (uint64_t) clock_get_ns (lapic->clock))
        {
          /* In the past: the interrupt comes with the write. */
          timer_disarm (lapic->timer);
          timer_expired (lapic);
        }
      else
        timer_set_deadline (lapic, (int64_t) MIN (deadline, (uint64_t) INT64_MAX));
    }
  else
    {
      state->timer_start = clock_get_ns (lapic->clock);
      timer_set_deadline (
        lapic, state->timer_initial == 0 ? -1 : state->timer_start + timer_period (lapic));
    }
}

static uint32_t
timer_current (const Lapic *lapic)
{
  const X86LapicState *state = lapic->state;
  int64_t left;

  if (state->timer_deadline < 0 || TIMER_MODE (state->lvt_timer) == TIMER_TSC_DEADLINE)
    return 0;
  left = state->timer_deadline - clock_get_ns (lapic->clock);
  return CLAMP (left / timer_divisor (lapic), 0, state->timer_initial);
}

static void
timer_set_lvt (Lapic *lapic, uint32_t value)
{
  X86LapicState *state = lapic->state;
  unsigned old = TIMER_MODE (state->lvt_timer);

  state->lvt_timer = value;
  state->timer_owed = 0;
  /* Going to or from TSC deadline mode disarms; between the other two the count goes on. */
  if (old != TIMER_MODE (value)
      && (old == TIMER_TSC_DEADLINE || TIMER_MODE (value) == TIMER_TSC_DEADLINE))
    {
      state->tsc_deadline = 0;
      state->timer_initial = 0;
      timer_set_deadline (lapic, -1);
    }
}

void
lapic_set_tsc_deadline (Lapic *lapic, uint64_t value)
{
  if (TIMER_MODE (lapic->state->lvt_timer) != TIMER_TSC_DEADLINE)
    return;
  lapic->state->tsc_deadline = value;
  timer_restart (lapic);
}

uint64_t
lapic_get_tsc_deadline (const Lapic *lapic)
{
  return TIMER_MODE (lapic->state->lvt_timer) == TIMER_TSC_DEADLINE ? lapic->state->tsc_deadline
                                                                    : 0;
}

/* Registers */

static void
write_eoi (Lapic *lapic)
{
  X86LapicState *state = lapic->state;
  int vector = highest_vector (state->isr);

  if (vector < 0)
    return;
  set_vector (state->isr, vector, false);
  if (has_vector (state->tmr, vector))
    lapic->ops.eoi (lapic->ops.data, vector);
  notify_if_pending (lapic);
}

static void
write_icr (Lapic *lapic, uint64_t icr)
{
  unsigned mode = icr >> 8 & 7;

  lapic->state->icr = icr & ~(1ull << 12);
  TRACE ("lapic.icr", "cpu %u icr %#" PRIx64, lapic->index, icr);
  if ((mode == MODE_FIXED || mode == MODE_LOWEST) && (icr & 0xff) < 16)
    {
      report_error (lapic, ESR_SEND_VECTOR);
      return;
    }
  /* The de-assertion of INIT is a message to arbitration IDs only. */
  if (mode == MODE_INIT && !(icr & ICR_LEVEL_ASSERT) && (icr & ICR_LEVEL_TRIGGER))
    return;
  lapic->ops.send (lapic->ops.data, lapic->index, icr);
}

static void
write_svr (Lapic *lapic, uint32_t value)
{
  X86LapicState *state = lapic->state;

  state->svr = value & 0x3ff;
  if (!(value & SVR_ENABLE))
    {
      state->lvt_timer |= LVT_MASKED;
      state->timer_owed = 0;
      state->lvt_thermal |= LVT_MASKED;
      state->lvt_pmc |= LVT_MASKED;
      state->lvt_lint0 |= LVT_MASKED;
      state->lvt_lint1 |= LVT_MASKED;
      state->lvt_error |= LVT_MASKED;
    }
  notify_if_pending (lapic);
}

/* The entry's register and the bits that can be written; NULL: not an entry. */
static uint32_t *
lvt_register (Lapic *lapic, uint32_t offset, uint32_t *writable)
{
  X86LapicState *state = lapic->state;

  *writable = 0x107ff;
  switch (offset)
    {
    case REG_LVT_TIMER:
      *writable = 0x700ff;
      return &state->lvt_timer;
    case REG_LVT_THERMAL:
      return &state->lvt_thermal;
    case REG_LVT_PMC:
      return &state->lvt_pmc;
    case REG_LVT_LINT0:
      *writable = 0x1a7ff;
      return &state->lvt_lint0;
    case REG_LVT_LINT1:
      *writable = 0x1a7ff;
      return &state->lvt_lint1;
    case REG_LVT_ERROR:
      *writable = 0x100ff;
      return &state->lvt_error;
    default:
      return NULL;
    }
}

static void
write_lvt (Lapic *lapic, uint32_t *lvt, uint32_t value)
{
  if (!(lapic->state->svr & SVR_ENABLE))
    value |= LVT_MASKED;
  if (lvt == &lapic->state->lvt_timer)
    timer_set_lvt (lapic, value);
  else
    *lvt = value;
  /* The 8259 pair may be waiting behind LINT0. */
  if (lvt == &lapic->state->lvt_lint0)
    lapic->ops.interrupt (lapic->ops.data, lapic->index);
}

uint32_t
lapic_read (Lapic *lapic, uint32_t offset)
{
  const X86LapicState *state = lapic->state;
  uint32_t writable;
  uint32_t *lvt = lvt_register (lapic, offset, &writable);

  if (lvt != NULL)
    return *lvt;
  if (offset >= REG_ISR && offset < REG_ESR && (offset & 15) == 0)
    {
      const uint32_t *bits = offset < REG_TMR   ? state->isr
                             : offset < REG_IRR ? state->tmr
                                                : state->irr;

      return bits[offset >> 4 & 7];
    }
  switch (offset)
    {
    case REG_ID:
      return is_x2apic (lapic) ? state->id : state->id << 24;
    case REG_VERSION:
      return VERSION;
    case REG_TPR:
      return state->tpr;
    case REG_APR:
    case REG_PPR:
      return lapic_get_ppr (lapic);
    case REG_LDR:
      return is_x2apic (lapic) ? (state->id >> 4) << 16 | 1u << (state->id & 15) : state->ldr;
    case REG_DFR:
      return state->dfr;
    case REG_SVR:
      return state->svr;
    case REG_ESR:
      return state->esr;
    case REG_ICR:
      return state->icr;
    case REG_ICR_HIGH:
      return state->icr >> 32;
    case REG_TIMER_INITIAL:
      return state->timer_initial;
    case REG_TIMER_CURRENT:
      return timer_current (lapic);
    case REG_TIMER_DIVIDE:
      return state->timer_divide;
    default:
      return 0;
    }
}

void
lapic_write (Lapic *lapic, uint32_t offset, uint32_t value)
{
  X86LapicState *state = lapic->state;
  uint32_t writable;
  uint32_t *lvt = lvt_register (lapic, offset, &writable);

  TRACE ("lapic.write", "cpu %u offset %#x value %#x", lapic->index, offset, value);
  if (lvt != NULL)
    {
      write_lvt (lapic, lvt, value & writable);
      return;
    }
  switch (offset)
    {
    case REG_TPR:
      state->tpr = value & 0xff;
      notify_if_pending (lapic);
      break;
    case REG_EOI:
      write_eoi (lapic);
      break;
    case REG_LDR:
      state->ldr = value & 0xff000000;
      break;
    case REG_DFR:
      state->dfr = value | 0x0fffffff;
      break;
    case REG_SVR:
      write_svr (lapic, value);
      break;
    case REG_ESR:
      state->esr = state->esr_pending;
      state->esr_pending = 0;
      break;
    case REG_ICR:
      write_icr (lapic, (state->icr & 0xffffffff00000000ull) | value);
      break;
    case REG_ICR_HIGH:
      state->icr = (state->icr & UINT32_MAX) | (uint64_t) (value & 0xff000000) << 32;
      break;
    case REG_TIMER_INITIAL:
      if (TIMER_MODE (state->lvt_timer) == TIMER_TSC_DEADLINE)
        break;
      state->timer_initial = value;
      timer_restart (lapic);
      break;
    case REG_TIMER_DIVIDE:
      state->timer_divide = value & 0xb;
      break;
    default:
      break;
    }
}

/* Which registers MSRs reach, and which bits a write may set (0: read only). */
static bool
x2apic_register (uint32_t offset, bool write, uint64_t *allowed)
{
  *allowed = UINT32_MAX;
  if (offset >= REG_ISR && offset < REG_ESR)
    return !write;
  switch (offset)
    {
    case REG_ID:
    case REG_VERSION:
    case REG_PPR:
    case REG_LDR:
    case REG_TIMER_CURRENT:
      return !write;
    case REG_EOI:
      *allowed = 0;
      return write;
    case REG_SELF_IPI:
      *allowed = 0xff;
      return write;
    case REG_ESR:
      *allowed = 0;
      return true;
    case REG_TPR:
      *allowed = 0xff;
      return true;
    case REG_SVR:
      *allowed = 0x1fff;
      return true;
    case REG_ICR:
      *allowed = 0xffffffff000ccfffull;
      return true;
    case REG_LVT_TIMER:
      *allowed = 0x700ff | LVT_READ_ONLY;
      return true;
    case REG_LVT_THERMAL:
    case REG_LVT_PMC:
      *allowed = 0x107ff | LVT_READ_ONLY;
      return true;
    case REG_LVT_LINT0:
    case REG_LVT_LINT1:
      *allowed = 0x1a7ff | LVT_READ_ONLY;
      return true;
    case REG_LVT_ERROR:
      *allowed = 0x100ff | LVT_READ_ONLY;
      return true;
    case REG_TIMER_INITIAL:
      return true;
    case REG_TIMER_DIVIDE:
      *allowed = 0xb;
      return true;
    default:
      return false;
    }
}

bool
lapic_read_msr (Lapic *lapic, uint32_t msr, uint64_t *value)
{
  uint32_t offset = (msr & 0xff) << 4;
  uint64_t allowed;

  if (!is_x2apic (lapic) || !x2apic_register (offset, false, &allowed))
    return false;
  *value = offset == REG_ICR ? lapic->state->icr : lapic_read (lapic, offset);
  return true;
}

bool
lapic_write_msr (Lapic *lapic, uint32_t msr, uint64_t value)
{
  uint32_t offset = (msr & 0xff) << 4;
  uint64_t allowed;

  if (!is_x2apic (lapic) || !x2apic_register (offset, true, &allowed) || (value & ~allowed))
    return false;
  if (offset == REG_ICR)
    write_icr (lapic, value);
  else if (offset == REG_SELF_IPI)
    accept_fixed (lapic, value, false);
  else
    lapic_write (lapic, offset, value);
  return true;
}

bool
lapic_set_base (Lapic *lapic, uint64_t value)
{
  X86LapicState *state = lapic->state;
  unsigned old = state->base_msr & (APIC_ENABLE | APIC_EXTD);
  unsigned new = value &(APIC_ENABLE | APIC_EXTD);

  if ((value & APIC_BASE_RESERVED) || new == APIC_EXTD
      || (old == 0 && new == (APIC_ENABLE | APIC_EXTD))
      || (old == (APIC_ENABLE | APIC_EXTD) && new == APIC_ENABLE))
    return false;
  state->base_msr = value;
  if (new == 0 && old != 0)
    lapic_init (lapic);
  if (new == (APIC_ENABLE | APIC_EXTD))
    state->icr &= UINT32_MAX;
  return true;
}

uint8_t
lapic_get_cr8 (const Lapic *lapic)
{
  return lapic->state->tpr >> 4;
}

void
lapic_set_cr8 (Lapic *lapic, uint8_t cr8)
{
  lapic->state->tpr = cr8 << 4;
  notify_if_pending (lapic);
}

void
lapic_init (Lapic *lapic)
{
  x86_lapic_state_reset (lapic->state, lapic->index);
  timer_disarm (lapic->timer);
}

void
lapic_restore (Lapic *lapic)
{
  lapic->state->timer_owed
    = clock_owe_ticks (lapic->clock, lapic->state->timer_owed, 0, TIMER_LEAST_PERIOD);
  timer_set_deadline (lapic, lapic->state->timer_deadline);
  notify_if_pending (lapic);
}

Lapic *
lapic_new (unsigned index, X86LapicState *state, Clock *clock, const LapicOps *ops)
{
  Lapic *lapic = g_new0 (Lapic, 1);

  lapic->index = index;
  lapic->state = state;
  lapic->clock = clock;
  lapic->ops = *ops;
  lapic->timer = timer_new (clock, timer_expired, lapic);
  return lapic;
}

void
lapic_free (Lapic *lapic)
{
  if (lapic == NULL)
    return;
  timer_free (lapic->timer);
  g_free (lapic);
}
