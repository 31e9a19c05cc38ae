/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "board-pc.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <string.h>

#include "devices/acpi/acpi-tables.h"
#include "devices/acpi/piix4-pm.h"
#include "devices/char/debugcon.h"
#include "devices/chipset/coprocessor.h"
#include "devices/chipset/dma.h"
#include "devices/chipset/i440fx.h"
#include "devices/chipset/ioapic.h"
#include "devices/chipset/isa-irq.h"
#include "devices/chipset/pic.h"
#include "devices/chipset/piix3.h"
#include "devices/chipset/pirq.h"
#include "devices/chipset/pit.h"
#include "devices/chipset/rtc.h"
#include "devices/chipset/test-device.h"
#include "devices/firmware/bios-disks.h"
#include "devices/firmware/fw-cfg.h"
#include "devices/firmware/direct-boot.h"
#include "devices/firmware/smbios.h"
#include "devices/input/i8042.h"
#include "devices/pci/pci.h"
#include "devices/storage/piix-ide.h"
#include "devices/video/vga.h"
#include "vmm-core/plain-file.h"
#include "vmm-core/trace.h"

#define KIB (1ull << 10)
#define MIB (1ull << 20)
#define GIB (1ull << 30)
#define LOW_MEMORY_END (640 * KIB)
#define HIGH_MEMORY (1 * MIB)
#define PCI_HOLE (3 * GIB)
#define ABOVE_HOLE (4 * GIB)
#define MAX_BIOS (8 * MIB)       /* below 4 GiB, above the APICs */
#define MAX_VGA_BIOS (128 * KIB) /* C0000h to DFFFFh */

/* Priorities in the memory map, where i440fx.c puts its shadow RAM between ROM and A20. */
#define PRIORITY_RAM 0
#define PRIORITY_ROM 1
#define PRIORITY_A20 3

#define PIIX_SLOT 1
#define VGA_SLOT 2

/* The 8042 and port 92h both gate address line 20. Software that knows of one only must be able to
 * close it, so whoever wrote last decides. */
typedef struct
{
  bool a20;
} BoardPcState;

struct BoardPc
{
  BoardPcConfig config;
  Memory *memory;
  MemoryBlock *ram;
  Bus *io, *mmio;
  Accel *accel;
  BoardPcState state;
  bool a20_low; /* address line 20 is held low: conventional memory appears again at 1 MiB */

  Pic *pic;
  Ioapic *ioapic;
  IsaIrq *isa_irq;
  Coprocessor *coprocessor;
  Pit *pit;
  Rtc *rtc;
  Dma *dma;
  Pirq *pirq;
  PciBus *pci;
  I440fx *i440fx;
  Piix3 *piix3;
  Piix4Pm *pm;
  IdeChannel *ide[2];
  PiixIde *piix_ide;
  Vga *vga;
  Ps2Keyboard *keyboard;
  Ps2Mouse *mouse;
  I8042 *i8042;
  FwCfg *fw_cfg;
  uint32_t test_exit;

  BoardList *devices; /* owns the chips above */
};

/* A chip is the list's as soon as it is made. */
#define OWN(...) BOARD_LIST_OWN (board->devices, __VA_ARGS__)

/* Lines between the chips and out of the board */

static void
set_intr (void *data, unsigned input, bool level)
{
  BoardPc *board = data;

  if (board->accel != NULL)
    board->accel->ops->set_intr (board->accel, level);
}

static void
send_msi (void *data, uint64_t address, uint32_t message)
{
  BoardPc *board = data;

  if (board->accel != NULL)
    board->accel->ops->send_msi (board->accel, address, message);
}

static uint8_t
acknowledge_pic (void *data)
{
  return pic_acknowledge (((BoardPc *) data)->pic);
}

static void
end_of_interrupt (void *data, uint8_t vector)
{
  ioapic_eoi (((BoardPc *) data)->ioapic, vector);
}

