/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The 128 KiB window at A0000h: IBM VGA technical reference, "Video Memory Organization". Where it
 * shows bytes as they lie in display memory, it is that memory: no CPU has to ask for each. */
#include "vga-internal.h"

#include <string.h>

enum
{
  SEQ_MAP_MASK = 2,
  SEQ_MEMORY_MODE = 4,
  GR_SET_RESET = 0,
  GR_ENABLE_SET_RESET,
  GR_COLOR_COMPARE,
  GR_DATA_ROTATE,
  GR_READ_MAP,
  GR_MODE,
  GR_MISCELLANEOUS,
  GR_COLOR_DONT_CARE,
  GR_BIT_MASK
};

#define BANK_SIZE 0x10000u

#define MEMORY_MODE_CHAIN_4 0x08
#define MODE_WRITE 0x03
#define MODE_READ_1 0x08
#define MODE_ODD_EVEN 0x10

/* The offset that the map select of GR6 makes of one in the window; FALSE outside. */
static bool
window_offset (const Vga *vga, uint64_t *offset)
{
  switch (vga->state.gr[GR_MISCELLANEOUS] >> 2 & 3)
    {
    case 0:
      return true;
    case 1:
      return *offset < 0x10000;
    case 2:
      *offset -= 0x10000;
      return *offset < 0x8000;
    default:
      *offset -= 0x18000;
      return *offset < 0x8000;
    }
}

/* VBE modes with packed pixels show 64 KiB banks of the framebuffer. */
static bool
is_banked (const Vga *vga)
{
  return vga_is_dispi (vga) && vga->state.dispi[DISPI_BPP] != 4;
}

static void
touched (Vga *vga, uint64_t at)
{
  memory_block_mark_dirty (vga->block, at >> MEMORY_PAGE_SHIFT, 1);
}

static bool
is_chain_4 (const VgaState *s)
{
  return s->seq[SEQ_MEMORY_MODE] & MEMORY_MODE_CHAIN_4;
}

static bool
is_odd_even (const VgaState *s)
{
  return s->gr[GR_MODE] & MODE_ODD_EVEN;
}

/* Splits a window offset in the word of four planes and the planes that it reaches. */
static uint64_t
word_of (const Vga *vga, uint64_t offset, uint8_t *planes)
{
  const VgaState *s = &vga->state;

  *planes = 0x0f;
  if (vga_is_dispi (vga)) /* planar modes of more than 64 KiB a plane have banks, too */
    offset += (uint64_t) s->dispi[DISPI_BANK] << 16;
  if (is_chain_4 (s))
    {
      *planes = 1 << (offset & 3);
      offset &= ~3ull;
    }
  else if (is_odd_even (s))
    {
      *planes = offset & 1 ? 0x0a : 0x05;
      offset = (offset & ~1ull) << 1;
    }
  else
    offset <<= 2;
  return offset & (VGA_MEMORY_SIZE - 1);
}

static uint64_t
bank_byte (const Vga *vga, uint64_t offset)
{
  return (((uint64_t) vga->state.dispi[DISPI_BANK] << 16) + (offset & 0xffff))
         & (VGA_MEMORY_SIZE - 1);
}

/* Read mode 1: a bit for each pixel that has the colour asked for. */
static uint8_t
compare_colours (const VgaState *s)
{
  uint8_t differs = 0;

  for (unsigned plane = 0; plane < 4; plane++)
    if (s->gr[GR_COLOR_DONT_CARE] >> plane & 1)
      differs |= s->latch[plane] ^ (s->gr[GR_COLOR_COMPARE] >> plane & 1 ? 0xff : 0);
  return ~differs;
}

static uint64_t
window_read (void *device, uint64_t offset, unsigned size)
{
  Vga *vga = device;
  VgaState *s = &vga->state;
  uint8_t planes;

  if (is_banked (vga))
    return vga->vram[bank_byte (vga, offset)];
  if (!window_offset (vga, &offset))
    return 0xff;
  memcpy (s->latch, vga->vram + word_of (vga, offset, &planes), sizeof s->latch);
  if (s->gr[GR_MODE] & MODE_READ_1)
    return compare_colours (s);
  if (is_chain_4 (s))
    return s->latch[offset & 3];
  if (is_odd_even (s)) /* of the pair that Read Map names */
    return s->latch[(s->gr[GR_READ_MAP] & 2) | (offset & 1)];
  return s->latch[s->gr[GR_READ_MAP] & 3];
}

