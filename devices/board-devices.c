/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "board-devices.h"

#include "devices/char/uart.h"
#include "devices/virtio/virtio-blk.h"

/* Drives: their state is the channel's */

static void
attach (const BoardSockets *sockets, const BoardDeviceConfig *config, IdeDriveKind kind,
        BoardList *list)
{
  unsigned place = config->spec->place;

  ide_channel_attach (sockets->ide[place / 2], place % 2, kind, config->image);
  board_list_add (list,
                  &(BoardDevice){ .id = config->spec->group, .model = config->spec->model->model });
}

static void
make_ide_disk (const BoardSockets *sockets, const BoardDeviceConfig *config, BoardList *list)
{
  attach (sockets, config, IDE_DRIVE_DISK, list);
}

static void
make_ide_cd (const BoardSockets *sockets, const BoardDeviceConfig *config, BoardList *list)
{
  attach (sockets, config, IDE_DRIVE_CD, list);
}

/* A UART at the ports of a COM port */

typedef struct
{
  Uart *uart;
  Bus *io;
  uint16_t ports;
} ComPort;

static void
com_port_free (void *device)
{
  ComPort *port = device;

  bus_unmap (port->io, port->ports, 8, port->uart);
  uart_free (port->uart);
  g_free (port);
}

static void
com_port_reset (void *device)
{
  uart_reset (((ComPort *) device)->uart);
}

static void
make_serial (const BoardSockets *sockets, const BoardDeviceConfig *config, BoardList *list)
{
  static const uint16_t ports[BOARD_COM_PORTS] = { 0x3f8, 0x2f8, 0x3e8, 0x2e8 };
  static const uint8_t irqs[BOARD_COM_PORTS] = { 4, 3, 4, 3 };
  const DeviceSpec *spec = config->spec;
  Irq irq = isa_irq_get (sockets->isa_irq, irqs[spec->place]);
  ComPort *port = g_new0 (ComPort, 1);

  *port = (ComPort){ .uart = uart_new (config->output, irq, spec->group),
                     .io = sockets->io,
                     .ports = ports[spec->place] };
  bus_map (port->io, port->ports, 8, &uart_ops, port->uart);
  board_list_add (list, &(BoardDevice){ .id = spec->group,
                                        .model = spec->model->model,
                                        .device = port,
                                        .free = com_port_free,
                                        .reset = com_port_reset,
                                        .states = { uart_state (port->uart) } });
}

static void
make_virtio_rng (const BoardSockets *sockets, const BoardDeviceConfig *config, BoardList *list)
{
  VirtioRng *rng
    = virtio_rng_new (sockets->pci, config->spec->place, sockets->clock, sockets->random);
  BoardDevice device = { .id = config->spec->group,
                         .model = config->spec->model->model,
                         .device = rng,
                         .free = (BoardAct) virtio_rng_free };

  virtio_rng_get_states (rng, device.states);
  board_list_add (list, &device);
}

/* Its serial number is its name, by which systems find it again. */
static void
make_virtio_blk (const BoardSockets *sockets, const BoardDeviceConfig *config, BoardList *list)
{
  const DeviceSpec *spec = config->spec;
  VirtioBlk *blk
    = virtio_blk_new (sockets->pci, spec->place, sockets->clock, config->image, spec->group);
  BoardDevice device = { .id = spec->group,
                         .model = spec->model->model,
                         .device = blk,
                         .free = (BoardAct) virtio_blk_free };

  virtio_blk_get_states (blk, device.states);
  board_list_add (list, &device);
}

static const struct
{
  const char *model;
  void (*make) (const BoardSockets *sockets, const BoardDeviceConfig *config, BoardList *list);
} makers[] = {
  { "ide-disk", make_ide_disk },     { "virtio-blk", make_virtio_blk }, { "ide-cd", make_ide_cd },
  { "virtio-rng", make_virtio_rng }, { "16550a", make_serial },
};

char *
board_devices_dup_firmware_path (const DeviceSpec *drive)
{
  if (g_str_equal (drive->model->model, "virtio-blk"))
    return g_strdup_printf ("/pci@i0cf8/scsi@%x/disk@0,0", drive->place);
  return g_strdup_printf ("/pci@i0cf8/ide@1,1/drive@%x/disk@%x", drive->place / 2,
                          drive->place % 2);
}

void
board_devices_make (const BoardSockets *sockets, const BoardDeviceConfig *config, BoardList *list)
{
  unsigned n = 0;

  while (!g_str_equal (makers[n].model, config->spec->model->model))
    n++;
  makers[n].make (sockets, config, list);
}

const char *
board_devices_get_model (unsigned n)
{
  return n < G_N_ELEMENTS (makers) ? makers[n].model : NULL;
}
