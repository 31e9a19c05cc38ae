/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Motorola MC146818A data sheet; the century byte and port layout are the PC/AT's. */
#include "rtc.h"

#include <inttypes.h>
#include <string.h>

#include "vmm-core/trace.h"

#define SECOND_NS INT64_C (1000000000)
#define DAY_SECONDS 86400
#define MAX_DATE (INT64_C (1) << 37) /* seconds, the year 6325 */
#define MAX_WALL (INT64_C (1) << 62) /* ns, the year 2116 */
#define UIP_NS 244000                /* UIP is set this long before an update */

enum
{
  SECONDS,
  SECONDS_ALARM,
  MINUTES,
  MINUTES_ALARM,
  HOURS,
  HOURS_ALARM,
  DAY_OF_WEEK,
  DAY,
  MONTH,
  YEAR,
  REGISTER_A,
  REGISTER_B,
  REGISTER_C,
  REGISTER_D,
  CENTURY = 0x32
};

#define A_UIP 0x80
#define A_RATE 0x0f
#define A_DIVIDER 0x70
#define A_DIVIDER_RESET 0x60 /* 110 and 111 */
#define B_SET 0x80
#define B_PIE 0x40
#define B_AIE 0x20
#define B_UIE 0x10
#define B_DM_BINARY 0x04
#define B_24H 0x02
#define C_IRQF 0x80
#define C_PF 0x40
#define C_AF 0x20
#define C_UF 0x10
#define D_VRT 0x80
#define HOUR_PM 0x80
#define ALARM_ANY 0xc0

typedef struct
{
  uint8_t index;
  uint8_t ram[128]; /* the time bytes are those last written or latched */
  int64_t base;     /* the time in seconds since 1970 when the clock on the wall showed `origin`, */
  int64_t origin;   /* in ns: the guest sets it as it likes */
  int64_t periodic_seen; /* guest ns up to which periods have been told by PF */
  uint32_t owed;         /* periods that passed while PF was set, to be told by it one by one */
  int64_t periodic_deadline, update_deadline; /* of the timers; -1: none */
} RtcState;

struct Rtc
{
  RtcState state;
  Bus *io;
  Clock *clock;
  Irq irq;
  Timer *periodic, *update;
};

static uint8_t
encode (const RtcState *s, unsigned value)
{
  return s->ram[REGISTER_B] & B_DM_BINARY ? value : value / 10 << 4 | value % 10;
}

static unsigned
decode (const RtcState *s, uint8_t byte)
{
  return s->ram[REGISTER_B] & B_DM_BINARY ? byte : (byte >> 4) * 10u + (byte & 15);
}

static uint8_t
encode_hour (const RtcState *s, unsigned hour)
{
  if (s->ram[REGISTER_B] & B_24H)
    return encode (s, hour);
  return encode (s, hour % 12 == 0 ? 12 : hour % 12) | (hour >= 12 ? HOUR_PM : 0);
}

static unsigned
decode_hour (const RtcState *s, uint8_t byte)
{
  if (s->ram[REGISTER_B] & B_24H)
    return decode (s, byte);
  return decode (s, byte & ~HOUR_PM) % 12 + (byte & HOUR_PM ? 12 : 0);
}

static int64_t
floor_div (int64_t value, int64_t by)
{
  return value / by - (value % by < 0);
}

/* The time in seconds since 1970, so many ns ago. */
static int64_t
seconds_before (Rtc *rtc, int64_t ns)
{
  return rtc->state.base
         + floor_div (clock_get_wall_ns (rtc->clock) - ns - rtc->state.origin, SECOND_NS);
}

/* ns since the last second began. */
static int64_t
get_phase (Rtc *rtc)
{
  int64_t elapsed = clock_get_wall_ns (rtc->clock) - rtc->state.origin;

  return elapsed - floor_div (elapsed, SECOND_NS) * SECOND_NS;
}

/* The guest holds the time, by SET or by the divider's reset. */
static bool
is_held (const RtcState *s)
{
  return (s->ram[REGISTER_B] & B_SET) || (s->ram[REGISTER_A] & A_DIVIDER_RESET) == A_DIVIDER_RESET;
}

