/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text modes: characters, attributes, fonts and cursor. IBM VGA technical reference, "Alphanumeric
 * modes" and the CRT controller's registers. */
#include "vga-internal.h"

#include <string.h>

#define CURSOR_BLINK_NS 266666667 /* 16 frames */
#define FONT_SIZE 8192            /* 256 characters of 32 rows */
#define MAX_ROWS (VGA_MAX_LINES + 2)

enum
{
  CURSOR_START = 0x0a,
  CURSOR_END = 0x0b,
  CURSOR_HIGH = 0x0e,
  CURSOR_LOW = 0x0f,
  UNDERLINE = 0x14
};

#define CURSOR_OFF 0x20
#define ATTR_MODE 0x10
#define MODE_LINE_GRAPHICS 0x04
#define MODE_BLINK 0x08

/* A row of characters, or the part of one that the top, the bottom or a split screen leaves. */
typedef struct
{
  unsigned word;   /* of its first character */
  unsigned y;      /* on the surface */
  unsigned scan;   /* of the characters' rows, the first one shown */
  unsigned height; /* lines on the surface */
  unsigned pan;    /* dots that have left at the left edge */
} TextRow;

/* What a cell's picture depends on beside its place. */
enum
{
  CELL_CURSOR = 1 << 16,
  CELL_HIDDEN = 1 << 17 /* the dark half of blinking */
};

static unsigned
lay_out_rows (const VgaLayout *layout, TextRow rows[MAX_ROWS])
{
  unsigned repeat = layout->scan_repeat / layout->cell_height; /* lines a row of dots */
  unsigned y = 0, word = layout->start, scan = layout->preset_scan, pan = layout->pan, n = 0;

  while (y < layout->height && n < MAX_ROWS)
    {
      unsigned height = MIN ((layout->cell_height - scan) * repeat, layout->height - y);
      bool split = layout->line_compare >= y && layout->line_compare < y + height;

      if (split)
        height = layout->line_compare + 1 - y;
      rows[n++] = (TextRow){ word, y, scan, height, pan };
      y += height;
      scan = 0;
      word = split ? layout->split_start : word + layout->pitch;
      pan = split ? layout->split_pan : pan;
    }
  return n;
}

static const uint8_t *
cell_at (const Vga *vga, const VgaLayout *layout, unsigned word)
{
  return vga->vram + (size_t) (word & layout->wrap) * 4;
}

static bool
fonts_changed (Vga *vga)
{
  bool changed = false;

  for (unsigned font = 0; font < 8; font++)
    {
      unsigned base = (font & 3) * 0x4000 + (font >> 2) * 0x2000;

      for (unsigned i = 0; i < FONT_SIZE; i++)
        {
          uint8_t row = vga->vram[(base + i) * 4 + 2];

          changed |= vga->picture.fonts[font][i] != row;
          vga->picture.fonts[font][i] = row;
        }
    }
  return changed;
}

/* The glyph that Character Map Select gives a character: bit 3 of the attribute chooses the
 * font. */
static const uint8_t *
glyph_of (const Vga *vga, uint8_t code, uint8_t attribute)
{
  unsigned select = vga->state.seq[3];
  unsigned font
    = attribute & 8 ? (select >> 2 & 3) | (select >> 3 & 4) : (select & 3) | (select >> 2 & 4);

  return vga->picture.fonts[font] + code * 32;
}

/* The nine dots of one row of a cell, the leftmost in bit 8. */
static unsigned
dots_of (const VgaState *s, const uint8_t *glyph, uint32_t cell, unsigned scan)
{
  uint8_t code = cell, attribute = cell >> 8;
  unsigned dots = glyph[scan] << 1;
  bool extends = (s->attr[ATTR_MODE] & MODE_LINE_GRAPHICS) && code >= 0xc0 && code <= 0xdf;

  if (extends)
    dots |= dots >> 1 & 1;
  if (cell & CELL_HIDDEN)
    dots = 0;
  if ((attribute & 7) == 1 && scan == (s->crtc[UNDERLINE] & 31u))
    dots = 0x1ff;
  if ((cell & CELL_CURSOR) && scan >= (s->crtc[CURSOR_START] & 31u)
      && scan <= (s->crtc[CURSOR_END] & 31u))
    dots = 0x1ff;
  return dots;
}

