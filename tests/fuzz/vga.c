/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "devices/video/vga.h"
#include "fuzz-driver.h"
#include "tests/devices/vga-rig.h"

static VgaRig rig;

static void *
open_vga (FuzzBoard *board)
{
  vga_rig_open (&rig, board->io, board->mmio, board->memory, board->clock);
  return rig.vga;
}

static void
close_vga (void *device)
{
  vga_rig_close (&rig);
}

static StateSection
state (void *device)
{
  return vga_state (device);
}

static void
outside (void *device, const uint8_t bytes[4])
{
  g_autoptr (GString) text = g_string_new (NULL);

  if (bytes[0] < 32)
    console_refresh (rig.console);
  else if (bytes[0] < 48)
    console_get_text (rig.console, text);
}

const FuzzTarget fuzz_target = { "vga",
                                 open_vga,
                                 close_vga,
                                 state,
                                 outside,
                                 { { 0x3b0, 0x30, false },
                                   { 0x3c0, 0x10, false },
                                   { 0x3d4, 2, false },
                                   { 0x1ce, 4, false },
                                   { 0xa0000, 0x20000, true },
                                   { VGA_RIG_REGISTERS, 0x1000, true },
                                   { VGA_RIG_DISPI, 22, true } } };