/* INIT#: the CPUs begin anew, the chips and what else CPUs keep over it go on. A real-mode program
 * comes back from protected mode by it: the BIOS finds the shutdown status in CMOS 0Fh. */
static void
pulse_init (void *data)
{
  BoardPc *board = data;

  TRACE ("board.init", "the CPUs begin anew");
  if (board->accel != NULL)
    board->accel->ops->pulse_init (board->accel);
}

static void
interrupt_taken (void *data, uint8_t vector)
{
  isa_irq_message_taken (((BoardPc *) data)->isa_irq, vector);
}

static void
tick_taken (void *data)
{
  pit_tick_taken (((BoardPc *) data)->pit);
}

static void
request_reset (void *data)
{
  BoardPc *board = data;

  board->config.event (board->config.event_data, BOARD_EVENT_RESET);
}

static void
update_a20 (BoardPc *board)
{
  bool low = !board->state.a20;

  if (board->a20_low == low)
    return;
  board->a20_low = low;
  if (low)
    memory_map (board->memory, HIGH_MEMORY, LOW_MEMORY_END, board->ram, 0, MEMORY_RW, PRIORITY_A20);
  else
    memory_unmap (board->memory, HIGH_MEMORY, board->ram);
}

static void
request_power_off (void *data)
{
  BoardPc *board = data;

  board->config.event (board->config.event_data, BOARD_EVENT_POWER_OFF);
}

static void
tell_tray (void *data)
{
  BoardPc *board = data;

  board->config.event (board->config.event_data, BOARD_EVENT_TRAY);
}

static void
set_a20 (void *data, unsigned input, bool level)
{
  BoardPc *board = data;

  board->state.a20 = level;
  update_a20 (board);
}

/* Memory */

static bool
add_ram (BoardPc *board, GError **error)
{
  uint64_t size = board->config.memory_size;
  uint64_t below = MIN (size, PCI_HOLE);

  board->ram = memory_block_new (board->memory, "ram", size, false, error);
  if (board->ram == NULL)
    return false;
  memory_map (board->memory, 0, LOW_MEMORY_END, board->ram, 0, MEMORY_RW, PRIORITY_RAM);
  if (below > HIGH_MEMORY)
    memory_map (board->memory, HIGH_MEMORY, below - HIGH_MEMORY, board->ram, HIGH_MEMORY, MEMORY_RW,
                PRIORITY_RAM);
  if (size > below)
    memory_map (board->memory, ABOVE_HOLE, size - below, board->ram, below, MEMORY_RW,
                PRIORITY_RAM);
  return true;
}

static GBytes *
read_rom (const char *path, uint64_t limit, GError **error)
{
  g_autoptr (GError) reason = NULL;
  GBytes *contents = plain_file_read (path, limit, &reason);

  if (g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                 _ ("The firmware “%s” cannot be read: install the package %s of your "
                    "distribution, or name another file."),
                 path, "seabios");
  else if (contents == NULL)
    g_propagate_error (error, g_steal_pointer (&reason));
  return contents;
}

/* The BIOS ends at 4 GiB; its last 128 KiB are seen below 1 MiB, too. */
static bool
add_bios (BoardPc *board, GError **error)
{
  g_autoptr (GBytes) contents = NULL;
  gsize length;
  uint64_t low;
  MemoryBlock *rom;

  if (board->config.bios == NULL)
    return true;
  contents = read_rom (board->config.bios, MAX_BIOS, error);
  if (contents == NULL)
    return false;
  length = g_bytes_get_size (contents);
  if (length == 0 || length % (64 * KIB) != 0)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   _ ("“%s” is no BIOS: its size is not a multiple of 64 KiB. Name another file."),
                   board->config.bios);
      return false;
    }
  rom = memory_block_new (board->memory, "bios", length, false, error);
  if (rom == NULL)
    return false;
  memcpy (memory_block_get_data (rom), g_bytes_get_data (contents, NULL), length);
  low = MIN (length, 128 * KIB);
  memory_map (board->memory, ABOVE_HOLE - length, length, rom, 0, MEMORY_READ, PRIORITY_ROM);
  memory_map (board->memory, HIGH_MEMORY - low, low, rom, length - low, MEMORY_READ, PRIORITY_ROM);
  return true;
}

