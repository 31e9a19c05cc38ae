/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From display memory to the console's surface: what the registers make of it, the graphics modes
 * of the VGA and the linear modes of VBE. Only what changed is drawn. */
#include "vga-internal.h"

#include "vmm-core/host-guard.h"

#include <string.h>

#define NAME "vga"
#define N_PAGES (VGA_MEMORY_SIZE / MEMORY_PAGE_SIZE)
#define VRAM_MASK (VGA_MEMORY_SIZE - 1)
#define MAX_WIDTH 2560

void
vga_draw_invalidate (Vga *vga)
{
  vga->picture.signature = 0;
}

static unsigned
vertical_value (const VgaState *s, unsigned low, unsigned bit8, unsigned bit9)
{
  return s->crtc[low] | (s->crtc[7] >> bit8 & 1) << 8 | (s->crtc[7] >> bit9 & 1) << 9;
}

/* How far the picture is shifted to the left, in dots. With nine dots a character, 8 is no
 * shift. */
static unsigned
pan_of (const VgaState *s, bool nine_dots)
{
  unsigned pan = s->attr[0x13] & 15;

  if (nine_dots)
    return pan >= 8 ? 0 : pan + 1;
  return pan & 7;
}

static VgaLayout
layout_of (const Vga *vga)
{
  const VgaState *s = &vga->state;
  unsigned max_scan = (s->crtc[9] & 0x1f) + 1, byte_pan = s->crtc[8] >> 5 & 3;
  bool split_pans = !(s->attr[0x10] & 0x20);
  VgaLayout layout = {
    .text = !(s->gr[6] & 1),
    .blank = !(s->attr_index & 0x20) || (s->seq[1] & 0x20) || !(s->crtc[0x17] & 0x80),
    .columns = s->crtc[1] + 1,
    .height = vertical_value (s, 0x12, 1, 6) + 1,
    .cell_width = s->seq[1] & 1 ? 8 : 9,
    .cell_height = max_scan,
    .start = vga_get_start (vga) + byte_pan,
    .pitch = s->crtc[0x13] * 2,
    .wrap = 0xffff,
    .scan_repeat = max_scan << (s->crtc[9] >> 7),
    .dot_repeat = s->seq[1] & 8 ? 2 : 1,
    .shift = s->gr[5] >> 5 & 3,
    .line_compare = s->crtc[0x18] | (s->crtc[7] >> 4 & 1) << 8 | (s->crtc[9] >> 6 & 1) << 9,
    .preset_scan = MIN (s->crtc[8] & 0x1fu, max_scan - 1),
  };

  layout.pan = pan_of (s, layout.text && layout.cell_width == 9);
  layout.split_pan = split_pans ? layout.pan : 0;
  layout.split_start = split_pans ? byte_pan : 0;
  if (layout.text)
    {
      unsigned width = layout.cell_width * layout.dot_repeat;

      layout.columns = MIN (layout.columns, MAX_WIDTH / width);
      layout.width = layout.columns * width;
    }
  else
    layout.width = MIN (layout.columns * 8 * layout.dot_repeat, MAX_WIDTH);
  return layout;
}

/* FNV-1a over everything but memory that decides the picture. */
static uint32_t
signature_of (const VgaState *s, unsigned start)
{
  VgaState copy = *s;
  const uint8_t *bytes = (const uint8_t *) &copy;
  uint32_t hash = 2166136261u;

  /* Registers that change while drawing goes on and show nothing. */
  copy.seq_index = copy.gr_index = copy.crtc_index = copy.dac_state = copy.dac_read_index = 0;
  copy.dac_write_index = copy.dac_component = 0;
  copy.attr_index &= 0x20;
  copy.attr_data = false;
  copy.seq[2] = copy.gr[0] = copy.gr[1] = copy.gr[2] = copy.gr[3] = copy.gr[4] = copy.gr[8] = 0;
  copy.gr[5] &= 0x60;
  copy.crtc[0x0c] = copy.crtc[0x0d] = copy.crtc[0x0e] = copy.crtc[0x0f] = 0;
  copy.shown_start = 0;
  copy.start_shown_at = 0;
  copy.dispi_index = copy.dispi[DISPI_BANK] = 0;
  memset (copy.latch, 0, sizeof copy.latch);
  memset (copy.dac_latch, 0, sizeof copy.dac_latch);
  for (size_t i = 0; i < sizeof copy; i++)
    hash = (hash ^ bytes[i]) * 16777619u;
  return (hash ^ start) * 16777619u | 1;
}

