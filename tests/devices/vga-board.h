/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "vga-modes.h"
#include "vga-rig.h"

/* The rig with buses, memory and time around it, a count of what was drawn, and the guest's usual
 * ways to the registers. */
typedef struct
{
  Bus *io, *mmio;
  Memory *memory;
  Clock *clock;
  VgaRig rig;
  unsigned damage_lines; /* drawn since the last board_draw began */
  unsigned damage_width; /* of the last rectangle */
} Board;

static inline void
board_damaged (void *data, unsigned x, unsigned y, unsigned width, unsigned height)
{
  Board *board = data;

  board->damage_lines += height;
  board->damage_width = width;
}

static inline void
board_open (Board *board)
{
  static const ConsoleListener listener = { NULL, board_damaged };

  *board = (Board){ bus_new ("io", 0x10000, NULL), bus_new ("mmio", 0, NULL), memory_new (),
                    clock_new_manual () };
  vga_rig_open (&board->rig, board->io, board->mmio, board->memory, board->clock);
  console_add_listener (board->rig.console, &listener, board);
}

static inline void
board_close (Board *board)
{
  vga_rig_close (&board->rig);
  clock_free (board->clock);
  memory_free (board->memory);
  bus_free (board->mmio);
  bus_free (board->io);
}

static inline uint8_t
in (Board *board, unsigned port)
{
  return (uint8_t) bus_read (board->io, port, 1);
}

static inline void
out (Board *board, unsigned port, uint8_t value)
{
  bus_write (board->io, port, 1, value);
}

/* Index and data in one 16-bit write, as drivers do. */
static inline void
out_indexed (Board *board, unsigned port, uint8_t index, uint8_t value)
{
  bus_write (board->io, port, 2, index | value << 8);
}

/* As a CPU does it: what the map shows as memory is memory. */
static inline bool
window_is_memory (Board *board, uint32_t address)
{
  return memory_find (board->memory, address).write != NULL;
}

static inline void
window_write (Board *board, uint32_t address, uint8_t value)
{
  if (window_is_memory (board, address))
    memory_write (board->memory, address, &value, 1);
  else
    bus_write (board->mmio, address, 1, value);
}

static inline uint8_t
window_read (Board *board, uint32_t address)
{
  uint8_t value;

  if (!window_is_memory (board, address))
    return (uint8_t) bus_read (board->mmio, address, 1);
  memory_read (board->memory, address, &value, 1);
  return value;
}

static inline void
out_palette (Board *board, uint8_t index, uint8_t red, uint8_t green, uint8_t blue)
{
  out (board, 0x3c8, index);
  out (board, 0x3c9, red);
  out (board, 0x3c9, green);
  out (board, 0x3c9, blue);
}

static inline void
out_attribute (Board *board, uint8_t index, uint8_t value)
{
  in (board, in (board, 0x3cc) & 1 ? 0x3da : 0x3ba);
  out (board, 0x3c0, index);
  out (board, 0x3c0, value);
  out (board, 0x3c0, 0x20); /* the screen on */
}

/* Programs a mode as the BIOS does; colour n of the palette becomes n, n, n of 63. */
static inline void
board_set_mode (Board *board, const VgaMode *mode)
{
  unsigned crtc = mode->misc_output & 1 ? 0x3d4 : 0x3b4;

  out (board, 0x3c2, mode->misc_output);
  for (unsigned i = 0; i < G_N_ELEMENTS (mode->seq); i++)
    out_indexed (board, 0x3c4, i, mode->seq[i]);
  out_indexed (board, crtc, 0x11, 0);
  for (unsigned i = 0; i < G_N_ELEMENTS (mode->crtc); i++)
    out_indexed (board, crtc, i, mode->crtc[i]);
  for (unsigned i = 0; i < G_N_ELEMENTS (mode->gr); i++)
    out_indexed (board, 0x3ce, i, mode->gr[i]);
  for (unsigned i = 0; i < G_N_ELEMENTS (mode->attr); i++)
    out_attribute (board, i, mode->attr[i]);
  for (unsigned i = 0; i < 64; i++)
    out_palette (board, i, i, i, i);
}

/* What the screen shows for a colour of that palette. */
static inline uint32_t
grey (unsigned colour)
{
  return (colour << 2 | colour >> 4) * 0x010101u;
}

static inline void
board_draw (Board *board)
{
  board->damage_lines = 0;
  console_refresh (board->rig.console);
}

static inline uint32_t
pixel (Board *board, unsigned x, unsigned y)
{
  Surface *surface = console_get_surface (board->rig.console);

  g_assert_cmpuint (x, <, surface_get_width (surface));
  g_assert_cmpuint (y, <, surface_get_height (surface));
  return surface_get_pixels (surface)[(size_t) y * (surface_get_stride (surface) / 4) + x];
}

static inline void
assert_size (Board *board, unsigned width, unsigned height)
{
  Surface *surface = console_get_surface (board->rig.console);

  g_assert_cmpuint (surface_get_width (surface), ==, width);
  g_assert_cmpuint (surface_get_height (surface), ==, height);
}