/* Brings the time bytes up to date, unless the guest holds them. */
static void
latch_time (Rtc *rtc)
{
  RtcState *s = &rtc->state;
  g_autoptr (GDateTime) now = NULL;

  if (is_held (s))
    return;
  now = g_date_time_new_from_unix_utc (seconds_before (rtc, 0));
  if (now == NULL)
    return;
  s->ram[SECONDS] = encode (s, g_date_time_get_second (now));
  s->ram[MINUTES] = encode (s, g_date_time_get_minute (now));
  s->ram[HOURS] = encode_hour (s, g_date_time_get_hour (now));
  s->ram[DAY_OF_WEEK] = encode (s, g_date_time_get_day_of_week (now) % 7 + 1); /* Sunday is 1 */
  s->ram[DAY] = encode (s, g_date_time_get_day_of_month (now));
  s->ram[MONTH] = encode (s, g_date_time_get_month (now));
  s->ram[YEAR] = encode (s, g_date_time_get_year (now) % 100);
  s->ram[CENTURY] = encode (s, g_date_time_get_year (now) / 100);
}

/* Makes the time bytes the time. Impossible ones are brought into range. The divider goes on: the
 * next second comes when it would have come anyway. */
static void
set_time (Rtc *rtc)
{
  RtcState *s = &rtc->state;
  int64_t phase = get_phase (rtc);
  int year = CLAMP (decode (s, s->ram[CENTURY]) * 100 + decode (s, s->ram[YEAR]), 1900, 2299);
  int month = CLAMP (decode (s, s->ram[MONTH]), 1, 12);
  int day = CLAMP (decode (s, s->ram[DAY]), 1, (unsigned) g_date_get_days_in_month (month, year));
  g_autoptr (GDateTime) time = g_date_time_new_utc (
    year, month, day, MIN (decode_hour (s, s->ram[HOURS]), 23),
    MIN (decode (s, s->ram[MINUTES]), 59), MIN (decode (s, s->ram[SECONDS]), 59));

  s->base = g_date_time_to_unix (time);
  s->origin = clock_get_wall_ns (rtc->clock) - phase;
}

/* Whether an event whose interrupt is enabled has happened. */
static bool
update_irqf (RtcState *s)
{
  bool pending = (s->ram[REGISTER_C] & s->ram[REGISTER_B] & (C_PF | C_AF | C_UF)) != 0;

  s->ram[REGISTER_C] = (s->ram[REGISTER_C] & ~C_IRQF) | (pending ? C_IRQF : 0);
  return pending;
}

static void
update_irq (Rtc *rtc)
{
  irq_set (rtc->irq, update_irqf (&rtc->state));
}

/* The periodic rate of register A in ns; 0: off. Rates 1 and 2 are those of 8 and 9. */
static int64_t
period_ns (const RtcState *s)
{
  unsigned rate = s->ram[REGISTER_A] & A_RATE;

  if (rate == 0 || (s->ram[REGISTER_A] & A_DIVIDER) > 0x20)
    return 0;
  if (rate <= 2)
    rate += 7;
  return (SECOND_NS << (rate - 1)) / 32768;
}

/* Without its interrupt no timer runs: a period that has passed is found when somebody looks. */
static void
look_for_period (Rtc *rtc)
{
  RtcState *s = &rtc->state;
  int64_t period = period_ns (s);
  int64_t now = clock_get_ns (rtc->clock);
  int64_t passed = period != 0 ? now / period - s->periodic_seen / period : 0;

  s->periodic_seen = now;
  if (passed <= 0)
    return;
  if (s->ram[REGISTER_B] & B_PIE)
    s->owed = clock_owe_ticks (rtc->clock, s->owed, passed - !(s->ram[REGISTER_C] & C_PF), period);
  s->ram[REGISTER_C] |= C_PF;
}

/* The guest has read register C: a period that is owed comes at once. */
static void
tell_owed_period (Rtc *rtc)
{
  RtcState *s = &rtc->state;

  if (s->owed == 0)
    return;
  TRACE ("rtc.late", "%u periods are owed", s->owed);
  s->owed--;
  s->ram[REGISTER_C] |= C_PF;
  update_irq (rtc);
}

static void
arm_periodic (Rtc *rtc)
{
  int64_t period = period_ns (&rtc->state);

  if (period == 0 || !(rtc->state.ram[REGISTER_B] & B_PIE))
    timer_disarm (rtc->periodic);
  else
    timer_arm (rtc->periodic, (clock_get_ns (rtc->clock) / period + 1) * period);
}

/* Somebody may poll for the end of an update or for an alarm, so each second is lived through. */
static void
arm_update (Rtc *rtc)
{
  RtcState *s = &rtc->state;

  if (is_held (s))
    timer_disarm (rtc->update);
  else
    timer_arm (rtc->update, clock_get_ns (rtc->clock) + SECOND_NS - get_phase (rtc));
}

static void
periodic_expired (void *device)
{
  Rtc *rtc = device;

  look_for_period (rtc);
  update_irq (rtc);
  arm_periodic (rtc);
}

