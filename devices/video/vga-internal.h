/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "edid.h"
#include "vga.h"

/* What the files of the VGA share: vga.c (registers), vga-memory.c (the window at A0000h), dispi.c
 * (VBE) and vga-draw.c (the picture). */

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
} VgaState;

/* What was drawn last, to find out what has changed. Not part of the state. */
typedef struct
{
  uint32_t *cells;     /* text: what each cell showed */
  unsigned n_cells;
  uint8_t fonts[8][8192];
  uint64_t dirty[VGA_MEMORY_SIZE / MEMORY_PAGE_SIZE / 64];    /* pages to draw now */
  uint64_t previous[VGA_MEMORY_SIZE / MEMORY_PAGE_SIZE / 64]; /* taken the time before */
  uint32_t signature;  /* of the mode registers and palette */
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
  Clock *clock;
  Console *console;
  uint8_t edid[EDID_SIZE];
  VgaPicture picture;
};

/* vga.c */
uint8_t vga_port_read (Vga *vga, unsigned port);
void vga_port_write (Vga *vga, unsigned port, uint8_t value);
static inline bool
vga_is_dispi (const Vga *vga)
{
  return vga->state.dispi[DISPI_ENABLE] & DISPI_ENABLED;
}

/* vga-memory.c */
extern const BusOps vga_window_ops;

/* dispi.c */
void dispi_reset (Vga *vga);
uint16_t dispi_read (Vga *vga);
void dispi_write (Vga *vga, uint16_t value);
extern const BusOps dispi_port_ops;
extern const BusOps dispi_mmio_ops; /* BAR 2 */
/* Bytes of a line of the virtual screen. */
unsigned dispi_get_pitch (const Vga *vga);

/* vga-draw.c */
void vga_draw_refresh (void *vga);
gboolean vga_draw_get_text (void *vga, GString *text);
/* Everything is to be drawn anew. */
void vga_draw_invalidate (Vga *vga);