static uint32_t
dac_colour (const VgaState *s, unsigned index)
{
  const uint8_t *rgb = s->palette[index & s->dac_mask];
  uint32_t colour = 0;

  for (unsigned i = 0; i < 3; i++)
    {
      uint8_t v = rgb[i];

      if (!(s->dispi[DISPI_ENABLE] & DISPI_8BIT_DAC))
        v = (v & 0x3f) << 2 | (v >> 4 & 3);
      colour = colour << 8 | v;
    }
  return colour;
}

/* The 16 colours of the attribute controller, or the 256 of the DAC. */
static void
make_colours (Vga *vga, bool direct)
{
  const VgaState *s = &vga->state;

  for (unsigned i = 0; i < 256; i++)
    {
      unsigned index = s->attr[i & 15 & s->attr[0x12]];

      if (s->attr[0x10] & 0x80)
        index = (index & 0x0f) | (s->attr[0x14] & 0x0f) << 4;
      else
        index = (index & 0x3f) | (s->attr[0x14] & 0x0c) << 4;
      vga->picture.colours[i] = dac_colour (s, direct ? i : index);
    }
}

/* Dirty pages of this refresh and, as a store may race with the taking, of the one before. */
static bool
take_dirty (Vga *vga)
{
  VgaPicture *p = &vga->picture;
  uint64_t taken[N_PAGES / 64];
  bool any = false;

  memory_block_take_dirty (vga->memory, vga->block, 0, N_PAGES, taken);
  for (unsigned i = 0; i < N_PAGES / 64; i++)
    {
      p->dirty[i] = taken[i] | p->previous[i];
      p->previous[i] = taken[i];
      any |= p->dirty[i] != 0;
    }
  return any;
}

bool
vga_draw_is_dirty (const Vga *vga, uint64_t at, unsigned length)
{
  for (uint64_t page = (at & VRAM_MASK) / MEMORY_PAGE_SIZE; length > 0; page = (page + 1) % N_PAGES)
    {
      unsigned inside = MEMORY_PAGE_SIZE - (at & (MEMORY_PAGE_SIZE - 1));

      if (vga->picture.dirty[page / 64] >> page % 64 & 1)
        return true;
      if (length <= inside)
        return false;
      length -= inside;
      at += inside;
    }
  return false;
}

/* Graphics modes of the VGA */

/* One word of four planes into 8 (planar, CGA) or 4 (256 colours) colour indices. */
static unsigned
expand_word (const uint8_t *word, unsigned shift, uint8_t out[8])
{
  if (shift >= 2)
    {
      memcpy (out, word, 4);
      return 4;
    }
  for (unsigned x = 0; x < 8; x++)
    if (shift == 1)
      out[x]
        = (word[x / 4] >> (6 - 2 * (x & 3)) & 3) | (word[2 + x / 4] >> (6 - 2 * (x & 3)) & 3) << 2;
    else
      out[x] = (word[0] >> (7 - x) & 1) | (word[1] >> (7 - x) & 1) << 1
               | (word[2] >> (7 - x) & 1) << 2 | (word[3] >> (7 - x) & 1) << 3;
  return 8;
}

static void
draw_vga_line (Vga *vga, const VgaLayout *layout, unsigned word, unsigned pan, uint32_t *pixels)
{
  unsigned repeat = layout->shift >= 2 ? 2 : layout->dot_repeat;
  unsigned skip = layout->shift >= 2 ? (pan & 7) / 2 : pan & 7;
  unsigned x = 0;

  for (; x < layout->width; word++)
    {
      uint8_t indices[8];
      const uint8_t *at = vga->vram + (size_t) (word & layout->wrap) * 4;
      unsigned n = expand_word (at, layout->shift, indices);

      for (unsigned i = skip; i < n; i++)
        for (unsigned r = 0; r < repeat && x < layout->width; r++)
          pixels[x++] = vga->picture.colours[indices[i]];
      skip = 0;
    }
}

