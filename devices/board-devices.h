/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "board-list.h"
#include "device-spec.h"
#include "devices/chipset/isa-irq.h"
#include "devices/image/image.h"
#include "devices/storage/ide.h"
#include "devices/virtio/virtio-rng.h"
#include "vmm-core/chardev.h"

/* The devices of the catalogue: each is made by its constructor, and put in its place on the board.
 */

/* One device and what it talks to outside, which is borrowed. */
typedef struct
{
  const DeviceSpec *spec;
  Image *image;    /* of a drive; NULL: it is empty */
  Chardev *output; /* of a port */
} BoardDeviceConfig;

/* What a board has to put devices in. */
typedef struct
{
  Bus *io;
  IsaIrq *isa_irq;
  IdeChannel *ide[2];
  PciBus *pci;
  Clock *clock;
  VirtioRngFill random;
} BoardSockets;

#define BOARD_COM_PORTS 4

/* Makes the device, and has the list own it. */
void board_devices_make (const BoardSockets *sockets, const BoardDeviceConfig *config,
                         BoardList *list);
/* What the firmware calls a drive in the file bootorder (fw-cfg.h): an Open Firmware path. */
char *board_devices_dup_firmware_path (const DeviceSpec *drive);
/* The models that there are constructors for, in the order of the catalogue; NULL behind the
 * last. */
const char *board_devices_get_model (unsigned n);
