/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From display memory to the console's surface: text, planar and packed modes of the VGA, and the
 * linear modes of VBE. Only what changed is drawn. */
#include "vga-internal.h"

#include <string.h>

#define N_PAGES (VGA_MEMORY_SIZE / MEMORY_PAGE_SIZE)
#define VRAM_MASK (VGA_MEMORY_SIZE - 1)
#define MAX_WIDTH 2560
#define CURSOR_BLINK_NS 266666667 /* 16 frames */

/* What a VGA graphics or text mode comes to. */
typedef struct
{
  bool text, blank;
  unsigned width, height;   /* on the surface */
  unsigned columns, rows;   /* text */
  unsigned cell_width, cell_height;
  unsigned start, pitch;    /* in words of four planes */
  unsigned scan_repeat;     /* lines of the screen for each line of memory */
  unsigned dot_repeat;      /* 2: half the dot clock */
  unsigned shift;           /* GR5 bits 5 and 6: planar, CGA, 256 colours */
  unsigned line_compare;
  unsigned pan;
} Mode;

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

static Mode
mode_of (const VgaState *s)
{
  unsigned max_scan = (s->crtc[9] & 0x1f) + 1;
  Mode mode = {
    .text = !(s->gr[6] & 1),
    .blank = !(s->attr_index & 0x20) || (s->seq[1] & 0x20),
    .columns = s->crtc[1] + 1,
    .height = vertical_value (s, 0x12, 1, 6) + 1,
    .start = (s->crtc[0x0c] << 8 | s->crtc[0x0d]) + (s->crtc[8] >> 5 & 3),
    .pitch = s->crtc[0x13] * 2,
    .dot_repeat = s->seq[1] & 8 ? 2 : 1,
    .shift = s->gr[5] >> 5 & 3,
    .line_compare = s->crtc[0x18] | (s->crtc[7] >> 4 & 1) << 8 | (s->crtc[9] >> 6 & 1) << 9,
    .pan = s->attr[0x13] & 15,
  };

  mode.scan_repeat = max_scan << (s->crtc[9] >> 7);
  mode.cell_width = s->seq[1] & 1 ? 8 : 9;
  mode.cell_height = max_scan;
  mode.rows = MAX (mode.height / max_scan, 1);
  if (mode.text)
    {
      mode.columns = MIN (mode.columns, 256);
      mode.rows = MIN (mode.rows, 128);
      mode.width = mode.columns * mode.cell_width;
      mode.height = mode.rows * max_scan;
    }
  else
    mode.width = mode.columns * 8 * mode.dot_repeat;
  mode.width = CLAMP (mode.width, 8, MAX_WIDTH);
  mode.height = CLAMP (mode.height, 1, 1600);
  return mode;
}

/* FNV-1a over everything but memory that decides the picture. */
static uint32_t
signature_of (const VgaState *s, unsigned blink)
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
  copy.crtc[0x0e] = copy.crtc[0x0f] = 0;
  copy.dispi_index = copy.dispi[DISPI_BANK] = 0;
  memset (copy.latch, 0, sizeof copy.latch);
  memset (copy.dac_latch, 0, sizeof copy.dac_latch);
  for (size_t i = 0; i < sizeof copy; i++)
    hash = (hash ^ bytes[i]) * 16777619u;
  return (hash ^ blink) | 1;
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

/* Whether any byte of [at, at + length), at modulo display memory, may have changed. */
static bool
is_dirty (const Vga *vga, uint64_t at, unsigned length)
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

/* Text */

static bool
fonts_changed (Vga *vga)
{
  bool changed = false;

  for (unsigned font = 0; font < 8; font++)
    {
      unsigned base = (font & 3) * 0x4000 + (font >> 2) * 0x2000;

      for (unsigned i = 0; i < sizeof vga->picture.fonts[0]; i++)
        {
          uint8_t row = vga->vram[((base + i) * 4 + 2) & VRAM_MASK];

          changed |= vga->picture.fonts[font][i] != row;
          vga->picture.fonts[font][i] = row;
        }
    }
  return changed;
}

static void
draw_cell (Vga *vga, const Mode *mode, uint32_t *pixels, unsigned stride, uint8_t code,
           uint8_t attribute, bool blink_off, bool cursor)
{
  const VgaState *s = &vga->state;
  unsigned select = s->seq[3];
  unsigned font = attribute & 8 ? (select >> 2 & 3) | (select >> 3 & 4) : (select & 3) | (select >> 2 & 4);
  bool blinks = s->attr[0x10] & 8;
  const uint32_t *colours = vga->picture.colours;
  uint32_t fore = colours[attribute & 15];
  uint32_t back = colours[blinks ? attribute >> 4 & 7 : attribute >> 4];
  bool mono = (s->attr[0x10] & 2) && (attribute & 7) == 1;
  unsigned first = s->crtc[0x0a] & 31, last = s->crtc[0x0b] & 31;

  for (unsigned y = 0; y < mode->cell_height; y++, pixels += stride)
    {
      uint8_t bits = vga->picture.fonts[font][code * 32 + y];
      bool ninth = (s->attr[0x10] & 4) && code >= 0xc0 && code <= 0xdf && (bits & 1);

      if (blinks && (attribute & 0x80) && blink_off)
        bits = 0, ninth = false;
      if (mono && y == (s->crtc[0x14] & 31u))
        bits = 0xff, ninth = true;
      if (cursor && y >= first && y <= last)
        bits = 0xff, ninth = true;
      for (unsigned x = 0; x < 8; x++)
        pixels[x] = bits >> (7 - x) & 1 ? fore : back;
      if (mode->cell_width == 9)
        pixels[8] = ninth ? fore : back;
    }
}

