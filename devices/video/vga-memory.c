/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The 128 KiB window at A0000h: IBM VGA technical reference, "Video Memory Organization". */
#include "vga-internal.h"

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

#define MEMORY_MODE_CHAIN_4 0x08

/* The offset in display memory that the map select of GR6 makes of a window offset; FALSE outside. */
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

/* Where a byte of chained memory lies; the plane select is what remains. */
static bool
chained_byte (const Vga *vga, uint64_t offset, uint64_t *at)
{
  const VgaState *s = &vga->state;

  if (is_banked (vga))
    *at = ((uint64_t) s->dispi[DISPI_BANK] << 16) + (offset & 0xffff);
  else if (s->seq[SEQ_MEMORY_MODE] & MEMORY_MODE_CHAIN_4)
    *at = offset;
  else if (s->gr[GR_MODE] & 0x10)
    *at = (offset & ~1ull) << 1 | (offset & 1); /* odd and even addresses: planes 0 and 1 */
  else
    return false;
  *at &= VGA_MEMORY_SIZE - 1;
  return true;
}

static uint64_t
window_read (void *device, uint64_t offset, unsigned size)
{
  Vga *vga = device;
  VgaState *s = &vga->state;
  uint64_t at;
  const uint8_t *word;

  if (!is_banked (vga) && !window_offset (vga, &offset))
    return 0xff;
  if (chained_byte (vga, offset, &at))
    {
      /* Odd/even reads take the plane pair that the read map names. */
      if (!is_banked (vga) && !(s->seq[SEQ_MEMORY_MODE] & MEMORY_MODE_CHAIN_4))
        at |= s->gr[GR_READ_MAP] & 2;
      return vga->vram[at];
    }
  word = vga->vram + (offset * 4 & (VGA_MEMORY_SIZE - 1));
  for (unsigned plane = 0; plane < 4; plane++)
    s->latch[plane] = word[plane];
  if (s->gr[GR_MODE] & 0x08)
    {
      uint8_t differs = 0;

      for (unsigned plane = 0; plane < 4; plane++)
        if (s->gr[GR_COLOR_DONT_CARE] >> plane & 1)
          differs |= word[plane] ^ (s->gr[GR_COLOR_COMPARE] >> plane & 1 ? 0xff : 0);
      return (uint8_t) ~differs;
    }
  return word[s->gr[GR_READ_MAP] & 3];
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

  switch (s->gr[GR_MODE] & 3)
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

static void
window_write (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  Vga *vga = device;
  VgaState *s = &vga->state;
  uint64_t at;
  uint8_t *word;

  if (!is_banked (vga) && !window_offset (vga, &offset))
    return;
  if (chained_byte (vga, offset, &at))
    {
      /* In text mode a pair of planes may be written at once. */
      bool odd_even = !is_banked (vga) && !(s->seq[SEQ_MEMORY_MODE] & MEMORY_MODE_CHAIN_4);

      for (unsigned plane = at & 3; plane < 4; plane += 2)
        {
          if (is_banked (vga) || (s->seq[SEQ_MAP_MASK] >> plane & 1))
            vga->vram[(at & ~3ull) | plane] = value;
          if (!odd_even)
            break;
        }
      touched (vga, at);
      return;
    }
  at = offset * 4 & (VGA_MEMORY_SIZE - 1);
  word = vga->vram + at;
  for (unsigned plane = 0; plane < 4; plane++)
    if (s->seq[SEQ_MAP_MASK] >> plane & 1)
      word[plane] = plane_value (s, plane, value);
  touched (vga, at);
}

const BusOps vga_window_ops = { window_read, window_write, 1, 1 };