static uint8_t
rotate (uint8_t value, unsigned count)
{
  return value >> count | value << ((8 - count) & 7);
}

/* AND, OR or XOR with the latch. */
static uint8_t
combine (const VgaState *s, unsigned plane, uint8_t value)
{
  switch (s->gr[GR_DATA_ROTATE] >> 3 & 3)
    {
    case 1:
      return value & s->latch[plane];
    case 2:
      return value | s->latch[plane];
    case 3:
      return value ^ s->latch[plane];
    default:
      return value;
    }
}

/* What a byte from the CPU becomes in one plane: write modes 0 to 3. */
static uint8_t
plane_value (const VgaState *s, unsigned plane, uint8_t value)
{
  uint8_t mask = s->gr[GR_BIT_MASK];
  uint8_t rotated = rotate (value, s->gr[GR_DATA_ROTATE] & 7);
  uint8_t set_reset = s->gr[GR_SET_RESET] >> plane & 1 ? 0xff : 0;
  uint8_t result;

  switch (s->gr[GR_MODE] & MODE_WRITE)
    {
    case 0:
      result = combine (s, plane, s->gr[GR_ENABLE_SET_RESET] >> plane & 1 ? set_reset : rotated);
      break;
    case 1:
      return s->latch[plane];
    case 2:
      result = combine (s, plane, value >> plane & 1 ? 0xff : 0);
      break;
    default:
      mask &= rotated;
      result = combine (s, plane, set_reset);
      break;
    }
  return (result & mask) | (s->latch[plane] & ~mask);
}

/* Bytes go to memory as they come: write mode 0 with nothing of the data path switched on, as in
 * text and 256-colour modes. */
static bool
is_plain (const VgaState *s)
{
  return (s->gr[GR_MODE] & MODE_WRITE) == 0 && s->gr[GR_ENABLE_SET_RESET] == 0
         && s->gr[GR_DATA_ROTATE] == 0 && s->gr[GR_BIT_MASK] == 0xff;
}

static void
window_write (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  Vga *vga = device;
  VgaState *s = &vga->state;
  uint8_t planes;
  uint64_t at;
  bool plain;

  if (is_banked (vga))
    {
      at = bank_byte (vga, offset);
      vga->vram[at] = value;
      touched (vga, at);
      return;
    }
  if (!window_offset (vga, &offset))
    return;
  at = word_of (vga, offset, &planes);
  planes &= s->seq[SEQ_MAP_MASK];
  plain = is_plain (s);
  for (unsigned plane = 0; plane < 4; plane++)
    if (planes >> plane & 1)
      vga->vram[at + plane] = plain ? value : plane_value (s, plane, value);
  touched (vga, at);
}

const BusOps vga_window_ops = { window_read, window_write, 1, 1 };

/* What of the window is plain memory: the bank of a VBE mode, or the bytes of a 256-colour mode.
 * The latches, which reading fills, are of no use there. 0: nothing. */
static uint64_t
plain_length (const Vga *vga)
{
  const VgaState *s = &vga->state;
  unsigned map_select = s->gr[GR_MISCELLANEOUS] >> 2 & 3;

  if (is_banked (vga))
    return BANK_SIZE;
  if (vga_is_dispi (vga) || !is_chain_4 (s) || !is_plain (s) || s->seq[SEQ_MAP_MASK] != 0x0f
      || (s->gr[GR_MODE] & MODE_READ_1) || map_select > 1)
    return 0;
  return map_select == 0 ? VGA_WINDOW_LENGTH : BANK_SIZE;
}

void
vga_window_update (Vga *vga)
{
  uint64_t length = plain_length (vga);
  uint64_t offset = is_banked (vga) ? bank_byte (vga, 0) : 0;

  if (length == vga->window_length && offset == vga->window_offset)
    return;
  if (vga->window_length > 0)
    memory_unmap (vga->memory, VGA_WINDOW, vga->block);
  vga->window_length = length;
  vga->window_offset = offset;
  if (length > 0)
    memory_map (vga->memory, VGA_WINDOW, length, vga->block, offset, MEMORY_RW, 0);
}
