/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Registers: IBM VGA technical reference; FreeVGA's numbering. */
#include "vga-internal.h"

#include <string.h>

#include "vmm-core/trace.h"

#define VENDOR_ID 0x1234
#define DEVICE_ID 0x1111

#define MISC_COLOR 0x01

/* Bits that exist, by index. */
static const uint8_t seq_mask[8] = { 0x03, 0x3d, 0x0f, 0x3f, 0x0e };
static const uint8_t gr_mask[16] = { 0x0f, 0x0f, 0x0f, 0x1f, 0x03, 0x7b, 0x0f, 0x0f, 0xff };

/* CRTC registers 3B4h/3B5h and status 3BAh in monochrome, 3D4h/3D5h and 3DAh in colour. */
static bool
port_is_off (const Vga *vga, unsigned port)
{
  bool color = vga->state.misc_output & MISC_COLOR;

  return (port >= 0x3b0 && port < 0x3c0 && color) || (port >= 0x3d0 && port < 0x3e0 && !color);
}

static uint8_t
input_status_1 (Vga *vga)
{
  vga->state.attr_data = false;
  return vga_timing_get_status (&vga->state, clock_get_ns (vga->clock));
}

unsigned
vga_get_start (const Vga *vga)
{
  const VgaState *s = &vga->state;

  if (clock_get_ns (vga->clock) < s->start_shown_at)
    return s->shown_start;
  return s->crtc[0x0c] << 8 | s->crtc[0x0d];
}

static uint8_t
dac_read (Vga *vga)
{
  VgaState *s = &vga->state;
  uint8_t value = s->palette[s->dac_read_index][s->dac_component];

  if (++s->dac_component == 3)
    {
      s->dac_component = 0;
      s->dac_read_index++;
    }
  return value;
}

static void
dac_write (Vga *vga, uint8_t value)
{
  VgaState *s = &vga->state;

  s->dac_latch[s->dac_component] = s->dispi[DISPI_ENABLE] & DISPI_8BIT_DAC ? value : value & 0x3f;
  if (++s->dac_component == 3)
    {
      memcpy (s->palette[s->dac_write_index], s->dac_latch, 3);
      s->dac_component = 0;
      s->dac_write_index++;
    }
}

uint8_t
vga_port_read (Vga *vga, unsigned port)
{
  const VgaState *s = &vga->state;

  if (port_is_off (vga, port))
    return 0xff;
  switch (port)
    {
    case 0x3c0:
      return s->attr_data ? 0 : s->attr_index;
    case 0x3c1:
      return s->attr[s->attr_index & 31];
    case 0x3c2:
      return 0x10; /* Input Status 0: the switch sense of a colour monitor */
    case 0x3c4:
      return s->seq_index;
    case 0x3c5:
      return s->seq[s->seq_index];
    case 0x3c6:
      return s->dac_mask;
    case 0x3c7:
      return s->dac_state;
    case 0x3c8:
      return s->dac_write_index;
    case 0x3c9:
      return dac_read (vga);
    case 0x3ca:
      return s->feature_control;
    case 0x3cc:
      return s->misc_output;
    case 0x3ce:
      return s->gr_index;
    case 0x3cf:
      return s->gr[s->gr_index];
    case 0x3b4:
    case 0x3d4:
      return s->crtc_index;
    case 0x3b5:
    case 0x3d5:
      return s->crtc[s->crtc_index];
    case 0x3ba:
    case 0x3da:
      return input_status_1 (vga);
    default:
      return 0xff;
    }
}

static void
attribute_write (Vga *vga, uint8_t value)
{
  VgaState *s = &vga->state;

  if (!s->attr_data)
    s->attr_index = value & 0x3f;
  else if ((s->attr_index & 31) < 16)
    s->attr[s->attr_index & 31] = value & 0x3f;
  else if ((s->attr_index & 31) <= 0x14)
    s->attr[s->attr_index & 31] = value;
  s->attr_data = !s->attr_data;
}

