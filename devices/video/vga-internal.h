/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "edid.h"
#include "vga.h"

/* What the files of the VGA share: vga.c (registers), vga-memory.c (the window at A0000h), dispi.c
 * (VBE), vga-timing.c (the beam), vga-draw.c and vga-text.c (the picture). */

enum
{
  DISPI_ID,
  DISPI_XRES,
  DISPI_YRES,
  DISPI_BPP,
  DISPI_ENABLE,
  DISPI_BANK,
  DISPI_VIRT_WIDTH,
  DISPI_VIRT_HEIGHT,
  DISPI_X_OFFSET,
  DISPI_Y_OFFSET,
  DISPI_VIDEO_MEMORY_64K,
  DISPI_N
};

enum
{
  DISPI_ENABLED = 0x01,
  DISPI_GETCAPS = 0x02,
  DISPI_8BIT_DAC = 0x20,
  DISPI_LFB_ENABLED = 0x40,
  DISPI_NOCLEARMEM = 0x80
};

#define DISPI_MAX_XRES 2560
#define DISPI_MAX_YRES 1600

typedef struct
{
  uint8_t misc_output, feature_control;
  uint8_t seq_index, seq[8];
  uint8_t gr_index, gr[16];
  uint8_t crtc_index, crtc[32];
  uint8_t attr_index, attr[32];
  bool attr_data; /* the next write to 3C0h is data */
  uint8_t dac_mask, dac_state, dac_read_index, dac_write_index, dac_component;
  uint8_t dac_latch[3];
  uint8_t palette[256][3];
  uint8_t latch[4];
  uint16_t dispi_index, dispi[DISPI_N];
  /* A start address counts from the next vertical retrace: until that instant (guest ns) the screen
   * shows the one before. */
  uint16_t shown_start;
  int64_t start_shown_at;
} VgaState;

#define VGA_MAX_LINES 1024

/* What the registers of a VGA text or graphics mode come to. A word is a byte of each plane. */
typedef struct
{
  bool text, blank;
  unsigned width, height; /* of the surface */
  unsigned columns;       /* characters, or words of a graphics mode */
  unsigned cell_width, cell_height;
  unsigned start, pitch; /* words */
  unsigned wrap;         /* mask of word addresses */
  unsigned scan_repeat;  /* lines of the surface for a row of characters, or line of memory */
  unsigned dot_repeat;   /* 2: half the dot clock */
  unsigned shift;        /* GR5 bits 5 and 6: planar, CGA, 256 colours */
  unsigned preset_scan;  /* what the first row lacks at its top */
  unsigned pan;          /* dots that the picture is shifted to the left */
  unsigned line_compare; /* the last line before the split screen, */
  unsigned split_start, split_pan; /* and what holds below */
} VgaLayout;

/* What was drawn last, to find out what has changed. Not part of the state. */
typedef struct
{
  uint32_t *cells; /* text: what each cell showed */
  unsigned n_cells;
  uint8_t fonts[8][8192];
  uint64_t dirty[VGA_MEMORY_SIZE / MEMORY_PAGE_SIZE / 64];    /* pages to draw now */
  uint64_t previous[VGA_MEMORY_SIZE / MEMORY_PAGE_SIZE / 64]; /* taken the time before */
  uint32_t signature; /* of the mode registers and palette */
  uint32_t colours[256];
} VgaPicture;

struct Vga
{
  VgaState state;
  PciFunction *function;
  Bus *io, *mmio;
  Memory *memory;
  MemoryBlock *block;
  uint8_t *vram; /* byte p of word a is plane p at address a */
  uint64_t
    window_length; /* of the window at A0000h that is memory now; 0: all of it is registers */
  uint64_t window_offset; /* of that memory in the block */
  Clock *clock;
  Console *console;
  uint8_t edid[EDID_SIZE];
  VgaPicture picture;
};

/* vga.c */
uint8_t vga_port_read (Vga *vga, unsigned port);
void vga_port_write (Vga *vga, unsigned port, uint8_t value);
/* The start address that the beam uses now. */
unsigned vga_get_start (const Vga *vga);
static inline bool
vga_is_dispi (const Vga *vga)
{
  return vga->state.dispi[DISPI_ENABLE] & DISPI_ENABLED;
}

/* vga-memory.c */
#define VGA_WINDOW 0xa0000u
#define VGA_WINDOW_LENGTH 0x20000u
extern const BusOps vga_window_ops;
/* To be called when a register has changed that says what the window shows. */
void vga_window_update (Vga *vga);

/* dispi.c */
void dispi_reset (Vga *vga);
uint16_t dispi_read (Vga *vga);
void dispi_write (Vga *vga, uint16_t value);
extern const BusOps dispi_port_ops;
extern const BusOps dispi_mmio_ops; /* BAR 2 */
/* Bytes of a line of the virtual screen. */
unsigned dispi_get_pitch (const Vga *vga);

/* vga-timing.c */
/* Input Status 1 without the bits that are not timing. now is guest time in ns. */
uint8_t vga_timing_get_status (const VgaState *s, int64_t now);
/* The next start of a vertical retrace after now. */
int64_t vga_timing_next_retrace (const VgaState *s, int64_t now);

/* vga-text.c */
/* Draws the cells that changed, or all of them. */
void vga_text_draw (Vga *vga, const VgaLayout *layout, bool all);
/* Appends what is on the screen as UTF-8, a line for each row. */
void vga_text_append (Vga *vga, const VgaLayout *layout, GString *text);

/* vga-draw.c */
/* Whether any byte of [at, at + length), at modulo display memory, may have changed. */
bool vga_draw_is_dirty (const Vga *vga, uint64_t at, unsigned length);
void vga_draw_refresh (void *vga);
gboolean vga_draw_get_text (void *vga, GString *text);
/* Everything is to be drawn anew. */
void vga_draw_invalidate (Vga *vga);