static void
draw_graphics (Vga *vga, const VgaLayout *layout, bool all)
{
  const VgaState *s = &vga->state;
  Surface *surface = console_get_surface (vga->console);
  unsigned stride = surface_get_stride (surface) / 4;
  unsigned word = layout->start;
  unsigned row = 0; /* line of memory, from start or from line compare */
  unsigned repeat = layout->preset_scan << (s->crtc[9] >> 7);
  unsigned pan = layout->pan;
  unsigned bit_13 = s->crtc[0x17] & 0x40 ? 13 : 12;
  unsigned damage_from = 0, damaged = 0;

  for (unsigned y = 0; y < layout->height; y++)
    {
      unsigned at = word + row * layout->pitch;
      unsigned scan = repeat >> (s->crtc[9] >> 7);

      /* CGA modes take address bits 13 and 14 from the row scan counter; in word mode these are
       * bits 12 and 13 of what counts words. */
      if (!(s->crtc[0x17] & 1))
        at = (at & ~(1u << bit_13)) | (scan & 1) << bit_13;
      if (!(s->crtc[0x17] & 2))
        at = (at & ~(2u << bit_13)) | (scan >> 1 & 1) << (bit_13 + 1);
      at &= layout->wrap;
      if (all || at + layout->width / 8 + 2 > layout->wrap
          || vga_draw_is_dirty (vga, (uint64_t) at * 4, layout->width / 2 + 8))
        {
          draw_vga_line (vga, layout, at, pan, surface_get_pixels (surface) + (size_t) y * stride);
          if (damaged == 0)
            damage_from = y;
          damaged = y + 1 - damage_from;
        }
      else if (damaged > 0)
        {
          console_damage (vga->console, 0, damage_from, layout->width, damaged);
          damaged = 0;
        }
      if (++repeat == layout->scan_repeat)
        {
          repeat = 0;
          row++;
        }
      if (y == layout->line_compare)
        {
          row = repeat = 0;
          word = layout->split_start;
          pan = layout->split_pan;
        }
    }
  if (damaged > 0)
    console_damage (vga->console, 0, damage_from, layout->width, damaged);
}

/* VBE */

static void
draw_linear_line (Vga *vga, uint64_t at, unsigned width, unsigned bpp, uint32_t *pixels)
{
  const uint8_t *v = vga->vram + at;
  const uint32_t *colours = vga->picture.colours;

  switch (bpp)
    {
    case 8:
      for (unsigned x = 0; x < width; x++)
        pixels[x] = colours[v[x]];
      break;
    case 15:
      for (unsigned x = 0; x < width; x++, v += 2)
        {
          unsigned p = v[0] | v[1] << 8;

          pixels[x]
            = (p >> 10 & 31) * 33 / 4 << 16 | (p >> 5 & 31) * 33 / 4 << 8 | (p & 31) * 33 / 4;
        }
      break;
    case 16:
      for (unsigned x = 0; x < width; x++, v += 2)
        {
          unsigned p = v[0] | v[1] << 8;

          pixels[x] = (p >> 11) * 33 / 4 << 16 | (p >> 5 & 63) * 65 / 16 << 8 | (p & 31) * 33 / 4;
        }
      break;
    case 24:
      for (unsigned x = 0; x < width; x++, v += 3)
        pixels[x] = v[0] | v[1] << 8 | v[2] << 16;
      break;
    default:
      memcpy (pixels, v, (size_t) width * 4);
      break;
    }
}

static void
draw_linear (Vga *vga, bool all)
{
  const uint16_t *r = vga->state.dispi;
  Surface *surface = console_get_surface (vga->console);
  unsigned width = r[DISPI_XRES], height = r[DISPI_YRES], pitch = dispi_get_pitch (vga);
  unsigned bytes = pitch / MAX (r[DISPI_VIRT_WIDTH], 1) * width;
  uint64_t at = (uint64_t) r[DISPI_Y_OFFSET] * pitch
                + (uint64_t) r[DISPI_X_OFFSET] * (pitch / r[DISPI_VIRT_WIDTH]);
  unsigned damage_from = 0, damaged = 0;

  for (unsigned y = 0; y < height; y++, at += pitch)
    {
      if (all || vga_draw_is_dirty (vga, at, bytes))
        {
          draw_linear_line (vga, at, width, r[DISPI_BPP],
                            surface_get_pixels (surface) + (size_t) y * width);
          if (damaged == 0)
            damage_from = y;
          damaged = y + 1 - damage_from;
        }
      else if (damaged > 0)
        {
          console_damage (vga->console, 0, damage_from, width, damaged);
          damaged = 0;
        }
    }
  if (damaged > 0)
    console_damage (vga->console, 0, damage_from, width, damaged);
}