static void
crtc_write (Vga *vga, uint8_t value)
{
  VgaState *s = &vga->state;

  if (s->crtc_index <= 7 && (s->crtc[0x11] & 0x80))
    {
      /* Protected, but for bit 8 of Line Compare. */
      if (s->crtc_index == 7)
        s->crtc[7] = (s->crtc[7] & ~0x10) | (value & 0x10);
      return;
    }
  if (s->crtc_index == 0x0c || s->crtc_index == 0x0d)
    {
      s->shown_start = vga_get_start (vga);
      s->start_shown_at = vga_timing_next_retrace (s, clock_get_ns (vga->clock));
    }
  s->crtc[s->crtc_index] = value;
}

void
vga_port_write (Vga *vga, unsigned port, uint8_t value)
{
  VgaState *s = &vga->state;

  if (port_is_off (vga, port))
    return;
  switch (port)
    {
    case 0x3c0:
      attribute_write (vga, value);
      break;
    case 0x3c2:
      s->misc_output = value & ~0x10;
      break;
    case 0x3c4:
      s->seq_index = value & 7;
      break;
    case 0x3c5:
      s->seq[s->seq_index] = value & seq_mask[s->seq_index];
      vga_window_update (vga);
      break;
    case 0x3c6:
      s->dac_mask = value;
      break;
    case 0x3c7:
      s->dac_read_index = value;
      s->dac_component = 0;
      s->dac_state = 3;
      break;
    case 0x3c8:
      s->dac_write_index = value;
      s->dac_component = 0;
      s->dac_state = 0;
      break;
    case 0x3c9:
      dac_write (vga, value);
      break;
    case 0x3ce:
      s->gr_index = value & 15;
      break;
    case 0x3cf:
      s->gr[s->gr_index] = value & gr_mask[s->gr_index];
      vga_window_update (vga);
      break;
    case 0x3b4:
    case 0x3d4:
      s->crtc_index = value & 31;
      break;
    case 0x3b5:
    case 0x3d5:
      crtc_write (vga, value);
      break;
    case 0x3ba:
    case 0x3da:
      s->feature_control = value & 0x10;
      break;
    default:
      break;
    }
  TRACE ("vga.write", "port %#x value %#x", port, value);
}

static uint64_t
port_3b0_read (void *device, uint64_t offset, unsigned size)
{
  return vga_port_read (device, 0x3b0 + offset);
}

static void
port_3b0_write (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  vga_port_write (device, 0x3b0 + offset, value);
}

static const BusOps port_ops = { port_3b0_read, port_3b0_write, 1, 1 };

static void
vga_reset (void *device)
{
  Vga *vga = device;

  memset (&vga->state, 0, sizeof vga->state);
  vga->state.misc_output = MISC_COLOR;
  vga->state.dac_mask = 0xff;
  dispi_reset (vga);
  vga_window_update (vga);
  vga_draw_invalidate (vga);
}

static bool
add_rom (Vga *vga, const void *rom, size_t rom_size, GError **error)
{
  uint64_t size = MEMORY_PAGE_SIZE;
  MemoryBlock *block;

  while (size < rom_size)
    size *= 2;
  block = memory_block_new (vga->memory, "vga-rom", size, false, error);
  if (block == NULL)
    return false;
  memcpy (memory_block_get_data (block), rom, rom_size);
  pci_function_set_rom (vga->function, block);
  return true;
}

Vga *
vga_new (PciBus *bus, unsigned slot, Bus *io, Bus *mmio, Memory *memory, Clock *clock,
         Console *console, const void *rom, size_t rom_size, GError **error)
{
  static const PciIdentity identity = {
    .vendor_id = VENDOR_ID,
    .device_id = DEVICE_ID,
    .class_code = 0x030000,
    .revision = 2,
    .subsystem_vendor_id = 0x1af4,
    .subsystem_id = 0x1100,
  };
  static const PciFunctionOps function_ops = { .reset = vga_reset };
  static const ConsoleSource source = { vga_draw_refresh, vga_draw_get_text };
  g_autoptr (Vga) vga = g_new0 (Vga, 1);

  vga->io = io;
  vga->mmio = mmio;
  vga->memory = memory;
  vga->clock = clock;
  vga->console = console;
  vga->block = memory_block_new (memory, "vga", VGA_MEMORY_SIZE, false, error);
  if (vga->block == NULL)
    return NULL;
  edid_make (vga->edid, 1024, 768);
  vga->vram = memory_block_get_data (vga->block);
  memory_block_set_logging (vga->block, true);
  vga->function = pci_function_new (bus, slot, 0, &identity, &function_ops, vga);
  pci_function_set_block_bar (vga->function, 0, vga->block);
  pci_function_set_mmio_bar (vga->function, 2, 0x1000, &dispi_mmio_ops, vga);
  if (rom != NULL && !add_rom (vga, rom, rom_size, error))
    return NULL;
  bus_map (io, 0x3b0, 0x30, &port_ops, vga);
  bus_map (io, 0x1ce, 4, &dispi_port_ops, vga);
  bus_map (mmio, VGA_WINDOW, VGA_WINDOW_LENGTH, &vga_window_ops, vga);
  bus_allow_late_writes (mmio, VGA_WINDOW, VGA_WINDOW_LENGTH);
  vga_reset (vga);
  console_set_source (console, &source, vga);
  return g_steal_pointer (&vga);
}