/* What the BIOS reads of memory: CMOS 15h to 18h, 30h, 31h, 34h, 35h and 5Bh to 5Dh. */
static void
describe_memory (BoardPc *board)
{
  uint64_t size = board->config.memory_size;
  uint64_t below = MIN (size, PCI_HOLE);
  uint64_t extended = MIN (below > HIGH_MEMORY ? (below - HIGH_MEMORY) / KIB : 0, 0xfc00);
  uint64_t above_16m = below > 16 * MIB ? (below - 16 * MIB) / (64 * KIB) : 0;
  uint64_t above_4g = (size - below) / (64 * KIB);

  rtc_set_ram (board->rtc, 0x15, 640 & 0xff);
  rtc_set_ram (board->rtc, 0x16, 640 >> 8);
  rtc_set_ram (board->rtc, 0x17, extended);
  rtc_set_ram (board->rtc, 0x18, extended >> 8);
  rtc_set_ram (board->rtc, 0x30, extended);
  rtc_set_ram (board->rtc, 0x31, extended >> 8);
  rtc_set_ram (board->rtc, 0x34, above_16m);
  rtc_set_ram (board->rtc, 0x35, above_16m >> 8);
  for (unsigned i = 0; i < 3; i++)
    rtc_set_ram (board->rtc, 0x5b + i, above_4g >> 8 * i);
  rtc_set_ram (board->rtc, 0x5f, cpu_topology_get_cpus (&board->config.topology) - 1);
  rtc_set_ram (board->rtc, 0x14, 0x06); /* equipment: FPU, PS/2 mouse */
}

/* Boot order in CMOS 3Dh and 38h: nibbles 1 floppy, 2 disk, 3 CD, 4 network. */
static void
describe_boot_order (BoardPc *board, const char *order)
{
  uint8_t codes[3] = { 0, 0, 0 };

  for (unsigned i = 0; i < 3 && order[i] != '\0'; i++)
    codes[i] = order[i] == 'c' ? 2 : order[i] == 'd' ? 3 : 4;
  rtc_set_ram (board->rtc, 0x3d, codes[1] << 4 | codes[0]);
  rtc_set_ram (board->rtc, 0x38, codes[2] << 4 | 1); /* bit 0: no check of the boot signature */
}

/* The file bootorder: drives by their paths, a line each. */
static void
describe_boot_drives (BoardPc *board, const char *order)
{
  g_auto (GStrv) names = g_strsplit (order, ",", -1);
  GString *lines = g_string_new (NULL);

  for (char **name = names; *name != NULL; name++)
    for (unsigned i = 0; i < board->config.n_devices; i++)
      {
        const DeviceSpec *spec = board->config.devices[i].spec;
        g_autofree char *path = NULL;

        if (!spec->model->bootable || !g_str_equal (spec->group, *name))
          continue;
        path = board_devices_dup_firmware_path (spec);
        g_string_append_printf (lines, "%s%s", lines->len > 0 ? "\n" : "", path);
      }
  fw_cfg_add_file (board->fw_cfg, "bootorder", g_bytes_new (lines->str, lines->len + 1));
  g_string_free (lines, TRUE);
}

static void
describe_boot (BoardPc *board)
{
  const char *order = board->config.boot_order;
  bool letters = order == NULL || strspn (order, "cdn") == strlen (order);

  describe_boot_order (board, order != NULL && letters ? order : "cdn");
  if (!letters)
    describe_boot_drives (board, order);
}

static void
describe_disks (BoardPc *board)
{
  Image *disks[BIOS_DISKS] = { NULL };

  for (unsigned i = 0; i < board->config.n_devices; i++)
    {
      const BoardDeviceConfig *device = &board->config.devices[i];

      if (g_str_equal (device->spec->model->model, "ide-disk"))
        disks[device->spec->place] = device->image;
    }
  bios_disks_describe (board->rtc, board->fw_cfg, disks);
}