static void
draw_text (Vga *vga, const Mode *mode, bool all)
{
  VgaPicture *p = &vga->picture;
  const VgaState *s = &vga->state;
  Surface *surface = console_get_surface (vga->console);
  unsigned stride = surface_get_stride (surface) / 4;
  unsigned n_cells = mode->columns * mode->rows;
  unsigned cursor = s->crtc[0x0e] << 8 | s->crtc[0x0f];
  int64_t phase = clock_get_ns (vga->clock) / CURSOR_BLINK_NS;
  bool cursor_on = !(s->crtc[0x0a] & 0x20) && (phase & 1) == 0;
  bool blink_off = phase & 2;

  /* Fonts lie in the first 64 KiB of plane 2, that is of words. */
  if (all || is_dirty (vga, 0, 4 << 16))
    all |= fonts_changed (vga);
  if (p->n_cells != n_cells)
    {
      p->cells = g_renew (uint32_t, p->cells, n_cells);
      p->n_cells = n_cells;
      all = true;
    }
  for (unsigned row = 0; row < mode->rows; row++)
    {
      unsigned first = mode->columns, last = 0;

      for (unsigned column = 0; column < mode->columns; column++)
        {
          unsigned word = mode->start + row * mode->pitch + column;
          const uint8_t *at = vga->vram + ((uint64_t) word * 4 & VRAM_MASK);
          bool here = cursor_on && (word & 0xffff) == cursor;
          uint32_t cell = at[0] | at[1] << 8 | here << 16
                          | (blink_off && (at[1] & 0x80) && (s->attr[0x10] & 8)) << 17;

          if (!all && p->cells[row * mode->columns + column] == cell)
            continue;
          p->cells[row * mode->columns + column] = cell;
          first = MIN (first, column);
          last = column;
          draw_cell (vga, mode,
                     surface_get_pixels (surface) + (size_t) row * mode->cell_height * stride
                       + column * mode->cell_width,
                     stride, at[0], at[1], blink_off, here);
        }
      if (first <= last && first < mode->columns)
        console_damage (vga->console, first * mode->cell_width, row * mode->cell_height,
                        (last - first + 1) * mode->cell_width, mode->cell_height);
    }
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
      out[x] = (word[x / 4] >> (6 - 2 * (x & 3)) & 3)
               | (word[2 + x / 4] >> (6 - 2 * (x & 3)) & 3) << 2;
    else
      out[x] = (word[0] >> (7 - x) & 1) | (word[1] >> (7 - x) & 1) << 1
               | (word[2] >> (7 - x) & 1) << 2 | (word[3] >> (7 - x) & 1) << 3;
  return 8;
}

static void
draw_vga_line (Vga *vga, const Mode *mode, unsigned word, unsigned pan, uint32_t *pixels)
{
  unsigned repeat = mode->shift >= 2 ? 2 : mode->dot_repeat;
  unsigned skip = mode->shift >= 2 ? (pan & 7) / 2 : pan & 7;
  unsigned x = 0;

  for (; x < mode->width; word++)
    {
      uint8_t indices[8];
      unsigned n = expand_word (vga->vram + ((uint64_t) word * 4 & VRAM_MASK), mode->shift, indices);

      for (unsigned i = skip; i < n; i++)
        for (unsigned r = 0; r < repeat && x < mode->width; r++)
          pixels[x++] = vga->picture.colours[indices[i]];
      skip = 0;
    }
}