void
vga_free (Vga *vga)
{
  if (vga == NULL)
    return;
  if (vga->function != NULL)
    {
      console_set_source (vga->console, NULL, NULL);
      bus_unmap (vga->io, 0x3b0, 0x30, vga);
      bus_unmap (vga->io, 0x1ce, 4, vga);
      bus_unmap (vga->mmio, VGA_WINDOW, VGA_WINDOW_LENGTH, vga);
      if (vga->window_length > 0)
        memory_unmap (vga->memory, VGA_WINDOW, vga->block);
      pci_function_free (vga->function);
    }
  g_free (vga->picture.cells);
  g_free (vga);
}

PciFunction *
vga_get_function (Vga *vga)
{
  return vga->function;
}

MemoryBlock *
vga_get_block (Vga *vga)
{
  return vga->block;
}

static const StateField vga_fields[] = {
  STATE_INT (VgaState, misc_output),
  STATE_INT (VgaState, feature_control),
  STATE_INT_IN (VgaState, seq_index, 0, 7),
  STATE_INTS (VgaState, seq),
  STATE_INT_IN (VgaState, gr_index, 0, 15),
  STATE_INTS (VgaState, gr),
  STATE_INT_IN (VgaState, crtc_index, 0, 31),
  STATE_INTS (VgaState, crtc),
  STATE_INT_IN (VgaState, attr_index, 0, 63),
  STATE_INTS (VgaState, attr),
  STATE_FLAG (VgaState, attr_data),
  STATE_INT (VgaState, dac_mask),
  STATE_INT (VgaState, dac_state),
  STATE_INT (VgaState, dac_read_index),
  STATE_INT (VgaState, dac_write_index),
  STATE_INT_IN (VgaState, dac_component, 0, 2),
  STATE_INTS (VgaState, dac_latch),
  STATE_BLOB (VgaState, palette),
  STATE_INTS (VgaState, latch),
  STATE_INT (VgaState, dispi_index),
  STATE_INTS (VgaState, dispi),
  STATE_INT (VgaState, shown_start),
  STATE_TIME (VgaState, start_shown_at),
};
static const StateTable vga_table = STATE_TABLE (VgaState, 1, vga_fields);

static gboolean
vga_after_load (void *device, GError **error)
{
  Vga *vga = device;
  VgaState *s = &vga->state;

  s->dispi[DISPI_BANK] &= (VGA_MEMORY_SIZE >> 16) - 1;
  s->start_shown_at
    = MIN (s->start_shown_at, vga_timing_next_retrace (s, clock_get_ns (vga->clock)));
  if (vga_is_dispi (vga))
    {
      /* Writing a register brings all of them inside display memory. */
      uint16_t index = s->dispi_index;

      s->dispi_index = DISPI_XRES;
      dispi_write (vga, s->dispi[DISPI_XRES]);
      s->dispi_index = index;
    }
  vga_window_update (vga);
  vga_draw_invalidate (vga);
  return TRUE;
}

StateSection
vga_state (Vga *vga)
{
  return (StateSection){ .id = "vga",
                         .table = &vga_table,
                         .state = &vga->state,
                         .device = vga,
                         .after_load = vga_after_load };
}