/* One entry of the file etc/e820: RAM from first for length bytes. */
static void
add_e820 (GByteArray *table, uint64_t first, uint64_t length)
{
  const uint64_t range[2] = { GUINT64_TO_LE (first), GUINT64_TO_LE (length) };
  const uint32_t ram = GUINT32_TO_LE (1);

  g_byte_array_append (table, (const uint8_t *) range, sizeof range);
  g_byte_array_append (table, (const uint8_t *) &ram, sizeof ram);
}

static void
add_firmware_configuration (BoardPc *board)
{
  uint64_t size = board->config.memory_size;
  uint64_t below = MIN (size, PCI_HOLE);
  unsigned n_cpus = cpu_topology_get_cpus (&board->config.topology);
  uint32_t last_apic_id;
  GByteArray *e820 = g_byte_array_new ();
  g_autoptr (GBytes) table = NULL;

  board->fw_cfg = fw_cfg_new (board->io, board->memory, board->config.clock);
  OWN ("fw-cfg", fw_cfg, board->fw_cfg, fw_cfg_reset, fw_cfg_state (board->fw_cfg));
  fw_cfg_add_number (board->fw_cfg, FW_CFG_RAM_SIZE, size, 8);
  fw_cfg_add_number (board->fw_cfg, FW_CFG_NOGRAPHIC, 0, 2);
  fw_cfg_add_number (board->fw_cfg, FW_CFG_NB_CPUS, n_cpus, 2);
  /* The BIOS goes through APIC IDs by it. */
  last_apic_id = cpu_topology_get_apic_id (&board->config.topology, n_cpus - 1);
  fw_cfg_add_number (board->fw_cfg, FW_CFG_MAX_CPUS, last_apic_id + 1, 2);
  fw_cfg_add_number (board->fw_cfg, FW_CFG_BOOT_MENU, board->config.boot_menu, 2);
  add_e820 (e820, 0, below);
  if (size > below)
    add_e820 (e820, ABOVE_HOLE, size - below);
  table = g_byte_array_free_to_bytes (e820);
  fw_cfg_add_file (board->fw_cfg, "etc/e820", table);
  /* isa-irq.c leads IRQ 0 to pin 2 of the I/O APIC: for the BIOS' MP table, as the MADT says it. */
  fw_cfg_add_number_file (board->fw_cfg, "etc/irq0-override", 1, 1);
}

static void
add_smbios (BoardPc *board)
{
  uint64_t size = board->config.memory_size;

  smbios_add (board->fw_cfg, &(SmbiosConfig){ .texts = board->config.smbios,
                                              .name = board->config.name,
                                              .uuid = board->config.uuid,
                                              .topology = board->config.topology,
                                              .memory_below = MIN (size, PCI_HOLE),
                                              .memory_above = size - MIN (size, PCI_HOLE) });
}

static void
add_acpi_tables (BoardPc *board)
{
  AcpiTablesConfig config = {
    .topology = board->config.topology,
    .pci_memory_start = MIN (board->config.memory_size, PCI_HOLE),
  };

  for (unsigned i = 0; i < board->config.n_devices; i++)
    {
      const DeviceSpec *spec = board->config.devices[i].spec;

      if (device_spec_is (spec, "serial"))
        config.serial_ports |= 1 << spec->place;
    }
  acpi_tables_add (board->fw_cfg, &config);
}

/* The chips */