static void
draw_cell (Vga *vga, const VgaLayout *layout, const TextRow *row, unsigned column, uint32_t cell)
{
  const VgaState *s = &vga->state;
  Surface *surface = console_get_surface (vga->console);
  unsigned stride = surface_get_stride (surface) / 4;
  uint32_t *pixels = surface_get_pixels (surface) + (size_t) row->y * stride;
  unsigned width = layout->cell_width * layout->dot_repeat, half = layout->dot_repeat - 1;
  int left = (int) (column * width) - (int) (row->pan * layout->dot_repeat);
  unsigned from = left < 0 ? -left : 0, to = MIN (width, layout->width - left);
  unsigned repeat = layout->scan_repeat / layout->cell_height;
  uint8_t attribute = cell >> 8;
  const uint8_t *glyph = glyph_of (vga, cell, attribute);
  bool blinks = s->attr[ATTR_MODE] & MODE_BLINK;
  uint32_t fore = vga->picture.colours[attribute & 15];
  uint32_t back = vga->picture.colours[blinks ? attribute >> 4 & 7 : attribute >> 4];

  for (unsigned y = 0; y < row->height; y++, pixels += stride)
    {
      unsigned dots = dots_of (s, glyph, cell, row->scan + y / repeat);

      for (unsigned x = from; x < to; x++)
        pixels[left + (int) x] = dots >> (8 - (x >> half)) & 1 ? fore : back;
    }
}

/* Draws the cells of a row that differ from what was drawn last. */
static void
draw_row (Vga *vga, const VgaLayout *layout, const TextRow *row, uint32_t *cells, uint32_t flags,
          bool all)
{
  const VgaState *s = &vga->state;
  unsigned cursor = s->crtc[CURSOR_HIGH] << 8 | s->crtc[CURSOR_LOW];
  unsigned width = layout->cell_width * layout->dot_repeat;
  unsigned n = layout->columns + (row->pan > 0), first = n, last = 0, left, right;

  for (unsigned column = 0; column < n; column++)
    {
      unsigned word = row->word + column;
      const uint8_t *at = cell_at (vga, layout, word);
      uint32_t cell = at[0] | at[1] << 8;

      if ((flags & CELL_CURSOR) && (word & layout->wrap) == cursor)
        cell |= CELL_CURSOR;
      if ((flags & CELL_HIDDEN) && (at[1] & 0x80))
        cell |= CELL_HIDDEN;
      if (!all && cells[column] == cell)
        continue;
      cells[column] = cell;
      first = MIN (first, column);
      last = column;
      draw_cell (vga, layout, row, column, cell);
    }
  if (first == n)
    return;
  left = MAX (first * width, row->pan * layout->dot_repeat) - row->pan * layout->dot_repeat;
  right = MIN ((last + 1) * width - row->pan * layout->dot_repeat, layout->width);
  console_damage (vga->console, left, row->y, right - left, row->height);
}

void
vga_text_draw (Vga *vga, const VgaLayout *layout, bool all)
{
  VgaPicture *p = &vga->picture;
  const VgaState *s = &vga->state;
  TextRow rows[MAX_ROWS];
  unsigned n_rows = lay_out_rows (layout, rows);
  unsigned n_cells = n_rows * (layout->columns + 1);
  int64_t phase = clock_get_ns (vga->clock) / CURSOR_BLINK_NS;
  uint32_t flags = 0;

  if (!(s->crtc[CURSOR_START] & CURSOR_OFF) && (phase & 1) == 0)
    flags |= CELL_CURSOR;
  if ((s->attr[ATTR_MODE] & MODE_BLINK) && (phase & 2))
    flags |= CELL_HIDDEN;
  /* Fonts lie in the first 64 KiB of plane 2, that is of words. */
  if (all || vga_draw_is_dirty (vga, 0, 4 << 16))
    all |= fonts_changed (vga);
  if (p->n_cells != n_cells)
    {
      p->cells = g_renew (uint32_t, p->cells, n_cells);
      p->n_cells = n_cells;
      all = true;
    }
  for (unsigned i = 0; i < n_rows; i++)
    draw_row (vga, layout, &rows[i], p->cells + i * (layout->columns + 1), flags, all);
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
    g_string_append_unichar (
      text, g_utf8_get_char (g_utf8_offset_to_pointer (code < 0x20 ? cp437_low : cp437_high,
                                                       code < 0x20 ? code : code - 0x7f)));
}

void
vga_text_append (Vga *vga, const VgaLayout *layout, GString *text)
{
  TextRow rows[MAX_ROWS];
  unsigned n_rows = lay_out_rows (layout, rows);

  for (unsigned i = 0; i < n_rows; i++)
    {
      for (unsigned column = 0; column < layout->columns; column++)
        append_cp437 (text, *cell_at (vga, layout, rows[i].word + column));
      while (text->len > 0 && text->str[text->len - 1] == ' ')
        g_string_truncate (text, text->len - 1);
      g_string_append_c (text, '\n');
    }
}
