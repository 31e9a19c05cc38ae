/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Intel 8254 data sheet (231164): control word, latches and read-back. */
#include "pit.h"

#include "pit-counter.h"
#include "vmm-core/trace.h"

#define NS_PER_SECOND UINT64_C (1000000000)

/* Control word. */
#define SC_READ_BACK 3
#define RW_LATCH 0
#define RW_LSB 1
#define RW_MSB 2
#define RW_BOTH 3
#define READ_BACK_NO_COUNT 0x20
#define READ_BACK_NO_STATUS 0x10

typedef struct
{
  PitCounterState counter;
  uint8_t rw;
  bool write_msb; /* the next count byte is the high one of two */
  bool read_msb;
  uint8_t lsb;     /* the low byte that waits for it */
  uint8_t latched; /* bytes of latch still to be read */
  uint16_t latch;
  bool status_latched;
  uint8_t status;
} PitChannelState;

typedef struct
{
  PitChannelState channels[3];
  bool out0;         /* as irq0 shows it */
  int64_t out0_tick; /* up to where OUT 0 has been shown to irq0 */
  bool heard;        /* CPUs take the ticks as they are programmed now */
  bool waits;        /* the last tick has not been taken */
  uint32_t owed;     /* ticks to be shown once it is */
} PitState;

struct Pit
{
  Bus *io;
  Clock *clock;
  Irq irq0;
  bool (*is_masked) (void *data); /* NULL: never */
  void *masked_data;
  Timer *timer;
  PitState state;
};

static const StateField pit_channel_fields[] = {
  STATE_NESTED (PitChannelState, counter, &pit_counter_table),
  STATE_INT_IN (PitChannelState, rw, RW_LSB, RW_BOTH),
  STATE_FLAG (PitChannelState, write_msb),
  STATE_FLAG (PitChannelState, read_msb),
  STATE_INT (PitChannelState, lsb),
  STATE_INT_IN (PitChannelState, latched, 0, 2),
  STATE_INT (PitChannelState, latch),
  STATE_FLAG (PitChannelState, status_latched),
  STATE_INT (PitChannelState, status),
};
static const StateTable pit_channel_table = STATE_TABLE (PitChannelState, 1, pit_channel_fields);
static const StateField pit_fields[] = {
  STATE_NESTED_ARRAY (PitState, channels, &pit_channel_table),
  STATE_FLAG (PitState, out0),
  STATE_TIME (PitState, out0_tick),
  STATE_FLAG (PitState, heard),
  STATE_FLAG (PitState, waits),
  STATE_INT_IN (PitState, owed, 0, CLOCK_MOST_OWED_TICKS),
};
static const StateTable pit_table = STATE_TABLE (PitState, 1, pit_fields);

static int64_t
pit_now (const Pit *pit)
{
  return clock_muldiv (clock_get_ns (pit->clock), PIT_FREQUENCY, NS_PER_SECOND);
}

static void
pit_arm (Pit *pit, int64_t now)
{
  int64_t next = pit_counter_next_event (&pit->state.channels[0].counter, now);
  int64_t deadline = -1;

  if (next >= 0) /* rounded up: at the deadline the tick has come */
    deadline = clock_muldiv (next, NS_PER_SECOND, PIT_FREQUENCY) + 1;
  if (deadline != timer_get_deadline (pit->timer))
    timer_restore (pit->timer, deadline);
}

/* Who has counted no tick yet under this programming, or masks them, waits for none. */
static void
pit_forget_ticks (Pit *pit)
{
  pit->state.heard = pit->state.waits = false;
  pit->state.owed = 0;
}

/* OUT 0 rose, or would have: the edge that stands for a tick. The 8259A forgets what goes low
 * before it is taken, so the line stays high for now. */
static void
pit_show_tick (Pit *pit)
{
  pit->state.waits = true;
  pit->state.out0 = true;
  irq_set (pit->irq0, false);
  irq_set (pit->irq0, true);
}