static void
add_interrupts (BoardPc *board)
{
  Irq isa[16];

  board->pic = pic_new (board->io, (Irq){ set_intr, board, 0 });
  OWN ("pic", pic, board->pic, pic_reset, pic_state (board->pic));
  board->ioapic = ioapic_new (board->mmio, send_msi, board);
  OWN ("ioapic", ioapic, board->ioapic, ioapic_reset, ioapic_state (board->ioapic));
  board->isa_irq = isa_irq_new (board->pic, board->ioapic);
  OWN ("isa-irq", isa_irq, board->isa_irq, NULL, isa_irq_state (board->isa_irq));
  for (unsigned n = 0; n < 16; n++)
    isa[n] = n == 2 ? IRQ_NONE : isa_irq_get (board->isa_irq, n);
  board->pirq = pirq_new (isa);
  OWN ("pirq", pirq, board->pirq, NULL, pirq_state (board->pirq));
  board->coprocessor = coprocessor_new (board->io, isa_irq_get (board->isa_irq, 13));
  OWN ("coprocessor", coprocessor, board->coprocessor, coprocessor_reset,
       coprocessor_state (board->coprocessor));
  board->pit = pit_new (board->io, board->config.clock, isa_irq_get (board->isa_irq, 0));
  OWN ("pit", pit, board->pit, pit_reset, pit_state (board->pit));
  pit_set_masked (board->pit, isa_irq_is_tick_masked, board->isa_irq);
  isa_irq_set_tick_taken (board->isa_irq, tick_taken, board);
  board->rtc = rtc_new (board->io, board->config.clock, isa_irq_get (board->isa_irq, 8));
  OWN ("rtc", rtc, board->rtc, rtc_reset, rtc_state (board->rtc));
  board->dma = dma_new (board->io, board->memory);
  OWN ("dma", dma, board->dma, dma_reset, dma_state (board->dma));
}

static void
add_pci (BoardPc *board)
{
  Irq intx[4];

  pirq_get_intx (board->pirq, intx);
  board->pci = pci_bus_new (board->io, board->mmio, board->memory, intx, send_msi, board);
  OWN ("pci", pci_bus, board->pci, pci_bus_reset);
  board->i440fx = i440fx_new (board->io, board->pci, board->memory, board->ram, request_reset,
                              pulse_init, board);
  OWN ("i440fx", i440fx, board->i440fx, NULL, i440fx_state (board->i440fx),
       pci_function_state (i440fx_get_function (board->i440fx)));
  board->piix3 = piix3_new (board->io, board->pci, board->pirq, board->pic, board->pit,
                            board->config.clock, (Irq){ set_a20, board, 0 }, pulse_init, board);
  OWN ("piix3", piix3, board->piix3, NULL, piix3_state (board->piix3),
       pci_function_state (piix3_get_function (board->piix3)));
  board->pm = piix4_pm_new (board->io, board->pci, PIIX_SLOT, 3, board->config.clock,
                            isa_irq_get (board->isa_irq, 9), request_power_off, board);
  OWN ("piix4-pm", piix4_pm, board->pm, NULL,
       pci_function_state (piix4_pm_get_function (board->pm)), piix4_pm_state (board->pm));
}

static void
add_input (BoardPc *board)
{
  board->keyboard = ps2_keyboard_new (board->config.input, board->config.clock);
  OWN ("ps2-keyboard", ps2_keyboard, board->keyboard, ps2_keyboard_reset,
       ps2_keyboard_state (board->keyboard));
  board->mouse = ps2_mouse_new (board->config.input);
  OWN ("ps2-mouse", ps2_mouse, board->mouse, ps2_mouse_reset, ps2_mouse_state (board->mouse));
  board->i8042 = i8042_new (board->io, board->keyboard, board->mouse, board->config.clock,
                            isa_irq_get (board->isa_irq, 1), isa_irq_get (board->isa_irq, 12),
                            (Irq){ set_a20, board, 0 }, pulse_init, board);
  OWN ("i8042", i8042, board->i8042, i8042_reset, i8042_state (board->i8042));
}