static void
draw_graphics (Vga *vga, const Mode *mode, bool all)
{
  const VgaState *s = &vga->state;
  Surface *surface = console_get_surface (vga->console);
  unsigned stride = surface_get_stride (surface) / 4;
  unsigned word = mode->start;
  unsigned row = 0; /* line of memory, from start or from line compare */
  unsigned repeat = 0;
  unsigned pan = mode->pan;
  unsigned bit_13 = s->crtc[0x17] & 0x40 ? 13 : 12;
  unsigned damage_from = 0, damaged = 0;

  for (unsigned y = 0; y < mode->height; y++)
    {
      unsigned at = word + row * mode->pitch;

      unsigned scan = repeat >> (s->crtc[9] >> 7);

      /* CGA modes take address bits 13 and 14 from the row scan counter; in word mode these are bits
       * 12 and 13 of what counts words. */
      if (!(s->crtc[0x17] & 1))
        at = (at & ~(1u << bit_13)) | (scan & 1) << bit_13;
      if (!(s->crtc[0x17] & 2))
        at = (at & ~(2u << bit_13)) | (scan >> 1 & 1) << (bit_13 + 1);
      if (all || is_dirty (vga, (uint64_t) at * 4, mode->width / 2 + 8))
        {
          draw_vga_line (vga, mode, at, pan, surface_get_pixels (surface) + (size_t) y * stride);
          if (damaged == 0)
            damage_from = y;
          damaged = y + 1 - damage_from;
        }
      else if (damaged > 0)
        {
          console_damage (vga->console, 0, damage_from, mode->width, damaged);
          damaged = 0;
        }
      if (++repeat == mode->scan_repeat)
        {
          repeat = 0;
          row++;
        }
      if (y == mode->line_compare)
        {
          word = row = repeat = 0;
          pan = s->attr[0x10] & 0x20 ? 0 : pan;
        }
    }
  if (damaged > 0)
    console_damage (vga->console, 0, damage_from, mode->width, damaged);
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

          pixels[x] = (p >> 10 & 31) * 33 / 4 << 16 | (p >> 5 & 31) * 33 / 4 << 8 | (p & 31) * 33 / 4;
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
  uint64_t at = (uint64_t) r[DISPI_Y_OFFSET] * pitch + (uint64_t) r[DISPI_X_OFFSET] * (pitch / r[DISPI_VIRT_WIDTH]);
  unsigned damage_from = 0, damaged = 0;

  for (unsigned y = 0; y < height; y++, at += pitch)
    {
      if (all || is_dirty (vga, at, bytes))
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
static Mode
mode_of_planar_vbe (const VgaState *s)
{
  return (Mode){ .width = s->dispi[DISPI_XRES], .height = s->dispi[DISPI_YRES],
                 .start = (s->dispi[DISPI_Y_OFFSET] * s->dispi[DISPI_VIRT_WIDTH] + s->dispi[DISPI_X_OFFSET]) / 8u,
                 .pitch = s->dispi[DISPI_VIRT_WIDTH] / 8u, .scan_repeat = 1, .dot_repeat = 1,
                 .line_compare = UINT_MAX };
}

void
vga_draw_refresh (void *device)
{
  Vga *vga = device;
  const VgaState *s = &vga->state;
  bool dispi = vga_is_dispi (vga);
  bool planar_vbe = dispi && s->dispi[DISPI_BPP] == 4;
  bool linear = dispi && !planar_vbe;
  Mode mode = planar_vbe ? mode_of_planar_vbe (s) : mode_of (s);
  Surface *before = console_get_surface (vga->console);
  uint32_t signature;
  bool all, dirty;

  if (!dispi && mode.blank)
    {
      if (vga->picture.signature != 2)
        draw_blank (vga);
      vga->picture.signature = 2; /* even: no other picture has it */
      return;
    }
  console_resize (vga->console, linear ? s->dispi[DISPI_XRES] : mode.width,
                  linear ? s->dispi[DISPI_YRES] : mode.height);
  if (surface_get_width (console_get_surface (vga->console)) != (linear ? s->dispi[DISPI_XRES] : mode.width)
      || surface_get_height (console_get_surface (vga->console)) != (linear ? s->dispi[DISPI_YRES] : mode.height))
    return; /* the host had no memory for it */
  signature = signature_of (s, 0);
  all = signature != vga->picture.signature || before != console_get_surface (vga->console);
  vga->picture.signature = signature;
  if (all)
    make_colours (vga, linear || (!mode.text && mode.shift >= 2));
  dirty = take_dirty (vga);
  if (mode.text && !dispi)
    draw_text (vga, &mode, all);
  else if (!dirty && !all)
    return;
  else if (linear)
    draw_linear (vga, all);
  else
    draw_graphics (vga, &mode, all);
}

/* Code page 437 above ASCII, and the pictures in place of its control characters. */
static const char *const cp437_low = " ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼";
static const char *const cp437_high
  = "⌂ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪"
    "┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■ ";

static void
append_cp437 (GString *text, uint8_t code)
{
  if (code >= 0x20 && code < 0x7f)
    g_string_append_c (text, code);
  else
    g_string_append_unichar (text, g_utf8_get_char (g_utf8_offset_to_pointer (
                                     code < 0x20 ? cp437_low : cp437_high,
                                     code < 0x20 ? code : code - 0x7f)));
}

gboolean
vga_draw_get_text (void *device, GString *text)
{
  Vga *vga = device;
  Mode mode = mode_of (&vga->state);

  if (vga_is_dispi (vga) || !mode.text)
    return FALSE;
  for (unsigned row = 0; row < mode.rows; row++)
    {
      for (unsigned column = 0; column < mode.columns; column++)
        append_cp437 (text, vga->vram[(uint64_t) (mode.start + row * mode.pitch + column) * 4 & VRAM_MASK]);
      while (text->len > 0 && text->str[text->len - 1] == ' ')
        g_string_truncate (text, text->len - 1);
      g_string_append_c (text, '\n');
    }
  return TRUE;
}
