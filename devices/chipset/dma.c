/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Intel 8237A data sheet (231466); page registers and wiring of the PC/AT. Memory-to-memory
 * transfers are not wired on a PC. */
#include "dma.h"

#include "vmm-core/trace.h"

#include <string.h>

#define NAME "dma"
#define MODE_CHANNEL 0x03
#define MODE_DIRECTION 0x0c
#define MODE_WRITE 0x04 /* to memory */
#define MODE_READ 0x08  /* from memory */
#define MODE_AUTO 0x10
#define MODE_DECREMENT 0x20
#define COMMAND_DISABLE 0x04

typedef struct
{
  uint16_t base_address, base_count, address, count;
  uint8_t mode;
} DmaChannelState;

typedef struct
{
  DmaChannelState channels[4];
  uint8_t command, mask, request, dreq, terminal_count;
  bool high_byte; /* the first/last flip-flop */
} DmaChipState;

typedef struct
{
  DmaChipState chips[2];
  uint8_t pages[16]; /* ports 80h to 8Fh */
} DmaState;

typedef struct
{
  Dma *dma;
  unsigned index;
} DmaChip;

struct Dma
{
  Bus *io;
  Memory *memory;
  DmaChip chips[2];
  DmaState state;
};

static const StateField dma_channel_fields[] = {
  STATE_INT (DmaChannelState, base_address), STATE_INT (DmaChannelState, base_count),
  STATE_INT (DmaChannelState, address),      STATE_INT (DmaChannelState, count),
  STATE_INT (DmaChannelState, mode),
};
static const StateTable dma_channel_table = STATE_TABLE (DmaChannelState, 1, dma_channel_fields);
static const StateField dma_chip_fields[] = {
  STATE_NESTED_ARRAY (DmaChipState, channels, &dma_channel_table),
  STATE_INT (DmaChipState, command),
  STATE_INT_IN (DmaChipState, mask, 0, 15),
  STATE_INT_IN (DmaChipState, request, 0, 15),
  STATE_INT_IN (DmaChipState, dreq, 0, 15),
  STATE_INT_IN (DmaChipState, terminal_count, 0, 15),
  STATE_FLAG (DmaChipState, high_byte),
};
static const StateTable dma_chip_table = STATE_TABLE (DmaChipState, 1, dma_chip_fields);
static const StateField dma_fields[] = {
  STATE_NESTED_ARRAY (DmaState, chips, &dma_chip_table),
  STATE_BLOB (DmaState, pages),
};
static const StateTable dma_table = STATE_TABLE (DmaState, 1, dma_fields);

/* Where each channel's page register is among ports 80h to 8Fh; channel 4 has none. */
static const uint8_t page_index[8] = { 7, 3, 1, 2, 0, 11, 9, 10 };

static void
dma_chip_clear (DmaChipState *chip)
{
  chip->command = chip->request = chip->terminal_count = 0;
  chip->mask = 15;
  chip->high_byte = false;
}

static uint8_t
dma_chip_next_byte (DmaChipState *chip, uint16_t value)
{
  uint8_t byte = chip->high_byte ? value >> 8 : value;

  chip->high_byte = !chip->high_byte;
  return byte;
}

static uint8_t
dma_chip_read (DmaChipState *chip, unsigned reg)
{
  uint8_t value;

  if (reg < 8)
    return dma_chip_next_byte (chip, reg & 1 ? chip->channels[reg / 2].count
                                             : chip->channels[reg / 2].address);
  if (reg != 8)
    return reg == 15 ? 0xf0 | chip->mask : 0;
  value = (chip->dreq | chip->request) << 4 | chip->terminal_count;
  chip->terminal_count = 0;
  return value;
}

static void
dma_chip_write_count (DmaChipState *chip, unsigned reg, uint8_t value)
{
  DmaChannelState *channel = &chip->channels[reg / 2];
  uint16_t *base = reg & 1 ? &channel->base_count : &channel->base_address;

  *base = chip->high_byte ? (*base & 0xff) | value << 8 : (*base & 0xff00) | value;
  chip->high_byte = !chip->high_byte;
  if (reg & 1)
    channel->count = *base;
  else
    channel->address = *base;
}

static void
dma_chip_write (DmaChipState *chip, unsigned reg, uint8_t value)
{
  uint8_t bit = 1 << (value & MODE_CHANNEL);

  switch (reg)
    {
    case 8:
      chip->command = value;
      break;
    case 9:
      chip->request = value & 4 ? chip->request | bit : chip->request & ~bit;
      break;
    case 10:
      chip->mask = value & 4 ? chip->mask | bit : chip->mask & ~bit;
      break;
    case 11:
      chip->channels[value & MODE_CHANNEL].mode = value;
      break;
    case 12:
      chip->high_byte = false;
      break;
    case 13: /* master clear */
      dma_chip_clear (chip);
      break;
    case 14:
      chip->mask = 0;
      break;
    case 15:
      chip->mask = value & 15;
      break;
    default:
      dma_chip_write_count (chip, reg, value);
      break;
    }
}

