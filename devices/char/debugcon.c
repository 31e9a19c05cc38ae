/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "debugcon.h"

#define PRESENT 0xe9 /* what a read answers, so that firmware finds the port */

struct Debugcon
{
  Bus *io;
  uint16_t port;
  Chardev *chardev;
};

static uint64_t
debugcon_read (void *device, uint64_t offset, unsigned size)
{
  return PRESENT;
}

static void
debugcon_write (void *device, uint64_t offset, unsigned size, uint64_t value)
{
  uint8_t byte = value;

  chardev_write (((Debugcon *) device)->chardev, &byte, 1);
}

static const BusOps debugcon_ops = { debugcon_read, debugcon_write, 1, 1 };

Debugcon *
debugcon_new (Bus *io, uint16_t port, Chardev *chardev)
{
  Debugcon *debugcon = g_new0 (Debugcon, 1);

  *debugcon = (Debugcon){ io, port, chardev };
  bus_map (io, port, 1, &debugcon_ops, debugcon);
  return debugcon;
}

void
debugcon_free (Debugcon *debugcon)
{
  if (debugcon == NULL)
    return;
  bus_unmap (debugcon->io, debugcon->port, 1, debugcon);
  g_free (debugcon);
}