static void
add_ide (BoardPc *board)
{
  static const uint16_t bases[2] = { 0x1f0, 0x170 };
  static const uint16_t controls[2] = { 0x3f6, 0x376 };
  static const char *const ids[2] = { "ide0", "ide1" };

  for (unsigned i = 0; i < 2; i++)
    {
      board->ide[i] = ide_channel_new (board->io, bases[i], controls[i], board->config.clock,
                                       isa_irq_get (board->isa_irq, 14 + i), ids[i]);
      OWN (ids[i], ide_channel, board->ide[i], NULL, ide_channel_state (board->ide[i]));
      ide_channel_set_tray_listener (board->ide[i], tell_tray, board);
    }
  board->piix_ide = piix_ide_new (board->pci, PIIX_SLOT, 1, board->ide);
  OWN ("piix-ide", piix_ide, board->piix_ide, NULL, piix_ide_state (board->piix_ide),
       pci_function_state (piix_ide_get_function (board->piix_ide)));
}

static bool
add_vga (BoardPc *board, GError **error)
{
  g_autoptr (GBytes) contents = NULL;
  const void *rom = NULL;
  gsize length = 0;

  if (board->config.vga_bios != NULL)
    {
      contents = read_rom (board->config.vga_bios, MAX_VGA_BIOS, error);
      if (contents == NULL)
        return false;
      rom = g_bytes_get_data (contents, &length);
    }
  board->vga = vga_new (board->pci, VGA_SLOT, board->io, board->mmio, board->memory,
                        board->config.clock, board->config.console, rom, length, error);
  if (board->vga == NULL)
    return false;
  OWN ("vga", vga, board->vga, NULL, vga_state (board->vga),
       pci_function_state (vga_get_function (board->vga)));
  return true;
}

/* What the machine is made of beside the chips that every board has. */
static void
add_devices (BoardPc *board)
{
  const BoardSockets sockets = {
    .io = board->io,
    .isa_irq = board->isa_irq,
    .ide = { board->ide[0], board->ide[1] },
    .pci = board->pci,
    .clock = board->config.clock,
    .random = board->config.random,
  };

  for (unsigned i = 0; i < board->config.n_devices; i++)
    board_devices_make (&sockets, &board->config.devices[i], board->devices);
}

static void
end_test (void *data, uint32_t code)
{
  BoardPc *board = data;

  board->test_exit = code;
  board->config.event (board->config.event_data, BOARD_EVENT_TEST_EXIT);
}

static void
add_test_device (BoardPc *board)
{
  TestDeviceWiring wiring = { .io = board->io,
                              .mmio = board->mmio,
                              .memory = board->memory,
                              .exit = end_test,
                              .exit_data = board };
  TestDevice *device;

  if (!board->config.test_device)
    return;
  for (unsigned n = 0; n < TEST_DEVICE_LINES; n++)
    wiring.lines[n] = n == 2   ? IRQ_NONE
                      : n < 16 ? isa_irq_get (board->isa_irq, n)
                               : ioapic_get_irq (board->ioapic, n);
  device = test_device_new (&wiring);
  OWN ("test-device", test_device, device, test_device_reset, test_device_state (device));
}

static const StateField board_pc_fields[] = { STATE_FLAG (BoardPcState, a20) };
static const StateTable board_pc_table = STATE_TABLE (BoardPcState, 1, board_pc_fields);

static gboolean
board_pc_after_load (void *device, GError **error)
{
  update_a20 (device);
  return TRUE;
}

/* The lines that the board has in no chip. */
static void
add_gates (BoardPc *board)
{
  board_list_add (board->devices,
                  &(BoardDevice){ .id = "board",
                                  .states = { { .id = "board",
                                                .table = &board_pc_table,
                                                .state = &board->state,
                                                .device = board,
                                                .after_load = board_pc_after_load } } });
}