static void
draw_blank (Vga *vga)
{
  Surface *surface = console_get_surface (vga->console);
  unsigned height = surface_get_height (surface);

  memset (surface_get_pixels (surface), 0, (size_t) surface_get_stride (surface) * height);
  console_damage (vga->console, 0, 0, surface_get_width (surface), height);
}

/* A planar VBE mode is a planar VGA mode of the size that VBE gives. */
static VgaLayout
layout_of_planar_vbe (const VgaState *s)
{
  return (VgaLayout){ .width = s->dispi[DISPI_XRES],
                      .height = s->dispi[DISPI_YRES],
                      .start = (s->dispi[DISPI_Y_OFFSET] * s->dispi[DISPI_VIRT_WIDTH]
                                + s->dispi[DISPI_X_OFFSET])
                               / 8u,
                      .pitch = s->dispi[DISPI_VIRT_WIDTH] / 8u,
                      .scan_repeat = 1,
                      .dot_repeat = 1,
                      .line_compare = UINT_MAX,
                      .wrap = VGA_MEMORY_SIZE / 4 - 1 };
}

static void
refresh (Vga *vga)
{
  const VgaState *s = &vga->state;
  bool dispi = vga_is_dispi (vga);
  bool planar_vbe = dispi && s->dispi[DISPI_BPP] == 4;
  bool linear = dispi && !planar_vbe;
  VgaLayout layout = planar_vbe ? layout_of_planar_vbe (s) : layout_of (vga);
  Surface *before = console_get_surface (vga->console);
  uint32_t signature;
  bool all, dirty;

  if (!dispi && layout.blank)
    {
      if (vga->picture.signature != 2)
        draw_blank (vga);
      vga->picture.signature = 2; /* even: no other picture has it */
      return;
    }
  console_resize (vga->console, linear ? s->dispi[DISPI_XRES] : layout.width,
                  linear ? s->dispi[DISPI_YRES] : layout.height);
  if (surface_get_width (console_get_surface (vga->console))
        != (linear ? s->dispi[DISPI_XRES] : layout.width)
      || surface_get_height (console_get_surface (vga->console))
           != (linear ? s->dispi[DISPI_YRES] : layout.height))
    return; /* the host had no memory for it */
  signature = signature_of (s, layout.start);
  all = signature != vga->picture.signature || before != console_get_surface (vga->console);
  vga->picture.signature = signature;
  if (all)
    make_colours (vga, linear || (!layout.text && layout.shift >= 2));
  dirty = take_dirty (vga);
  if (layout.text && !dispi)
    vga_text_draw (vga, &layout, all);
  else if (!dirty && !all)
    return;
  else if (linear)
    draw_linear (vga, all);
  else
    draw_graphics (vga, &layout, all);
}

void
vga_draw_refresh (void *device)
{
  Vga *vga = device;
  HostGuard guard = { .memory = vga->memory };

  if (host_guard_enter (&guard))
    {
      refresh (vga);
      host_guard_leave (&guard);
    }
  else
    memory_tell_lost (vga->memory, NAME, &guard.fault);
}

gboolean
vga_draw_get_text (void *device, GString *text)
{
  Vga *vga = device;
  VgaLayout layout = layout_of (vga);
  HostGuard guard = { .memory = vga->memory };

  if (vga_is_dispi (vga) || !layout.text)
    return FALSE;
  memory_block_sync (vga->memory, vga->block);
  if (host_guard_enter (&guard))
    {
      vga_text_append (vga, &layout, text);
      host_guard_leave (&guard);
    }
  else
    memory_tell_lost (vga->memory, NAME, &guard.fault);
  return TRUE;
}