static bool
alarm_matches (const RtcState *s, unsigned alarm, uint8_t byte)
{
  return (s->ram[alarm] & ALARM_ANY) == ALARM_ANY || s->ram[alarm] == byte;
}

/* Whether the alarm is set to that second, counted from 1970 as from any midnight. */
static bool
is_alarm (const RtcState *s, int64_t second)
{
  unsigned of_day = second - floor_div (second, DAY_SECONDS) * DAY_SECONDS;

  return alarm_matches (s, SECONDS_ALARM, encode (s, of_day % 60))
         && alarm_matches (s, MINUTES_ALARM, encode (s, of_day / 60 % 60))
         && alarm_matches (s, HOURS_ALARM, encode_hour (s, of_day / 3600));
}

/* The clock has gone on to now; what came with the seconds after `before` shows. */
static void
tell_seconds (Rtc *rtc, int64_t before, int64_t now)
{
  RtcState *s = &rtc->state;

  latch_time (rtc);
  if (before < now)
    s->ram[REGISTER_C] |= C_UF;
  for (int64_t second = MAX (before, now - DAY_SECONDS) + 1; second <= now; second++)
    if (is_alarm (s, second))
      {
        s->ram[REGISTER_C] |= C_AF;
        break;
      }
  update_irq (rtc);
  arm_update (rtc);
}

static void
update_expired (void *device)
{
  Rtc *rtc = device;
  int64_t now = seconds_before (rtc, 0);

  tell_seconds (rtc, now - 1, now);
}

/* The machine stood still or the host slept: the battery did not. */
static void
wall_jumped (void *device, int64_t by)
{
  Rtc *rtc = device;

  TRACE ("rtc.jump", "by %" PRId64 " ns", by);
  if (!is_held (&rtc->state))
    tell_seconds (rtc, seconds_before (rtc, by), seconds_before (rtc, 0));
}

static uint8_t
read_ram (Rtc *rtc)
{
  RtcState *s = &rtc->state;
  uint8_t value;

  switch (s->index)
    {
    case SECONDS:
    case MINUTES:
    case HOURS:
    case DAY_OF_WEEK:
    case DAY:
    case MONTH:
    case YEAR:
    case CENTURY:
      latch_time (rtc);
      return s->ram[s->index];
    case REGISTER_A:
      value = s->ram[REGISTER_A];
      if (!is_held (s) && get_phase (rtc) >= SECOND_NS - UIP_NS)
        value |= A_UIP;
      return value;
    case REGISTER_C:
      look_for_period (rtc);
      update_irqf (s); /* the period may have been found just now, before its timer */
      value = s->ram[REGISTER_C];
      s->ram[REGISTER_C] = 0;
      update_irq (rtc); /* low, so that what is owed is an edge */
      tell_owed_period (rtc);
      return value;
    case REGISTER_D:
      return D_VRT;
    default:
      return s->ram[s->index];
    }
}

/* The first update comes half a second after the divider has left its reset. */
static void
write_register_a (Rtc *rtc, uint8_t value)
{
  RtcState *s = &rtc->state;
  bool was_reset = (s->ram[REGISTER_A] & A_DIVIDER_RESET) == A_DIVIDER_RESET;

  latch_time (rtc);
  look_for_period (rtc);
  s->ram[REGISTER_A] = value & ~A_UIP;
  s->owed = 0;
  if (was_reset && (value & A_DIVIDER_RESET) != A_DIVIDER_RESET)
    {
      s->base = seconds_before (rtc, 0);
      s->origin = clock_get_wall_ns (rtc->clock) - SECOND_NS / 2;
      if (!is_held (s))
        set_time (rtc);
    }
  arm_periodic (rtc);
  arm_update (rtc);
}

static void
write_register_b (Rtc *rtc, uint8_t value)
{
  RtcState *s = &rtc->state;
  uint8_t before = s->ram[REGISTER_B];

  latch_time (rtc);
  look_for_period (rtc);
  if (value & B_SET)
    value &= ~B_UIE;
  s->ram[REGISTER_B] = value;
  if (!(value & B_PIE))
    s->owed = 0;
  if ((before & B_SET) && !is_held (s))
    set_time (rtc);
  arm_periodic (rtc);
  arm_update (rtc);
  update_irq (rtc);
}