/* Which of the ticks that have passed the guest is to get later: all but the one that is shown now,
 * and that, too, if it meets one that has not been taken. */
static void
pit_note_ticks (Pit *pit, int64_t ticks)
{
  PitState *state = &pit->state;
  int64_t period = clock_muldiv (state->channels[0].counter.initial, NS_PER_SECOND, PIT_FREQUENCY);

  if (pit->is_masked != NULL && pit->is_masked (pit->masked_data))
    pit_forget_ticks (pit);
  else if (state->heard)
    state->owed = clock_owe_ticks (pit->clock, state->owed, ticks - !state->waits, period);
}

/* Brings irq0 to the level of OUT 0. */
static void
pit_sync (Pit *pit)
{
  PitCounterState *counter = &pit->state.channels[0].counter;
  int64_t now = pit_now (pit);
  int64_t rises = pit_counter_count_rises (counter, pit->state.out0_tick, now);
  bool out = pit_counter_get_out (counter, now);

  if (rises > 0)
    {
      pit_note_ticks (pit, rises);
      pit_show_tick (pit);
    }
  else if (out != pit->state.out0)
    {
      irq_set (pit->irq0, out);
      pit->state.out0 = out;
    }
  pit->state.out0_tick = now;
  pit_arm (pit, now);
}

void
pit_tick_taken (Pit *pit)
{
  PitState *state = &pit->state;

  state->heard = true;
  state->waits = false;
  if (state->owed == 0)
    return;
  TRACE ("pit.late", "%u ticks are owed", state->owed);
  state->owed--;
  pit_show_tick (pit);
}

void
pit_set_masked (Pit *pit, bool (*is_masked) (void *data), void *data)
{
  pit->is_masked = is_masked;
  pit->masked_data = data;
}

static void
pit_expired (void *device)
{
  pit_sync (device);
}

static void
pit_channel_latch_count (PitChannelState *channel, int64_t now)
{
  if (channel->latched != 0)
    return; /* the first latch holds until it is read */
  channel->latch = pit_counter_get_count (&channel->counter, now);
  channel->latched = channel->rw == RW_BOTH ? 2 : 1;
}

static void
pit_channel_latch_status (PitChannelState *channel, int64_t now)
{
  PitCounterState *counter = &channel->counter;

  if (channel->status_latched)
    return;
  channel->status = pit_counter_get_out (counter, now) << 7
                    | pit_counter_is_null (counter, now) << 6 | channel->rw << 4
                    | counter->mode << 1 | counter->bcd;
  channel->status_latched = true;
}

static void
pit_write_control (Pit *pit, uint8_t value)
{
  int64_t now = pit_now (pit);
  unsigned select = value >> 6, mode = value >> 1 & 7;
  PitChannelState *channel;

  if (select == SC_READ_BACK)
    {
      for (unsigned i = 0; i < 3; i++)
        {
          if (!(value >> (i + 1) & 1))
            continue;
          if (!(value & READ_BACK_NO_COUNT))
            pit_channel_latch_count (&pit->state.channels[i], now);
          if (!(value & READ_BACK_NO_STATUS))
            pit_channel_latch_status (&pit->state.channels[i], now);
        }
      return;
    }
  channel = &pit->state.channels[select];
  if ((value >> 4 & 3) == RW_LATCH)
    {
      pit_channel_latch_count (channel, now);
      return;
    }
  channel->rw = value >> 4 & 3;
  channel->write_msb = channel->read_msb = false;
  channel->latched = 0;
  channel->status_latched = false;
  pit_counter_set_mode (&channel->counter, mode > 5 ? mode - 4 : mode, value & 1);
}

static void
pit_write_count (Pit *pit, PitChannelState *channel, uint8_t value)
{
  int64_t now = pit_now (pit);

  if (channel->rw == RW_BOTH && !channel->write_msb)
    {
      channel->lsb = value;
      channel->write_msb = true;
      pit_counter_begin_count (&channel->counter, now);
      return;
    }
  channel->write_msb = false;
  pit_counter_set_count (&channel->counter, now,
                         channel->rw == RW_BOTH  ? value << 8 | channel->lsb
                         : channel->rw == RW_MSB ? value << 8
                                                 : value);
}