/* The second chip's registers are two ports apart. */
static uint64_t
dma_port_read (void *device, uint64_t offset, unsigned size)
{
  DmaChip *which = device;

  return dma_chip_read (&which->dma->state.chips[which->index], offset >> which->index);
}

static void
dma_port_write (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  DmaChip *which = device;

  TRACE ("dma.write", "chip %u register %u value %#x", which->index,
         (unsigned) offset >> which->index, (unsigned) value);
  dma_chip_write (&which->dma->state.chips[which->index], offset >> which->index, value);
}

static uint64_t
dma_page_read (void *device, uint64_t offset, unsigned size)
{
  return ((Dma *) device)->state.pages[offset];
}

static void
dma_page_write (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  ((Dma *) device)->state.pages[offset] = value;
}

static const BusOps dma_port_ops = { dma_port_read, dma_port_write, 1, 1 };
static const BusOps dma_page_ops = { dma_page_read, dma_page_write, 1, 1 };

void
dma_set_request (Dma *dma, unsigned channel, bool level)
{
  DmaChipState *chip = &dma->state.chips[channel >> 2];
  uint8_t bit = 1 << (channel & 3);

  g_assert (channel < 8);
  chip->dreq = level ? chip->dreq | bit : chip->dreq & ~bit;
}

static uint32_t
dma_address (const Dma *dma, unsigned channel)
{
  uint32_t address = dma->state.chips[channel >> 2].channels[channel & 3].address;
  uint32_t page = dma->state.pages[page_index[channel]];

  return channel < 4 ? page << 16 | address : (page & 0xfe) << 16 | address << 1;
}

/* One unit further; whether the count ran out. */
static bool
dma_step (Dma *dma, unsigned channel)
{
  DmaChipState *chip = &dma->state.chips[channel >> 2];
  DmaChannelState *state = &chip->channels[channel & 3];

  state->address += state->mode & MODE_DECREMENT ? -1 : 1;
  if (state->count-- != 0)
    return false;
  chip->terminal_count |= 1 << (channel & 3);
  if (state->mode & MODE_AUTO)
    {
      state->address = state->base_address;
      state->count = state->base_count;
    }
  else
    chip->mask |= 1 << (channel & 3);
  return true;
}

static unsigned
dma_move (Dma *dma, unsigned channel, uint8_t *in, const uint8_t *out, unsigned length,
          bool *terminal_count)
{
  DmaChipState *chip = &dma->state.chips[channel >> 2];
  unsigned unit = channel < 4 ? 1 : 2, done = 0;

  g_assert (channel < 8 && channel != 4);
  *terminal_count = false;
  if ((chip->mask >> (channel & 3) & 1) || (chip->command & COMMAND_DISABLE)
      || (chip->channels[channel & 3].mode & MODE_DIRECTION)
           != (in != NULL ? MODE_READ : MODE_WRITE))
    return 0;
  while (done + unit <= length && !*terminal_count)
    {
      if (in != NULL)
        memory_dma_read (dma->memory, NAME, dma_address (dma, channel), in + done, unit);
      else
        memory_dma_write (dma->memory, NAME, dma_address (dma, channel), out + done, unit);
      done += unit;
      *terminal_count = dma_step (dma, channel);
    }
  return done;
}

unsigned
dma_read (Dma *dma, unsigned channel, void *buffer, unsigned length, bool *terminal_count)
{
  return dma_move (dma, channel, buffer, NULL, length, terminal_count);
}

unsigned
dma_write (Dma *dma, unsigned channel, const void *buffer, unsigned length, bool *terminal_count)
{
  return dma_move (dma, channel, NULL, buffer, length, terminal_count);
}

void
dma_reset (Dma *dma)
{
  memset (&dma->state, 0, sizeof dma->state);
  dma_chip_clear (&dma->state.chips[0]);
  dma_chip_clear (&dma->state.chips[1]);
}

Dma *
dma_new (Bus *io, Memory *memory)
{
  Dma *dma = g_new0 (Dma, 1);

  dma->io = io;
  dma->memory = memory;
  for (unsigned i = 0; i < 2; i++)
    dma->chips[i] = (DmaChip){ dma, i };
  dma_reset (dma);
  bus_map (io, 0x00, 16, &dma_port_ops, &dma->chips[0]);
  bus_map (io, 0xc0, 32, &dma_port_ops, &dma->chips[1]);
  bus_map (io, 0x80, 16, &dma_page_ops, dma);
  return dma;
}

void
dma_free (Dma *dma)
{
  if (dma == NULL)
    return;
  bus_unmap (dma->io, 0x80, 16, dma);
  bus_unmap (dma->io, 0xc0, 32, &dma->chips[1]);
  bus_unmap (dma->io, 0x00, 16, &dma->chips[0]);
  g_free (dma);
}

StateSection
dma_state (Dma *dma)
{
  return (StateSection){ .id = NAME, .table = &dma_table, .state = &dma->state, .device = dma };
}