static void
write_ram (Rtc *rtc, uint8_t value)
{
  RtcState *s = &rtc->state;

  TRACE ("rtc.write", "register %#x value %#x", s->index, value);
  switch (s->index)
    {
    case SECONDS:
    case MINUTES:
    case HOURS:
    case DAY_OF_WEEK:
    case DAY:
    case MONTH:
    case YEAR:
    case CENTURY:
      latch_time (rtc);
      s->ram[s->index] = value;
      if (!is_held (s))
        {
          set_time (rtc);
          arm_update (rtc);
        }
      break;
    case REGISTER_A:
      write_register_a (rtc, value);
      break;
    case REGISTER_B:
      write_register_b (rtc, value);
      break;
    case REGISTER_C:
    case REGISTER_D:
      break;
    default:
      s->ram[s->index] = value;
      break;
    }
}

static uint64_t
rtc_read (void *device, uint64_t offset, unsigned size)
{
  return offset == 0 ? 0xff : read_ram (device);
}

static void
rtc_write (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  Rtc *rtc = device;

  if (offset == 0)
    rtc->state.index = value & 0x7f; /* bit 7 masks NMI, which nothing here raises */
  else
    write_ram (rtc, value);
}

static const BusOps rtc_ops = { rtc_read, rtc_write, 1, 1 };

void
rtc_reset (Rtc *rtc)
{
  rtc->state.ram[REGISTER_B] &= ~(B_PIE | B_AIE | B_UIE);
  rtc->state.ram[REGISTER_C] = 0;
  rtc->state.index = 0;
  rtc->state.owed = 0;
  arm_periodic (rtc);
  update_irq (rtc);
}

Rtc *
rtc_new (Bus *io, Clock *clock, Irq irq8)
{
  Rtc *rtc = g_new0 (Rtc, 1);

  rtc->io = io;
  rtc->clock = clock;
  rtc->irq = irq8;
  rtc->periodic = timer_new (clock, periodic_expired, rtc);
  rtc->update = timer_new (clock, update_expired, rtc);
  rtc->state.base = floor_div (clock_get_wall_ns (clock), SECOND_NS);
  rtc->state.origin = rtc->state.base * SECOND_NS;
  rtc->state.ram[REGISTER_A] = 0x26;
  rtc->state.ram[REGISTER_B] = B_24H;
  arm_update (rtc);
  clock_set_wall_jumped (clock, wall_jumped, rtc);
  bus_map (io, 0x70, 2, &rtc_ops, rtc);
  return rtc;
}

void
rtc_free (Rtc *rtc)
{
  if (rtc == NULL)
    return;
  bus_unmap (rtc->io, 0x70, 2, rtc);
  clock_set_wall_jumped (rtc->clock, NULL, NULL);
  timer_free (rtc->periodic);
  timer_free (rtc->update);
  g_free (rtc);
}

void
rtc_set_ram (Rtc *rtc, unsigned index, uint8_t value)
{
  g_assert (index > REGISTER_D && index < sizeof rtc->state.ram);
  rtc->state.ram[index] = value;
}

static const StateField rtc_fields[] = {
  STATE_INT_IN (RtcState, index, 0, 127),
  STATE_BLOB (RtcState, ram),
  STATE_INT_IN (RtcState, base, -MAX_DATE, MAX_DATE),
  STATE_INT_IN (RtcState, origin, -MAX_WALL, MAX_WALL),
  STATE_TIME (RtcState, periodic_seen),
  STATE_INT_IN (RtcState, owed, 0, CLOCK_MOST_OWED_TICKS),
  STATE_DEADLINE (RtcState, periodic_deadline),
  STATE_DEADLINE (RtcState, update_deadline),
};
static const StateTable rtc_table = STATE_TABLE (RtcState, 1, rtc_fields);

static void
rtc_before_save (void *device)
{
  Rtc *rtc = device;

  rtc->state.periodic_deadline = timer_get_deadline (rtc->periodic);
  rtc->state.update_deadline = timer_get_deadline (rtc->update);
}

static gboolean
rtc_after_load (void *device, GError **error)
{
  Rtc *rtc = device;

  rtc->state.owed = clock_owe_ticks (rtc->clock, rtc->state.owed, 0, TIMER_LEAST_PERIOD);
  timer_restore (rtc->periodic, rtc->state.periodic_deadline);
  timer_restore (rtc->update, rtc->state.update_deadline);
  return TRUE;
}

static void
rtc_show_lines (void *device)
{
  update_irq (device);
}

StateSection
rtc_state (Rtc *rtc)
{
  return (StateSection){ .id = "rtc",
                         .table = &rtc_table,
                         .state = &rtc->state,
                         .device = rtc,
                         .before_save = rtc_before_save,
                         .after_load = rtc_after_load,
                         .show_lines = rtc_show_lines };
}
