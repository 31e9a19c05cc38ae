/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The Bochs VBE extensions ("VBE DISPI", interface version B0C5h): index at 1CEh, data at 1CFh and
 * 1D0h; the same registers, 16 bits each, at 500h of BAR 2, the VGA's ports 3C0h to 3DFh at 400h
 * there, the monitor's EDID at 0, and at 600h the size and byte order of the framebuffer's
 * pixels. */
#include "vga-internal.h"

#include <string.h>

#include "vmm-core/trace.h"

#define INTERFACE 0xb0c5

void
dispi_reset (Vga *vga)
{
  uint16_t *r = vga->state.dispi;

  memset (r, 0, sizeof vga->state.dispi);
  vga->state.dispi_index = 0;
  r[DISPI_ID] = INTERFACE;
  r[DISPI_VIDEO_MEMORY_64K] = VGA_MEMORY_SIZE >> 16;
}

static unsigned
bits_per_pixel (const Vga *vga)
{
  return vga->state.dispi[DISPI_BPP] == 15 ? 16 : vga->state.dispi[DISPI_BPP];
}

unsigned
dispi_get_pitch (const Vga *vga)
{
  return vga->state.dispi[DISPI_VIRT_WIDTH] * bits_per_pixel (vga) / 8;
}

/* Whatever the guest wrote, the visible part ends up inside display memory. */
static void
clamp_geometry (Vga *vga)
{
  uint16_t *r = vga->state.dispi;
  unsigned lines;

  switch (r[DISPI_BPP])
    {
    case 4:
    case 8:
    case 15:
    case 16:
    case 24:
    case 32:
      break;
    default:
      r[DISPI_BPP] = 8;
      break;
    }
  r[DISPI_XRES] = CLAMP (r[DISPI_XRES], 8, DISPI_MAX_XRES) & ~7u;
  r[DISPI_YRES] = CLAMP (r[DISPI_YRES], 1, DISPI_MAX_YRES);
  if (r[DISPI_VIRT_WIDTH] < r[DISPI_XRES])
    r[DISPI_VIRT_WIDTH] = r[DISPI_XRES];
  r[DISPI_VIRT_WIDTH] = MIN (r[DISPI_VIRT_WIDTH], 16384) & ~7u;
  lines = VGA_MEMORY_SIZE / dispi_get_pitch (vga);
  if (lines < r[DISPI_YRES])
    {
      r[DISPI_VIRT_WIDTH] = r[DISPI_XRES];
      lines = VGA_MEMORY_SIZE / dispi_get_pitch (vga);
      r[DISPI_YRES] = MIN (r[DISPI_YRES], lines);
    }
  r[DISPI_VIRT_HEIGHT] = MIN (lines, 0xffff);
  r[DISPI_X_OFFSET] = MIN (r[DISPI_X_OFFSET], r[DISPI_VIRT_WIDTH] - r[DISPI_XRES]);
  r[DISPI_Y_OFFSET] = MIN (r[DISPI_Y_OFFSET], r[DISPI_VIRT_HEIGHT] - r[DISPI_YRES]);
}

static void
write_enable (Vga *vga, uint16_t value)
{
  uint16_t *r = vga->state.dispi;
  bool was = vga_is_dispi (vga);

  if ((value & DISPI_ENABLED) && !was)
    {
      r[DISPI_VIRT_WIDTH] = 0;
      r[DISPI_X_OFFSET] = 0;
      r[DISPI_Y_OFFSET] = 0;
      r[DISPI_BANK] = 0;
      clamp_geometry (vga);
      if (!(value & DISPI_NOCLEARMEM))
        {
          uint64_t bytes = (uint64_t) r[DISPI_YRES] * dispi_get_pitch (vga);

          memset (vga->vram, 0, bytes);
          memory_block_mark_dirty (vga->block, 0,
                                   (bytes + MEMORY_PAGE_SIZE - 1) / MEMORY_PAGE_SIZE);
        }
    }
  if (!(value & DISPI_ENABLED))
    r[DISPI_BANK] = 0;
  r[DISPI_ENABLE] = value & ~DISPI_NOCLEARMEM;
  TRACE ("vga.dispi", "enable %#x: %ux%ux%u", value, r[DISPI_XRES], r[DISPI_YRES], r[DISPI_BPP]);
}