static bool
open_accel (BoardPc *board, GError **error)
{
  AccelMachine machine = {
    .memory = board->memory,
    .io = board->io,
    .mmio = board->mmio,
    .clock = board->config.clock,
    .lock = board->config.lock,
    .topology = board->config.topology,
    .cpu = board->config.cpu,
    .code_cache_size = board->config.code_cache_size,
    .acknowledge_pic = acknowledge_pic,
    .pic = board,
    .eoi = end_of_interrupt,
    .ioapic = board,
    .taken = interrupt_taken,
    .isa_irq = board,
    .set_ferr = coprocessor_set_ferr,
    .ferr = board->coprocessor,
    .shutdown = pulse_init,
    .chipset = board,
  };

  board->accel = board->config.accel->open (&machine, error);
  return board->accel != NULL;
}

static void
close_accel (BoardPc *board)
{
  if (board->accel != NULL)
    board->accel->ops->close (board->accel);
  board->accel = NULL;
}

BoardPc *
board_pc_new (const BoardPcConfig *config, GError **error)
{
  g_autoptr (BoardPc) board = g_new0 (BoardPc, 1);

  board->config = *config;
  board->memory = memory_new ();
  memory_set_lost (board->memory, config->memory_lost, config->event_data);
  board->io = bus_new ("io", 64 * KIB, config->lock);
  board->mmio = bus_new ("mmio", 0, config->lock);
  board->devices = board_list_new ();

  if (!add_ram (board, error) || !add_bios (board, error))
    return NULL;
  add_gates (board);
  add_interrupts (board);
  add_pci (board);
  add_input (board);
  add_ide (board);
  if (!add_vga (board, error))
    return NULL;
  add_devices (board);
  if (config->debugcon != NULL)
    OWN ("debugcon", debugcon, debugcon_new (board->io, 0x402, config->debugcon), NULL);
  add_test_device (board);
  add_firmware_configuration (board);
  add_smbios (board);
  add_acpi_tables (board);
  if (config->kernel != NULL
      && !direct_boot_add (board->fw_cfg,
                           &(DirectBoot){ config->kernel, config->initrd, config->append,
                                          MIN (config->memory_size, PCI_HOLE) },
                           error))
    return NULL;
  describe_memory (board);
  describe_boot (board);
  describe_disks (board);
  board->config.devices = NULL;
  if (!open_accel (board, error))
    return NULL;
  return g_steal_pointer (&board);
}

void
board_pc_free (BoardPc *board)
{
  if (board == NULL)
    return;
  close_accel (board);
  board_list_free (board->devices);
  bus_free (board->mmio);
  bus_free (board->io);
  memory_free (board->memory);
  g_free (board);
}

void
board_pc_reset (BoardPc *board)
{
  board_list_reset (board->devices);
}

void
board_pc_press_power_button (BoardPc *board)
{
  piix4_pm_press_power_button (board->pm);
}

gboolean
board_pc_change_medium (BoardPc *board, const DeviceSpec *drive, Image *image, gboolean force,
                        GError **error)
{
  return ide_channel_change_medium (board->ide[drive->place / 2], drive->place % 2, image, force,
                                    error);
}

gboolean
board_pc_is_tray_locked (BoardPc *board, const DeviceSpec *drive)
{
  return ide_channel_is_locked (board->ide[drive->place / 2], drive->place % 2);
}

uint32_t
board_pc_get_test_exit (BoardPc *board)
{
  return board->test_exit;
}

Accel *
board_pc_get_accel (BoardPc *board)
{
  return board->accel;
}

bool
board_pc_set_accel (BoardPc *board, const AccelOps *accel, GError **error)
{
  close_accel (board);
  board->config.accel = accel;
  if (!open_accel (board, error))
    return false;
  accel->set_intr (board->accel, pic_get_intr (board->pic));
  return true;
}

Memory *
board_pc_get_memory (BoardPc *board)
{
  return board->memory;
}

void
board_pc_save (BoardPc *board, GByteArray *stream)
{
  board_list_save (board->devices, stream);
}

gboolean
board_pc_load (BoardPc *board, const uint8_t **cursor, const uint8_t *end, GError **error)
{
  return board_list_load (board->devices, cursor, end, error);
}

const StateSection *
board_pc_get_states (BoardPc *board, unsigned *n)
{
  return board_list_get_states (board->devices, n);
}