static void
pit_write (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  Pit *pit = device;

  TRACE ("pit.write", "port %#x value %#x", 0x40 + (unsigned) offset, (unsigned) value);
  pit_sync (pit); /* what happened under the old programming */
  if (offset == 0)
    pit_forget_ticks (pit);
  if (offset == 3)
    pit_write_control (pit, value);
  else
    pit_write_count (pit, &pit->state.channels[offset], value);
  pit_sync (pit);
}

static uint64_t
pit_read (void *device, uint64_t offset, unsigned size)
{
  Pit *pit = device;
  PitChannelState *channel;
  uint16_t count;
  bool msb;

  if (offset == 3)
    return UINT64_MAX;
  pit_sync (pit);
  channel = &pit->state.channels[offset];
  if (channel->status_latched)
    {
      channel->status_latched = false;
      return channel->status;
    }
  count = channel->latched != 0 ? channel->latch
                                : pit_counter_get_count (&channel->counter, pit_now (pit));
  msb = channel->rw == RW_MSB || (channel->rw == RW_BOTH && channel->read_msb);
  if (channel->rw == RW_BOTH)
    channel->read_msb = !channel->read_msb;
  if (channel->latched != 0)
    channel->latched--;
  return msb ? count >> 8 : count & 0xff;
}

static const BusOps pit_ops = { .read = pit_read, .write = pit_write, .max_size = 1 };

void
pit_set_gate2 (Pit *pit, bool level)
{
  pit_counter_set_gate (&pit->state.channels[2].counter, pit_now (pit), level);
}

bool
pit_get_gate2 (const Pit *pit)
{
  return pit->state.channels[2].counter.gate;
}

bool
pit_get_out2 (Pit *pit)
{
  return pit_counter_get_out (&pit->state.channels[2].counter, pit_now (pit));
}

void
pit_reset (Pit *pit)
{
  for (unsigned i = 0; i < 3; i++)
    pit->state.channels[i] = (PitChannelState){
      .counter = { .mode = 3, .gate = i != 2, .cr = 65536, .initial = 65536 },
      .rw = RW_BOTH,
    };
  pit_forget_ticks (pit);
  pit_sync (pit);
}

Pit *
pit_new (Bus *io, Clock *clock, Irq irq0)
{
  Pit *pit = g_new0 (Pit, 1);

  pit->io = io;
  pit->clock = clock;
  pit->irq0 = irq0;
  pit->timer = timer_new (clock, pit_expired, pit);
  pit_reset (pit);
  bus_map (io, 0x40, 4, &pit_ops, pit);
  return pit;
}

void
pit_free (Pit *pit)
{
  if (pit == NULL)
    return;
  bus_unmap (pit->io, 0x40, 4, pit);
  timer_free (pit->timer);
  g_free (pit);
}

static gboolean
pit_after_load (void *device, GError **error)
{
  Pit *pit = device;

  for (unsigned i = 0; i < 3; i++)
    if (!pit_counter_is_sane (&pit->state.channels[i].counter))
      {
        g_set_error (error, STATE_ERROR, STATE_ERROR_BAD_STREAM,
                     "The saved state of “pit” holds values that no timer has.");
        return FALSE;
      }
  pit->state.owed = clock_owe_ticks (pit->clock, pit->state.owed, 0, TIMER_LEAST_PERIOD);
  pit_arm (pit, pit_now (pit));
  return TRUE;
}

static void
pit_show_lines (void *device)
{
  Pit *pit = device;

  irq_set (pit->irq0, pit->state.out0);
}

StateSection
pit_state (Pit *pit)
{
  return (StateSection){
    .id = "pit",
    .table = &pit_table,
    .state = &pit->state,
    .device = pit,
    .after_load = pit_after_load,
    .show_lines = pit_show_lines,
  };
}