uint16_t
dispi_read (Vga *vga)
{
  const uint16_t *r = vga->state.dispi;
  uint16_t index = vga->state.dispi_index;

  if (r[DISPI_ENABLE] & DISPI_GETCAPS)
    switch (index)
      {
      case DISPI_XRES:
        return DISPI_MAX_XRES;
      case DISPI_YRES:
        return DISPI_MAX_YRES;
      case DISPI_BPP:
        return 32;
      default:
        break;
      }
  return index < DISPI_N ? r[index] : 0;
}

static void
write_register (Vga *vga, uint16_t value)
{
  uint16_t *r = vga->state.dispi;

  switch (vga->state.dispi_index)
    {
    case DISPI_ID:
      if (value >= 0xb0c0 && value <= INTERFACE)
        r[DISPI_ID] = value;
      return;
    case DISPI_XRES:
    case DISPI_YRES:
    case DISPI_BPP:
      r[vga->state.dispi_index] = value;
      break;
    case DISPI_ENABLE:
      write_enable (vga, value);
      return;
    case DISPI_BANK:
      r[DISPI_BANK] = value & ((VGA_MEMORY_SIZE >> 16) - 1);
      return;
    case DISPI_VIRT_WIDTH:
    case DISPI_X_OFFSET:
    case DISPI_Y_OFFSET:
      r[vga->state.dispi_index] = value;
      break;
    default:
      return;
    }
  if (vga_is_dispi (vga))
    clamp_geometry (vga);
}

void
dispi_write (Vga *vga, uint16_t value)
{
  write_register (vga, value);
  vga_window_update (vga);
}

static uint64_t
port_read (void *device, uint64_t offset, unsigned size)
{
  Vga *vga = device;

  return offset == 0 ? vga->state.dispi_index : dispi_read (vga);
}

static void
port_write (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  Vga *vga = device;

  if (offset == 0)
    vga->state.dispi_index = value;
  else
    dispi_write (vga, value);
}

const BusOps dispi_port_ops = { port_read, port_write, 2, 2 };

/* Size in bytes of these two registers; little endian. */
static const uint8_t extension[8] = { 8, 0, 0, 0, 0x1e, 0x1e, 0x1e, 0x1e };

static uint64_t
mmio_read (void *device, uint64_t offset, unsigned size)
{
  Vga *vga = device;

  if (offset + size <= EDID_SIZE || (offset >= 0x600 && offset + size <= 0x600 + sizeof extension))
    {
      const uint8_t *at = offset < 0x600 ? vga->edid + offset : extension + (offset - 0x600);

      return size == 1 ? at[0] : at[0] | at[1] << 8;
    }
  if (offset >= 0x400 && offset < 0x420)
    {
      uint64_t value = 0;

      for (unsigned i = 0; i < size; i++)
        value |= (uint64_t) vga_port_read (vga, 0x3c0 + (offset - 0x400) + i) << i * 8;
      return value;
    }
  if (offset >= 0x500 && offset < 0x500 + 2 * DISPI_N && size == 2)
    {
      uint16_t index = vga->state.dispi_index;
      uint16_t value;

      vga->state.dispi_index = (offset - 0x500) / 2;
      value = dispi_read (vga);
      vga->state.dispi_index = index;
      return value;
    }
  return UINT64_MAX;
}

static void
mmio_write (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  Vga *vga = device;

  if (offset >= 0x400 && offset < 0x420)
    for (unsigned i = 0; i < size; i++)
      vga_port_write (vga, 0x3c0 + (offset - 0x400) + i, value >> i * 8);
  else if (offset >= 0x500 && offset < 0x500 + 2 * DISPI_N && size == 2)
    {
      uint16_t index = vga->state.dispi_index;

      vga->state.dispi_index = (offset - 0x500) / 2;
      dispi_write (vga, value);
      vga->state.dispi_index = index;
    }
}

const BusOps dispi_mmio_ops = { mmio_read, mmio_write, 1, 2 };
